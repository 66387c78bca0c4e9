// SPDX-License-Identifier: Apache-2.0
// What must hold of settings beyond each one's type and range. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "core/base/error.h"

namespace berth {

// Adds every fault of `config` with its path and cure.
void CheckConfig(const Config& config, std::vector<FieldViolation>& faults);

// An IP address and a port; IPv6 in brackets ("[::1]:9443").
struct HttpAddress {
  std::string host;
  uint16_t port = 0;
  bool loopback = false;
  bool operator==(const HttpAddress&) const = default;
};
// nullopt if `text` is not such an address. Names are not: a listener must not depend on DNS.
std::optional<HttpAddress> ParseHttpAddress(std::string_view text);

}  // namespace berth
