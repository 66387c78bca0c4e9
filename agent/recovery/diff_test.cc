// SPDX-License-Identifier: Apache-2.0
#include "agent/recovery/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/base/ids.h"

namespace berth::recovery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr char kNode[] = "11111111-2222-4333-8444-555555555555";
const std::string kA = "i-0000000000000000a";
const std::string kB = "i-0000000000000000b";

model::InstanceRecord Record(const std::string& id, model::InstanceState state) {
  model::InstanceRecord record;
  record.id = id;
  record.state = state;
  record.spec.shape = {.vcpus = 2, .memory_mib = 512};
  record.operation_id = "op-" + id;
  return record;
}

model::Operation OperationOf(const std::string& id, model::OperationState state) {
  return {.id = "op-" + id, .target = id, .state = state};
}

GuestState Guest(const std::string& id, Power power) {
  GuestState guest;
  guest.name = id;
  guest.instance_id = id;
  guest.node_id = kNode;
  guest.power = power;
  guest.vcpus = 2;
  guest.memory_mib = 512;
  guest.uuid = DomainUuid(id);
  return guest;
}

// A picture in which nothing happened while it was taken.
class Scene {
 public:
  Scene() { view_.identity.node_id = kNode; }
  Scene& With(model::InstanceRecord record,
              model::OperationState operation = model::OperationState::kSucceeded) {
    const std::string id = record.id;
    view_.operations.Put("op-" + id,
                         std::make_shared<model::Operation>(OperationOf(id, operation)));
    view_.instances.Put(id, std::make_shared<model::InstanceRecord>(std::move(record)));
    directories_.push_back({id, true});
    return *this;
  }
  Scene& With(GuestState guest) {
    guests_.push_back(std::move(guest));
    return *this;
  }
  Scene& WithoutDirectories() {
    directories_.clear();
    return *this;
  }
  Scene& WithDirectory(const std::string& id) {
    directories_.push_back({id, true});
    return *this;
  }
  Picture Take() const {
    const auto view = std::make_shared<const model::NodeView>(view_);
    return {view, view, guests_, directories_, false};
  }
  model::NodeView& view() { return view_; }

 private:
  model::NodeView view_;
  std::vector<GuestState> guests_;
  std::vector<InstanceDirectory> directories_;
};

std::vector<std::string> Kinds(const Differences& differences) {
  std::vector<std::string> kinds;
  for (const Finding& finding : differences.findings)
    kinds.push_back(std::string(Name(finding.difference)) + " " + finding.subject);
  return kinds;
}

bool TouchesNothing(const Differences& differences) {
  return differences.guests_to_end.empty() && differences.files_to_delete.empty();
}

TEST(DiffTest, ANodeThatIsAsItsLedgerSaysHasNoFindings) {
  const auto d = Diff(Scene()
                          .With(Record(kA, model::InstanceState::kRunning))
                          .With(Guest(kA, Power::kRunning))
                          .With(Record(kB, model::InstanceState::kStopped))
                          .With(Guest(kB, Power::kOff))
                          .Take());
  EXPECT_THAT(Kinds(d), IsEmpty());
  EXPECT_EQ(d.observations.size(), 2u) << "the states are confirmed all the same";
  EXPECT_TRUE(TouchesNothing(d));
}

TEST(DiffTest, ARunningInstanceWhoseGuestIsOffIsTold) {
  GuestState guest = Guest(kA, Power::kOff);
  guest.off_reason = OffReason::kCrashed;
  const auto d = Diff(Scene().With(Record(kA, model::InstanceState::kRunning)).With(guest).Take());
  EXPECT_THAT(Kinds(d), ElementsAre("guest_off " + kA));
  ASSERT_EQ(d.observations.size(), 1u);
  EXPECT_TRUE(d.observations[0].guest.defined);
  EXPECT_EQ(d.observations[0].guest.off_reason, OffReason::kCrashed);
  EXPECT_TRUE(TouchesNothing(d)) << "only its actor decides";
}

TEST(DiffTest, ARunningInstanceWithoutAGuestIsTold) {
  const auto d = Diff(Scene().With(Record(kA, model::InstanceState::kRunning)).Take());
  EXPECT_THAT(Kinds(d), ElementsAre("guest_missing " + kA));
  ASSERT_EQ(d.observations.size(), 1u);
  EXPECT_FALSE(d.observations[0].guest.defined);
}

TEST(DiffTest, AStoppedInstanceWhoseGuestRunsIsTold) {
  model::InstanceRecord stopped = Record(kA, model::InstanceState::kStopped);
  stopped.intent = model::Intent::kStopped;
  const auto d = Diff(Scene().With(stopped).With(Guest(kA, Power::kRunning)).Take());
  EXPECT_THAT(Kinds(d), ElementsAre("guest_up " + kA));
  EXPECT_EQ(d.observations.size(), 1u);
  EXPECT_TRUE(TouchesNothing(d));
  EXPECT_THAT(d.foreign_guests, IsEmpty()) << "it is about to be stopped";
}

TEST(DiffTest, TheGuestOfALostInstanceThatSomebodyStartsIsChargedAndLeftAlone) {
  model::InstanceRecord lost = Record(kA, model::InstanceState::kStopped);
  lost.intent = model::Intent::kRunning;
  const auto d = Diff(Scene().With(lost).With(Guest(kA, Power::kRunning)).Take());
  EXPECT_THAT(Kinds(d), ElementsAre("guest_up " + kA));
  EXPECT_TRUE(TouchesNothing(d));
  EXPECT_EQ(d.foreign_guests.size(), 1u);
}

TEST(DiffTest, AnObservationOlderThanTheRecordIsNotPassedOn) {
  Scene scene;
  scene.With(Record(kA, model::InstanceState::kRunning)).With(Guest(kA, Power::kOff));
  Picture picture = scene.Take();
  // The start had not been recorded yet when the hypervisor was asked.
  model::NodeView before = *picture.now;
  before.instances.Put(
      kA, std::make_shared<model::InstanceRecord>(Record(kA, model::InstanceState::kPending)));
  picture.before = std::make_shared<const model::NodeView>(before);
  const auto d = Diff(picture);
  EXPECT_THAT(d.observations, IsEmpty());
  EXPECT_THAT(Kinds(d), IsEmpty());
}

TEST(DiffTest, AnInstanceThatIsNewerThanTheQuestionIsNotTakenForMissing) {
  Picture picture = Scene().With(Record(kA, model::InstanceState::kRunning)).Take();
  picture.before = std::make_shared<const model::NodeView>();
  EXPECT_THAT(Diff(picture).observations, IsEmpty());
}

TEST(DiffTest, AnUnfinishedOperationIsWokenAndNotCalledADifferenceOfTheGuest) {
  const auto d =
      Diff(Scene()
               .With(Record(kA, model::InstanceState::kPending), model::OperationState::kRunning)
               .With(Record(kB, model::InstanceState::kPending), model::OperationState::kUndoing)
               .WithoutDirectories()
               .Take());
  EXPECT_THAT(Kinds(d),
              UnorderedElementsAre("unfinished_operation " + kA, "unfinished_operation " + kB));
  EXPECT_THAT(d.unfinished, UnorderedElementsAre(kA, kB));
}

TEST(DiffTest, TheGuestAndFilesOfATerminatedInstanceAreEnded) {
  const auto d = Diff(Scene()
                          .With(Record(kA, model::InstanceState::kTerminated))
                          .With(Guest(kA, Power::kRunning))
                          .Take());
  EXPECT_THAT(Kinds(d), ElementsAre("guest_of_terminated " + kA, "files_of_terminated " + kA));
  EXPECT_THAT(d.guests_to_end, ElementsAre(kA));
  EXPECT_THAT(d.files_to_delete, ElementsAre(kA));
  EXPECT_THAT(d.observations, IsEmpty()) << "terminated is final";
}

TEST(DiffTest, AGuestAndFilesWithoutARecordAreReportedAndLeftAlone) {
  const auto d = Diff(Scene().With(Guest(kA, Power::kRunning)).WithDirectory(kB).Take());
  EXPECT_THAT(Kinds(d), ElementsAre("guest_without_record " + kA, "files_without_record " + kB));
  EXPECT_TRUE(TouchesNothing(d));
}

TEST(DiffTest, AForeignGuestIsCountedAndNeverTouchedEvenUnderOurNames) {
  GuestState nobodys;
  nobodys.name = "web";
  nobodys.power = Power::kRunning;
  GuestState other_node = Guest(kA, Power::kRunning);
  other_node.node_id = "99999999-2222-4333-8444-555555555555";
  GuestState clone = Guest(kB, Power::kRunning);
  clone.name = "clone";
  clone.uuid = "12345678-1234-4234-8234-123456789abc";
  // Even where the ledger has tombstones of those ids.
  const auto d = Diff(Scene()
                          .With(Record(kA, model::InstanceState::kTerminated))
                          .With(Record(kB, model::InstanceState::kTerminated))
                          .WithoutDirectories()
                          .With(nobodys)
                          .With(other_node)
                          .With(clone)
                          .Take());
  EXPECT_THAT(Kinds(d),
              ElementsAre("foreign_guest web", "foreign_guest " + kA, "foreign_guest clone"));
  EXPECT_TRUE(TouchesNothing(d));
}

TEST(DiffTest, ACloneOfARunningGuestDoesNotHideThatTheOriginalIsOff) {
  GuestState clone = Guest(kA, Power::kRunning);
  clone.uuid = "12345678-1234-4234-8234-123456789abc";
  const auto d = Diff(Scene()
                          .With(Record(kA, model::InstanceState::kRunning))
                          .With(Guest(kA, Power::kOff))
                          .With(clone)
                          .Take());
  EXPECT_THAT(Kinds(d), UnorderedElementsAre("guest_off " + kA, "foreign_guest " + kA));
}

TEST(DiffTest, OdditiesOfARunningGuestAreNamed) {
  GuestState guest = Guest(kA, Power::kPaused);
  guest.persistent = false;
  guest.managed_save = true;
  guest.memory_mib = 1024;
  const auto d = Diff(Scene().With(Record(kA, model::InstanceState::kRunning)).With(guest).Take());
  EXPECT_THAT(Kinds(d), UnorderedElementsAre("guest_paused " + kA, "guest_transient " + kA,
                                             "managed_save " + kA, "guest_edited " + kA));
  EXPECT_TRUE(TouchesNothing(d));
}

TEST(DiffTest, MissingFilesAreNamedButNothingIsSaidWhenTheDiskCouldNotBeRead) {
  Scene scene;
  scene.With(Record(kA, model::InstanceState::kStopped)).WithoutDirectories();
  EXPECT_THAT(Kinds(Diff(scene.Take())), ElementsAre("files_missing " + kA));
  Picture blind = scene.Take();
  blind.directories.reset();
  EXPECT_THAT(Kinds(Diff(blind)), IsEmpty());
}

TEST(DiffTest, AMissingRootDiskIsToldAndOneThatCannotBeLookedForIsNot) {
  const auto missing = [](const Picture& picture) {
    return Diff(picture).observations.at(0).guest.disk_missing;
  };
  model::InstanceRecord record = Record(kA, model::InstanceState::kRunning);
  record.spec.boot.image = "base.qcow2";
  Scene scene;
  scene.With(record).With(Guest(kA, Power::kRunning));
  Picture picture = scene.Take();
  EXPECT_EQ(missing(picture), false);
  EXPECT_THAT(Kinds(Diff(picture)), IsEmpty());

  picture.directories->front().root_disk = false;
  EXPECT_EQ(missing(picture), true);
  EXPECT_THAT(Kinds(Diff(picture)), ElementsAre("files_missing " + kA));

  picture.directories.reset();
  EXPECT_EQ(missing(picture), std::nullopt);

  const Picture diskless = Scene().With(Record(kB, model::InstanceState::kRunning)).Take();
  EXPECT_EQ(missing(diskless), std::nullopt);
}

TEST(DiffTest, AtStartTheObservationsSayTheyAreTheFirst) {
  Picture picture = Scene().With(Record(kA, model::InstanceState::kRunning)).Take();
  picture.at_start = true;
  ASSERT_EQ(Diff(picture).observations.size(), 1u);
  EXPECT_TRUE(Diff(picture).observations[0].guest.at_recovery);
}

TEST(DiffTest, EveryDifferenceHasAName) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(kLastDifference); ++i)
    names.insert(Name(static_cast<Difference>(i)));
  EXPECT_EQ(names.size(), static_cast<size_t>(kLastDifference) + 1);
}

}  // namespace
}  // namespace berth::recovery
