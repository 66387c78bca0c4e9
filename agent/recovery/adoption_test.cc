// SPDX-License-Identifier: Apache-2.0
// What becomes of a guest's metadata; whole nodes are in agent/node/away_test.cc.
#include "agent/recovery/adoption.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/instance/guest_record.h"
#include "agent/ledger/memory_ledger.h"
#include "core/base/sim_executor.h"

namespace berth::recovery {
namespace {

using model::InstanceState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kId = "i-0000000000000000a";

model::InstanceRecord Known() {
  model::InstanceRecord record;
  record.id = kId;
  record.spec.name = "web";
  record.spec.tenant_id = "acme";
  record.spec.shape = {.vcpus = 3, .memory_mib = 2048};
  record.generation = 4;
  record.boot_count = 2;
  record.placement.cells = {{.node = 0,
                             .vcpu_pins = {{0, 2}, {1, 3}},
                             .shared_vcpus = {2},
                             .charged_cpus = CpuSet({2, 3}),
                             .memory_mib = 1024},
                            {.node = 1, .memory_mib = 1024, .page_size_kib = 2048}};
  record.overhead_mib = 100;
  record.claimed_disk_mib = 512;
  record.created = WallTime(std::chrono::milliseconds(77));
  return record;
}

GuestState GuestOf(const model::InstanceRecord& record, Power power) {
  return {.name = record.id,
          .instance_id = record.id,
          .generation = record.generation,
          .record_json = GuestRecordText(record),
          .power = power,
          .pid = 4711,
          .accel = "kvm"};
}

class AdoptionTest : public ::testing::Test {
 protected:
  Adoption AdoptAll(const std::vector<GuestState>& guests) {
    Adoption adoption;
    Status answer(StatusCode::kUnknown, "not answered");
    ledger->Submit([&](LedgerTxn& txn) { return Adopt(txn, guests, *random, &adoption); },
                   [&](const Status& status) { answer = status; });
    EXPECT_TRUE(sim.RunReady());
    EXPECT_TRUE(answer.ok()) << answer;
    return adoption;
  }
  std::shared_ptr<const model::InstanceRecord> Record() {
    return ledger->View()->instances.Find(kId);
  }

  std::unique_ptr<Random> random = MakeSeededRandom(1);
  SimExecutor sim;
  MemoryLedgerFile file;
  std::unique_ptr<Ledger> ledger = OpenMemoryLedger(file, sim, sim, *random);
};

TEST_F(AdoptionTest, ARunningGuestGetsItsRecordAndItsRoomBack) {
  EXPECT_THAT(AdoptAll({GuestOf(Known(), Power::kRunning)}).adopted, ElementsAre(kId));
  const auto record = Record();
  EXPECT_EQ(record->state, InstanceState::kRunning);
  EXPECT_EQ(record->intent, model::Intent::kRunning);
  EXPECT_EQ(record->spec, Known().spec);
  EXPECT_EQ(record->generation, 4);
  EXPECT_EQ(record->observed_generation, 4);
  EXPECT_EQ(record->boot_count, 2);
  EXPECT_EQ(record->guest_pid, 4711);
  EXPECT_EQ(record->boot_id, ledger->View()->identity.boot_id);
  EXPECT_EQ(record->created, Known().created);
  const auto claim = ledger->View()->claims.Find(record->run_claim_id);
  EXPECT_EQ(claim->placement, Known().placement);
  EXPECT_EQ(claim->held, (model::Resources{.vcpus = 1, .memory_mib = 1124, .dedicated_cpus = 2}));
  EXPECT_EQ(ledger->View()->allocated.disk_mib, 512);
}

TEST_F(AdoptionTest, AGuestThatIsOffIsStoppedAndHoldsItsDisk) {
  AdoptAll({GuestOf(Known(), Power::kOff)});
  EXPECT_EQ(Record()->state, InstanceState::kStopped);
  EXPECT_EQ(Record()->intent, model::Intent::kStopped);
  EXPECT_EQ(Record()->state_reason.code, "Server.ShutdownUnexplained");
  EXPECT_EQ(Record()->run_claim_id, "");
  EXPECT_EQ(Record()->placement, model::Placement());
  EXPECT_EQ(ledger->View()->allocated, model::Resources{.disk_mib = 512});
}

TEST_F(AdoptionTest, ReservedRoomIsKeptWhileStopped) {
  model::InstanceRecord known = Known();
  known.spec.shape.reserve_when_stopped = true;
  AdoptAll({GuestOf(known, Power::kOff)});
  EXPECT_EQ(Record()->placement, known.placement);
  EXPECT_EQ(ledger->View()->allocated.dedicated_cpus, 2);
}

TEST_F(AdoptionTest, APausedGuestIsOneThatRuns) {
  AdoptAll({GuestOf(Known(), Power::kPaused)});
  EXPECT_EQ(Record()->state, InstanceState::kRunning);
}

TEST_F(AdoptionTest, AdoptingAgainChangesNothing) {
  AdoptAll({GuestOf(Known(), Power::kRunning)});
  const auto revision = ledger->View()->revision;
  EXPECT_THAT(AdoptAll({GuestOf(Known(), Power::kRunning)}).adopted, IsEmpty());
  EXPECT_EQ(ledger->View()->revision, revision);
}

TEST_F(AdoptionTest, AMirrorFollowsItsGuestsAndForgetsThoseThatAreGone) {
  const auto mirror = [this](const std::vector<GuestState>& guests) {
    ledger->Submit(
        [&](LedgerTxn& txn) {
          Adoption adoption;
          return Mirror(txn, guests, *random, &adoption);
        },
        [](const Status& status) { EXPECT_TRUE(status.ok()) << status; });
    EXPECT_TRUE(sim.RunReady());
  };
  mirror({GuestOf(Known(), Power::kRunning)});
  const auto revision = ledger->View()->revision;
  mirror({GuestOf(Known(), Power::kPaused)});
  EXPECT_EQ(ledger->View()->revision, revision) << "nothing is new";
  mirror({GuestOf(Known(), Power::kOff)});
  EXPECT_EQ(Record()->state, InstanceState::kStopped);
  EXPECT_EQ(ledger->View()->allocated, model::Resources{.disk_mib = 512});
  mirror({});
  EXPECT_EQ(Record(), nullptr);
  EXPECT_EQ(ledger->View()->allocated, model::Resources());
}

TEST_F(AdoptionTest, MetadataThatIsNotAsItShouldBeIsRefusedAndTheOthersAdopted) {
  GuestState torn = GuestOf(Known(), Power::kRunning);
  torn.instance_id = "i-0000000000000000b";
  torn.record_json.resize(40);
  GuestState other = GuestOf(Known(), Power::kRunning);
  other.instance_id = "i-0000000000000000c";
  GuestState newer = GuestOf(Known(), Power::kRunning);
  newer.instance_id = "i-0000000000000000d";
  newer.record_json.insert(1, "\"later\":1,");
  const Adoption adoption = AdoptAll({torn, other, newer, GuestOf(Known(), Power::kRunning)});
  EXPECT_THAT(adoption.adopted, ElementsAre(kId));
  ASSERT_THAT(adoption.refused, SizeIs(3));
  EXPECT_THAT(adoption.refused[0].message(), HasSubstr("i-0000000000000000b"));
  EXPECT_THAT(adoption.refused[1].message(), HasSubstr("its metadata is of " + kId));
  EXPECT_THAT(adoption.refused[2].message(), HasSubstr("later"));
  for (const Status& refused : adoption.refused) EXPECT_EQ(refused.code(), StatusCode::kDataLoss);
}

TEST_F(AdoptionTest, WhatAnOlderAgentDidNotKnowHasItsDefault) {
  GuestState guest = GuestOf(Known(), Power::kRunning);
  const std::string member = "\"overhead_mib\":100,";
  const size_t at = guest.record_json.find(member);
  ASSERT_NE(at, std::string::npos);
  guest.record_json.erase(at, member.size());
  EXPECT_THAT(AdoptAll({guest}).adopted, ElementsAre(kId));
  EXPECT_EQ(Record()->overhead_mib, 0);
}

}  // namespace
}  // namespace berth::recovery
