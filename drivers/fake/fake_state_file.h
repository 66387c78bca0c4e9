// SPDX-License-Identifier: Apache-2.0
// The guests of a FakeHost in a file, so that they outlive the process as real ones do. Replaced
// whole at each write; after a kill it is the one or the other.
#pragma once

#include <map>
#include <string>

#include "core/base/status.h"
#include "drivers/fake/fake_host.h"

namespace berth {

// No file: no guests. DATA_LOSS: not what WriteFakeGuests writes.
StatusOr<std::map<std::string, FakeGuest>> ReadFakeGuests(const std::string& path);
// INTERNAL: the file cannot be written.
Status WriteFakeGuests(const std::string& path, const std::map<std::string, FakeGuest>& guests);

}  // namespace berth
