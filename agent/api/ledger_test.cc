// SPDX-License-Identifier: Apache-2.0
// The ledger as a file, over the wire. What a restored or rebuilt ledger leads to is shown on a
// whole agent in tests/integration/ledger_test.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "agent/api/life_fixture.h"

namespace berth::api {
namespace {

namespace fs = std::filesystem;

class LedgerRpcTest : public ::testing::Test {
 protected:
  // The bytes, or what the stream ended with.
  StatusOr<std::string> Export() {
    grpc::ClientContext context;
    const auto reader = agent.nodes->ExportLedger(&context, v1::ExportLedgerRequest());
    v1::ExportLedgerResponse message;
    std::string bytes;
    int64_t total = 0;
    while (reader->Read(&message)) {
      if (bytes.empty()) total = message.total_bytes();
      bytes += message.chunk();
    }
    const grpc::Status status = reader->Finish();
    if (!status.ok()) return absl::UnavailableError(status.error_message());
    EXPECT_EQ(static_cast<int64_t>(bytes.size()), total);
    return bytes;
  }
  std::string Keep(const std::string& bytes) {
    std::string copy = directory.Path("copy.db");
    std::ofstream(copy, std::ios::binary) << bytes;
    return copy;
  }
  grpc::Status Restore(const std::string& file) {
    grpc::ClientContext context;
    v1::RestoreLedgerRequest request;
    request.set_path(file);
    v1::RestoreLedgerResponse reply;
    return agent.nodes->RestoreLedger(&context, request, &reply);
  }
  v1::CheckLedgerResponse Check() {
    grpc::ClientContext context;
    v1::CheckLedgerResponse reply;
    const grpc::Status status =
        agent.nodes->CheckLedger(&context, v1::CheckLedgerRequest(), &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return reply;
  }

  TempDirectory directory;
  std::string path = directory.Path("ledger.db");
  TestAgent agent{{}, {.ledger_path = path}};
};

TEST_F(LedgerRpcTest, AWholeLedgerIsSaidToBe) {
  const v1::CheckLedgerResponse look = Check();
  EXPECT_TRUE(look.intact());
  EXPECT_TRUE(look.readable());
  EXPECT_EQ(look.path(), path);
  EXPECT_GT(look.file_bytes(), 0);
}

TEST_F(LedgerRpcTest, AnExportCanBeRestoredAndLeavesNothingBehind) {
  const auto bytes = Export();
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(bytes->substr(0, 15), "SQLite format 3");
  EXPECT_FALSE(fs::exists(path + ".export"));
  const grpc::Status restored = Restore(Keep(*bytes));
  EXPECT_TRUE(restored.ok()) << restored.error_message();
  while (agent.restarts_asked == 0) std::this_thread::yield();
  EXPECT_TRUE(fs::exists(path + ".next")) << "the next start takes it";
}

TEST_F(LedgerRpcTest, WhatCannotBeRestoredIsSaidAndChangesNothing) {
  std::string bytes = Export().value();
  EXPECT_EQ(Restore("copy.db").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Restore(path).error_code(), grpc::StatusCode::INVALID_ARGUMENT) << "the ledger itself";
  EXPECT_EQ(Restore(directory.Path("none")).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Restore(Keep("some words")).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  std::string torn = bytes;
  torn.replace(torn.size() / 2, 4096, std::string(4096, 'x'));
  EXPECT_EQ(Restore(Keep(torn)).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const TestAgent other({}, {.ledger_path = directory.Path("other.db")});
  grpc::ClientContext context;
  v1::RestoreLedgerRequest request;
  request.set_path(Keep(bytes));
  v1::RestoreLedgerResponse reply;
  const grpc::Status foreign = other.nodes->RestoreLedger(&context, request, &reply);
  EXPECT_EQ(foreign.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(foreign.error_message(), testing::HasSubstr("it is of node"));
  EXPECT_FALSE(fs::exists(path + ".next"));
  EXPECT_FALSE(fs::exists(path + ".next.partial"));
  EXPECT_EQ(agent.restarts_asked, 0);
}

TEST_F(LedgerRpcTest, ALedgerThatCanBeReadIsNotRebuilt) {
  grpc::ClientContext context;
  v1::RebuildLedgerResponse reply;
  const grpc::Status status =
      agent.nodes->RebuildLedger(&context, v1::RebuildLedgerRequest(), &reply);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(agent.restarts_asked, 0);
}

}  // namespace
}  // namespace berth::api
