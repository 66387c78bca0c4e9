// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/libvirt_conf.h"

#include <fstream>

namespace berth::libvirt {
namespace {

std::string Trimmed(const std::string& text) {
  constexpr char kBlank[] = " \t\r";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string Unquoted(const std::string& text) {
  if (text.size() < 2 || (text[0] != '"' && text[0] != '\'')) return text;
  return text.substr(1, text.find(text[0], 1) - 1);
}

}  // namespace

std::optional<std::string> ConfValue(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  std::optional<std::string> value;
  for (std::string line; std::getline(file, line);) {
    const size_t equals = line.find('=');
    if (equals == std::string::npos || Trimmed(line.substr(0, equals)) != key) continue;
    value = Unquoted(Trimmed(line.substr(equals + 1)));
  }
  return value;
}

}  // namespace berth::libvirt
