// SPDX-License-Identifier: Apache-2.0
// Everything a spec boots from, looked at together, so that a caller hears of every fault at once
// and under the name of the request's field.
//
// Blocking, thread-safe.
#pragma once

#include "core/base/status.h"
#include "core/model/instance_spec.h"
#include "drivers/storage/images.h"

namespace berth {

// As Storage::CheckBoot. The field paths are those of berth.v1.InstanceSpec
// ("spec.boot.disk.image", "spec.boot.kernel.initrd", "spec.root_disk.size_mib").
StatusOr<ImageInfo> CheckBoot(Images& images, const model::InstanceSpec& spec);

}  // namespace berth
