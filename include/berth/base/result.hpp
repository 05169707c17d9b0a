// Result<T>: a value or an Error. Absent is not failed: a lookup that may find nothing returns
// Result<std::optional<T>>.
#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "berth/base/error.hpp"

namespace berth {

template <class T>
using Result = tl::expected<T, Error>;

// `return fail(Errc::io, "…")`, or `return fail(Error{…}.note(…).hint(…))`.
using Failure = tl::unexpected<Error>;

inline Failure fail(Error error) {
  return Failure(std::move(error));
}
inline Failure fail(Errc code, std::string message) {
  return Failure(Error{code, std::move(message)});
}

}  // namespace berth

#define BERTH_CONCAT_INNER(a, b) a##b
#define BERTH_CONCAT(a, b) BERTH_CONCAT_INNER(a, b)

// BERTH_TRY(auto value, expression): declares `value` from a Result, or returns its error.
#define BERTH_TRY(declaration, expression) \
  BERTH_TRY_INNER(declaration, expression, BERTH_CONCAT(berth_result_, __LINE__))
#define BERTH_TRY_INNER(declaration, expression, temporary) \
  auto temporary = (expression);                            \
  if (!temporary) {                                         \
    return ::berth::Failure(std::move(temporary).error());  \
  }                                                         \
  declaration = std::move(temporary).value()

// BERTH_CHECK(expression): for a Result<void>; returns its error.
#define BERTH_CHECK(expression)                                  \
  do {                                                           \
    if (auto berth_checked = (expression); !berth_checked) {     \
      return ::berth::Failure(std::move(berth_checked).error()); \
    }                                                            \
  } while (false)
