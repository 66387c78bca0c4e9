// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/schema.h"

#include <fmt/format.h>

#include "agent/ledger/ledger_file.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

// Marks the file as ours ("Brth").
constexpr int64_t kApplicationId = 0x42727468;

// Times are milliseconds since 1970; json is what core/model/codec.h writes.
constexpr char kVersion1[] = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE instance(id TEXT PRIMARY KEY, state TEXT NOT NULL, json TEXT NOT NULL) STRICT;
CREATE TABLE operation(id TEXT PRIMARY KEY, instance_id TEXT NOT NULL, json TEXT NOT NULL) STRICT;
CREATE TABLE claim(id TEXT PRIMARY KEY, owner_id TEXT NOT NULL, json TEXT NOT NULL) STRICT;
-- Calls that succeeded; expires is NULL while their instance is there.
CREATE TABLE request(
  principal TEXT NOT NULL, method TEXT NOT NULL, request_id TEXT NOT NULL,
  message BLOB NOT NULL, reply BLOB NOT NULL, instance_id TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER,
  PRIMARY KEY (principal, method, request_id)) STRICT;
CREATE INDEX request_by_instance ON request(instance_id);
CREATE INDEX request_by_expiry ON request(expires) WHERE expires IS NOT NULL;
-- What a watch is fed from; json is the value after the change, NULL if it was erased. The newest row
-- is never trimmed: its revision is the ledger's.
CREATE TABLE change(
  revision INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, erased INTEGER NOT NULL,
  time INTEGER NOT NULL, json TEXT) STRICT;
-- Every id of an instance, later of a reservation too, that was used and erased: none is ever used again.
CREATE TABLE tombstone(id TEXT PRIMARY KEY, erased INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)sql";

// An instance knows its revision, its process, and what it claims; an operation, who asked. A time
// or a process that nobody wrote down is 0, "not known"; the kept replies hold instances too.
constexpr char kVersion2[] = R"sql(
UPDATE instance SET json = json_set(json, '$.state_time', 0, '$.guest_pid', 0,
  '$.overhead_mib', coalesce((SELECT claim.json ->> '$.overhead_mib' FROM claim
                              WHERE claim.id = instance.json ->> '$.run_claim_id'), 0),
  '$.claimed_disk_mib', coalesce((SELECT claim.json ->> '$.held.disk_mib' FROM claim
                                  WHERE claim.id = instance.json ->> '$.disk_claim_id'), 0),
  '$.revision', coalesce((SELECT max(revision) FROM change
                          WHERE kind = 'instance' AND change.id = instance.id), 0));
UPDATE operation SET json = json_set(json, '$.principal', '', '$.request_id', '');
UPDATE request SET reply = CAST(json_set(CAST(reply AS TEXT), '$.state_time', 0, '$.guest_pid', 0,
  '$.overhead_mib', 0, '$.claimed_disk_mib', 0, '$.revision', 0) AS BLOB);
)sql";

// Placement: what a shape may ask beside amounts, and where a claim lies. Claims of before have no
// cells; they are charged as agent/node/book.h says.
constexpr char kVersion3[] = R"sql(
UPDATE instance SET json = json_set(json,
  '$.spec.shape.dedicated_vcpus', json('[]'), '$.spec.shape.smt_policy', 'prefer',
  '$.spec.shape.core_sharing', 'same_tenant', '$.spec.shape.emulator_policy', 'shared',
  '$.spec.shape.page_size', json('{"kind":"small","kib":0}'),
  '$.spec.shape.numa', json('{"kind":"auto","cells":0,"explicit_cells":[]}'),
  '$.spec.shape.node_set', json('[]'), '$.spec.shape.devices', json('[]'),
  '$.placement', json('{"cells":[],"emulator_cpus":"","devices":[],"optimal":true}'));
UPDATE claim SET json = json_set(json, '$.held.dedicated_cpus', 0,
  '$.tenant_id', coalesce((SELECT instance.json ->> '$.spec.tenant_id' FROM instance
                           WHERE instance.id = claim.json ->> '$.owner_id'), ''),
  '$.core_sharing', 'same_tenant',
  '$.placement', json('{"cells":[],"emulator_cpus":"","devices":[],"optimal":true}'));
UPDATE request SET reply = CAST(json_set(CAST(reply AS TEXT),
  '$.spec.shape.dedicated_vcpus', json('[]'), '$.spec.shape.smt_policy', 'prefer',
  '$.spec.shape.core_sharing', 'same_tenant', '$.spec.shape.emulator_policy', 'shared',
  '$.spec.shape.page_size', json('{"kind":"small","kib":0}'),
  '$.spec.shape.numa', json('{"kind":"auto","cells":0,"explicit_cells":[]}'),
  '$.spec.shape.node_set', json('[]'), '$.spec.shape.devices', json('[]'),
  '$.placement', json('{"cells":[],"emulator_cpus":"","devices":[],"optimal":true}')) AS BLOB);
)sql";

// Reservations; the times of a claim; what CPU a guest sees, and what a stopped one keeps.
constexpr char kVersion4[] = R"sql(
CREATE TABLE reservation(id TEXT PRIMARY KEY, state TEXT NOT NULL, json TEXT NOT NULL) STRICT;
UPDATE instance SET json = json_set(json, '$.spec.shape.reserve_when_stopped', json('false'),
  '$.spec.platform', json('{"cpu_model_policy":"default","cpu_model":""}'));
UPDATE claim SET json = json_set(json, '$.created', 0, '$.expires', NULL);
UPDATE request SET reply = CAST(json_set(CAST(reply AS TEXT),
  '$.spec.shape.reserve_when_stopped', json('false'),
  '$.spec.platform', json('{"cpu_model_policy":"default","cpu_model":""}')) AS BLOB);
)sql";

// Resizes; when an operation is given up, and what its guest was defined as. Kept answers hold
// instances and operations too.
constexpr char kVersion5[] = R"sql(
UPDATE instance SET json = json_set(json, '$.resized_from', NULL);
UPDATE operation SET json = json_set(json, '$.generation', 0, '$.deadline', NULL);
UPDATE request SET reply = CAST(json_set(CAST(reply AS TEXT), '$.resized_from', NULL) AS BLOB)
  WHERE method NOT IN ('Reserve', 'Release', 'BatchCreateInstances');
UPDATE request SET reply = CAST(json_object('entries',
    (SELECT json_group_array(json(CASE WHEN json_type(value, '$.instance') = 'object'
                                       THEN json_set(value, '$.instance.resized_from', NULL)
                                       ELSE value END))
       FROM json_each(CAST(reply AS TEXT), '$.entries'))) AS BLOB)
  WHERE method = 'BatchCreateInstances';
)sql";

// The log; kept is 1 while the subject is an instance that has a record.
constexpr char kVersion6[] = R"sql(
ALTER TABLE change ADD COLUMN created INTEGER NOT NULL DEFAULT 0;
CREATE TABLE event(
  number INTEGER PRIMARY KEY AUTOINCREMENT, revision INTEGER NOT NULL, time INTEGER NOT NULL,
  subject TEXT NOT NULL, kept INTEGER NOT NULL, json TEXT NOT NULL) STRICT;
CREATE INDEX event_by_subject ON event(subject, number);
CREATE INDEX event_to_trim ON event(number) WHERE kept = 0;
)sql";

// What a crash of the guest does, and when one was started again. Changes hold instances too, and
// so do kept answers.
constexpr char kVersion7[] = R"sql(
UPDATE instance SET json = json_set(json, '$.spec.auto_recover', json('false'),
  '$.spec.crash_behavior', 'stop', '$.recoveries', json('[]'));
UPDATE change SET json = json_set(json, '$.spec.auto_recover', json('false'),
  '$.spec.crash_behavior', 'stop', '$.recoveries', json('[]'))
  WHERE kind = 'instance' AND json IS NOT NULL;
UPDATE request SET reply = CAST(json_set(CAST(reply AS TEXT), '$.spec.auto_recover', json('false'),
  '$.spec.crash_behavior', 'stop', '$.recoveries', json('[]')) AS BLOB)
  WHERE json_type(CAST(reply AS TEXT), '$.spec') = 'object';
UPDATE request SET reply = CAST(json_object('entries',
    (SELECT json_group_array(json(CASE WHEN json_type(value, '$.instance') = 'object'
         THEN json_set(value, '$.instance.spec.auto_recover', json('false'),
                       '$.instance.spec.crash_behavior', 'stop', '$.instance.recoveries', json('[]'))
         ELSE value END))
       FROM json_each(CAST(reply AS TEXT), '$.entries'))) AS BLOB)
  WHERE method = 'BatchCreateInstances';
)sql";

// Images.
constexpr char kVersion8[] = R"sql(
CREATE TABLE image(id TEXT PRIMARY KEY, state TEXT NOT NULL, json TEXT NOT NULL) STRICT;
)sql";

constexpr Migration kMigrations[] = {kVersion1, kVersion2, kVersion3, kVersion4,
                                     kVersion5, kVersion6, kVersion7, kVersion8};

Status Refused(const char* reason, const std::string& message) {
  return MakeError(StatusCode::kFailedPrecondition, reason, message);
}

// A file is new if nothing was ever made in it.
StatusOr<bool> IsNew(Database& database, const std::string& path) {
  BERTH_ASSIGN_OR_RETURN(const int64_t tables,
                         database.QueryInt("SELECT count(*) FROM sqlite_schema"));
  if (tables == 0) return true;
  BERTH_ASSIGN_OR_RETURN(const int64_t application, database.QueryInt("PRAGMA application_id"));
  if (application == kApplicationId) return false;
  return Refused(reasons::kLedgerUnavailable,
                 fmt::format("{} is an SQLite database, but not a ledger: move it away, or name "
                             "another state directory",
                             path));
}

Status Apply(Database& database, Migration migration, size_t version) {
  const std::string sql =
      fmt::format("BEGIN IMMEDIATE;{};PRAGMA application_id={};PRAGMA user_version={};COMMIT",
                  migration, kApplicationId, version);
  const Status applied = database.Execute(sql.c_str());
  if (!applied.ok() && database.InTransaction()) database.Execute("ROLLBACK").IgnoreError();
  return Annotate(applied, fmt::format("migrating the ledger to version {}", version));
}

}  // namespace

std::span<const Migration> Migrations() { return kMigrations; }

Status CheckIntegrity(Database& database) {
  BERTH_ASSIGN_OR_RETURN(const std::string found, database.QueryText("PRAGMA integrity_check(1)"));
  if (found == "ok") return OkStatus();
  return MakeError(StatusCode::kDataLoss, reasons::kLedgerUnavailable,
                   fmt::format("the ledger's file is damaged: {}", found));
}

// VACUUM INTO reads through our own connection, the only one that may be open on the file.
Status CopyDatabase(Database& database, const std::string& path) {
  const std::string partial = path + ".partial";
  BERTH_RETURN_IF_ERROR(MakeEmptyFile(partial));
  BERTH_ASSIGN_OR_RETURN(Statement vacuum, database.Prepare("VACUUM INTO ?1"));
  BERTH_RETURN_IF_ERROR(vacuum.Run(partial));
  return SyncAndRename(partial, path);
}

Status CheckVersion(Database& database, const std::string& path,
                    std::span<const Migration> migrations) {
  BERTH_RETURN_IF_ERROR(IsNew(database, path).status());
  BERTH_ASSIGN_OR_RETURN(const int64_t version, database.QueryInt("PRAGMA user_version"));
  if (version <= static_cast<int64_t>(migrations.size())) return OkStatus();
  return Refused(reasons::kLedgerNewer,
                 fmt::format("{} is of version {}, and this agent knows none after {}: run the "
                             "agent that wrote it, or a newer one",
                             path, version, migrations.size()));
}

Status Migrate(Database& database, const std::string& path, std::span<const Migration> migrations) {
  BERTH_RETURN_IF_ERROR(CheckVersion(database, path, migrations));
  BERTH_ASSIGN_OR_RETURN(const bool is_new, IsNew(database, path));
  BERTH_ASSIGN_OR_RETURN(const int64_t version, database.QueryInt("PRAGMA user_version"));
  const auto newest = static_cast<int64_t>(migrations.size());
  if (version < newest && !is_new)
    BERTH_RETURN_IF_ERROR(Annotate(CopyDatabase(database, fmt::format("{}.v{}", path, version)),
                                   "keeping a copy of the ledger"));
  for (int64_t v = version; v < newest; ++v)
    BERTH_RETURN_IF_ERROR(
        Apply(database, migrations[static_cast<size_t>(v)], static_cast<size_t>(v) + 1));
  return OkStatus();
}

}  // namespace berth
