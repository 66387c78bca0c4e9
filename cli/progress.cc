// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <fmt/format.h>

#include <cctype>

#include "cli/wire_text.h"

namespace berth::cli {
namespace {

constexpr char kEraseLine[] = "\r\033[K";

std::string PhaseText(const berth::v1::Operation& operation) {
  std::string text = operation.phase();
  if (operation.has_progress_percent()) text += fmt::format(" {}%", operation.progress_percent());
  if (operation.state() == berth::v1::Operation::STATE_UNDOING) text = "undoing " + text;
  if (operation.attempt() > 1) text += fmt::format(", try {}", operation.attempt());
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

void Progress::Show(const berth::v1::Operation& operation) { Write(PhaseText(operation)); }

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
