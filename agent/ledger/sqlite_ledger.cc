// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/sqlite_ledger.h"

#include <fmt/format.h>

#include <utility>

#include "agent/ledger/ledger_file.h"
#include "agent/ledger/load_view.h"
#include "agent/ledger/schema.h"
#include "agent/ledger/sqlite_store.h"
#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

// Exclusive before WAL: then SQLite keeps the WAL's index in memory, and no one else can come in.
// Checkpoints are run by SqliteStore. A WAL larger than the limit is cut back when it starts anew.
constexpr char kSettings[] = R"sql(
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA temp_store = MEMORY;
PRAGMA trusted_schema = OFF;
PRAGMA journal_size_limit = 67108864;
)sql";

Status Configure(Database& database) {
  BERTH_RETURN_IF_ERROR(database.Execute(kSettings));
  BERTH_ASSIGN_OR_RETURN(const std::string mode, database.QueryText("PRAGMA journal_mode"));
  if (mode != "wal")
    return absl::FailedPreconditionError(
        fmt::format("ledger: its file system allows journal mode {} only, not wal", mode));
  // What a crash left in the WAL may have been written but never synced. Moving it into the file
  // makes it durable before anything is built on it.
  return database.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

Status CheckNode(const SqliteLedgerOptions& options, const model::Identity& identity) {
  if (identity.node_id.empty() || options.node_id.empty() || identity.node_id == options.node_id)
    return OkStatus();
  return MakeError(
      StatusCode::kFailedPrecondition,
      fmt::format("{} belongs to node {}, and this is node {}: give this node its own state "
                  "directory, or set node_id back",
                  options.path, identity.node_id, options.node_id),
      {.reason = reasons::kLedgerForeign,
       .metadata = {{"ledger_node_id", identity.node_id}, {"node_id", options.node_id}}});
}

model::Identity NextIdentity(const SqliteLedgerOptions& options, model::Identity identity,
                             Random& random) {
  if (identity.node_id.empty())
    identity.node_id = options.node_id.empty() ? NewUuid(random) : options.node_id;
  if (identity.ledger_id.empty()) identity.ledger_id = NewUuid(random);
  identity.boot_id = options.boot_id;
  ++identity.agent_epoch;
  return identity;
}

Status SaveIdentity(SqliteStore& store, const model::Identity& identity) {
  RecordTables& records = store.records();
  BERTH_RETURN_IF_ERROR(store.database().Execute("BEGIN IMMEDIATE"));
  BERTH_RETURN_IF_ERROR(records.PutMeta(kMetaNodeId, identity.node_id));
  BERTH_RETURN_IF_ERROR(records.PutMeta(kMetaLedgerId, identity.ledger_id));
  BERTH_RETURN_IF_ERROR(records.PutMeta(kMetaBootId, identity.boot_id));
  BERTH_RETURN_IF_ERROR(records.PutMeta(kMetaAgentEpoch, std::to_string(identity.agent_epoch)));
  return store.database().Execute("COMMIT");
}

StatusOr<Database> OpenDatabase(const SqliteLedgerOptions& options) {
  BERTH_RETURN_IF_ERROR(EnsureLedgerFile(options.path));
  BERTH_ASSIGN_OR_RETURN(Database database, Database::Open(options.path, options.vfs));
  BERTH_RETURN_IF_ERROR(Configure(database));
  BERTH_RETURN_IF_ERROR(Migrate(database, options.path, Migrations()));
  return database;
}

}  // namespace

StatusOr<std::unique_ptr<Ledger>> OpenSqliteLedger(SqliteLedgerOptions options, Executor& executor,
                                                   const Clock& clock, Random& random) {
  BERTH_ASSIGN_OR_RETURN(UniqueFd lock, LockLedger(options.path));
  auto database = OpenDatabase(options);
  if (!database.ok()) return Annotate(database.status(), "opening " + options.path);
  BERTH_ASSIGN_OR_RETURN(auto store,
                         SqliteStore::Open(*std::move(database), std::move(lock), clock));
  BERTH_ASSIGN_OR_RETURN(model::NodeView view, LoadView(store->database(), store->records()));
  BERTH_RETURN_IF_ERROR(CheckNode(options, view.identity));
  view.identity = NextIdentity(options, view.identity, random);
  BERTH_RETURN_IF_ERROR(Annotate(SaveIdentity(*store, view.identity), "opening " + options.path));
  return std::unique_ptr<Ledger>(std::make_unique<GroupCommit>(
      std::move(store), std::move(view), std::move(options.group_commit), executor, clock));
}

}  // namespace berth
