#include "berth/base/sha256.hpp"

#include <openssl/evp.h>

#include <array>

namespace berth {

std::string sha256_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4u];
    text += kDigits[digest[i] & 0xfu];
  }
  return text;
}

}  // namespace berth
