// SPDX-License-Identifier: Apache-2.0
// Reservations: room is held until it becomes an instance, is released, or its time runs out; and
// is then free again to the last CPU.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/node/node_harness.h"
#include "core/base/error.h"
#include "core/base/reasons.h"
#include "scheduler/overhead.h"

namespace berth::node {
namespace {

using model::ReservationState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kHeldId[] = "r-0000000000000000a";

// Room for SmallInstance.
ReserveArgs SmallRoom(const std::string& id = kHeldId) {
  ReserveArgs args;
  args.reservation_id = id;
  args.shape = SmallInstance().spec.shape;
  args.disk_mib = 1024;
  return args;
}

CreateInstanceArgs FromRoom(const std::string& id = kHeldId) {
  CreateInstanceArgs args = SmallInstance(kIdA);
  args.reservation_id = id;
  return args;
}

class ReservationTest : public ::testing::Test {
 protected:
  ReservationState StateOf(const std::string& id) {
    const auto reservation = world.node().GetReservation(id);
    EXPECT_TRUE(reservation.ok()) << reservation.status();
    return (*reservation)->state;
  }
  void ExpectNothingHeld() {
    EXPECT_TRUE(world.ledger().claims.empty());
    EXPECT_EQ(world.ledger().allocated, model::Resources{});
  }

  World world;
};

TEST_F(ReservationTest, HoldsRoomThatNobodyElseCanHave) {
  ReserveArgs all = SmallRoom();
  all.shape = {.vcpus = 10, .memory_mib = 1024};
  const auto held = world.Reserve(all);
  ASSERT_TRUE(held.ok()) << held.status();
  EXPECT_EQ(held->state, ReservationState::kHeld);
  EXPECT_EQ(held->expires - held->created, std::chrono::seconds(60));
  EXPECT_EQ(held->placement.cells.size(), 1u);
  EXPECT_EQ(world.ledger().allocated.vcpus, 10);
  world.ExpectConsistent();

  const auto refused = world.Create(SmallInstance(kIdA));
  EXPECT_EQ(ReasonOf(refused.status()), reasons::kInsufficientCapacity) << refused.status();
  EXPECT_EQ(world.Release(kHeldId)->state, ReservationState::kReleased);
  ExpectNothingHeld();
  EXPECT_TRUE(world.Create(SmallInstance(kIdA)).ok());
}

TEST_F(ReservationTest, BecomesAnInstanceInTheSamePlace) {
  const auto held = world.Reserve(SmallRoom());
  ASSERT_TRUE(held.ok());
  const auto record = world.Commit(FromRoom());
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->placement, held->placement);
  EXPECT_EQ(record->run_claim_id, held->run_claim_id);
  EXPECT_EQ(StateOf(kHeldId), ReservationState::kCommitted);
  EXPECT_EQ((*world.node().GetReservation(kHeldId))->instance_id, kIdA);
  // What is held now is what the instance itself needs, as if it had been created.
  const auto claim = world.ledger().claims.Find(record->run_claim_id);
  EXPECT_EQ(claim->owner, model::ClaimOwner::kInstance);
  EXPECT_EQ(claim->overhead_mib, record->overhead_mib);
  EXPECT_EQ(claim->held.memory_mib, 256 + record->overhead_mib);
  EXPECT_LT(record->overhead_mib, held->overhead_mib) << "it boots without a kernel of its own";
  EXPECT_EQ(world.ledger().allocated.disk_mib, scheduler::DiskMib(1024));
  EXPECT_FALSE(claim->expires.has_value());
  world.ExpectConsistent();

  world.RunFor(std::chrono::minutes(2));
  EXPECT_EQ(world.StateOf(kIdA), "RUNNING") << "the deadline is of no matter any more";
  ASSERT_TRUE(world.Terminate(kIdA).ok());
  world.RunFor(std::chrono::seconds(1));
  world.ExpectNothingLeft();
}

TEST_F(ReservationTest, ExpiresOnTimeAndIsCounted) {
  int64_t expired = 0;
  world.observer.reservations_expired = [&](int64_t count) { expired += count; };
  world.Restart();
  ASSERT_TRUE(world.Reserve(SmallRoom()).ok());
  ReserveArgs later = SmallRoom("r-0000000000000000b");
  later.hold = std::chrono::hours(24);
  ASSERT_TRUE(world.Reserve(later).ok());
  world.RunFor(std::chrono::milliseconds(59900));
  EXPECT_EQ(StateOf(kHeldId), ReservationState::kHeld);
  world.RunFor(std::chrono::milliseconds(200));
  EXPECT_EQ(StateOf(kHeldId), ReservationState::kExpired);
  EXPECT_EQ(expired, 1);
  EXPECT_EQ(ReasonOf(world.Commit(FromRoom()).status()), reasons::kReservationNotHeld);
  EXPECT_EQ(StateOf(later.reservation_id), ReservationState::kHeld);
  world.RunFor(std::chrono::hours(24));
  EXPECT_EQ(expired, 2);
  ExpectNothingHeld();
}

TEST_F(ReservationTest, WhatRanOutWhileTheAgentWasAwayIsFreeBeforeAnybodyAsks) {
  ReserveArgs all = SmallRoom();
  all.shape = {.vcpus = 10, .memory_mib = 1024};
  ASSERT_TRUE(world.Reserve(all).ok());
  world.Crash();
  world.sim.RunFor(std::chrono::minutes(2), 1000);
  world.Start();
  EXPECT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  EXPECT_EQ(StateOf(kHeldId), ReservationState::kExpired);
}

TEST_F(ReservationTest, SurvivesACrashAndThenExpires) {
  ASSERT_TRUE(world.Reserve(SmallRoom(), Call("q")).ok());
  world.Restart();
  EXPECT_EQ(StateOf(kHeldId), ReservationState::kHeld);
  world.RunFor(std::chrono::seconds(61));
  EXPECT_EQ(StateOf(kHeldId), ReservationState::kExpired);
}

TEST_F(ReservationTest, EachCallTakesEffectOnce) {
  const auto first = world.Reserve(SmallRoom(""), Call("a"));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(*world.Reserve(SmallRoom(""), Call("a")), *first);
  EXPECT_EQ(world.ledger().reservations.size(), 1u);
  CreateInstanceArgs commit = FromRoom(first->id);
  const auto record = world.Commit(commit, Call("b"));
  ASSERT_TRUE(record.ok()) << record.status();
  world.Restart();
  EXPECT_EQ(*world.Commit(commit, Call("b")), *record);
  EXPECT_EQ(*world.Reserve(SmallRoom(""), Call("a")), *first) << "as it was";
  EXPECT_EQ(ReasonOf(world.Commit(commit, Call("c")).status()), reasons::kReservationNotHeld);

  const auto second = world.Reserve(SmallRoom());
  const auto released = world.Release(second->id, Call("d"));
  EXPECT_EQ(*world.Release(second->id, Call("d")), *released);
  EXPECT_EQ(*world.Release(second->id), *released) << "no change";
  EXPECT_EQ(ReasonOf(world.Release(first->id).status()), reasons::kReservationNotHeld)
      << "it became an instance";
}

TEST_F(ReservationTest, ACommitThatIsNotWhatWasReservedChangesNothing) {
  ReserveArgs args = SmallRoom();
  args.tenant_id = "acme";
  ASSERT_TRUE(world.Reserve(args).ok());
  CreateInstanceArgs commit = FromRoom();
  commit.spec.tenant_id = "other";
  commit.spec.shape.vcpus = 2;
  commit.spec.root_disk_mib = 2048;
  const auto refused = world.Commit(commit);
  std::vector<std::string> fields;
  for (const FieldViolation& fault : DetailsOf(refused.status()).violations)
    fields.push_back(fault.field);
  EXPECT_THAT(fields, ElementsAre("spec.tenant_id", "spec.shape", "spec.root_disk.size_mib"));
  EXPECT_EQ(StateOf(kHeldId), ReservationState::kHeld);
  EXPECT_TRUE(world.ledger().instances.empty());
}

TEST_F(ReservationTest, OnACordonedNodeOnlyTheCommitOfOneSucceeds) {
  ASSERT_TRUE(world.Reserve(SmallRoom()).ok());
  world.Write([](LedgerTxn& txn) {
    txn.SetCordoned(true);
    return OkStatus();
  });
  EXPECT_EQ(ReasonOf(world.Reserve(SmallRoom("")).status()), reasons::kNodeCordoned);
  EXPECT_TRUE(world.Commit(FromRoom()).ok());
}

TEST_F(ReservationTest, ATypeBringsItsDisk) {
  ReserveArgs args;
  args.instance_type = "m1.small";
  const auto held = world.Reserve(args);
  ASSERT_TRUE(held.ok()) << held.status();
  EXPECT_EQ(held->disk_mib, 2048);
  CreateInstanceArgs commit = SmallInstance(kIdA);
  commit.reservation_id = held->id;
  commit.spec.shape = {};
  commit.spec.instance_type = "m1.small";
  commit.spec.root_disk_mib = 0;
  EXPECT_TRUE(world.Commit(commit).ok());
}

TEST_F(ReservationTest, ValidatingHoldsNothing) {
  ReserveArgs args = SmallRoom("");
  args.validate_only = true;
  const auto would_be = world.Reserve(args, Call("a"));
  ASSERT_TRUE(would_be.ok());
  EXPECT_EQ(would_be->id, "");
  EXPECT_EQ(would_be->placement.cells.size(), 1u);
  ExpectNothingHeld();
  EXPECT_EQ(world.file.request_count(), 0u);
}

// As any other success: fenced, and answered alike when asked again.
TEST_F(ReservationTest, AReleaseOfWhatHasEndedIsASuccessThatIsKept) {
  const auto held = world.Reserve(SmallRoom());
  ASSERT_TRUE(world.Release(held->id).ok());
  CallContext call = Call("again");
  call.control_epoch = 7;
  const auto released = world.Release(held->id, call);
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_EQ(world.ledger().control_epoch, 7);
  world.RunFor(std::chrono::hours(2));
  EXPECT_EQ(ReasonOf(world.Release(held->id).status()), reasons::kReservationNotFound);
  const auto repeated = world.Release(held->id, call);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_EQ(*repeated, *released);
}

TEST_F(ReservationTest, BadInputIsNamedFieldByField) {
  ReserveArgs args = SmallRoom("r-x");
  args.shape.vcpus = 0;
  args.disk_mib = -1;
  args.hold = std::chrono::hours(25);
  const auto refused = world.Reserve(args);
  std::vector<std::string> fields;
  for (const FieldViolation& fault : DetailsOf(refused.status()).violations)
    fields.push_back(fault.field);
  EXPECT_THAT(fields, ElementsAre("reservation_id", "disk_mib", "hold_duration", "shape.vcpus"));
  EXPECT_EQ(ReasonOf(world.Release("r-0000000000000000c").status()), reasons::kReservationNotFound);
  EXPECT_EQ(ReasonOf(world.Commit(FromRoom("r-0000000000000000c")).status()),
            reasons::kReservationNotFound);
}

TEST_F(ReservationTest, AnEndedOneIsForgottenAndItsIdNeverUsedAgain) {
  ASSERT_TRUE(world.Reserve(SmallRoom()).ok());
  ASSERT_TRUE(world.Release(kHeldId).ok());
  EXPECT_EQ(ReasonOf(world.Reserve(SmallRoom()).status()), reasons::kReservationExists);
  world.RunFor(std::chrono::minutes(62));
  EXPECT_EQ(ReasonOf(world.node().GetReservation(kHeldId).status()), reasons::kReservationNotFound);
  EXPECT_EQ(ReasonOf(world.Reserve(SmallRoom()).status()), reasons::kReservationExists);
}

TEST_F(ReservationTest, ListsByStateAndId) {
  for (const char* id : {"r-0000000000000000c", "r-0000000000000000a", "r-0000000000000000b"})
    ASSERT_TRUE(world.Reserve(SmallRoom(id)).ok());
  ASSERT_TRUE(world.Release("r-0000000000000000b").ok());
  ListReservationsArgs args{.page_size = 1, .page_token = "", .states = {ReservationState::kHeld}};
  const auto first = world.node().ListReservations(args);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->reservations.front()->id, "r-0000000000000000a");
  args.page_token = first->next_page_token;
  const auto second = world.node().ListReservations(args);
  EXPECT_EQ(second->reservations.front()->id, "r-0000000000000000c");
  EXPECT_EQ(second->next_page_token, "");
}

TEST_F(ReservationTest, ManyInstancesAtOnceAllOrNone) {
  BatchCreateArgs batch;
  for (int i = 0; i < 11; ++i) batch.entries.push_back(SmallInstance());
  const auto refused = world.Batch(batch, Call("a"));
  EXPECT_EQ(ReasonOf(refused.status()), reasons::kInsufficientCapacity);
  EXPECT_EQ(DetailsOf(refused.status()).metadata.at("index"), "10");
  ExpectNothingHeld();

  batch.entries.pop_back();
  const auto admitted = world.Batch(batch, Call("a"));
  ASSERT_TRUE(admitted.ok()) << admitted.status();
  EXPECT_EQ(admitted->entries.size(), 10u);
  world.RunFor(std::chrono::seconds(5));
  for (const model::BatchEntry& entry : admitted->entries)
    EXPECT_EQ(world.StateOf(entry.instance->id), "RUNNING");
  world.Restart();
  EXPECT_EQ(*world.Batch(batch, Call("a")), *admitted) << "a repeat, also after a crash";
}

TEST_F(ReservationTest, ManyInstancesEachByItself) {
  BatchCreateArgs batch{.entries = {}, .atomic = false};
  batch.entries = {SmallInstance(), SmallInstance(), SmallInstance()};
  batch.entries[0].spec.shape.vcpus = 11;
  world.storage.AddImage("base.qcow2", {.format = "qcow2", .virtual_bytes = 700 << 20});
  batch.entries[1].spec.root_disk_mib = 60 << 20;
  const auto outcome = world.Batch(batch, Call("a"));
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->entries[0].error.reason, reasons::kInsufficientCapacity);
  EXPECT_EQ(outcome->entries[0].metadata.at("vcpus_wanted"), "11");
  EXPECT_EQ(outcome->entries[1].metadata.at("disk_mib_short").empty(), false);
  EXPECT_TRUE(outcome->entries[2].instance.has_value());
  batch.entries.pop_back();
  EXPECT_EQ(DetailsOf(world.Batch(batch).status()).metadata.at("index"), "0") << "none at all";
}

TEST_F(ReservationTest, AMalformedEntryFailsTheWholeBatch) {
  BatchCreateArgs batch{.entries = {SmallInstance(kIdA), SmallInstance(kIdB)}, .atomic = false};
  batch.entries[1].spec.shape.vcpus = 0;
  const auto refused = world.Batch(batch);
  ASSERT_EQ(DetailsOf(refused.status()).violations.size(), 1u) << refused.status();
  EXPECT_EQ(DetailsOf(refused.status()).violations.front().field, "entries[1].spec.shape.vcpus");
  batch.entries[1] = SmallInstance(kIdA);
  EXPECT_THAT(world.Batch(batch).status().ToString(), HasSubstr("entries[1].instance_id"));
  EXPECT_THAT(world.Batch({}).status().ToString(), HasSubstr("entries"));
  ExpectNothingHeld();
}

TEST_F(ReservationTest, AStoppedInstanceMayKeepItsRoom) {
  CreateInstanceArgs keeps = SmallInstance(kIdA);
  keeps.spec.shape.vcpus = 10;
  keeps.spec.shape.reserve_when_stopped = true;
  const auto created = world.Create(keeps);
  ASSERT_TRUE(created.ok());
  world.RunFor(std::chrono::seconds(1));
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}).ok());
  world.RunFor(std::chrono::seconds(5));
  EXPECT_EQ(world.StateOf(kIdA), "STOPPED");
  EXPECT_EQ(world.ledger().allocated.vcpus, 10);
  EXPECT_EQ(ReasonOf(world.Create(SmallInstance(kIdB)).status()), reasons::kInsufficientCapacity);
  const auto started = world.StartIt(kIdA);
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_EQ(started->placement, created->placement);
  world.RunFor(std::chrono::seconds(1));
  ASSERT_TRUE(world.Terminate(kIdA).ok());
  world.RunFor(std::chrono::seconds(1));
  world.ExpectNothingLeft();
}

}  // namespace
}  // namespace berth::node
