// Scripts rely on the codes of the doctor: each that it can give is in the table of docs/doctor.md,
// and none else.
#include <filesystem>
#include <regex>
#include <set>
#include <string>

#include "berth/base/file.hpp"
#include "support/catch.hpp"

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  berth::Result<std::string> content = berth::read_file(path);
  REQUIRE(content);
  return *std::move(content);
}

void add_matches(const std::string& text, const char* pattern, std::set<std::string>& found) {
  const std::regex expression(pattern);
  for (std::sregex_iterator match(text.begin(), text.end(), expression), end; match != end;
       ++match) {
    found.insert((*match)[1]);
  }
}

std::set<std::string> codes_in_sources() {
  std::set<std::string> codes;
  for (const auto& entry : fs::directory_iterator(fs::path(BERTH_SOURCE_DIR) / "src/cli")) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("doctor_", 0) == 0 && entry.path().extension() == ".cpp") {
      const std::string text = text_of(entry.path());
      add_matches(text, R"re(code = "([a-z0-9-]+)")re", codes);
      add_matches(text, R"re(from_error\("([a-z0-9-]+)")re", codes);
    }
  }
  return codes;
}

std::set<std::string> codes_in_document() {
  const std::string text = text_of(fs::path(BERTH_SOURCE_DIR) / "docs/doctor.md");
  std::set<std::string> codes;
  add_matches(text, R"re(\n\| `([a-z0-9-]+)` \|)re", codes);
  return codes;
}

}  // namespace

TEST_CASE("the table of codes is complete and has nothing else", "[doctor]") {
  const std::set<std::string> emitted = codes_in_sources();
  REQUIRE(emitted.size() > 40);
  for (const std::string& code : emitted) {
    INFO("docs/doctor.md lacks " << code);
    REQUIRE(codes_in_document().count(code) == 1);
  }
  for (const std::string& code : codes_in_document()) {
    INFO("nothing gives " << code);
    REQUIRE(emitted.count(code) == 1);
  }
}
