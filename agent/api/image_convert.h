// SPDX-License-Identifier: Apache-2.0
// Images, from the wire and to it. Pure functions, thread-safe.
#pragma once

#include <optional>

#include "agent/api/request_faults.h"
#include "agent/node/image_catalog.h"
#include "berth/v1/image.pb.h"
#include "berth/v1/image_service.pb.h"
#include "berth/v1/operation.pb.h"

namespace berth::api {

v1::Image FromImage(const ImageReading& reading);

// Every violation of the request is added to `faults`.
BringImageArgs ToPull(const v1::PullImageRequest& request, RequestFaults& faults);
// Files come from `exchange_dir`.
BringImageArgs ToImport(const v1::ImportImageRequest& request, const std::string& exchange_dir,
                        RequestFaults& faults);

v1::TransferProgress FromProgress(const TransferProgress& progress);

}  // namespace berth::api
