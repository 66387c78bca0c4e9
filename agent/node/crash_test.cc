// SPDX-License-Identifier: Apache-2.0
// The crash table (docs/crash-table.md), row by row: kill -9 at each recorded step, before its
// effect and after it, and then at every single task of an operation. Whatever the instant: the
// next agent brings the instance where it was going, nothing is left over, and a repeat gets the
// first answer.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <ostream>
#include <tuple>

#include "agent/instance/lifecycle.h"
#include "agent/node/node_harness.h"
#include "core/model/codec.h"
#include "core/model/names.h"

namespace berth::node {
namespace {

using model::OperationKind;
using model::StepKind;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kGrace = seconds(60);

// Brings instance A to where `kind` can begin.
void Prepare(World& world, OperationKind kind) {
  if (kind == OperationKind::kCreate) return;
  ASSERT_TRUE(world.Create(SmallInstance(kIdA)).ok());
  world.RunFor(seconds(5));
  if (kind != OperationKind::kStart && kind != OperationKind::kResize) return;
  ASSERT_TRUE(world.Stop(kIdA, {.force = true}).ok());
  world.RunFor(seconds(5));
}

// The answer of a call of any kind, encoded.
using Done = std::function<void(const StatusOr<std::string>&)>;

template <typename T>
NodeAgent::DoneWith<T> Encoded(Done done) {
  return [done = std::move(done)](const StatusOr<T>& given) {
    given.ok() ? done(model::Encode(*given)) : done(given.status());
  };
}

// Begins `kind`, always by the same call.
void Begin(World& world, OperationKind kind, Done whole) {
  const auto done = Encoded<model::InstanceRecord>(whole);
  CallContext call = Call("the-verb");
  call.method = std::string(model::Name(kind));
  switch (kind) {
    case OperationKind::kCreate:
      return world.node().CreateInstance(call, SmallInstance(kIdA), done);
    case OperationKind::kStart:
      return world.node().StartInstance(call, kIdA, done);
    case OperationKind::kStop:
      return world.node().StopInstance(call, kIdA, {.grace = kGrace}, done);
    case OperationKind::kReboot:
      return world.node().RebootInstance(call, kIdA, {.grace = kGrace}, done);
    case OperationKind::kTerminate:
      return world.node().TerminateInstance(call, kIdA, {}, done);
    case OperationKind::kResize:
      return world.node().ResizeInstance(call, kIdA, {"m1.small", {}},
                                         Encoded<model::Operation>(whole));
    default:
      FAIL() << "no verb of instances: " << model::Name(kind);
  }
}

void ExpectArrived(World& world, OperationKind kind) {
  switch (kind) {
    case OperationKind::kCreate:
    case OperationKind::kStart:
    case OperationKind::kReboot:
      EXPECT_EQ(world.StateOf(kIdA), "RUNNING");
      EXPECT_EQ(world.PowerOf(kIdA), Power::kRunning);
      EXPECT_EQ(world.ledger().allocated.vcpus, 1);
      break;
    case OperationKind::kStop:
      EXPECT_EQ(world.StateOf(kIdA), "STOPPED");
      EXPECT_EQ(world.PowerOf(kIdA), Power::kOff);
      EXPECT_EQ(world.ledger().allocated.vcpus, 0);
      break;
    case OperationKind::kResize:
      EXPECT_EQ(world.StateOf(kIdA), "STOPPED");
      EXPECT_EQ(world.host.Inspect(kIdA)->memory_mib, 512);
      EXPECT_EQ(world.ledger().instances.Find(kIdA)->spec.instance_type, "m1.small");
      EXPECT_EQ(world.ledger().allocated.vcpus, 0);
      break;
    case OperationKind::kTerminate:
      EXPECT_EQ(world.StateOf(kIdA), "TERMINATED");
      world.ExpectNothingLeft();
      return;
    default:
      FAIL() << "no verb of instances: " << model::Name(kind);
  }
  EXPECT_TRUE(world.storage.HasRootDisk(kIdA) && world.storage.HasSeed(kIdA));
  EXPECT_EQ(world.host.Guests().size(), 1u);
  world.ExpectConsistent();
}

enum class Instant { kRecorded, kDone };

struct Row {
  OperationKind operation;
  StepKind step;
  Instant instant;
  bool stubborn_guest = false;  // It ignores what it is asked, so that force is needed.
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << model::Name(row.operation) << " at " << model::Name(row.step);
}

std::string NameOf(const ::testing::TestParamInfo<Row>& info) {
  const Row& row = info.param;
  return fmt::format("{}_{}_{}", model::Name(row.operation), model::Name(row.step),
                     row.instant == Instant::kRecorded ? "recorded" : "done_and_not_recorded");
}

bool IsActive(const World& world, StepKind step) {
  const auto record = world.ledger().instances.Find(kIdA);
  if (record == nullptr) return false;
  const auto operation = world.ledger().operations.Find(record->operation_id);
  const auto active = ActiveStep(*operation);
  return active && operation->steps[*active].kind == step;
}

// Guests and files, as a witness of effects.
auto EffectsOf(const World& world) {
  const bool anything = world.storage.HasAnything(kIdA);
  return std::tuple(world.host.Guests(), anything, anything && world.storage.HasRootDisk(kIdA),
                    anything && world.storage.HasSeed(kIdA));
}

class CrashTableTest : public ::testing::TestWithParam<Row> {};

TEST_P(CrashTableTest, TheNextAgentFinishesIt) {
  const Row row = GetParam();
  World world;
  Prepare(world, row.operation);
  if (row.stubborn_guest) world.host.SetPowerButton(kIdA, PowerButton::kIgnored);
  std::optional<std::string> answer;
  Begin(world, row.operation, [&](auto given) { answer = *given; });
  while (!IsActive(world, row.step)) ASSERT_TRUE(world.sim.RunOne());
  const auto before = EffectsOf(world);
  while (row.instant == Instant::kDone && EffectsOf(world) == before)
    ASSERT_TRUE(world.sim.RunOne());
  ASSERT_TRUE(IsActive(world, row.step)) << "the outcome is in the ledger already";

  world.Restart();
  world.RunFor(minutes(5));
  ExpectArrived(world, row.operation);
  // The first step is recorded in the commit that the answer waits for: the caller repeats then.
  const int64_t revision = world.ledger().revision;
  Begin(world, row.operation, [&](auto repeat) {
    ASSERT_TRUE(repeat.ok()) << repeat.status();
    EXPECT_TRUE(!answer || *repeat == *answer);
  });
  world.Run();
  EXPECT_EQ(world.ledger().revision, revision) << "the repeat changes nothing";
}

std::vector<Row> Rows(OperationKind operation, std::vector<StepKind> steps, bool stubborn) {
  std::vector<Row> rows;
  for (const StepKind step : steps) {
    rows.push_back({operation, step, Instant::kRecorded, stubborn});
    // These only look, ask or wait: there is no effect of theirs to be seen.
    const bool effect = step != StepKind::kCheckImage && step != StepKind::kVerify &&
                        step != StepKind::kAwaitShutdown && step != StepKind::kAwaitReboot &&
                        !(stubborn && step == StepKind::kAskShutdown) &&
                        !(stubborn && step == StepKind::kAskReboot);
    if (effect) rows.push_back({operation, step, Instant::kDone, stubborn});
  }
  return rows;
}

INSTANTIATE_TEST_SUITE_P(Create, CrashTableTest,
                         ::testing::ValuesIn(Rows(OperationKind::kCreate,
                                                  {StepKind::kCheckImage, StepKind::kCreateDisk,
                                                   StepKind::kCreateSeed, StepKind::kDefine,
                                                   StepKind::kStartPaused, StepKind::kVerify,
                                                   StepKind::kResume},
                                                  false)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Start, CrashTableTest,
                         ::testing::ValuesIn(Rows(OperationKind::kStart,
                                                  {StepKind::kCheckImage, StepKind::kDefine,
                                                   StepKind::kStartPaused, StepKind::kVerify,
                                                   StepKind::kResume},
                                                  false)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Stop, CrashTableTest,
                         ::testing::ValuesIn(Rows(OperationKind::kStop, {StepKind::kAskShutdown},
                                                  false)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(StopByForce, CrashTableTest,
                         ::testing::ValuesIn(Rows(OperationKind::kStop,
                                                  {StepKind::kAwaitShutdown, StepKind::kDestroy},
                                                  true)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Resize, CrashTableTest,
                         ::testing::ValuesIn(Rows(OperationKind::kResize, {StepKind::kDefine},
                                                  false)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Reboot, CrashTableTest,
                         ::testing::ValuesIn(Rows(OperationKind::kReboot, {StepKind::kAskReboot},
                                                  false)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(RebootByForce, CrashTableTest,
                         ::testing::ValuesIn(Rows(OperationKind::kReboot,
                                                  {StepKind::kAwaitReboot, StepKind::kReset},
                                                  true)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Terminate, CrashTableTest,
                         ::testing::ValuesIn(Rows(OperationKind::kTerminate,
                                                  {StepKind::kDestroy, StepKind::kUndefine,
                                                   StepKind::kDeleteFiles},
                                                  false)),
                         NameOf);

class EveryInstantTest : public ::testing::TestWithParam<OperationKind> {};

// As above without knowing of steps: the agent dies after its n-th task, for every n.
TEST_P(EveryInstantTest, ACrashAfterAnyTaskIsHealed) {
  const OperationKind kind = GetParam();
  for (int n = 0;; ++n) {
    SCOPED_TRACE(n);
    World world;
    Prepare(world, kind);
    std::optional<std::string> answer;
    Begin(world, kind, [&](auto given) { answer = *given; });
    bool over = false;
    for (int i = 0; i < n && !over; ++i) {
      ASSERT_TRUE(world.sim.RunOne());
      const auto record = world.ledger().instances.Find(kIdA);
      over = answer && world.ledger().operations.Find(record->operation_id)->final();
    }
    world.Restart();
    if (answer) world.RunFor(minutes(5));
    // The caller repeats, with or without an answer.
    Begin(world, kind, [&](auto repeat) {
      ASSERT_TRUE(repeat.ok()) << repeat.status();
      EXPECT_TRUE(!answer || *repeat == *answer);
    });
    world.RunFor(minutes(5));
    ExpectArrived(world, kind);
    if (over) return;
    ASSERT_LT(n, 1000) << "it never ended";
  }
}

// A create that cannot succeed is undone, however often the agent dies over it.
TEST(UndoTest, ACrashAfterAnyTaskOfAnUndoLeavesNothing) {
  for (int n = 0;; ++n) {
    SCOPED_TRACE(n);
    World world;
    world.host.SetMemoryMib(16);  // QEMU gets no memory: final, at the fifth step.
    std::optional<std::string> answer;
    Begin(world, OperationKind::kCreate, [&](auto given) { answer = *given; });
    bool over = false;
    for (int i = 0; i < n && !over; ++i) {
      ASSERT_TRUE(world.sim.RunOne());
      over = world.StateOf(kIdA) == "TERMINATED";
    }
    world.Restart();
    if (!answer) Begin(world, OperationKind::kCreate, [](const auto&) {});
    world.RunFor(minutes(5));
    EXPECT_EQ(world.StateOf(kIdA), "TERMINATED");
    world.ExpectNothingLeft();
    if (over) return;
    ASSERT_LT(n, 1000) << "it never ended";
  }
}

// A wish to cancel that comes at any instant, and a crash at any instant after it.
class CancelTest : public ::testing::TestWithParam<OperationKind> {};

void ExpectCancelledOrArrived(World& world, OperationKind kind, const std::string& operation_id) {
  const auto operation = world.ledger().operations.Find(operation_id);
  ASSERT_TRUE(operation->final());
  if (operation->state == model::OperationState::kSucceeded) return ExpectArrived(world, kind);
  EXPECT_EQ(operation->state, model::OperationState::kCancelled);
  if (kind == OperationKind::kCreate) {
    EXPECT_EQ(world.StateOf(kIdA), "TERMINATED");
    return world.ExpectNothingLeft();
  }
  EXPECT_EQ(world.StateOf(kIdA), "STOPPED");
  EXPECT_EQ(world.PowerOf(kIdA), Power::kOff);
  EXPECT_EQ(world.host.Inspect(kIdA)->memory_mib, 256);
  EXPECT_EQ(world.ledger().allocated.vcpus, 0);
  world.ExpectConsistent();
}

TEST_P(CancelTest, TakesEverythingBackOrComesTooLate) {
  const OperationKind kind = GetParam();
  bool too_late = false;
  for (int wait = 0; !too_late; ++wait) {
    bool over = false;
    for (int live = 0; !over; ++live) {
      SCOPED_TRACE(fmt::format("cancelled after {} tasks, dead after {} more", wait, live));
      World world;
      Prepare(world, kind);
      std::optional<std::string> answer;
      Begin(world, kind, [&](const auto& given) { answer = *given; });
      while (!answer) ASSERT_TRUE(world.sim.RunOne());
      const std::string id = world.ledger().instances.Find(kIdA)->operation_id;
      for (int i = 0; i < wait; ++i) world.sim.RunOne();
      too_late = world.ledger().operations.Find(id)->final();
      bool cancelled = false;
      world.node().CancelOperation(Call("cancel"), id, [&](const auto& given) {
        ASSERT_TRUE(given.ok()) << given.status();
        cancelled = true;
      });
      for (int i = 0; i < live && !over; ++i) {
        world.sim.RunOne();
        over = cancelled && world.ledger().operations.Find(id)->final();
      }
      world.Restart();
      if (!cancelled) world.node().CancelOperation(Call("cancel"), id, [](const auto&) {});
      world.RunFor(minutes(5));
      ExpectCancelledOrArrived(world, kind, id);
      ASSERT_LT(live, 1000) << "it never ended";
    }
    ASSERT_LT(wait, 1000) << "it never ended";
  }
}

INSTANTIATE_TEST_SUITE_P(Operations, CancelTest,
                         ::testing::Values(OperationKind::kCreate, OperationKind::kStart,
                                           OperationKind::kResize),
                         [](const auto& row) { return std::string(model::Name(row.param)); });

INSTANTIATE_TEST_SUITE_P(Operations, EveryInstantTest,
                         ::testing::Values(OperationKind::kCreate, OperationKind::kStart,
                                           OperationKind::kStop, OperationKind::kReboot,
                                           OperationKind::kTerminate, OperationKind::kResize),
                         [](const auto& row) { return std::string(model::Name(row.param)); });

}  // namespace
}  // namespace berth::node
