// SPDX-License-Identifier: Apache-2.0
#include "cli/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/failure.h"
#include "cli/field_flags.h"
#include "cli/style.h"
#include "core/base/reasons.h"

namespace berth::cli {
namespace {

// The agent's message repeats the violations where there is nothing else to say; they come below.
std::string Headline(const Status& status, const ErrorDetails& details) {
  const std::string message(status.message());
  if (details.reason == reasons::kInvalidField && !details.violations.empty() &&
      message.find(details.violations.front().description) != std::string::npos)
    return details.violations.size() == 1
               ? "a field is not right"
               : fmt::format("{} fields are not right", details.violations.size());
  return message.empty() ? std::string(CodeName(status.code())) : message;
}

std::string ViolationLine(const FieldViolation& violation) {
  const std::string_view flag = FlagOfField(violation.field);
  if (flag.empty()) return fmt::format("  {}: {}\n", violation.field, violation.description);
  return fmt::format("  {} ({}): {}\n", violation.field, flag, violation.description);
}

}  // namespace

std::string RenderFailure(std::string_view doing, const Status& status, const Asked& asked,
                          bool colour) {
  const ErrorDetails details = DetailsOf(status);
  std::string text = Paint(fmt::format("berthctl: {}:", doing), Tone::kBad, colour) +
                     fmt::format(" {}\n", Headline(status, details));
  const bool said = details.violations.size() == 1 &&
                    text.find(details.violations.front().description) != std::string::npos;
  if (!said)
    for (const FieldViolation& violation : details.violations) text += ViolationLine(violation);
  if (const auto it = details.metadata.find("violations_omitted"); it != details.metadata.end())
    text += fmt::format("  and {} more\n", it->second);
  for (const std::string& line : Advise(status, asked)) text += fmt::format("-> {}\n", line);
  return text;
}

ExitCode Fail(const Context& context, std::string_view doing, const Status& status,
              const Asked& asked) {
  const bool colour = context.colour && context.err_is_terminal;
  context.err << RenderFailure(doing, status, asked, colour) << std::flush;
  return ExitCodeOf(status);
}

ExitCode Worse(ExitCode a, ExitCode b) { return std::max(a, b); }

}  // namespace berth::cli
