// Versions that are numbers between dots: drivers (535.104.05), CUDA (12.1), cuDNN (8.9.2), Python
// (3.10). Each is a type of its own, so that a driver is never compared with a CUDA version.
// Missing trailing parts count as zero (12.4 equals 12.4.0); a leading zero of a part is kept in
// the text and not in the value (535.104.05).
//
// Framework releases are PEP 440 versions: berth/base/pep440.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

namespace detail {
// The numbers of a version; those that were not written are zero. A resolver compares versions by
// the ten thousand, so they lie in place.
struct DottedParts {
  static constexpr std::size_t kMost = 6;
  std::array<unsigned, kMost> values{};
  std::size_t size = 0;
};
// Nothing but digits and dots, one to six parts, each below 10^9; else nullopt.
std::optional<DottedParts> parse_dotted(std::string_view text);
}  // namespace detail

template <class Tag>
class DottedVersion {
 public:
  // 0, which is below all others: of a row that is still to be read.
  DottedVersion() : text_("0") { parts_.size = 1; }

  static std::optional<DottedVersion> parse(std::string_view text) {
    const std::optional<detail::DottedParts> parts = detail::parse_dotted(text);
    if (!parts) {
      return std::nullopt;
    }
    return DottedVersion(std::string(text), *parts);
  }

  // The number at a position; 0 where the text has fewer parts.
  unsigned part(std::size_t position) const {
    return position < parts_.size ? parts_.values[position] : 0;
  }
  unsigned major() const { return part(0); }
  unsigned minor() const { return part(1); }
  std::size_t size() const { return parts_.size; }

  // As it was written.
  const std::string& text() const { return text_; }
  // The first two parts: "12.1" of 12.1.1.
  std::string major_minor() const {
    return std::to_string(major()) + "." + std::to_string(minor());
  }
  // Whether `other` lies in the series that this version names: 12.1 covers 12.1.1, 12 covers 12.1.
  bool covers(const DottedVersion& other) const {
    return std::equal(parts_.values.begin(), parts_.values.begin() + parts_.size,
                      other.parts_.values.begin());
  }

  // Whether it is `floor` or above. One with fewer parts is any of its series, as people write a
  // driver: 525 reaches 525.60.13.
  bool reaches(const DottedVersion& floor) const { return *this >= floor || covers(floor); }

  friend std::strong_ordering operator<=>(const DottedVersion& a, const DottedVersion& b) {
    return a.parts_.values <=> b.parts_.values;
  }
  friend bool operator==(const DottedVersion& a, const DottedVersion& b) {
    return a.parts_.values == b.parts_.values;
  }

 private:
  DottedVersion(std::string text, const detail::DottedParts& parts)
      : text_(std::move(text)), parts_(parts) {}

  std::string text_;
  detail::DottedParts parts_;
};

using DriverVersion = DottedVersion<struct DriverTag>;  // NVIDIA's Linux driver: branch.minor.patch
using CudaVersion = DottedVersion<struct CudaTag>;
using CudnnVersion = DottedVersion<struct CudnnTag>;
using PythonVersion = DottedVersion<struct PythonTag>;

// A GPU's generation: 8.6 for an RTX 3090, written sm_86 for code compiled for it.
struct ComputeCapability {
  unsigned major = 0;
  unsigned minor = 0;

  // "8.6", "sm_86", "sm_90a", "compute_86"; the minor is the last digit of the sm form. The
  // suffixes a and f are dropped: they name code that runs on exactly that capability.
  static std::optional<ComputeCapability> parse(std::string_view text);
  std::string text() const { return std::to_string(major) + "." + std::to_string(minor); }
  std::string sm() const { return "sm_" + std::to_string(major) + std::to_string(minor); }

  friend auto operator<=>(const ComputeCapability&, const ComputeCapability&) = default;
};

}  // namespace berth
