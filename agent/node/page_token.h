// SPDX-License-Identifier: Apache-2.0
// The opaque token that names the next page of a listing: which revision of which ledger, under
// which filter, after which id. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace berth::node {

struct PageToken {
  uint64_t ledger = 0;  // Hash of the ledger id.
  int64_t revision = 0;
  uint64_t filter = 0;  // Hash of what the listing asks for.
  std::string last_id;  // The page begins after it: an id, or what a listing is in order of.
  bool operator==(const PageToken&) const = default;
};

std::string Encode(const PageToken& token);
// INVALID_ARGUMENT for text that Encode did not write.
StatusOr<PageToken> DecodePageToken(std::string_view text);

// FNV-1a over `text`: stable over processes and machines, unlike std::hash.
uint64_t HashOf(std::string_view text);

}  // namespace berth::node
