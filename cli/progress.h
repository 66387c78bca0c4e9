// SPDX-License-Identifier: Apache-2.0
// How far an operation has come, on context.err: one line that is written over on a terminal, else
// a line for each new phase, and now and then one for bytes that move.
#pragma once

#include <string>

#include "berth/v1/operation.pb.h"
#include "cli/context.h"

namespace berth::cli {

class Progress {
 public:
  // `subject` is what is waited for: "i-..."; `state` the one it is in meanwhile: "PENDING", or
  // "". `context` outlives this.
  Progress(const Context& context, std::string subject, std::string state);
  // Takes the line away.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Show(const berth::v1::Operation& operation);
  // The agent does not answer at present.
  void ShowAway();
  // How it ended, where this is no terminal: "i-...  succeeded  (3.1 s)".
  void Finish(const berth::v1::Operation& operation);

 private:
  void Write(const std::string& what);
  std::string Elapsed() const;

  const Context& context_;
  const std::string subject_;
  const std::string state_;
  const SteadyTime start_;
  std::string last_;
  std::string last_phase_;
  int last_attempt_ = 0;
  SteadyTime next_line_{};  // Of a transfer that goes on.
};

}  // namespace berth::cli
