// SPDX-License-Identifier: Apache-2.0
// The thread pool, strands over it, and the executor of simulations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "core/base/mutex.h"
#include "core/base/sim_executor.h"
#include "core/base/strand.h"
#include "core/base/thread_pool.h"

namespace berth {
namespace {

using testing::ElementsAre;

// Waits until it was counted down; for tasks on other threads.
class Latch {
 public:
  explicit Latch(int count) : count_(count) {}
  void CountDown() {
    MutexLock lock(mutex_);
    --count_;
    changed_.NotifyAll();
  }
  void Wait() {
    MutexLock lock(mutex_);
    while (count_ > 0) changed_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int count_ GUARDED_BY(mutex_);
};

// --- ThreadPool
// -----------------------------------------------------------------------------------

TEST(ThreadPoolTest, OneThreadRunsTasksInTheOrderPosted) {
  std::vector<int> order;
  {
    ThreadPool pool("test", 1);
    for (int i = 0; i < 100; ++i) pool.Post([&order, i] { order.push_back(i); });
  }
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(ThreadPoolTest, SeveralThreadsRunTasksAtOnce) {
  ThreadPool pool("test", 3);
  Latch all_there(3);
  Latch done(3);
  for (int i = 0; i < 3; ++i)
    pool.Post([&] {
      all_there.CountDown();
      all_there.Wait();  // Ends only if three run at the same time.
      done.CountDown();
    });
  done.Wait();
}

TEST(ThreadPoolTest, ATaskNeverRunsInsidePost) {
  ThreadPool pool("test", 1);
  Latch done(1);
  Mutex mutex;
  {
    MutexLock lock(mutex);
    pool.Post([&] {
      MutexLock inner(mutex);  // Would never be had inside Post.
      done.CountDown();
    });
  }
  done.Wait();
}

TEST(ThreadPoolTest, DelayedTasksRunByTheirDueTimeAndAmongEqualsAsPosted) {
  const SystemClock clock;
  ThreadPool pool("test", 1);
  Latch done(3);
  std::vector<int> order;
  const SteadyTime began = clock.Now();
  const auto append = [&](int number) {
    return [&order, &done, number] {
      order.push_back(number);
      done.CountDown();
    };
  };
  pool.PostAfter(Duration(60), append(3));
  pool.PostAfter(Duration(20), append(1));
  pool.PostAfter(Duration(20), append(2));
  done.Wait();
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
  EXPECT_GE(clock.Now() - began, Duration(60));
}

TEST(ThreadPoolTest, ShutdownRunsWhatIsQueuedDropsWhatIsDelayedAndThenTakesNothing) {
  std::atomic<int> ran = 0;
  std::atomic<bool> late = false;
  ThreadPool pool("test", 1);
  for (int i = 0; i < 50; ++i) pool.Post([&] { ++ran; });
  pool.PostAfter(std::chrono::hours(1), [&] { late = true; });
  pool.Shutdown();
  EXPECT_EQ(ran, 50);
  pool.Post([&] { late = true; });
  pool.PostAfter(Duration(0), [&] { late = true; });
  pool.Shutdown();
  EXPECT_FALSE(late);
}

TEST(ThreadPoolTest, AnExceptionThatLeavesATaskEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        ThreadPool pool("test", 1);
        pool.Post([] { static_cast<void>(std::vector<int>().at(7)); });
        pool.Shutdown();
      },
      "exception left a task");
}

// --- Strand
// ---------------------------------------------------------------------------------------

TEST(StrandTest, TasksNeverOverlapAndKeepTheirOrder) {
  std::vector<int>
      order;  // Unguarded on purpose: TSan would show an overlap, and so would the count.
  std::atomic<int> inside = 0;
  std::atomic<bool> overlapped = false;
  {
    ThreadPool pool("test", 4);
    Strand strand(pool);
    Latch done(1000);
    for (int i = 0; i < 1000; ++i)
      strand.Post([&, i] {
        if (++inside != 1) overlapped = true;
        order.push_back(i);
        --inside;
        done.CountDown();
      });
    done.Wait();
  }
  EXPECT_FALSE(overlapped);
  ASSERT_EQ(order.size(), 1000U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(StrandTest, TwoStrandsTakeTurnsOnOneExecutor) {
  SimExecutor sim;
  Strand a(sim);
  Strand b(sim);
  std::string order;
  for (int i = 0; i < 3; ++i) {
    a.Post([&] { order += 'a'; });
    b.Post([&] { order += 'b'; });
  }
  EXPECT_TRUE(sim.RunReady());
  EXPECT_EQ(order, "ababab");
}

TEST(StrandTest, TryPostIsRefusedWhenTheMailboxIsFullAndPostIsNot) {
  SimExecutor sim;
  Strand strand(sim, 2);
  int ran = 0;
  const Task count = [&] { ++ran; };
  EXPECT_TRUE(strand.TryPost(count));
  EXPECT_TRUE(strand.TryPost(count));
  EXPECT_FALSE(strand.TryPost(count));
  strand.Post(count);
  EXPECT_TRUE(sim.RunReady());
  EXPECT_EQ(ran, 3);
  EXPECT_TRUE(strand.TryPost(count)) << "there is room again";
}

TEST(StrandTest, ATaskMayPostToItsOwnStrand) {
  SimExecutor sim;
  Strand strand(sim);
  std::vector<int> order;
  strand.Post([&] {
    strand.Post([&] { order.push_back(2); });
    order.push_back(1);
  });
  EXPECT_TRUE(sim.RunReady());
  EXPECT_THAT(order, ElementsAre(1, 2));
}

TEST(StrandTest, TasksQueuedWhenItDiesStillRun) {
  SimExecutor sim;
  int ran = 0;
  {
    Strand strand(sim);
    for (int i = 0; i < 5; ++i) strand.Post([&] { ++ran; });
  }
  EXPECT_TRUE(sim.RunReady());
  EXPECT_EQ(ran, 5);
}

TEST(StrandTest, TasksDroppedByTheExecutorLetGoOfTheStrandsOwner) {
  struct Owner {
    explicit Owner(Executor& executor) : strand(executor) {}
    Strand strand;
  };
  SimExecutor sim;
  auto owner = std::make_shared<Owner>(sim);
  const std::weak_ptr<Owner> watch = owner;
  for (int i = 0; i < 3; ++i) owner->strand.Post([owner] {});
  owner.reset();
  EXPECT_TRUE(sim.RunOne()) << "one is done, two wait";
  sim.DropAll();
  EXPECT_TRUE(watch.expired());
}

TEST(StrandTest, ADroppedTurnDoesNotStopTheStrand) {
  SimExecutor sim;
  Strand strand(sim);
  int ran = 0;
  strand.Post([&] { ran += 10; });
  sim.DropAll();
  strand.Post([&] { ++ran; });
  EXPECT_TRUE(sim.RunReady());
  EXPECT_EQ(ran, 1);
}

// --- SimExecutor
// ----------------------------------------------------------------------------------

TEST(SimExecutorTest, TimeMovesOnlyWhenNothingIsReady) {
  SimExecutor sim;
  const SteadyTime began = sim.Now();
  std::vector<Duration> seen;
  const auto note = [&] {
    seen.push_back(std::chrono::duration_cast<Duration>(sim.Now() - began));
  };
  sim.PostAfter(Duration(500), note);
  sim.PostAfter(Duration(100), note);
  sim.Post(note);
  EXPECT_TRUE(sim.RunFor(Duration(1000)));
  EXPECT_THAT(seen, ElementsAre(Duration(0), Duration(100), Duration(500)));
  EXPECT_EQ(sim.Now() - began, Duration(1000));
}

TEST(SimExecutorTest, WallTimeGoesWithIt) {
  SimExecutor sim;
  const WallTime before = sim.WallNow();
  sim.RunFor(std::chrono::hours(5));
  EXPECT_EQ(sim.WallNow() - before, std::chrono::hours(5));
}

TEST(SimExecutorTest, WhatIsDueLaterThanTheWindowWaits) {
  SimExecutor sim;
  bool ran = false;
  sim.PostAfter(Duration(100), [&] { ran = true; });
  EXPECT_TRUE(sim.RunFor(Duration(99)));
  EXPECT_FALSE(ran);
  EXPECT_TRUE(sim.RunFor(Duration(1)));
  EXPECT_TRUE(ran);
}

TEST(SimExecutorTest, RunOneTellsWhenNothingIsLeft) {
  SimExecutor sim;
  int ran = 0;
  sim.Post([&] { ++ran; });
  sim.PostAfter(std::chrono::hours(1), [&] { ++ran; });
  EXPECT_TRUE(sim.RunOne());
  EXPECT_TRUE(sim.RunOne());
  EXPECT_FALSE(sim.RunOne());
  EXPECT_EQ(ran, 2);
}

TEST(SimExecutorTest, ALivelockIsReported) {
  SimExecutor sim;
  std::function<void()> again = [&] { sim.Post(again); };
  again();
  EXPECT_FALSE(sim.RunReady(/*max_tasks=*/1000));
}

TEST(SimExecutorTest, ASeedShufflesWhatIsReadyAndReplays) {
  const auto run = [](uint64_t seed) {
    const auto random = MakeSeededRandom(seed);
    SimExecutor sim(*random);
    std::vector<int> order;
    for (int i = 0; i < 20; ++i) sim.Post([&order, i] { order.push_back(i); });
    sim.RunReady();
    return order;
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
  EXPECT_EQ(run(1).size(), 20U);
}

TEST(SimExecutorTest, ACrashDropsEverything) {
  SimExecutor sim;
  bool ran = false;
  sim.Post([&] { ran = true; });
  sim.PostAfter(Duration(1), [&] { ran = true; });
  sim.DropAll();
  EXPECT_FALSE(sim.RunOne());
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace berth
