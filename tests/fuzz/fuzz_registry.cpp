// What registries answer, from any bytes: a value that can be used, or an error.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "require.hpp"
#include "runtime/registry_challenge.hpp"
#include "runtime/registry_documents.hpp"

using berth::Errc;
using berth::Result;
using berth::fuzz::require;
using namespace berth::runtime;

namespace {

template <class T>
void check(const Result<T>& result) {
  require(result || (result.error().code == Errc::engine_failed && !result.error().id.empty()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<RegistryDocument> document = decode_registry_document(text);
  check(document);
  if (document && document->is_index) {
    const IndexEntry* entry =
        choose_platform(document->entries, ImagePlatform::parse(text.substr(0, 20)));
    require(entry == nullptr || is_sha256_digest(entry->digest));
  } else if (document) {
    require(is_sha256_digest(document->manifest.config_digest));
  }
  check(decode_image_config(text));
  check(decode_registry_token(text));
  static_cast<void>(registry_error_codes(text));
  for (const AuthChallenge& challenge : parse_challenges(text)) {
    require(!challenge.scheme.empty());
  }
  return 0;
}
