// SPDX-License-Identifier: Apache-2.0
// The agent that kills itself as with kill -9 at the first step that BERTH_DIE_AT names:
// "define:before", "define:after" (tests/support/step_seam.h).
#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/support/step_seam.h"

namespace berth {
namespace {

std::string DieAt() {
  const char* text = std::getenv("BERTH_DIE_AT");
  return text == nullptr ? "" : text;
}

}  // namespace

bool GoesOn(const model::InstanceRecord&, const model::Operation&, const std::string& step,
            const char* when) {
  static const std::string kDieAt = DieAt();
  if (step + when == kDieAt) kill(getpid(), SIGKILL);
  return true;
}

}  // namespace berth
