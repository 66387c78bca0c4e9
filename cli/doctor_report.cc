// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/style.h"

namespace berth::cli {
namespace {

struct Mark {
  const char* sign;
  Tone tone;
};

Mark MarkOf(FindingLevel level) {
  switch (level) {
    case FindingLevel::kOk:
      return {"\u2714", Tone::kGood};
    case FindingLevel::kWarning:
      return {"!", Tone::kCaution};
    case FindingLevel::kProblem:
      return {"\u2716", Tone::kBad};
  }
  return {"?", Tone::kPlain};
}

size_t CheckWidth(const std::vector<FindingGroup>& groups) {
  size_t width = 0;
  for (const FindingGroup& group : groups)
    for (const Finding& finding : group.findings) width = std::max(width, finding.check.size());
  return width;
}

std::string Line(const Finding& finding, size_t width, bool colour) {
  const Mark mark = MarkOf(finding.level);
  std::string text = fmt::format("  {} {:<{}}  {}\n", Paint(mark.sign, mark.tone, colour),
                                 finding.check, width, finding.what);
  const char* label = finding.level == FindingLevel::kOk ? "note:" : "cure:";
  if (!finding.cure.empty())
    text += fmt::format("    {:<{}}  {} {}\n", "", width, Paint(label, Tone::kHeading, colour),
                        finding.cure);
  return text;
}

size_t Count(const std::vector<FindingGroup>& groups, FindingLevel level) {
  size_t count = 0;
  for (const FindingGroup& group : groups)
    for (const Finding& finding : group.findings) count += finding.level == level ? 1 : 0;
  return count;
}

std::string Plural(size_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string VerdictText(const std::vector<FindingGroup>& groups) {
  const size_t problems = Count(groups, FindingLevel::kProblem);
  const std::string warnings = Plural(Count(groups, FindingLevel::kWarning), "warning");
  if (problems == 0) return fmt::format("Instances can run here ({}).\n", warnings);
  return fmt::format("{} and {}: instances will not run here until the problems are cured.\n",
                     Plural(problems, "problem"), warnings);
}

}  // namespace

std::string RenderFindings(const std::vector<FindingGroup>& groups, bool colour) {
  const size_t width = CheckWidth(groups);
  std::string text;
  for (const FindingGroup& group : groups) {
    text += Paint(group.title, Tone::kHeading, colour) + "\n";
    for (const Finding& finding : group.findings) text += Line(finding, width, colour);
    text += "\n";
  }
  return text + VerdictText(groups);
}

std::string FindingsAsJson(const std::vector<FindingGroup>& groups) {
  nlohmann::ordered_json findings = nlohmann::ordered_json::array();
  for (const FindingGroup& group : groups)
    for (const Finding& finding : group.findings)
      findings.push_back({{"group", group.title},
                          {"check", finding.check},
                          {"level", Name(finding.level)},
                          {"what", finding.what},
                          {"cure", finding.cure}});
  const nlohmann::ordered_json report = {{"verdict", Name(Verdict(groups))},
                                         {"findings", std::move(findings)}};
  return report.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

FindingLevel Verdict(const std::vector<FindingGroup>& groups) {
  if (Count(groups, FindingLevel::kProblem) > 0) return FindingLevel::kProblem;
  return Count(groups, FindingLevel::kWarning) > 0 ? FindingLevel::kWarning : FindingLevel::kOk;
}

}  // namespace berth::cli
