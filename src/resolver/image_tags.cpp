// The list of a catalogue's images, read late.
#include <algorithm>
#include <utility>

#include "berth/resolver/catalog.hpp"

namespace berth {

ImageTags::ImageTags(std::vector<std::string> repositories, std::function<Rows()> read)
    : deferred_(std::make_shared<Deferred>(std::move(repositories), std::move(read))) {}

const ImageTags::Rows& ImageTags::rows() const {
  if (deferred_ == nullptr) {
    return rows_;
  }
  std::call_once(deferred_->once, [this] { deferred_->rows = deferred_->read(); });
  return deferred_->rows;
}

ImageTags::Rows& ImageTags::edit() {
  if (deferred_ != nullptr) {
    rows_ = rows();
    deferred_.reset();
  }
  return rows_;
}

std::vector<std::string> ImageTags::repositories() const {
  if (deferred_ != nullptr) {
    return deferred_->repositories;
  }
  std::vector<std::string> names;
  for (const ImageTag& image : rows_) {
    if (std::find(names.begin(), names.end(), image.repository) == names.end()) {
      names.push_back(image.repository);
    }
  }
  return names;
}

bool ImageTags::has_repository(std::string_view name) const {
  if (deferred_ == nullptr) {
    return std::any_of(rows_.begin(), rows_.end(),
                       [name](const ImageTag& image) { return image.repository == name; });
  }
  const std::vector<std::string>& known = deferred_->repositories;
  return std::find(known.begin(), known.end(), name) != known.end();
}

}  // namespace berth
