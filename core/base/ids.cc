// SPDX-License-Identifier: Apache-2.0
#include "core/base/ids.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/check.h"

namespace berth {
namespace {

bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool IsId(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return text.size() == 17 && std::all_of(text.begin(), text.end(), IsLowerHex);
}

std::string SeventeenDigits(Random& random) {
  return fmt::format("{:016x}{:x}", random.Next(), random.Next() & 0xF);
}

}  // namespace

std::string NewInstanceId(Random& random) { return "i-" + SeventeenDigits(random); }
std::string NewReservationId(Random& random) { return "r-" + SeventeenDigits(random); }
std::string NewOperationId(Random& random) { return "op-" + SeventeenDigits(random); }
std::string NewClaimId(Random& random) { return "c-" + SeventeenDigits(random); }

bool IsInstanceId(std::string_view text) { return IsId(text, "i-"); }
std::string NewImageId(Random& random) { return "img-" + SeventeenDigits(random); }
bool IsImageId(std::string_view text) { return IsId(text, "img-"); }
bool IsReservationId(std::string_view text) { return IsId(text, "r-"); }

std::string NewUuid(Random& random) {
  const uint64_t high = (random.Next() & 0xFFFFFFFFFFFF0FFFULL) | 0x4000ULL;
  const uint64_t low = (random.Next() & 0x3FFFFFFFFFFFFFFFULL) | 0x8000000000000000ULL;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF,
                     high & 0xFFFF, low >> 48, low & 0xFFFFFFFFFFFFULL);
}

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !IsLowerHex(text[i])) return false;
  }
  return true;
}

// The 17 digits stand in order round the version and variant digits:
// be27DDDD-DDDD-8DDD-8DDD-DDD000000000.
std::string DomainUuid(std::string_view instance_id) {
  BERTH_CHECK(IsInstanceId(instance_id), instance_id);
  const std::string_view d = instance_id.substr(2);
  return fmt::format("be27{}-{}-8{}-8{}-{}000000000", d.substr(0, 4), d.substr(4, 4),
                     d.substr(8, 3), d.substr(11, 3), d.substr(14, 3));
}

std::string MacAddress(std::string_view id) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  const auto first = static_cast<unsigned>((hash >> 40) & 0xFC) | 0x02U;  // Local, unicast.
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", first, (hash >> 32) & 0xFF,
                     (hash >> 24) & 0xFF, (hash >> 16) & 0xFF, (hash >> 8) & 0xFF, hash & 0xFF);
}

bool IsRequestId(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace berth
