// SPDX-License-Identifier: Apache-2.0
#include "agent/node/page_token.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

#include "core/base/error.h"
#include "core/base/ids.h"

namespace berth::node {
namespace {

constexpr size_t kHexDigits = 16;
constexpr size_t kNumbers = 4;  // Ledger, revision, filter, and a check over all.

std::string Body(const PageToken& token) {
  return fmt::format("{:016x}{:016x}{:016x}{}", token.ledger, static_cast<uint64_t>(token.revision),
                     token.filter, token.last_id);
}

std::optional<uint64_t> ReadHex(std::string_view text) {
  uint64_t value = 0;
  const auto end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, 16);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<PageToken> Read(std::string_view text) {
  if (text.size() < kNumbers * kHexDigits) return std::nullopt;
  std::array<uint64_t, kNumbers> numbers{};
  for (size_t i = 0; i < kNumbers; ++i) {
    const auto number = ReadHex(text.substr(i * kHexDigits, kHexDigits));
    if (!number) return std::nullopt;
    numbers[i] = *number;
  }
  PageToken token{numbers[1], static_cast<int64_t>(numbers[2]), numbers[3],
                  std::string(text.substr(kNumbers * kHexDigits))};
  if (numbers[0] != HashOf(Body(token)) || !IsRequestId(token.last_id))
    return std::nullopt;  // No id of ours looks otherwise.
  return token;
}

}  // namespace

std::string Encode(const PageToken& token) {
  const std::string body = Body(token);
  return fmt::format("{:016x}{}", HashOf(body), body);
}

StatusOr<PageToken> DecodePageToken(std::string_view text) {
  if (auto token = Read(text)) return std::move(*token);
  return InvalidField("page_token", "give the next_page_token of an earlier answer, unchanged");
}

uint64_t HashOf(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return hash;
}

}  // namespace berth::node
