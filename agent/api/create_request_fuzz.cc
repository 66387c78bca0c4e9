// SPDX-License-Identifier: Apache-2.0
// libFuzzer's entry: any bytes as a CreateInstanceRequest end in arguments or in a typed error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/api/instance_request.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/model/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto args = berth::api::DecodeCreate(bytes, {});
  if (args.ok()) {
    BERTH_CHECK(berth::model::Validate(args->spec).empty(), "an accepted spec is valid");
  } else {
    BERTH_CHECK(!berth::ReasonOf(args.status()).empty(), "a refusal has a reason");
  }
  return 0;
}
