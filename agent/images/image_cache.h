// SPDX-License-Identifier: Apache-2.0
// The cache as a whole: who uses what, and what has to go so that something new has room. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/ledger/ledger_txn.h"
#include "core/base/status.h"
#include "core/model/image.h"
#include "core/model/node_view.h"

namespace berth::images {

// Instances whose disks rest on an image, by the image's id: all that are not terminated.
std::map<std::string, int32_t> CountUsers(const model::NodeView& view);
int32_t UsersOf(const model::NodeView& view, const std::string& image_id);

// What the files of images take of the disk.
int64_t BytesOf(const model::NodeView& view);

struct Limits {
  int64_t cache_bytes = 0;  // At most so much for images; 0: as much as there is.
  int64_t disk_mib = 0;     // Of the node, for images and instances.
};

int64_t DiskMibOf(int64_t bytes);

// The images to be evicted so that `arrived`, whose file has been brought, is within the limits:
// those not used for the longest time first, and none that is in use or pinned; none where there is
// room. RESOURCE_EXHAUSTED: STORAGE_FULL (the cache's limit) or INSUFFICIENT_CAPACITY (the node's
// disk is claimed); both say what would help.
StatusOr<std::vector<std::string>> MakeRoom(const model::NodeView& view,
                                            const model::Image& arrived, const Limits& limits);

// In a transaction: makes room for `arrived` and claims it. Errors as MakeRoom; then nothing is
// written.
Status Admit(LedgerTxn& txn, model::Image& arrived, const Limits& limits,
             const std::string& claim_id);
// Its file is removed soon after (image_sweep.h); what is known of it stays.
void Evict(LedgerTxn& txn, model::Image image, const std::string& why);
// Claims what its file takes, whether there is room or not: it lies there already.
void Claim(LedgerTxn& txn, model::Image& image, const std::string& claim_id);

// Whether a file of it lies here that is to go: it was evicted, and is perhaps asked for again.
bool HasFileToRemove(const model::Image& image);

}  // namespace berth::images
