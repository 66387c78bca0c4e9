// SPDX-License-Identifier: Apache-2.0
#include "agent/instance/guest_record.h"

#include "core/model/codec.h"

namespace berth {

std::string GuestRecordText(const model::InstanceRecord& record) {
  model::InstanceRecord kept;
  kept.id = record.id;
  kept.spec = record.spec;
  kept.generation = record.generation;
  kept.boot_count = record.boot_count;
  kept.placement = record.placement;
  kept.overhead_mib = record.overhead_mib;
  kept.claimed_disk_mib = record.claimed_disk_mib;
  kept.created = record.created;
  return model::Encode(kept);
}

StatusOr<model::InstanceRecord> ReadGuestRecord(std::string_view text) {
  return model::DecodeInstanceRecord(text, model::Missing::kDefault);
}

}  // namespace berth
