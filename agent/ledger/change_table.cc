// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/change_table.h"

#include "agent/ledger/retention.h"
#include "core/base/check.h"

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
    case Change::Kind::kNode:
      return "node";
  }
  BERTH_CHECK(false, "a change of no kind");
}

}  // namespace

StatusOr<ChangeTable> ChangeTable::Open(Database& database) {
  ChangeTable table;
  BERTH_ASSIGN_OR_RETURN(
      table.add_, database.Prepare("INSERT INTO change(revision, kind, id, erased, time, json) "
                                   "VALUES(?1, ?2, ?3, ?4, ?5, ?6)"));
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
  if (!json) return add_.Run(change.revision, KindName(change.kind), change.id, erased, time);
  return add_.Run(change.revision, KindName(change.kind), change.id, erased, time, *json);
}

Status ChangeTable::Trim(int64_t newest_revision, WallTime now) {
  return trim_.Run(newest_revision - kChangesKept,
                   (now - kChangesKeptFor).time_since_epoch().count());
}

}  // namespace berth
