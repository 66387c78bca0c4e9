// SPDX-License-Identifier: Apache-2.0
// An image of the node's cache: what disks are made of. A value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/clock.h"

namespace berth::model {

enum class ImageState {
  kPending,    // Being brought here; its operation goes on.
  kAvailable,  // Instances can boot from it.
  kFailed,     // Bringing it here failed; final.
  kEvicted,    // Its bytes had to make room. What is known of it stays, so that asked for again it
               // comes back under its id, and has to be what it was.
};

// What is asked for.
struct ImageSource {
  std::string url;     // http:// or https://; or
  std::string path;    // an absolute path on the host.
  std::string sha256;  // What its bytes must have; at most one is set, in lower-case hex.
  std::string sha512;
  std::string format;  // What it must be; "": whatever it is.
  bool operator==(const ImageSource&) const = default;
};

struct Image {
  std::string id;
  std::string name;  // A label.
  ImageState state = ImageState::kPending;
  std::string state_message;  // Why it failed; "" otherwise.
  ImageSource source;
  bool pinned = false;  // Never evicted.

  // Of one that is available.
  std::string format;  // "qcow2", "raw" or "iso".
  int64_t virtual_bytes = 0;
  int64_t file_bytes =
      0;               // What it takes of the disk; of one that is evicted, until that is freed.
  std::string sha256;  // Of the bytes as they were brought; set once, all later ones must have it.
  std::string sha512;
  std::string disk_claim_id;          // For file_bytes.
  std::optional<WallTime> last_used;  // When an instance was last made of it.

  std::string operation_id;  // That brings, or brought, it here.
  WallTime created{};
  std::optional<WallTime> ended;  // When it became available, or failed.
  int64_t revision = 0;           // The ledger's at the last change of this; the ledger sets it.
  bool operator==(const Image&) const = default;
};

}  // namespace berth::model
