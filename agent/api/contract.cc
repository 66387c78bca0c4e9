// SPDX-License-Identifier: Apache-2.0
#include "agent/api/contract.h"

#include "berth/v1/image_service.pb.h"
#include "berth/v1/instance_service.pb.h"
#include "berth/v1/node_service.pb.h"
#include "berth/v1/operation_service.pb.h"
#include "berth/v1/reservation_service.pb.h"
#include "berth/v1/volume_service.pb.h"

namespace berth::api {

// By a message of each file, so that the linker keeps the file with its service.
std::vector<const google::protobuf::ServiceDescriptor*> ContractServices() {
  return {v1::GetInstanceRequest::descriptor()->file()->service(0),
          v1::GetNodeRequest::descriptor()->file()->service(0),
          v1::GetOperationRequest::descriptor()->file()->service(0),
          v1::ReserveRequest::descriptor()->file()->service(0),
          v1::GetVolumeRequest::descriptor()->file()->service(0),
          v1::GetImageRequest::descriptor()->file()->service(0)};
}

}  // namespace berth::api
