#include "berth/base/tar.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <utility>

namespace berth {

namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kLongestName = 100;  // of the header's own field

std::string octal(std::size_t number, int digits) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%0*zo", digits, number);
  return text.data();
}

void put(std::string& header, std::size_t at, std::string_view text) {
  header.replace(at, text.size(), text);
}

// "LENGTH path=NAME\n", where LENGTH counts itself.
std::string path_record(std::string_view name) {
  const std::string rest = " path=" + std::string(name) + "\n";
  std::size_t length = rest.size();
  while (std::to_string(length).size() + rest.size() != length) {
    length = std::to_string(length).size() + rest.size();
  }
  return std::to_string(length) + rest;
}

}  // namespace

void TarWriter::add_entry(std::string_view name, std::string_view content, unsigned mode,
                          char type) {
  std::string header(kBlock, '\0');
  put(header, 0, name.substr(0, kLongestName));
  put(header, 100, octal(mode, 7));
  put(header, 108, octal(0, 7));
  put(header, 116, octal(0, 7));
  put(header, 124, octal(content.size(), 11));
  put(header, 136, octal(0, 11));
  put(header, 148, "        ");  // the sum is made with blanks in its own place
  header[156] = type;
  put(header, 257, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char byte : header) {
    sum += static_cast<unsigned char>(byte);
  }
  put(header, 148, octal(sum, 6) + std::string("\0 ", 2));
  archive_ += header;
  archive_ += content;
  archive_.resize((archive_.size() + kBlock - 1) / kBlock * kBlock, '\0');
}

void TarWriter::add_file(std::string_view name, std::string_view content, unsigned mode) {
  if (name.size() > kLongestName) {
    add_entry("pax", path_record(name), mode, 'x');
  }
  add_entry(name, content, mode, '0');
}

std::string TarWriter::finish() && {
  archive_.resize(archive_.size() + 2 * kBlock, '\0');
  return std::move(archive_);
}

}  // namespace berth
