// SPDX-License-Identifier: Apache-2.0
#include "cli/advice_capacity.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "cli/sizes.h"

namespace berth::cli {
namespace {

constexpr std::string_view kWanted = "_wanted";
constexpr std::string_view kMib = "_mib";

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::optional<int64_t> NumberOf(const ErrorDetails& details, const std::string& key) {
  const auto it = details.metadata.find(key);
  if (it == details.metadata.end()) return std::nullopt;
  int64_t value = 0;
  const std::string& text = it->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string Amount(std::string_view resource, int64_t value) {
  return EndsWith(resource, kMib) ? HumanMib(value) : std::to_string(value);
}

// "node1_memory_mib" is "memory" on NUMA node 1.
std::string NounOf(std::string resource) {
  std::string where;
  if (resource.rfind("node", 0) == 0) {
    const size_t bar = resource.find('_');
    if (bar != std::string::npos && bar > 4 && resource.find_first_not_of("0123456789", 4) == bar) {
      where = " on NUMA node " + resource.substr(4, bar - 4);
      resource.erase(0, bar + 1);
    }
  }
  if (EndsWith(resource, kMib)) resource.resize(resource.size() - kMib.size());
  return (resource == "vcpus" ? "vCPUs" : resource) + where;
}

std::vector<std::string> Shortages(const ErrorDetails& details) {
  std::vector<std::string> lines;
  for (const auto& [key, value] : details.metadata) {
    if (!EndsWith(key, kWanted)) continue;
    const std::string resource = key.substr(0, key.size() - kWanted.size());
    const std::optional<int64_t> wanted = NumberOf(details, key);
    const std::optional<int64_t> free = NumberOf(details, resource + "_free");
    if (!wanted || !free) continue;
    const int64_t lacking = NumberOf(details, resource + "_short").value_or(*wanted - *free);
    lines.push_back(fmt::format("{}: {} wanted, {} free, {} too little", NounOf(resource),
                                Amount(resource, *wanted), Amount(resource, *free),
                                Amount(resource, lacking)));
  }
  return lines;
}

std::string Nearest(const ErrorDetails& details) {
  std::string text;
  if (const auto vcpus = NumberOf(details, "nearest_vcpus"))
    text = fmt::format("--vcpus {}", *vcpus);
  if (const auto memory = NumberOf(details, "nearest_memory_mib"))
    text += fmt::format("{}--memory {}M", text.empty() ? "" : ", or ", *memory);
  return text.empty() ? "" : "would fit, with all else as it is: " + text;
}

}  // namespace

std::vector<std::string> AdviseCapacity(const ErrorDetails& details) {
  std::vector<std::string> lines = Shortages(details);
  if (std::string nearest = Nearest(details); !nearest.empty()) lines.push_back(std::move(nearest));
  lines.emplace_back(
      "what is free: berthctl node get; smaller types: berthctl types; or stop or terminate "
      "something");
  return lines;
}

}  // namespace berth::cli
