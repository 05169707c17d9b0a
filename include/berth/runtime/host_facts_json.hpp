// Facts about a machine as a file: written by `berth doctor --facts`, read by `--host FILE`, so
// that a decision can be made, and reproduced, for a machine that is not this one. Schema
// berth/host/1, docs/doctor.md.
//
// Units: bytes. Errors: Errc::invalid_input names the place (`gpus[1].memory_bytes`) and what was
// expected there; a key that is not known is an error, for a mistyped one would silently lose a
// fact.
#pragma once

#include <string>
#include <string_view>

#include "berth/base/result.hpp"
#include "berth/model/host.hpp"

namespace berth::runtime {

// The same facts give the same text, whatever the machine. Absent facts are left out; the origin is
// not written.
std::string host_facts_document(const Host& host);

// `origin` becomes the host's origin and begins every error. Only `schema` is needed; a GPU needs a
// name or a compute capability, and is numbered by its place where it has no index. Without `gpus`
// they are not known (Host::gpus_known); an empty list means that there are none.
Result<Host> read_host_facts(std::string_view document, std::string_view origin);

}  // namespace berth::runtime
