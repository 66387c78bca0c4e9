// SPDX-License-Identifier: Apache-2.0
// Errors as the user sees them, on context.err:
//   berthctl: create: short of memory by 512 MiB: 2048 wanted, 1536 free
//     spec.shape.memory_mib (--memory): the fault of each field
//   -> what to do next
#pragma once

#include <string_view>

#include "cli/advice.h"
#include "cli/context.h"
#include "cli/exit_code.h"
#include "core/base/status.h"

namespace berth::cli {

// Tells of an error; gives the exit code that it means.
ExitCode Fail(const Context& context, std::string_view doing, const Status& status,
              const Asked& asked = {});

// The text of it, without colour.
std::string RenderFailure(std::string_view doing, const Status& status, const Asked& asked,
                          bool colour);

// The worse of two.
ExitCode Worse(ExitCode a, ExitCode b);

}  // namespace berth::cli
