// SPDX-License-Identifier: Apache-2.0
#include "cli/sizes.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>

namespace berth::cli {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int64_t kMibMax = int64_t{64} << 20;  // 64 TiB, the largest disk and memory of the API.
constexpr size_t kTextMax = 32;                 // No honest number is longer.

struct Number {
  double value = 0;
  std::string_view unit;
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "1.5GiB" is 1.5 and "GiB". Digits and at most one point, so that "nan", "1e9" and "-1" are none.
std::optional<Number> SplitNumber(std::string_view text) {
  if (text.empty() || text.size() > kTextMax || !IsDigit(text.front())) return std::nullopt;
  size_t end = 0;
  int points = 0;
  while (end < text.size() && (IsDigit(text[end]) || text[end] == '.')) {
    if (text[end] == '.' && ++points > 1) return std::nullopt;
    ++end;
  }
  return Number{std::strtod(std::string(text.substr(0, end)).c_str(), nullptr), text.substr(end)};
}

// MiB per unit; 0 if there is no such unit.
double MibPer(std::string_view unit) {
  if (unit.empty()) return 0;
  const std::string_view rest = unit.substr(1);
  if (!rest.empty() && rest != "i" && rest != "iB") return 0;
  switch (unit.front()) {
    case 'M':
    case 'm':
      return 1;
    case 'G':
    case 'g':
      return 1024;
    case 'T':
    case 't':
      return 1024.0 * 1024;
    default:
      return 0;
  }
}

double MillisecondsPer(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s") return 1e3;
  if (unit == "m") return 60e3;
  if (unit == "h") return 3600e3;
  return 0;
}

// `value` in the largest unit of which there is at least one; the units are 1024 apart.
template <size_t N>
std::string Human(int64_t value, const std::array<const char*, N>& units) {
  size_t unit = 0;
  int64_t tenths = value * 10;
  while (unit + 1 < N && tenths >= 10240) {
    tenths /= 1024;
    ++unit;
  }
  if (tenths % 10 == 0) return fmt::format("{} {}", tenths / 10, units[unit]);
  return fmt::format("{}.{} {}", tenths / 10, tenths % 10, units[unit]);
}

}  // namespace

StatusOr<int64_t> ParseMib(std::string_view text) {
  const std::optional<Number> number = SplitNumber(text);
  const double per = number ? MibPer(number->unit) : 0;
  if (per == 0)
    return absl::InvalidArgumentError("not a size: write a number and M, G or T, as in 512M or 2G");
  const double mib = number->value * per;
  if (mib > static_cast<double>(kMibMax)) return absl::InvalidArgumentError("more than 64T");
  if (mib <= 0) return absl::InvalidArgumentError("must be more than 0");
  if (mib != std::floor(mib)) return absl::InvalidArgumentError("not a whole number of MiB");
  return static_cast<int64_t>(mib);
}

StatusOr<Duration> ParseDuration(std::string_view text) {
  const std::optional<Number> number = SplitNumber(text);
  const double per = number ? MillisecondsPer(number->unit) : 0;
  if (per == 0)
    return absl::InvalidArgumentError(
        "not a time: write a number and ms, s, m or h, as in 60s or 2m");
  const double milliseconds = number->value * per;
  if (milliseconds > 24 * 3600e3) return absl::InvalidArgumentError("more than 24h");
  return Duration(static_cast<int64_t>(milliseconds));
}

std::string HumanMib(int64_t mib) { return Human(mib, std::array{"MiB", "GiB", "TiB", "PiB"}); }

std::string HumanBytes(int64_t bytes) {
  return Human(bytes, std::array{"B", "KiB", "MiB", "GiB", "TiB", "PiB"});
}

std::string HumanAge(Duration age) {
  const int64_t s = std::max<int64_t>(0, std::chrono::duration_cast<seconds>(age).count());
  if (s < 120) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m", s / 60);
  if (s < 24 * 3600) {
    const int64_t m = s / 60 % 60;
    return m == 0 ? fmt::format("{}h", s / 3600) : fmt::format("{}h{:02}m", s / 3600, m);
  }
  return fmt::format("{}d", s / (24 * 3600));
}

}  // namespace berth::cli
