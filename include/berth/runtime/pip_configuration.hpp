// Where the caller's pip looks for packages: its configuration files and variables. Only that: what
// names folders of the caller's machine (cert, cache-dir, find-links to a folder) means nothing in
// a container. Source: https://pip.pypa.io/en/stable/topics/configuration/
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "berth/base/result.hpp"

namespace berth::runtime {

struct PipConfiguration {
  // For the container, in pip's names and in uv's, which reads no file of pip's: PIP_INDEX_URL,
  // UV_INDEX_URL, … With credentials.
  std::map<std::string, std::string> variables{};
  // What decides on which packages are found, without credentials: "index-url https://…". Empty
  // where nothing is said.
  std::vector<std::string> indexes{};
  std::vector<std::string> warnings{};
};

// /etc/xdg/pip/pip.conf, /etc/pip.conf, ~/.pip/pip.conf, ~/.config/pip/pip.conf,
// $VIRTUAL_ENV/pip.conf and $PIP_CONFIG_FILE, the later above the earlier; `[install]` of any of
// them above `[global]`; above all the variables. PIP_CONFIG_FILE=/dev/null: no file counts.
// Errc::invalid_input for a file that pip could not read either.
Result<PipConfiguration> pip_configuration(const std::map<std::string, std::string>& environment,
                                           const std::filesystem::path& root = "/");

}  // namespace berth::runtime
