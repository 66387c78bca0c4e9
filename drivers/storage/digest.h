// SPDX-License-Identifier: Apache-2.0
// SHA-256 and SHA-512 of bytes as they come by. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace berth {

struct Digests {
  std::string sha256;  // 64 lower-case hex digits.
  std::string sha512;  // 128.
  bool operator==(const Digests&) const = default;
};

class Hasher {
 public:
  Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();

  void Update(std::string_view bytes);
  // Of all bytes since the beginning. Once; then only Reset.
  Digests Finish();
  // As new.
  void Reset();

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace berth
