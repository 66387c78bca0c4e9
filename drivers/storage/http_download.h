// SPDX-License-Identifier: Apache-2.0
// Brings one file over http or https into a partial file, going on where an earlier call was cut
// off, whatever cut it: a broken connection, a cancel, kill -9.
//
// Beside the partial file lies PATH.source, which says what it is a part of. It is gone on with if
// the source still says that it is the same (its ETag or Last-Modified), or if the bytes are
// checked against a digest afterwards; and after a reboot of the host, when the file may lack what
// was never flushed, only then. Otherwise it begins anew.
//
// Blocking: seconds to hours. Thread-safe, but one call at a time for a path.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/clock.h"
#include "core/base/status.h"
#include "core/base/transfer.h"
#include "drivers/storage/digest.h"

namespace berth {

struct HttpSource {
  std::string url;       // http:// or https://.
  bool checked = false;  // Its digest is known and will be compared.
};

struct HttpLimits {
  Duration connect = std::chrono::seconds(10);
  Duration stall = std::chrono::seconds(30);  // Without a byte, within a second.
  int redirects = 5;
  int64_t bytes_max = int64_t{1} << 40;
};

struct Downloaded {
  int64_t bytes = 0;
  Digests digests;  // Of the file, as it lies there; it is on the disk.
};

// As long as bytes come, a connection that breaks is made again at once.
//
// IMAGE_SOURCE_UNAVAILABLE, with `url` and, where there was one, the HTTP `status`: UNAVAILABLE
// where the same may succeed later (no connection, broken, stalled, 408, 429, 5xx),
// FAILED_PRECONDITION where not (any other answer, an untrusted certificate, too many redirects or
// one to an unencrypted source). INVALID_ARGUMENT IMAGE_INVALID: empty, or more than `bytes_max`.
// CANCELLED OPERATION_CANCELLED. RESOURCE_EXHAUSTED STORAGE_FULL. What had come is kept but for
// IMAGE_INVALID.
//
// `boot_id`: of the host's kernel, now.
StatusOr<Downloaded> DownloadHttp(const HttpSource& source, const std::string& path,
                                  const std::string& boot_id, const HttpLimits& limits,
                                  Transfer& transfer);

}  // namespace berth
