// SPDX-License-Identifier: Apache-2.0
// What is true of the SQLite ledger alone: its file, its identity, its syncs. What holds for every
// ledger is in tests/contract/ledger_contract_test.cc.
#include "agent/ledger/sqlite_ledger.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "agent/ledger/ledger_samples.h"
#include "agent/ledger/lossy_vfs.h"
#include "agent/ledger/retention.h"
#include "agent/ledger/schema.h"
#include "agent/ledger/sqlite_database.h"
#include "core/base/error.h"
#include "core/base/reasons.h"
#include "core/base/sim_executor.h"
#include "core/model/codec.h"
#include "tests/support/temp_directory.h"

namespace berth {
namespace {

using testing::HasSubstr;

// What this agent writes.
const auto kVersion = static_cast<int64_t>(Migrations().size());

constexpr char kNodeA[] = "aaaaaaaa-0000-4000-8000-000000000000";
constexpr char kNodeB[] = "bbbbbbbb-0000-4000-8000-000000000000";

class SqliteLedgerTest : public testing::Test {
 protected:
  StatusOr<std::unique_ptr<Ledger>> Open(SqliteLedgerOptions options = {}) {
    options.path = path_;
    return OpenSqliteLedger(std::move(options), sim_, sim_, *random_);
  }
  Status Do(Ledger& ledger, Ledger::Body body) {
    Status answer = absl::CancelledError("never answered");
    ledger.Submit(std::move(body), [&](Status status) { answer = std::move(status); });
    sim_.RunReady();
    return answer;
  }
  // Runs SQL on the file while no ledger is open on it.
  void Edit(const std::string& sql) {
    auto database = Database::Open(path_, "");
    ASSERT_TRUE(database.ok()) << database.status();
    ASSERT_TRUE(database->Execute(sql.c_str()).ok());
  }
  int64_t Ask(const std::string& sql) {
    auto database = Database::Open(path_, "");
    return database->QueryInt(sql).value();
  }
  // A ledger with sample 1, closed again.
  void MakeOne() { ASSERT_TRUE(Do(*Open().value(), Admit(1)).ok()); }

  TempDirectory directory_;
  const std::string path_ = directory_.Path("ledger.db");
  SimExecutor sim_;
  std::unique_ptr<Random> random_ = MakeSeededRandom(1);
};

TEST_F(SqliteLedgerTest, IsReadableByItsOwnerAlone) {
  std::ofstream(path_).close();
  std::filesystem::permissions(path_, std::filesystem::perms(0644));
  const auto ledger = Open();
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  ASSERT_TRUE(Do(**ledger, Admit(1)).ok());
  for (const std::string& file : {path_, path_ + "-wal", path_ + ".lock"}) {
    struct stat info {};
    ASSERT_EQ(stat(file.c_str(), &info), 0) << file;
    EXPECT_EQ(info.st_mode & 0777, 0600U) << file;
  }
}

TEST_F(SqliteLedgerTest, LetsNobodyElseInWhileItIsOpen) {
  auto ledger = Open().value();
  const auto second = Open();
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr(fmt::format("in use by process {}", getpid())));
  auto shell = Database::Open(path_, "");
  ASSERT_TRUE(shell.ok());
  EXPECT_FALSE(shell->QueryInt("SELECT count(*) FROM instance").ok());
  ledger.reset();
  EXPECT_TRUE(Open().ok());
}

TEST_F(SqliteLedgerTest, RefusesTheLedgerOfAnotherNodeAndLeavesItAsItWas) {
  { ASSERT_TRUE(Open({.node_id = kNodeA}).ok()); }
  const Status refused = Open({.node_id = kNodeB}).status();
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(refused), reasons::kLedgerForeign);
  EXPECT_THAT(std::string(refused.message()), HasSubstr(kNodeA));
  const auto again = Open();
  ASSERT_TRUE(again.ok()) << "without a node_id of its own the agent takes the ledger's";
  EXPECT_EQ((*again)->View()->identity.node_id, kNodeA);
  EXPECT_EQ((*again)->View()->identity.agent_epoch, 2) << "a refusal is no start";
}

TEST_F(SqliteLedgerTest, RefusesALedgerOfALaterVersion) {
  MakeOne();
  Edit("PRAGMA user_version = 99");
  const Status refused = Open().status();
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(refused), reasons::kLedgerNewer);
}

TEST_F(SqliteLedgerTest, RefusesWhatIsNoLedger) {
  Edit("CREATE TABLE somebody_elses(a)");
  EXPECT_EQ(Open().status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Ask("SELECT count(*) FROM sqlite_schema"), 1) << "and does not touch it";
}

TEST_F(SqliteLedgerTest, ReportsAFileThatIsNoDatabase) {
  std::ofstream(path_) << std::string(8192, 'x');
  EXPECT_EQ(Open().status().code(), StatusCode::kDataLoss) << Open().status();
}

TEST_F(SqliteLedgerTest, ReportsADirectoryThatIsNotThere) {
  const Status status =
      OpenSqliteLedger({.path = directory_.Path("none/ledger.db")}, sim_, sim_, *random_).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("No such file or directory"));
}

TEST_F(SqliteLedgerTest, NamesTheRowAndFieldThatCannotBeRead) {
  MakeOne();
  Edit("UPDATE instance SET json = json_set(json, '$.spec.shape.vcpus', 'many')");
  const Status status = Open().status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("instance " + SampleId(1)));
  EXPECT_THAT(std::string(status.message()), HasSubstr("spec.shape.vcpus"));
}

TEST_F(SqliteLedgerTest, RefusesARowUnderAnotherKeyThanItsOwn) {
  MakeOne();
  Edit("UPDATE operation SET id = 'op-other'");
  EXPECT_EQ(Open().status().code(), StatusCode::kDataLoss);
}

TEST_F(SqliteLedgerTest, RefusesClaimsThatDoNotAddUp) {
  MakeOne();
  Edit("DELETE FROM claim WHERE id LIKE 'c-run-%'");
  const Status status = Open().status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("c-run-" + SampleId(1)));
}

TEST_F(SqliteLedgerTest, KeepsACopyOfTheFileThatItMigrates) {
  MakeOne();
  std::vector<Migration> migrations(Migrations().begin(), Migrations().end());
  migrations.push_back("ALTER TABLE instance ADD COLUMN color TEXT");
  {
    auto database = Database::Open(path_, "");
    ASSERT_TRUE(Migrate(*database, path_, migrations).ok());
    EXPECT_EQ(database->QueryInt("PRAGMA user_version").value(), kVersion + 1);
    EXPECT_EQ(database->QueryInt("SELECT count(color) + count(*) FROM instance").value(), 1);
    EXPECT_TRUE(Migrate(*database, path_, migrations).ok())
        << "a second time there is nothing to do";
  }
  struct stat info {};
  const std::string copy = fmt::format("{}.v{}", path_, kVersion);
  ASSERT_EQ(stat(copy.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  std::filesystem::rename(copy, path_);
  const auto old = Open();
  ASSERT_TRUE(old.ok()) << old.status();
  EXPECT_EQ(HalfThere(*(*old)->View(), 1), "");
  EXPECT_NE((*old)->View()->instances.Find(SampleId(1)), nullptr);
}

TEST_F(SqliteLedgerTest, AMigrationThatFailsChangesNothing) {
  MakeOne();
  std::vector<Migration> migrations(Migrations().begin(), Migrations().end());
  migrations.push_back("CREATE TABLE more(a); CREATE TABLE claim(a)");
  {
    auto database = Database::Open(path_, "");
    EXPECT_FALSE(Migrate(*database, path_, migrations).ok());
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM sqlite_schema WHERE name = 'more'"), 0);
  EXPECT_EQ(Ask("PRAGMA user_version"), kVersion);
  EXPECT_TRUE(Open().ok());
}

// A file as version 1 wrote it: what later versions added is taken out of its rows.
TEST_F(SqliteLedgerTest, OpensALedgerOfVersion1) {
  const auto admit = [](LedgerTxn& txn) -> Status {
    BERTH_RETURN_IF_ERROR(AdmitSample(txn, 1));
    StoredRequest kept = SampleRequest(SampleId(1), txn.now());
    kept.key.request_id = "kept";
    kept.reply = model::Encode(*txn.view().instances.Find(SampleId(1)));
    txn.SaveRequest(std::move(kept));
    return OkStatus();
  };
  ASSERT_TRUE(Do(*Open().value(), admit).ok());
  const std::string added =
      "'$.state_time', '$.guest_pid', '$.overhead_mib', '$.claimed_disk_mib', '$.revision'";
  Edit("DELETE FROM request WHERE request_id <> 'kept'");
  Edit(fmt::format("UPDATE instance SET json = json_remove(json, {})", added));
  Edit(fmt::format("UPDATE request SET reply = CAST(json_remove(CAST(reply AS TEXT), {}) AS BLOB)",
                   added));
  Edit("UPDATE operation SET json = json_remove(json, '$.principal', '$.request_id')");
  Edit(
      "DROP TABLE reservation; DROP TABLE image; DROP TABLE event; ALTER TABLE change DROP COLUMN "
      "created");
  Edit("PRAGMA user_version = 1");

  const auto ledger = Open();
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  const auto record = (*ledger)->View()->instances.Find(SampleId(1));
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->overhead_mib, 16);
  EXPECT_EQ(record->claimed_disk_mib, 1024);
  EXPECT_EQ(record->revision, (*ledger)->View()->revision) << "the last change was this record's";
  EXPECT_EQ(record->state_time, WallTime{}) << "nobody wrote it down";
  const auto read_kept = [](LedgerTxn& txn) -> Status {
    RequestKey key = SampleRequest(SampleId(1), txn.now()).key;
    key.request_id = "kept";
    BERTH_ASSIGN_OR_RETURN(const auto kept, txn.FindRequest(key));
    return model::DecodeInstanceRecord(kept->reply).status();
  };
  const Status read = Do(**ledger, read_kept);
  EXPECT_TRUE(read.ok()) << read;
}

TEST_F(SqliteLedgerTest, ATransactionThatFailsHalfWrittenIsTakenBackAlone) {
  MakeOne();
  Edit(
      fmt::format("CREATE TRIGGER refuse BEFORE INSERT ON request WHEN new.instance_id = '{}' "
                  "BEGIN SELECT RAISE(ABORT, 'refused by the test'); END",
                  SampleId(3)));
  {
    auto ledger = Open().value();
    std::vector<Status> answers;
    for (const int number : {2, 3, 4})
      ledger->Submit(Admit(number), [&](Status status) { answers.push_back(std::move(status)); });
    sim_.RunReady();
    ASSERT_EQ(answers.size(), 3U);
    EXPECT_TRUE(answers[0].ok()) << answers[0];
    EXPECT_EQ(ReasonOf(answers[1]), reasons::kLedgerUnavailable);
    EXPECT_TRUE(answers[2].ok()) << answers[2];
    EXPECT_EQ(ledger->View()->instances.size(), 3U);
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM instance"), 3);
  EXPECT_EQ(Ask("SELECT count(*) FROM operation"), 3);
  EXPECT_EQ(Ask("SELECT count(*) FROM claim"), 6);
}

TEST_F(SqliteLedgerTest, WritesEveryChangeWithItsValueInOrder) {
  {
    auto ledger = Open().value();
    ASSERT_TRUE(Do(*ledger, Admit(1)).ok());
    ASSERT_TRUE(Do(*ledger, Forget(1)).ok());
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM change"), 8);
  EXPECT_EQ(Ask("SELECT max(revision) FROM change"), 8);
  EXPECT_EQ(Ask("SELECT count(*) FROM change WHERE erased AND json IS NULL AND revision > 4"), 4);
  EXPECT_EQ(Ask("SELECT count(*) FROM change WHERE kind = 'instance' AND NOT erased AND "
                "json ->> '$.spec.name' = 'sample 1'"),
            1);
}

TEST_F(SqliteLedgerTest, TrimsChangesByAgeButNeverTheNewest) {
  {
    auto ledger = Open().value();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(Do(*ledger, Admit(i)).ok());
    sim_.RunFor(kChangesKeptFor + std::chrono::minutes(1));
    ASSERT_TRUE(Do(*ledger, [](LedgerTxn& txn) {
                  txn.SetCordoned(true);
                  return OkStatus();
                }).ok());
    EXPECT_EQ(ledger->View()->revision, 41);
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM change"), 2);  // The newest before that, and this one.
  sim_.RunFor(std::chrono::hours(48));
  EXPECT_EQ(Open().value()->View()->revision, 41);
}

TEST_F(SqliteLedgerTest, TrimmingForATransactionThatFailsKeepsTheRevision) {
  MakeOne();
  Edit("CREATE TRIGGER refuse BEFORE INSERT ON request BEGIN SELECT RAISE(ABORT, 'refused'); END");
  sim_.RunFor(kChangesKeptFor + std::chrono::minutes(1));
  {
    auto ledger = Open().value();
    EXPECT_FALSE(Do(*ledger, Admit(2)).ok());
    EXPECT_EQ(ledger->View()->revision, 4);
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM change"), 1) << "else this test tests nothing";
  EXPECT_EQ(Open().value()->View()->revision, 4);
}

TEST_F(SqliteLedgerTest, TrimsChangesByNumber) {
  MakeOne();
  Edit(
      fmt::format("WITH RECURSIVE n(i) AS (SELECT 5 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
                  "INSERT INTO change SELECT i, 'node', '', 0, (SELECT max(time) FROM change), "
                  "NULL, 0 FROM n",
                  kChangesKept + 2000));
  {
    auto ledger = Open().value();
    ASSERT_TRUE(Do(*ledger, Admit(2)).ok());
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM change"), kChangesKept);
  EXPECT_EQ(Ask("SELECT max(revision) FROM change"), kChangesKept + 2004);
}

TEST_F(SqliteLedgerTest, ForgetsRequestsWhoseTimeHasRunOut) {
  {
    auto ledger = Open().value();
    ASSERT_TRUE(Do(*ledger, Admit(1)).ok());
    ASSERT_TRUE(Do(*ledger, Forget(1)).ok());
    sim_.RunFor(kRequestsKept + std::chrono::minutes(1));
    ASSERT_TRUE(Do(*ledger, Admit(2)).ok());
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM request"), 1);
}

// --- On a disk that counts and fails
// --------------------------------------------------------------

class SqliteLedgerDiskTest : public SqliteLedgerTest {
 protected:
  std::unique_ptr<Ledger> OpenOn(GroupCommitOptions options = {}) {
    return Open({.group_commit = std::move(options), .vfs = vfs_.name()}).value();
  }
  LossyVfs vfs_{"lossy-ledger-test"};
};

TEST_F(SqliteLedgerDiskTest, ACommitCostsOneSyncWhoeverSharesIt) {
  auto ledger = OpenOn();
  ASSERT_TRUE(Do(*ledger, Admit(0)).ok());  // The WAL's first frame syncs its header too.
  const int64_t before = vfs_.sync_count();
  for (int i = 1; i <= 64; ++i) ledger->Submit(Admit(i), [](const Status&) {});
  sim_.RunReady();
  EXPECT_EQ(vfs_.sync_count() - before, 1);
  ASSERT_TRUE(Do(*ledger, Admit(100)).ok());
  EXPECT_EQ(vfs_.sync_count() - before, 2);
}

TEST_F(SqliteLedgerDiskTest, ReadingCostsNoSyncAndNoWrite) {
  auto ledger = OpenOn();
  ASSERT_TRUE(Do(*ledger, Admit(1)).ok());
  const int64_t syncs = vfs_.sync_count();
  const int64_t bytes = vfs_.used_bytes();
  ASSERT_TRUE(Do(*ledger, [](LedgerTxn& txn) {
                return txn.FindRequest(SampleRequest(SampleId(1), {}).key).status();
              }).ok());
  EXPECT_EQ(vfs_.sync_count(), syncs);
  EXPECT_EQ(vfs_.used_bytes(), bytes);
}

TEST_F(SqliteLedgerDiskTest, TheWalIsMovedIntoTheFileAndUsedAgain) {
  auto ledger = OpenOn();
  for (int i = 0; i < 1500; ++i) ASSERT_TRUE(Do(*ledger, Admit(i % 100)).ok());
  EXPECT_LT(vfs_.file_bytes(path_ + "-wal"), 12 << 20);
  EXPECT_GT(vfs_.file_bytes(path_), 1 << 20);
}

TEST_F(SqliteLedgerDiskTest, ACommitOfUnknownOutcomeIsAnsweredToNobody) {
  Status why;
  auto ledger = OpenOn({.unknown_outcome = [&](const Status& status) { why = status; }});
  ASSERT_TRUE(Do(*ledger, Admit(1)).ok());
  const auto before = ledger->View();
  vfs_.FailSyncs(true);
  EXPECT_EQ(Do(*ledger, Admit(2)).code(), StatusCode::kCancelled) << "answered";
  EXPECT_EQ(why.code(), StatusCode::kUnavailable) << why;
  EXPECT_EQ(ledger->View(), before);
  vfs_.FailSyncs(false);
  EXPECT_EQ(Do(*ledger, Admit(3)).code(), StatusCode::kCancelled) << "it never speaks again";
}

TEST_F(SqliteLedgerDiskTest, ACommitOfUnknownOutcomeEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        auto ledger = OpenOn();
        vfs_.FailSyncs(true);
        static_cast<void>(Do(*ledger, Admit(1)));
      },
      "commit of the ledger has an unknown outcome");
}

TEST_F(SqliteLedgerDiskTest, WhatTheWalHeldIsDurableBeforeAnythingIsBuiltOnIt) {
  auto ledger = OpenOn({.unknown_outcome = [](const Status&) {}});
  ASSERT_TRUE(Do(*ledger, Admit(1)).ok());
  vfs_.FailSyncs(true);
  static_cast<void>(Do(*ledger, Admit(2)));  // Written, not synced; then the process dies.
  vfs_.KillProcess();
  ledger.reset();
  vfs_.FailSyncs(false);
  ledger = OpenOn();
  const bool there = ledger->View()->instances.Find(SampleId(2)) != nullptr;
  EXPECT_TRUE(there) << "else this test tests nothing";
  vfs_.LosePower(*random_);
  ledger.reset();
  ledger = OpenOn();
  EXPECT_EQ(ledger->View()->instances.Find(SampleId(2)) != nullptr, there);
}

}  // namespace
}  // namespace berth
