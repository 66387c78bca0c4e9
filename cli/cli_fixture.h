// SPDX-License-Identifier: Apache-2.0
// Runs berthctl's words against a fake agent, with the terminal and time of the test's choosing.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/fake_agent.h"
#include "core/base/random.h"
#include "tests/support/temp_directory.h"

namespace berth::cli {

inline constexpr char kId[] = "i-0123456789abcdef0";
inline constexpr char kOtherId[] = "i-0123456789abcdef1";
inline constexpr char kOperationId[] = "op-0123456789abcdef0";

// Moves only when told to, from any thread.
class FakeClock final : public Clock {
 public:
  SteadyTime Now() const override { return SteadyTime(Duration(now_.load())); }
  WallTime WallNow() const override { return WallTime(Duration(now_.load())); }
  void Advance(Duration time) { now_ += time.count(); }

 private:
  std::atomic<int64_t> now_ = 1'800'000'000'000;
};

inline v1::Instance MakeInstance(const std::string& id, const std::string& name,
                                 v1::InstanceState state) {
  v1::Instance instance;
  instance.set_instance_id(id);
  instance.mutable_spec()->set_name(name);
  instance.mutable_spec()->set_instance_type("t1.micro");
  instance.mutable_status()->set_state(state);
  instance.mutable_status()->set_reachable(true);
  instance.mutable_status()->mutable_resolved_shape()->set_vcpus(1);
  instance.mutable_status()->mutable_resolved_shape()->set_memory_mib(1024);
  return instance;
}

class CliTest : public testing::Test {
 protected:
  CliTest() { StartAgent(); }

  void StartAgent() { agent_ = std::make_unique<FakeAgent>(socket_); }
  void StopAgent() { agent_.reset(); }
  FakeAnswers& answers() { return agent_->answers; }

  // The exit code; what was written is in out() and err() until the next run.
  int Run(std::vector<std::string> words) {
    out_.str("");
    err_.str("");
    Context context{.out = out_,
                    .err = err_,
                    .out_is_terminal = terminal_,
                    .err_is_terminal = terminal_,
                    .colour = terminal_,
                    .clock = clock_,
                    .random = *random_,
                    .pause = [this](Duration time) { Paused(time); },
                    .options = {}};
    words.insert(words.begin(), {"--socket", socket_});
    return static_cast<int>(RunCommandLine(words, context));
  }
  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }

  TempDirectory directory_;
  const std::string socket_ = directory_.Path("berthd.sock");
  FakeClock clock_;
  bool terminal_ = false;
  std::vector<Duration> pauses_;
  std::function<void()> during_pause_;

 private:
  void Paused(Duration time) {
    pauses_.push_back(time);
    clock_.Advance(time);
    if (during_pause_) during_pause_();
  }

  std::unique_ptr<Random> random_ = MakeSeededRandom(1);
  std::unique_ptr<FakeAgent> agent_;
  std::ostringstream out_;
  std::ostringstream err_;
};

}  // namespace berth::cli
