#include "berth/base/credentials.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "berth/base/text.hpp"

namespace berth {

namespace {

// Where an address of the text has its user and its host.
struct Authority {
  std::size_t begin = 0;
  std::size_t at = 0;  // one behind the last `@`; `begin` where there is none
  std::size_t end = 0;
};

std::vector<Authority> authorities_in(std::string_view text) {
  constexpr std::string_view kMark = "://";
  std::vector<Authority> found;
  std::size_t mark = text.find(kMark);
  while (mark != std::string_view::npos) {
    Authority authority;
    authority.begin = mark + kMark.size();
    authority.end = std::min(text.find_first_of("/ \t\r\n\"'`?#", authority.begin), text.size());
    const std::size_t at = text.substr(0, authority.end).rfind('@');
    authority.at = at == std::string_view::npos || at < authority.begin ? authority.begin : at + 1;
    found.push_back(authority);
    mark = text.find(kMark, authority.end);
  }
  return found;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto is_digit = [&text](std::size_t at) {
      return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at])) != 0;
    };
    if (text[i] == '%' && is_digit(i + 1) && is_digit(i + 2)) {
      decoded +=
          static_cast<char>(std::strtol(std::string(text.substr(i + 1, 2)).c_str(), nullptr, 16));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

// One that is part of many a word is only hidden where it stands as a password.
void add_secret(std::vector<std::string>& secrets, std::string_view secret) {
  constexpr std::size_t kShort = 4;
  if (secret.empty() || secret.starts_with("${")) {
    return;
  }
  if (secret.size() < kShort) {
    secrets.push_back(":" + std::string(secret) + "@");
    return;
  }
  secrets.emplace_back(secret);
  if (std::string decoded = percent_decoded(secret); decoded != secret) {
    secrets.push_back(std::move(decoded));
  }
}

// Without what stands before the `@` of its addresses, `@` included, unless that is to be kept.
template <class Keeps>
std::string without_users(std::string_view text, const Keeps& keeps) {
  std::string result;
  std::size_t done = 0;
  for (const Authority& authority : authorities_in(text)) {
    const std::string_view user = text.substr(authority.begin, authority.at - authority.begin);
    const std::size_t kept = keeps(user) ? authority.at : authority.begin;
    result += text.substr(done, kept - done);
    done = authority.at;
  }
  return result.append(text.substr(done));
}

}  // namespace

std::string without_credentials(std::string_view text) {
  return without_users(text, [](std::string_view user) { return user == "git@"; });
}

std::string without_secrets(std::string_view text) {
  return without_users(text, [](std::string_view user) {
    const std::string_view secret = user.substr(user.find(':') + 1);  // all of it without one
    const bool variable = secret.starts_with("${") && secret.find('}') + 2 == secret.size();
    return user == "git@" || variable;
  });
}

std::vector<std::string> credentials_in(std::string_view text) {
  constexpr std::size_t kToken = 20;  // as long as no login name is
  std::vector<std::string> secrets;
  for (const Authority& authority : authorities_in(text)) {
    if (authority.at == authority.begin) {
      continue;
    }
    const std::string_view pair = text.substr(authority.begin, authority.at - authority.begin - 1);
    const std::size_t colon = pair.find(':');
    const std::string_view user = pair.substr(0, colon);
    if (colon != std::string_view::npos) {
      add_secret(secrets, pair.substr(colon + 1));
    }
    if (user != "git" && (colon == std::string_view::npos || user.size() >= kToken)) {
      add_secret(secrets, user);
    }
  }
  return secrets;
}

std::vector<std::string> hosts_in(std::string_view text) {
  std::vector<std::string> hosts;
  for (const Authority& authority : authorities_in(text)) {
    const std::string_view place = text.substr(authority.at, authority.end - authority.at);
    const std::size_t bracket = place.find(']');  // [::1]:8080
    const std::size_t colon = place.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (const std::string_view host = place.substr(0, colon); !host.empty()) {
      hosts.push_back(lowered(host));
    }
  }
  return hosts;
}

}  // namespace berth
