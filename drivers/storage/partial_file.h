// SPDX-License-Identifier: Apache-2.0
// A file that is not whole yet, with the digest of what is there and a note of what it is a part
// of.
//
// The note is written before the first byte that it speaks of. Blocking; not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/base/unique_fd.h"
#include "drivers/storage/digest.h"

namespace berth {

// What a partial file is a part of.
struct PartOf {
  std::string url;
  std::string validator;  // How the source names this version of it (ETag, Last-Modified); or "".
  std::string boot_id;    // Of the host's kernel when it was begun.
  bool operator==(const PartOf&) const = default;
};

class PartialFile {
 public:
  // Opens what is there, or makes an empty one; reads it all for the digest.
  static StatusOr<PartialFile> Open(const std::string& path);

  int64_t size() const { return size_; }
  // What it is a part of; all empty where that is not known.
  const PartOf& part_of() const { return part_of_; }

  // Empties it; what comes from now on is a part of this.
  Status Begin(PartOf part_of);
  Status Append(std::string_view bytes);
  // Flushes it to the disk; the digests of all that is in it. Once, at the end.
  StatusOr<Digests> Finish();

  // Removes a partial file and its note. Not there: OK.
  static Status Remove(const std::string& path);

 private:
  PartialFile(std::string path, UniqueFd file) : path_(std::move(path)), file_(std::move(file)) {}
  Status ReadPresent();

  std::string path_;
  UniqueFd file_;
  int64_t size_ = 0;
  Hasher hasher_;
  PartOf part_of_;
};

}  // namespace berth
