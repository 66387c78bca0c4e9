// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/change_table.h"

#include <utility>

#include "agent/ledger/retention.h"
#include "core/base/check.h"
#include "core/model/codec.h"

namespace berth {
namespace {

std::string_view KindName(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::kInstance:
      return "instance";
    case Change::Kind::kOperation:
      return "operation";
    case Change::Kind::kClaim:
      return "claim";
    case Change::Kind::kReservation:
      return "reservation";
    case Change::Kind::kImage:
      return "image";
    case Change::Kind::kNode:
      return "node";
  }
  BERTH_CHECK(false, "a change of no kind");
}

}  // namespace

StatusOr<ChangeTable> ChangeTable::Open(Database& database) {
  ChangeTable table;
  BERTH_ASSIGN_OR_RETURN(
      table.add_,
      database.Prepare("INSERT INTO change(revision, kind, id, created, erased, time, json) "
                       "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
  BERTH_ASSIGN_OR_RETURN(
      table.find_, database.Prepare("SELECT revision, id, created, json FROM change "
                                    "WHERE revision > ?1 AND revision <= ?2 AND kind = 'instance' "
                                    "ORDER BY revision LIMIT ?3"));
  BERTH_ASSIGN_OR_RETURN(table.oldest_,
                         database.Prepare("SELECT coalesce(min(revision), 0) FROM change"));
  // Rows lie in the order of revisions, so the oldest are looked at and no others. The newest row
  // that is there stays, whatever becomes of the transaction that is about to add newer ones.
  BERTH_ASSIGN_OR_RETURN(table.trim_,
                         database.Prepare("DELETE FROM change WHERE revision IN ("
                                          "SELECT revision FROM (SELECT revision, time FROM change "
                                          "ORDER BY revision LIMIT 5000) "
                                          "WHERE (revision <= ?1 OR time < ?2) "
                                          "AND revision < (SELECT max(revision) FROM change))"));
  return table;
}

Status ChangeTable::Add(const Change& change, const std::optional<std::string>& json) {
  const int64_t time = change.time.time_since_epoch().count();
  const int64_t erased = change.erased ? 1 : 0;
  const int64_t created = change.created ? 1 : 0;
  const std::string_view kind = KindName(change.kind);
  if (!json) return add_.Run(change.revision, kind, change.id, created, erased, time);
  return add_.Run(change.revision, kind, change.id, created, erased, time, *json);
}

StatusOr<KeptChanges> ChangeTable::Find(const ChangeQuery& query) {
  KeptChanges kept;
  oldest_.Start();
  BERTH_RETURN_IF_ERROR(oldest_.Next().status());
  kept.oldest = oldest_.Int(0);
  oldest_.Reset();
  find_.Start(query.after, query.through, static_cast<int64_t>(query.limit));
  for (;;) {
    BERTH_ASSIGN_OR_RETURN(const bool more, find_.Next());
    if (!more) break;
    InstanceChange change{find_.Int(0), find_.Text(1), find_.Int(2) != 0, nullptr};
    if (!find_.IsNull(3)) {
      BERTH_ASSIGN_OR_RETURN(auto record, model::DecodeInstanceRecord(find_.Text(3)));
      change.record = std::make_shared<const model::InstanceRecord>(std::move(record));
    }
    kept.changes.push_back(std::move(change));
  }
  find_.Reset();
  return kept;
}

Status ChangeTable::Trim(int64_t newest_revision, WallTime now) {
  return trim_.Run(newest_revision - kChangesKept,
                   (now - kChangesKeptFor).time_since_epoch().count());
}

}  // namespace berth
