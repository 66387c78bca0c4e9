// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <fmt/format.h>

#include <cctype>

#include "cli/sizes.h"
#include "cli/wire_text.h"

namespace berth::cli {
namespace {

constexpr Duration kLineEvery = std::chrono::seconds(2);
constexpr char kEraseLine[] = "\r\033[K";

// "512 MiB of 1.1 GiB, 95 MiB/s, 7s left"
std::string TransferText(const berth::v1::TransferProgress& transfer) {
  std::string text = HumanBytes(transfer.done_bytes());
  if (transfer.has_total_bytes()) text += " of " + HumanBytes(transfer.total_bytes());
  if (transfer.bytes_per_second() == 0) return text;
  text += fmt::format(", {}/s", HumanBytes(transfer.bytes_per_second()));
  if (!transfer.has_total_bytes()) return text;
  const int64_t left = transfer.total_bytes() - transfer.done_bytes();
  return text + fmt::format(", {} left",
                            HumanAge(std::chrono::seconds(left / transfer.bytes_per_second())));
}

std::string PhaseText(const berth::v1::Operation& operation) {
  std::string text = operation.phase();
  if (operation.has_progress_percent()) text += fmt::format(" {}%", operation.progress_percent());
  if (operation.has_transfer()) text += "  " + TransferText(operation.transfer());
  const bool undoing = operation.state() == berth::v1::Operation::STATE_UNDOING;
  if (undoing) text = "undoing " + text;
  if (operation.attempt() > 1 && !undoing) text += fmt::format(", try {}", operation.attempt());
  if (!operation.last_error_message().empty())
    text += fmt::format(" ({})", operation.last_error_message());
  return text;
}

}  // namespace

Progress::Progress(const Context& context, std::string subject, std::string state)
    : context_(context),
      subject_(std::move(subject)),
      state_(state.empty() ? "" : "  " + state),
      start_(context.clock.Now()) {}

Progress::~Progress() {
  if (context_.err_is_terminal && !last_.empty()) context_.err << kEraseLine << std::flush;
}

void Progress::Show(const berth::v1::Operation& operation) {
  const bool same = operation.has_transfer() && operation.phase() == last_phase_ &&
                    operation.attempt() == last_attempt_;
  // Where each line stays, bytes are worth one only now and then.
  if (!context_.err_is_terminal && same && context_.clock.Now() < next_line_) return;
  next_line_ = context_.clock.Now() + kLineEvery;
  last_phase_ = operation.phase();
  last_attempt_ = operation.attempt();
  Write(PhaseText(operation));
}

void Progress::ShowAway() { Write("the agent does not answer; waiting for it"); }

void Progress::Finish(const berth::v1::Operation& operation) {
  if (context_.err_is_terminal) return;
  std::string outcome = ShortName(operation.state(), "STATE_");
  for (char& c : outcome) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  context_.err << fmt::format("{}  {}  ({})\n", subject_, outcome, Elapsed()) << std::flush;
}

void Progress::Write(const std::string& what) {
  if (context_.err_is_terminal) {
    context_.err << fmt::format("{}{}{}  {}  {}", kEraseLine, subject_, state_, what, Elapsed())
                 << std::flush;
  } else if (what != last_) {
    context_.err << fmt::format("{}{}  {}  ({})\n", subject_, state_, what, Elapsed())
                 << std::flush;
  }
  last_ = what;
}

std::string Progress::Elapsed() const {
  const auto elapsed = std::chrono::duration_cast<Duration>(context_.clock.Now() - start_);
  return fmt::format("{:.1f} s", static_cast<double>(elapsed.count()) / 1000);
}

}  // namespace berth::cli
