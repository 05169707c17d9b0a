// One list of fields for each type, for the writer and the reader alike: what one writes the other
// reads, in the same order. Texts are kept once each, in front; a field has the number of its text.
#include "berth/resolver/catalog_snapshot.hpp"

#include <concepts>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <unordered_map>
#include <utility>

namespace berth {

namespace {

using Number = std::uint32_t;

template <class T>
concept Parsed = requires(std::string_view text) {
  { T::parse(text) } -> std::same_as<std::optional<T>>;
};

// `Row` or `const Row`, as the reader and the writer have it.
template <class T, class Row>
concept Is = std::is_same_v<std::remove_const_t<T>, Row>;

template <class A, Is<Fact> T>
void fields(A& archive, T& row) {
  archive(row.source, row.uncertain, row.note);
}
template <class A, Is<Toolkit> T>
void fields(A& archive, T& row) {
  archive(row.cuda, row.label, row.min_driver, row.bundled_driver, row.fact);
}
template <class A, Is<MinorVersionFloor> T>
void fields(A& archive, T& row) {
  archive(row.cuda_major, row.min_driver, row.fact);
}
template <class A, Is<DriverBranch> T>
void fields(A& archive, T& row) {
  archive(row.branch, row.max_cuda, row.lifecycle, row.end_of_life, row.fact);
}
template <class A, Is<ForwardCompatibility> T>
void fields(A& archive, T& row) {
  archive(row.cuda, row.driver_branch, row.verdict, row.fact);
}
template <class A, Is<Capability> T>
void fields(A& archive, T& row) {
  archive(row.value, row.architecture, row.first_cuda, row.last_cuda, row.last_driver_branch,
          row.fact);
}
template <class A, Is<GpuModel> T>
void fields(A& archive, T& row) {
  archive(row.name, row.capability, row.data_center, row.processor, row.jetson, row.fact);
}
template <class A, Is<CudaCoverage> T>
void fields(A& archive, T& row) {
  archive(row.cuda, row.min, row.max, row.fact);
}
template <class A, Is<CudaRequirement> T>
void fields(A& archive, T& row) {
  archive(row.cuda, row.value, row.brands, row.branches, row.fact);
}
template <class A, Is<Processors> T>
void fields(A& archive, T& row) {
  archive(row.names, row.source);
}
template <class A, Is<FrameworkBuild> T>
void fields(A& archive, T& row) {
  archive(row.name, row.cuda, row.cudnn, row.index_url, row.is_default, row.architectures,
          row.min_driver, row.min_capability, row.exact_cuda, row.processors, row.fact);
}
template <class A, Is<FrameworkRelease> T>
void fields(A& archive, T& row) {
  archive(row.version, row.version_text, row.python_min, row.python_max, row.builds, row.companions,
          row.released, row.fact);
}
template <class A, Is<Framework> T>
void fields(A& archive, T& row) {
  archive(row.name, row.packages, row.beside, row.brings_cudnn, row.releases);
}
template <class A, Is<LibraryRelease> T>
void fields(A& archive, T& row) {
  archive(row.version, row.version_text, row.whole_series, row.optional, row.framework, row.cuda,
          row.min_cuda, row.compiled, row.python_min, row.python_max, row.min_capability,
          row.processors, row.fact);
}
template <class A, Is<Library> T>
void fields(A& archive, T& row) {
  archive(row.name, row.packages, row.framework, row.bundled, row.sparse, row.releases);
}
template <class A, Is<ImageTag> T>
void fields(A& archive, T& row) {
  archive(row.repository, row.tag, row.source, row.flavor, row.frameworks, row.versions, row.is_cpu,
          row.cuda, row.cudnn, row.cudnn_version, row.python, row.python_series, row.os,
          row.architectures, row.min_driver, row.min_capability, row.evidence, row.sibling_seen,
          row.fact);
}
template <class A, Is<BaseSystem> T>
void fields(A& archive, T& row) {
  archive(row.os, row.pythons, row.fact);
}
template <class A, Is<CatalogFile> T>
void fields(A& archive, T& row) {
  archive(row.name, row.kind, row.updated, row.rows);
}
template <class A, Is<Catalog> T>
void fields(A& archive, T& row) {
  archive(row.version, row.files, row.toolkits, row.minor_floors, row.driver_branches,
          row.forward_compatibility, row.capabilities, row.gpus, row.coverage, row.requirements,
          row.frameworks, row.libraries, row.images, row.base_systems, row.pythons);
}

class Writer {
 public:
  template <class... T>
  void operator()(const T&... values) {
    (write(values), ...);
  }

  // The texts, each behind its length; then the numbers.
  std::string finish() const {
    std::string snapshot;
    append(snapshot, static_cast<Number>(texts_.size()));
    for (const std::string& text : texts_) {
      append(snapshot, static_cast<Number>(text.size()));
      snapshot += text;
    }
    return snapshot + numbers_;
  }

 private:
  static void append(std::string& to, Number number) {
    char bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof number);
    to.append(bytes, sizeof number);
  }

  void write(const std::string& text) {
    const auto [known, is_new] = places_.emplace(text, static_cast<Number>(texts_.size()));
    if (is_new) {
      texts_.push_back(text);
    }
    append(numbers_, known->second);
  }
  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void write(const T& number) { append(numbers_, static_cast<Number>(number)); }
  template <Parsed T>
  void write(const T& version) {
    write(version.text());
  }
  void write(const pep440::SpecifierSet& set) { write(set.text()); }
  template <class T>
  void write(const std::optional<T>& value) {
    write(value.has_value());
    if (value) {
      write(*value);
    }
  }
  // Behind their repositories and their length, so that a reader can pass over them.
  void write(const ImageTags& images) {
    write(images.repositories());
    const std::string before = std::exchange(numbers_, {});
    write(images.rows());
    const std::string rows = std::exchange(numbers_, before);
    append(numbers_, static_cast<Number>(rows.size() / sizeof(Number)));
    numbers_ += rows;
  }
  template <class T>
  void write(const std::vector<T>& values) {
    write(values.size());
    for (const T& value : values) {
      write(value);
    }
  }
  template <class V>
  void write(const std::map<std::string, V>& values) {
    write(values.size());
    for (const auto& [key, value] : values) {
      (*this)(key, value);
    }
  }
  template <class T>
  requires requires(Writer& writer, const T& row) { fields(writer, row); }
  void write(const T& row) { fields(*this, row); }

  std::string numbers_;
  std::vector<std::string> texts_;
  std::unordered_map<std::string, Number> places_;
};

class Reader {
 public:
  using Texts = std::vector<std::string_view>;

  explicit Reader(std::string_view snapshot) : rest_(snapshot) {
    const std::shared_ptr<Texts> texts = std::make_shared<Texts>();
    Number count = number();
    while (count-- > 0 && sound_) {
      const Number size = number();
      sound_ = sound_ && size <= rest_.size();
      texts->push_back(rest_.substr(0, sound_ ? size : 0));
      rest_.remove_prefix(texts->back().size());
    }
    texts_ = texts;
  }

  // A part that was passed over.
  Reader(std::shared_ptr<const Texts> texts, std::string_view numbers)
      : rest_(numbers), texts_(std::move(texts)) {}

  template <class... T>
  void operator()(T&... values) {
    (read(values), ...);
  }

  // Nothing was missing, and nothing is left.
  bool is_sound() const { return sound_ && rest_.empty(); }

 private:
  Number number() {
    Number number = 0;
    if (rest_.size() < sizeof number) {
      sound_ = false;
      return 0;
    }
    std::memcpy(&number, rest_.data(), sizeof number);
    rest_.remove_prefix(sizeof number);
    return number;
  }
  // A row is at least a number: no more of them than there are.
  std::size_t count() {
    const Number rows = number();
    sound_ = sound_ && rows <= rest_.size() / sizeof(Number);
    return sound_ ? rows : 0;
  }
  std::string_view text() {
    const Number place = number();
    sound_ = sound_ && place < texts_->size();
    return sound_ ? (*texts_)[place] : std::string_view();
  }

  void read(std::string& value) { value = text(); }
  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void read(T& value) { value = static_cast<T>(number()); }
  template <Parsed T>
  void read(T& version) {
    if (std::optional<T> parsed = T::parse(text())) {
      version = *std::move(parsed);
    } else {
      sound_ = false;
    }
  }
  void read(pep440::SpecifierSet& set) {
    if (Result<pep440::SpecifierSet> parsed = pep440::SpecifierSet::parse(text())) {
      set = *std::move(parsed);
    } else {
      sound_ = false;
    }
  }
  template <class T>
  void read(std::optional<T>& value) {
    if (number() == 0) {
      value.reset();
    } else {
      read(value.emplace());
    }
  }
  void read(ImageTags& images) {
    std::vector<std::string> repositories;
    read(repositories);
    const std::string_view rows = rest_.substr(0, count() * sizeof(Number));
    rest_.remove_prefix(rows.size());
    images = ImageTags(std::move(repositories), [texts = texts_, rows] {
      Reader reader(texts, rows);
      ImageTags::Rows read;
      reader(read);
      if (!reader.is_sound()) {
        throw std::runtime_error("the snapshot of the catalogue is damaged");
      }
      return read;
    });
  }
  template <class T>
  void read(std::vector<T>& values) {
    const std::size_t rows = count();
    values.reserve(rows);
    for (std::size_t i = 0; i < rows && sound_; ++i) {
      read(values.emplace_back());
    }
  }
  template <class V>
  void read(std::map<std::string, V>& values) {
    std::size_t rows = count();
    while (rows-- > 0 && sound_) {
      const std::string_view key = text();
      read(values.emplace_hint(values.end(), key, V())->second);
    }
  }
  template <class T>
  requires requires(Reader& reader, T& row) { fields(reader, row); }
  void read(T& row) { fields(*this, row); }

  std::string_view rest_;
  std::shared_ptr<const Texts> texts_{};
  bool sound_ = true;
};

}  // namespace

std::string write_snapshot(const Catalog& catalog) {
  Writer writer;
  writer(catalog);
  return writer.finish();
}

std::optional<Catalog> read_snapshot(std::string_view snapshot) {
  Reader reader(snapshot);
  std::optional<Catalog> catalog(std::in_place);
  reader(*catalog);
  return reader.is_sound() ? std::move(catalog) : std::nullopt;
}

}  // namespace berth
