// SPDX-License-Identifier: Apache-2.0
// berthd: reads flags and config, starts the daemon, waits for SIGTERM or SIGINT, stops it. A
// second signal ends the process at once; the ledger makes that as safe as kill -9. When the daemon
// asks for it, another one is started in its place.
#include <fmt/format.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <utility>

#include "agent/config/flags.h"
#include "agent/config/load.h"
#include "agent/config/parse.h"
#include "agent/daemon.h"
#include "agent/telemetry/log_setup.h"

namespace berth {
namespace {

void Say(FILE* stream, const std::string& text) { std::fputs(text.c_str(), stream); }

// One heap per thread, glibc's default, would keep what each thread once freed: megabytes for
// nothing.
void KeepHeapSmall() {
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_TRIM_THRESHOLD, 128 * 1024);
}

// Sent by the process to itself.
constexpr int kRestartSignal = SIGUSR1;

// The signals that stop the agent, and the one that has it start anew. Blocked in every thread,
// since threads inherit the mask, and waited for by main alone.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, kRestartSignal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A peer that hangs up is an error of its write, not the end of the agent.
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

int AwaitStopSignal(const sigset_t& signals) {
  int number = 0;
  while (sigwait(&signals, &number) != 0) {
  }
  // From here on they do what they do by default: end the process.
  if (number != kRestartSignal) pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return number;
}

// Until it is stopped (nullopt: it is to start anew), or with the exit code of what kept it from
// starting.
std::optional<int> RunOnce(const Settings& settings, Log& log, const sigset_t& signals) {
  auto daemon = Daemon::Start(settings, log, [] { kill(getpid(), kRestartSignal); });
  if (!daemon.ok()) {
    log.Error("berthd cannot start", {{"error", std::string(daemon.status().message())}});
    return ExitCodeFor(daemon.status());
  }
  const int number = AwaitStopSignal(signals);
  log.Info("berthd stops", {{"signal", std::to_string(number)}});
  (*daemon)->Stop();
  log.Info("berthd has stopped");
  if (number == kRestartSignal) return std::nullopt;
  return 0;
}

int RunDaemon(const Settings& settings) {
  const sigset_t signals = BlockStopSignals();
  auto log = MakeLog({.level = settings.config.log.level,
                      .file = settings.config.log.file,
                      .json = settings.config.log.format == LogFormat::kJson});
  if (!log.ok()) {
    Say(stderr, fmt::format("berthd: {}\n", std::string(log.status().message())));
    return kExitFailure;
  }
  std::optional<int> exit_code;
  while (!exit_code) exit_code = RunOnce(settings, **log, signals);
  return *exit_code;
}

int Main(int argc, char** argv) {
  FlagsOutcome outcome = ParseFlags(argc, argv, BERTH_VERSION);
  if (!outcome.go_on) {
    Say(outcome.exit_code == 0 ? stdout : stderr, outcome.message);
    return outcome.exit_code;
  }
  StatusOr<Settings> settings = LoadSettings(outcome.flags);
  if (!settings.ok()) {
    Say(stderr, "berthd: the config has faults:\n" + DescribeFaults(settings.status()));
    return kExitBadConfig;
  }
  if (outcome.flags.print_config) {
    Say(stdout, PrintConfig(settings->config));
    return 0;
  }
  if (outcome.flags.check_config) {
    Say(stdout, fmt::format("the config is good; {} instance types\n", settings->types.size()));
    return 0;
  }
  return RunDaemon(*settings);
}

}  // namespace
}  // namespace berth

int main(int argc, char** argv) {
  berth::KeepHeapSmall();
  return berth::Main(argc, argv);
}
