// Credentials in addresses, as requirement files and configurations have them:
// "https://user:password@host/simple". They reach the program that needs them and nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth {

// The text without what stands before the `@` of its addresses; `git@`, which is no secret, stays.
std::string without_credentials(std::string_view text);

// The same, but `${NAME}`, which only names a variable with a secret, stays with its user: for what
// is to be used again.
std::string without_secrets(std::string_view text);

// What must not be shown of the text's addresses: passwords, as they stand and decoded, and a name
// that stands alone or is as long as a token. Not `${NAME}`, which is a name for one.
std::vector<std::string> credentials_in(std::string_view text);

// Of the text's addresses, in lower case, without ports: "pypi.example.org".
std::vector<std::string> hosts_in(std::string_view text);

}  // namespace berth
