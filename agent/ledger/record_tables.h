// SPDX-License-Identifier: Apache-2.0
// The rows that make up the present: instances, operations, claims, reservations, and the facts of
// the node.
//
// Not thread-safe; used on the ledger's executor.
#pragma once

#include <optional>
#include <string>

#include "agent/ledger/ledger_txn.h"
#include "agent/ledger/sqlite_database.h"
#include "core/model/node_view.h"

namespace berth {

// Names of the rows in `meta`.
inline constexpr char kMetaNodeId[] = "node_id";
inline constexpr char kMetaLedgerId[] = "ledger_id";
inline constexpr char kMetaBootId[] = "boot_id";
inline constexpr char kMetaAgentEpoch[] = "agent_epoch";
inline constexpr char kMetaControlEpoch[] = "control_epoch";
inline constexpr char kMetaCordoned[] = "cordoned";

class RecordTables {
 public:
  static StatusOr<RecordTables> Open(Database& database);

  // Writes the value that `change` names as it is in `after`, or erases it. Gives its JSON, for the
  // change table; nullopt if it was erased.
  StatusOr<std::optional<std::string>> Write(const Change& change, const model::NodeView& after);

  // Whether an instance, a reservation or an image of this id was erased.
  StatusOr<bool> IsTombstone(const std::string& id);

  StatusOr<std::optional<std::string>> Meta(const std::string& key);
  Status PutMeta(const std::string& key, const std::string& value);

 private:
  RecordTables() = default;
  StatusOr<std::string> WriteNode(const model::NodeView& after);
  Status Erase(const Change& change);

  Statement put_instance_, put_operation_, put_claim_, put_reservation_, put_image_;
  Statement erase_instance_, erase_operation_, erase_claim_, erase_reservation_, erase_image_;
  Statement put_meta_, meta_;
  Statement put_tombstone_, tombstone_;
};

}  // namespace berth
