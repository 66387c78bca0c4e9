// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/record_tables.h"

#include <fmt/format.h>

#include "core/base/check.h"
#include "core/model/codec.h"
#include "core/model/names.h"

namespace berth {

StatusOr<RecordTables> RecordTables::Open(Database& database) {
  RecordTables tables;
  const auto prepare = [&](Statement& statement, std::string_view sql) -> Status {
    BERTH_ASSIGN_OR_RETURN(statement, database.Prepare(sql));
    return OkStatus();
  };
  // An update leaves the row and its index where they are, which writes fewer pages than a replace.
  BERTH_RETURN_IF_ERROR(
      prepare(tables.put_instance_,
              "INSERT INTO instance(id, state, json) VALUES(?1, ?2, ?3) "
              "ON CONFLICT(id) DO UPDATE SET state = excluded.state, json = excluded.json"));
  BERTH_RETURN_IF_ERROR(prepare(tables.put_operation_,
                                "INSERT INTO operation(id, instance_id, json) VALUES(?1, ?2, ?3) "
                                "ON CONFLICT(id) DO UPDATE SET json = excluded.json"));
  BERTH_RETURN_IF_ERROR(
      prepare(tables.put_claim_,
              "INSERT INTO claim(id, owner_id, json) VALUES(?1, ?2, ?3) "
              "ON CONFLICT(id) DO UPDATE SET owner_id = excluded.owner_id, json = excluded.json"));
  BERTH_RETURN_IF_ERROR(
      prepare(tables.put_reservation_,
              "INSERT INTO reservation(id, state, json) VALUES(?1, ?2, ?3) "
              "ON CONFLICT(id) DO UPDATE SET state = excluded.state, json = excluded.json"));
  BERTH_RETURN_IF_ERROR(
      prepare(tables.put_image_,
              "INSERT INTO image(id, state, json) VALUES(?1, ?2, ?3) "
              "ON CONFLICT(id) DO UPDATE SET state = excluded.state, json = excluded.json"));
  BERTH_RETURN_IF_ERROR(prepare(tables.erase_instance_, "DELETE FROM instance WHERE id = ?1"));
  BERTH_RETURN_IF_ERROR(prepare(tables.erase_operation_, "DELETE FROM operation WHERE id = ?1"));
  BERTH_RETURN_IF_ERROR(prepare(tables.erase_claim_, "DELETE FROM claim WHERE id = ?1"));
  BERTH_RETURN_IF_ERROR(
      prepare(tables.erase_reservation_, "DELETE FROM reservation WHERE id = ?1"));
  BERTH_RETURN_IF_ERROR(prepare(tables.erase_image_, "DELETE FROM image WHERE id = ?1"));
  BERTH_RETURN_IF_ERROR(prepare(tables.put_meta_,
                                "INSERT INTO meta(key, value) VALUES(?1, ?2) "
                                "ON CONFLICT(key) DO UPDATE SET value = excluded.value"));
  BERTH_RETURN_IF_ERROR(prepare(tables.meta_, "SELECT value FROM meta WHERE key = ?1"));
  BERTH_RETURN_IF_ERROR(
      prepare(tables.put_tombstone_, "INSERT OR IGNORE INTO tombstone(id, erased) VALUES(?1, ?2)"));
  BERTH_RETURN_IF_ERROR(prepare(tables.tombstone_, "SELECT 1 FROM tombstone WHERE id = ?1"));
  return tables;
}

StatusOr<std::optional<std::string>> RecordTables::Write(const Change& change,
                                                         const model::NodeView& after) {
  if (change.erased) {
    BERTH_RETURN_IF_ERROR(Erase(change));
    return std::optional<std::string>();
  }
  std::string json;
  switch (change.kind) {
    case Change::Kind::kInstance: {
      const auto record = after.instances.Find(change.id);
      BERTH_CHECK(record != nullptr, change.id);
      json = model::Encode(*record);
      BERTH_RETURN_IF_ERROR(put_instance_.Run(change.id, model::Name(record->state), json));
      break;
    }
    case Change::Kind::kOperation: {
      const auto operation = after.operations.Find(change.id);
      BERTH_CHECK(operation != nullptr, change.id);
      json = model::Encode(*operation);
      BERTH_RETURN_IF_ERROR(put_operation_.Run(change.id, operation->target, json));
      break;
    }
    case Change::Kind::kClaim: {
      const auto claim = after.claims.Find(change.id);
      BERTH_CHECK(claim != nullptr, change.id);
      json = model::Encode(*claim);
      BERTH_RETURN_IF_ERROR(put_claim_.Run(change.id, claim->owner_id, json));
      break;
    }
    case Change::Kind::kReservation: {
      const auto reservation = after.reservations.Find(change.id);
      BERTH_CHECK(reservation != nullptr, change.id);
      json = model::Encode(*reservation);
      BERTH_RETURN_IF_ERROR(put_reservation_.Run(change.id, model::Name(reservation->state), json));
      break;
    }
    case Change::Kind::kImage: {
      const auto image = after.images.Find(change.id);
      BERTH_CHECK(image != nullptr, change.id);
      json = model::Encode(*image);
      BERTH_RETURN_IF_ERROR(put_image_.Run(change.id, model::Name(image->state), json));
      break;
    }
    case Change::Kind::kNode: {
      BERTH_ASSIGN_OR_RETURN(json, WriteNode(after));
      break;
    }
  }
  return std::optional(std::move(json));
}

StatusOr<std::string> RecordTables::WriteNode(const model::NodeView& after) {
  BERTH_RETURN_IF_ERROR(PutMeta(kMetaControlEpoch, std::to_string(after.control_epoch)));
  BERTH_RETURN_IF_ERROR(PutMeta(kMetaCordoned, after.cordoned ? "1" : "0"));
  return fmt::format(R"({{"control_epoch":{},"cordoned":{}}})", after.control_epoch,
                     after.cordoned);
}

Status RecordTables::Erase(const Change& change) {
  switch (change.kind) {
    case Change::Kind::kInstance:
      BERTH_RETURN_IF_ERROR(put_tombstone_.Run(change.id, change.time.time_since_epoch().count()));
      return erase_instance_.Run(change.id);
    case Change::Kind::kReservation:
      BERTH_RETURN_IF_ERROR(put_tombstone_.Run(change.id, change.time.time_since_epoch().count()));
      return erase_reservation_.Run(change.id);
    case Change::Kind::kImage:
      BERTH_RETURN_IF_ERROR(put_tombstone_.Run(change.id, change.time.time_since_epoch().count()));
      return erase_image_.Run(change.id);
    case Change::Kind::kOperation:
      return erase_operation_.Run(change.id);
    case Change::Kind::kClaim:
      return erase_claim_.Run(change.id);
    case Change::Kind::kNode:
      break;
  }
  BERTH_CHECK(false, "the node itself cannot be erased");
}

StatusOr<bool> RecordTables::IsTombstone(const std::string& id) {
  tombstone_.Start(id);
  StatusOr<bool> found = tombstone_.Next();
  tombstone_.Reset();
  return found;
}

StatusOr<std::optional<std::string>> RecordTables::Meta(const std::string& key) {
  meta_.Start(key);
  BERTH_ASSIGN_OR_RETURN(const bool found, meta_.Next());
  std::optional<std::string> value;
  if (found) value = meta_.Text(0);
  meta_.Reset();
  return value;
}

Status RecordTables::PutMeta(const std::string& key, const std::string& value) {
  return put_meta_.Run(key, value);
}

}  // namespace berth
