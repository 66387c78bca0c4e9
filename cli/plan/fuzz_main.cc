// SPDX-License-Identifier: Apache-2.0
// libFuzzer's entry (the `fuzz` preset).
#include <cstddef>
#include <cstdint>

#include "cli/plan/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  berth::cli::FuzzPlan({reinterpret_cast<const char*>(data), size});
  return 0;
}
