#include "berth/base/sha256.hpp"

// These functions are out of favour with OpenSSL 3, and all that is needed: EVP_Digest() brings
// the whole of libcrypto into the program, and takes a millisecond to look around in it.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <array>

namespace berth {

std::string sha256_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &context);
  std::string text;
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4u];
    text += kDigits[byte & 0xfu];
  }
  return text;
}

}  // namespace berth
