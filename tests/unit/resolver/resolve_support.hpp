// What the resolver's tests share: the embedded catalogue, questions in a line, and hints read back
// as questions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "berth/base/embedded.hpp"
#include "berth/resolver/described_host.hpp"
#include "berth/resolver/resolve.hpp"
#include "support/catch.hpp"

namespace berth::test {

inline const Catalog& catalogue() {
  static const Catalog catalog = [] {
    Result<Catalog> loaded = load_catalog(embedded_files());
    INFO((loaded ? std::string() : loaded.error().message));
    REQUIRE(loaded);
    return *loaded;
  }();
  return catalog;
}

// A `berth resolve` without the shell.
struct Question {
  std::vector<std::string> requirements{};
  std::optional<std::string> driver{};
  std::vector<std::string> gpus{};  // --gpu
  std::string python{};
  std::string cuda{};
  std::string source{};
  std::string image{};
  bool devel = false;
  std::string gpu_request{};              // --gpus
  std::vector<std::string> frameworks{};  // -f
};

inline RequirementLine line_of(const std::string& text, const std::string& origin) {
  Result<pep508::Requirement> requirement = pep508::Requirement::parse(text);
  INFO(text);
  REQUIRE(requirement);
  return {*requirement, Origin{origin}};
}

inline ResolveRequest request_of(const Question& question) {
  ResolveRequest request;
  int number = 0;
  for (const std::string& text : question.requirements) {
    request.requirements.push_back(line_of(text, "requirements.txt:" + std::to_string(++number)));
  }
  for (const std::string& text : question.frameworks) {
    request.frameworks.push_back(line_of(text, "-f"));
  }
  if (!question.python.empty()) {
    const bool bare = question.python.find_first_of("<>=!~") == std::string::npos;
    Result<pep440::SpecifierSet> set =
        pep440::SpecifierSet::parse(bare ? "==" + question.python : question.python);
    REQUIRE(set);
    request.python.push_back({*set, Origin{"--python"}});
  }
  if (!question.cuda.empty()) {
    request.cuda =
        Sourced<CudaVersion>{CudaVersion::parse(question.cuda).value(), Origin{"--cuda"}};
  }
  for (const ImageSource source :
       {ImageSource::official, ImageSource::ngc, ImageSource::cuda_base}) {
    if (name_of(source) == question.source) {
      request.source = Sourced<ImageSource>{source, Origin{"--source"}};
    }
  }
  if (!question.image.empty()) {
    request.image = Sourced<std::string>{question.image, Origin{"--image"}};
  }
  request.devel = question.devel;
  if (!question.gpu_request.empty()) {
    Result<GpuRequest> gpus = parse_gpu_request(question.gpu_request);
    REQUIRE(gpus);
    request.gpus = {*gpus, Origin{"--gpus"}};
  }
  return request;
}

// This machine has no GPU; a driver or GPU in the question describes another.
inline Host host_of(const Question& question) {
  if (!question.driver && question.gpus.empty()) {
    return {};
  }
  Result<Host> host = described_host(question.driver, question.gpus, catalogue());
  REQUIRE(host);
  return *host;
}

inline Result<Decision> answer(const Question& question) {
  return resolve(request_of(question), host_of(question), catalogue());
}

inline Decision decided(const Question& question) {
  Result<Decision> decision = answer(question);
  INFO((decision ? std::string() : decision.error().message));
  REQUIRE(decision);
  return *decision;
}

// Words of a shell command; single quotes are all that berth prints.
inline std::vector<std::string> shell_words(const std::string& command) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  for (const char c : command) {
    if (c == '\'') {
      quoted = !quoted;
    } else if (c == ' ' && !quoted) {
      words.push_back(word);
      word.clear();
    } else {
      word += c;
    }
  }
  words.push_back(word);
  return words;
}

// The question that a printed `berth resolve …` asks.
inline Question question_of(const std::string& command) {
  Question question;
  const std::vector<std::string> words = shell_words(command);
  INFO(command);
  REQUIRE(words.size() >= 2);
  REQUIRE(words[1] == "resolve");
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--devel") {
      question.devel = true;
      continue;
    }
    if (!word.starts_with("--")) {
      question.requirements.push_back(word);
      continue;
    }
    REQUIRE(i + 1 < words.size());
    const std::string& value = words[++i];
    if (word == "--driver") {
      question.driver = value;
    } else if (word == "--gpu") {
      question.gpus.push_back(value);
    } else if (word == "--gpus") {
      question.gpu_request = value;
    } else if (word == "--python") {
      question.python = value;
    } else if (word == "--cuda") {
      question.cuda = value;
    } else if (word == "--source") {
      question.source = value;
    } else {
      REQUIRE(word == "--image");
      question.image = value;
    }
  }
  return question;
}

// The `berth resolve …` commands in the hints.
inline std::vector<std::string> commands_in(const std::vector<std::string>& hints) {
  std::vector<std::string> commands;
  for (const std::string& hint : hints) {
    const std::size_t start = hint.find("`berth resolve ");
    if (start != std::string::npos) {
      commands.push_back(hint.substr(start + 1, hint.find('`', start + 1) - start - 1));
    }
  }
  return commands;
}

// Every refusal names two facts or more, and says what works; what it says does work.
inline Error refused(const Question& question) {
  const Result<Decision> decision = answer(question);
  INFO((decision ? decision->image : std::string()));
  REQUIRE_FALSE(decision);
  const Error& error = decision.error();
  INFO(error.message);
  REQUIRE(error.notes.size() >= 2);
  REQUIRE_FALSE(error.hints.empty());
  for (const std::string& command : commands_in(error.hints)) {
    INFO(command);
    REQUIRE(answer(question_of(command)));
  }
  return error;
}

inline bool any_contains(const std::vector<std::string>& texts, const std::string& part) {
  for (const std::string& text : texts) {
    if (text.find(part) != std::string::npos) {
      return true;
    }
  }
  return false;
}

inline bool has_rule(const std::vector<Reason>& reasons, const std::string& rule) {
  for (const Reason& reason : reasons) {
    if (reason.rule == rule) {
      return true;
    }
  }
  return false;
}

}  // namespace berth::test
