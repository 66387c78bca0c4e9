// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/request_table.h"

#include "agent/ledger/retention.h"

namespace berth {
namespace {

int64_t Millis(WallTime time) { return time.time_since_epoch().count(); }

}  // namespace

StatusOr<RequestTable> RequestTable::Open(Database& database) {
  RequestTable table;
  BERTH_ASSIGN_OR_RETURN(
      table.find_, database.Prepare("SELECT message, reply, instance_id, created FROM request "
                                    "WHERE principal = ?1 AND method = ?2 AND request_id = ?3 "
                                    "AND (expires IS NULL OR expires > ?4)"));
  // Replaces one whose time has run out and which is not trimmed yet.
  BERTH_ASSIGN_OR_RETURN(
      table.save_, database.Prepare("INSERT OR REPLACE INTO request(principal, method, request_id, "
                                    "message, reply, instance_id, created, expires) "
                                    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
  BERTH_ASSIGN_OR_RETURN(
      table.begin_expiry_,
      database.Prepare("UPDATE request SET expires = ?2 WHERE instance_id = ?1"));
  BERTH_ASSIGN_OR_RETURN(
      table.trim_, database.Prepare("DELETE FROM request WHERE rowid IN "
                                    "(SELECT rowid FROM request WHERE expires <= ?1 LIMIT 500)"));
  return table;
}

StatusOr<std::optional<StoredRequest>> RequestTable::Find(const RequestKey& key, WallTime now) {
  find_.Start(key.principal, key.method, key.request_id, Millis(now));
  BERTH_ASSIGN_OR_RETURN(const bool found, find_.Next());
  std::optional<StoredRequest> request;
  if (found)
    request = StoredRequest{.key = key,
                            .message = find_.Text(0),
                            .reply = find_.Text(1),
                            .instance_id = find_.Text(2),
                            .created = WallTime(Duration(find_.Int(3)))};
  find_.Reset();
  return request;
}

Status RequestTable::Save(const StoredRequest& request) {
  std::optional<int64_t> expires;
  if (request.instance_id.empty()) expires = Millis(request.created + kRequestsKept);
  return save_.Run(request.key.principal, request.key.method, request.key.request_id,
                   Blob{request.message}, Blob{request.reply}, request.instance_id,
                   Millis(request.created), expires);
}

Status RequestTable::BeginExpiry(const std::string& instance_id, WallTime now) {
  return begin_expiry_.Run(instance_id, Millis(now + kRequestsKept));
}

Status RequestTable::Trim(WallTime now) { return trim_.Run(Millis(now)); }

}  // namespace berth
