// SPDX-License-Identifier: Apache-2.0
// What a command runs in: its global options and the little of the world it may touch. Made in
// main; tests hand in streams, a clock and a seed. One thread.
#pragma once

#include <chrono>
#include <functional>
#include <ostream>
#include <string>

#include "core/base/clock.h"
#include "core/base/random.h"

namespace berth::cli {

enum class Format { kTable, kWide, kJson };

struct GlobalOptions {
  std::string socket = "/run/berth/berthd.sock";
  Format format = Format::kTable;
  Duration timeout = std::chrono::seconds(30);  // Of each call.
};

// The references outlive the context.
struct Context {
  std::ostream& out;  // Results alone, so that it can be piped.
  std::ostream& err;  // Progress, errors, advice.
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colour = false;  // On a terminal, if the user has not refused it.
  const Clock& clock;
  Random& random;
  std::function<void(Duration)> pause;  // Returns once that has passed.
  GlobalOptions options;

  bool json() const { return options.format == Format::kJson; }
  bool wide() const { return options.format == Format::kWide; }
  bool colour_out() const { return colour && out_is_terminal; }
};

}  // namespace berth::cli
