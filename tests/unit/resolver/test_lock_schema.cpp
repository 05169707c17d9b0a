// docs/berth.lock.schema.json against what is written: the part of JSON Schema that it uses, and
// nothing that it uses is passed over.
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "berth/base/file.hpp"
#include "berth/resolver/lock.hpp"
#include "resolve_support.hpp"
#include "support/catch.hpp"

namespace {

using Json = nlohmann::json;
using Findings = std::vector<std::string>;

const Json& lock_schema() {
  static const Json schema = Json::parse(
      berth::read_file(std::string(BERTH_SOURCE_DIR) + "/docs/berth.lock.schema.json").value());
  return schema;
}

bool is_of_type(const Json& value, const std::string& type) {
  return (type == "null" && value.is_null()) || (type == "string" && value.is_string()) ||
         (type == "boolean" && value.is_boolean()) || (type == "array" && value.is_array()) ||
         (type == "object" && value.is_object());
}

class SchemaCheck {
 public:
  explicit SchemaCheck(const Json& root) : root_(root) {}

  Findings findings(const Json& value) {
    check(value, root_, "$");
    return findings_;
  }

 private:
  void check(const Json& value, const Json& schema, const std::string& place) {
    for (const auto& [keyword, wanted] : schema.items()) {
      check_keyword(value, keyword, wanted, schema, place);
    }
  }

  void check_keyword(const Json& value, const std::string& keyword, const Json& wanted,
                     const Json& schema, const std::string& place) {
    static const std::set<std::string> kRemarks = {"$schema", "$defs", "title", "description"};
    if (kRemarks.contains(keyword)) {
      return;
    }
    bool holds = true;
    if (keyword == "type") {
      const Json types = wanted.is_array() ? wanted : Json::array({wanted});
      holds = std::any_of(types.begin(), types.end(),
                          [&value](const Json& type) { return is_of_type(value, type); });
    } else if (keyword == "const") {
      holds = value == wanted;
    } else if (keyword == "enum") {
      holds = std::find(wanted.begin(), wanted.end(), value) != wanted.end();
    } else if (keyword == "pattern") {
      holds = !value.is_string() ||
              std::regex_search(value.get<std::string>(), std::regex(wanted.get<std::string>()));
    } else if (!value.is_object() && (keyword == "required" || keyword == "properties" ||
                                      keyword == "additionalProperties")) {
      return;  // they are about objects
    } else if (keyword == "required") {
      for (const Json& key : wanted) {
        holds = holds && value.contains(key.get<std::string>());
      }
    } else if (keyword == "additionalProperties") {
      REQUIRE(wanted == false);
      for (const auto& member : value.items()) {
        holds = holds && schema["properties"].contains(member.key());
      }
    } else if (keyword == "properties") {
      for (const auto& [key, property] : wanted.items()) {
        if (value.contains(key)) {
          check(value[key], property, place + "." + key);
        }
      }
    } else if (keyword == "items") {
      for (const Json& item : value) {
        check(item, wanted, place + "[]");
      }
    } else if (keyword == "$ref") {
      check(value, root_.at(Json::json_pointer(wanted.get<std::string>().substr(1))), place);
    } else {
      FAIL("a keyword that is not checked: " + keyword);
    }
    if (!holds) {
      findings_.push_back(place + ": " + keyword);
    }
  }

  const Json& root_;
  Findings findings_;
};

Json lock_of(const berth::test::Question& question, const std::string& digest = {}) {
  const berth::ResolveRequest request = berth::test::request_of(question);
  const berth::Host host = berth::test::host_of(question);
  const berth::Catalog& catalog = berth::test::catalogue();
  const berth::Decision decision = berth::resolve(request, host, catalog).value();
  berth::Lock lock =
      berth::make_lock(decision, berth::lock_inputs(request, catalog), host, catalog);
  if (!digest.empty()) {
    lock.digest = digest;
  }
  return Json::parse(berth::write_lock(lock));
}

Json with_environment(const Json& document) {
  berth::Lock lock = berth::read_lock(document.dump(), "berth.lock").value();
  const std::string hash = "sha256:" + std::string(64, 'b');
  lock.environment = berth::LockedPackages{
      {{"numpy", "numpy<2", "requirements.txt:1"}},
      {{"numpy", "1.26.4", "packages", "https://host/numpy-1.26.4.whl", {hash}},
       {"mine", "1.0", "packages", "./lib", {}}}};
  return Json::parse(berth::write_lock(lock));
}

Findings findings_in(const Json& lock) {
  return SchemaCheck(lock_schema()).findings(lock);
}

}  // namespace

TEST_CASE("what berth lock writes satisfies docs/berth.lock.schema.json") {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const std::vector<Json> locks = {
      lock_of({.requirements = {"torch==2.3.1"}, .driver = "535.104.05", .gpus = {"RTX 3090"}},
              digest),
      lock_of({.requirements = {"torch"}, .gpu_request = "none"}),
      lock_of({.requirements = {"torch", "xformers"}, .driver = "560.28.03", .gpus = {"A100"}}),
      lock_of(
          {.requirements = {"tensorflow==2.15", "torch"}, .driver = "550.54.15", .gpus = {"A100"}}),
      lock_of({.requirements = {"torch"},
               .driver = "580.65.06",
               .gpus = {"H100"},
               .python = "3.10",
               .source = "ngc"}),
      lock_of({.driver = "550.54.15", .gpus = {"A100"}, .cuda = "12.1"}),
      lock_of({.driver = "550.54.15", .gpus = {"A100"}, .image = "registry.lab:5000/me/mine:1"})};
  for (const Json& lock : locks) {
    INFO(lock.dump(2));
    REQUIRE(findings_in(lock) == Findings{});
    const Json with_packages = with_environment(lock);
    INFO(with_packages.dump(2));
    REQUIRE(findings_in(with_packages) == Findings{});
  }
}

TEST_CASE("the schema of berth.lock refuses what the reader refuses") {
  const Json lock = with_environment(
      lock_of({.requirements = {"torch==2.3.1"}, .driver = "535.104.05", .gpus = {"RTX 3090"}}));
  const std::vector<std::pair<std::string, Json>> changes = {
      {"/schema", "berth/lock/2"},
      {"/image", "-v"},
      {"/image", nullptr},
      {"/digest", "latest"},
      {"/cuda", "twelve"},
      {"/cuda_compat", "yes"},
      {"/source", "elsewhere"},
      {"/frameworks/0/capabilities/0", "ampere"},
      {"/frameworks/0/more", 1},
      {"/inputs/0/text", 1},
      {"/more", 1},
      {"/environment", "none"},
      {"/environment/more", 1},
      {"/environment/inputs_sha256", nullptr},
      {"/environment/packages/0/stage", "system"},
      {"/environment/packages/0/version", "1\n--index-url https://elsewhere"},
      {"/environment/packages/0/name", "-e"},
      {"/environment/packages/0/hashes/0", "md5:00"},
      {"/environment/packages/0/more", 1},
      {"/inputs_sha256", "abc"}};
  for (const auto& [place, value] : changes) {
    Json changed = lock;
    changed[Json::json_pointer(place)] = value;
    INFO(place);
    REQUIRE_FALSE(findings_in(changed).empty());
    REQUIRE_FALSE(berth::read_lock(changed.dump(), "berth.lock"));
  }
  for (const auto& member : lock.items()) {
    Json without = lock;
    without.erase(member.key());
    INFO(member.key());
    REQUIRE_FALSE(findings_in(without).empty());
  }
}
