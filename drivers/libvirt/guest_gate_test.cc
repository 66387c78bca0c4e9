// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/guest_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/libvirt/calls.h"

namespace berth::libvirt {
namespace {

using Verdict = GuestGate::Verdict;
using testing::ElementsAre;
using testing::IsEmpty;

std::shared_ptr<Call> For(const std::string& guest, CallClass call_class = CallClass::kLifecycle) {
  auto call = std::make_shared<Call>();
  call->guest = guest;
  call->call_class = call_class;
  return call;
}

TEST(GuestGateTest, OneCallPerGuestAndOthersWaitInOrder) {
  GuestGate gate;
  const auto first = For("a"), second = For("a"), third = For("a");
  EXPECT_EQ(gate.Enter(first), Verdict::kGo);
  EXPECT_EQ(gate.Enter(second), Verdict::kWait);
  EXPECT_EQ(gate.Enter(third), Verdict::kWait);
  EXPECT_EQ(gate.Next("a"), nullptr);
  gate.Leave(*first);
  EXPECT_EQ(gate.Next("a"), second);
  EXPECT_EQ(gate.Next("a"), nullptr);
  gate.Leave(*second);
  EXPECT_EQ(gate.Next("a"), third);
}

TEST(GuestGateTest, GuestsDoNotWaitForEachOther) {
  GuestGate gate;
  EXPECT_EQ(gate.Enter(For("a")), Verdict::kGo);
  EXPECT_EQ(gate.Enter(For("b")), Verdict::kGo);
  EXPECT_EQ(gate.Enter(For("")), Verdict::kGo);
  EXPECT_EQ(gate.Enter(For("")), Verdict::kGo);
}

TEST(GuestGateTest, DestroyWaitsFirstInLine) {
  GuestGate gate;
  const auto first = For("a"), second = For("a"), destroy = For("a", CallClass::kDestroy);
  gate.Enter(first);
  gate.Enter(second);
  EXPECT_EQ(gate.Enter(destroy), Verdict::kWait);
  gate.Leave(*first);
  EXPECT_EQ(gate.Next("a"), destroy);
}

TEST(GuestGateTest, StuckGuestTakesDestroysAloneAndOneAtATime) {
  GuestGate gate;
  const auto first = For("a"), waiting = For("a"), destroy = For("a", CallClass::kDestroy);
  gate.Enter(first);
  gate.Enter(waiting);
  EXPECT_THAT(gate.Abandon(*first), ElementsAre(waiting));
  EXPECT_THAT(gate.stuck(), ElementsAre("a"));
  EXPECT_EQ(gate.Enter(For("a")), Verdict::kStuck);
  EXPECT_EQ(gate.Enter(destroy), Verdict::kGo);
  gate.Abandon(*destroy);
  EXPECT_EQ(gate.Enter(For("a", CallClass::kDestroy)), Verdict::kStuck);
  gate.ComeBack(*destroy);
  EXPECT_EQ(gate.Enter(For("a", CallClass::kDestroy)), Verdict::kGo);
}

TEST(GuestGateTest, WaitingDestroyGoesWhenTheCallBeforeItIsAbandoned) {
  GuestGate gate;
  const auto first = For("a"), destroy = For("a", CallClass::kDestroy);
  gate.Enter(first);
  gate.Enter(destroy);
  EXPECT_THAT(gate.Abandon(*first), IsEmpty());
  EXPECT_EQ(gate.Next("a"), destroy);
}

TEST(GuestGateTest, GuestIsStuckUntilEveryAbandonedCallCameBack) {
  GuestGate gate;
  const auto first = For("a"), destroy = For("a", CallClass::kDestroy);
  gate.Enter(first);
  gate.Abandon(*first);
  gate.Enter(destroy);
  gate.Abandon(*destroy);
  gate.ComeBack(*first);
  EXPECT_THAT(gate.stuck(), ElementsAre("a"));
  gate.ComeBack(*destroy);
  EXPECT_THAT(gate.stuck(), IsEmpty());
  EXPECT_EQ(gate.Enter(For("a")), Verdict::kGo);
}

TEST(GuestGateTest, LineOfAGuestIsBounded) {
  GuestGate gate;
  gate.Enter(For("a"));
  for (size_t i = 0; i < kWaitingPerGuest; ++i) ASSERT_EQ(gate.Enter(For("a")), Verdict::kWait);
  EXPECT_EQ(gate.Enter(For("a")), Verdict::kFull);
  EXPECT_EQ(gate.Enter(For("a", CallClass::kDestroy)), Verdict::kWait);
  EXPECT_EQ(gate.TakeWaiting().size(), kWaitingPerGuest + 1);
}

}  // namespace
}  // namespace berth::libvirt
