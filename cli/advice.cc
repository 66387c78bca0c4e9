// SPDX-License-Identifier: Apache-2.0
#include "cli/advice.h"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "cli/advice_capacity.h"
#include "cli/failure.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::cli {
namespace {

using Lines = std::vector<std::string>;

std::string Fact(const ErrorDetails& details, const std::string& key,
                 const std::string& otherwise) {
  const auto it = details.metadata.find(key);
  return it == details.metadata.end() || it->second.empty() ? otherwise : it->second;
}

Lines AdviseUnreachable(const ErrorDetails& details) {
  const std::string state = Fact(details, "socket_state", "");
  if (state == "denied")
    return {
        fmt::format("the socket is for root and the group {0}: use sudo, or join the group "
                    "(usermod -aG {0} USER) and log in again",
                    Fact(details, "group", "that the agent was given (api.socket_group)"))};
  if (state == "too_long" || state == "not_a_socket")
    return {"give the agent's socket with --socket PATH or BERTH_SOCKET"};
  return {"is berthd running? systemctl status berthd; without systemd: deploy/berthd-up",
          "another socket: --socket PATH or BERTH_SOCKET; is the host fit: berthctl doctor"};
}

Lines AdviseNoReply() {
  return {"see whether berthd is alive and its log: journalctl -u berthd; longer: --timeout 2m"};
}

Lines AdviseState(const ErrorDetails& details) {
  const std::string allowed = Fact(details, "allowed_states", "");
  if (allowed.empty()) return {};
  return {fmt::format("it is {}; this is for instances that are {}",
                      Fact(details, "state", "in another state"), allowed)};
}

Lines AdviseBusy(const ErrorDetails& details) {
  return {fmt::format("wait for it: berthctl operation wait {}",
                      Fact(details, "operation_id", "OPERATION"))};
}

Lines AdviseEpoch(const ErrorDetails& details) {
  return {
      fmt::format("a newer control plane is in charge (epoch {}); by hand, leave --control-epoch "
                  "out",
                  Fact(details, "highest_epoch", "not told"))};
}

Lines AdviseWait(const ErrorDetails& details) {
  return {fmt::format("it goes on by itself: berthctl operation wait {}",
                      Fact(details, "operation_id", "OPERATION"))};
}

// The agent's own words name its directory, mostly.
Lines AdviseImage(const Status& status) {
  if (status.message().find("img-") != absl::string_view::npos) return {};
  if (status.message().find('/') != absl::string_view::npos) return {};
  return {
      "put the file into the agent's image directory (/var/lib/berth/images, unless berthd.json "
      "says otherwise) and name it without a path; then try again"};
}

// Of a ledger that cannot be read the agent's own words name the cure.
Lines AdviseLedger(const Status& status) {
  if (status.code() != StatusCode::kUnavailable) return {};
  return {"the agent cannot write its ledger: see its log, and df -h /var/lib/berth"};
}

using Adviser = std::function<Lines(const ErrorDetails&)>;
Adviser Say(std::string line) {
  return [line = std::move(line)](const ErrorDetails&) { return Lines{line}; };
}

// One row per reason there is something to say about.
const std::map<std::string, Adviser>& Advisers() {
  static const std::map<std::string, Adviser> kAdvisers = {
      {kUnreachable, AdviseUnreachable},
      {kNoReply, [](const ErrorDetails&) { return AdviseNoReply(); }},
      {kWaitTooLong, AdviseWait},
      {kAmbiguousName, Say("names are free labels: give one of these ids instead")},
      {reasons::kInsufficientCapacity, AdviseCapacity},
      {reasons::kInstanceNotFound,
       Say("what there is: berthctl instance list (a terminated instance is shown for an hour)")},
      {reasons::kInstanceExists,
       Say("ids are never used again: leave --id out, and get a new one")},
      {reasons::kIncorrectInstanceState, AdviseState},
      {reasons::kOperationNotPermitted,
       Say("berthctl instance update ID --termination-protection no takes the protection off")},
      {reasons::kLedgerReadable, Say("go back to a copy: berthctl ledger restore FILE")},
      {reasons::kOperationNotFound, Say("operations can be read for 24 hours after their end")},
      {reasons::kOperationInProgress, AdviseBusy},
      {reasons::kIdempotentParameterMismatch,
       Say("that --request-id belongs to another request: repeat that one word for word, or take "
           "another id")},
      {reasons::kEtagMismatch,
       Say("somebody has changed it meanwhile: look again, and decide again")},
      {reasons::kStaleEpoch, AdviseEpoch},
      {reasons::kImageInvalid, Say("look at it on the host: qemu-img info FILE (qcow2 or raw, "
                                   "without a backing file, readable by the agent)")},
      {reasons::kImageExists, Say("ids are never used again: leave --id out, and get a new one")},
      {reasons::kImageInUse, Say("who uses it: berthctl instance list")},
      {reasons::kImageChecksumMismatch, Say("the source has other bytes than were asked for: "
                                            "compare the digest with its publisher's")},
      {reasons::kImageSourceUnavailable, Say("try the same by hand on the host: curl -fLO URL")},
      {reasons::kStorageFull, Say("free some disk on the host: df -h /var/lib/berth")},
      {reasons::kHypervisorUnavailable, Say("see why: berthctl doctor")},
      {reasons::kHypervisorTimeout, Say("see why: berthctl doctor")},
      {reasons::kGuestStuck, Say("its guest does not answer: berthctl instance stop --force, or "
                                 "terminate")},
      {reasons::kOverloaded, Say("the agent is busy: try again in a moment")},
      {reasons::kNotReady, Say("the agent is still starting: try again in a moment")},
      {reasons::kAgentStopping, Say("the agent is going down: try again when it is back")},
      {reasons::kNodeCordoned, Say("the node takes nothing new: berthctl node get says why")},
      {reasons::kNoConsoleOutput, Say("it has a console log from its first start on")},
      {reasons::kNotImplemented, Say("this agent cannot do that yet: berthctl node get -o json "
                                     "names its features")},
  };
  return kAdvisers;
}

}  // namespace

std::vector<std::string> Advise(const Status& status, const Asked& asked) {
  const ErrorDetails details = DetailsOf(status);
  Lines lines;
  if (const auto it = Advisers().find(details.reason); it != Advisers().end())
    lines = it->second(details);
  if (details.reason == reasons::kImageNotFound) lines = AdviseImage(status);
  if (details.reason == reasons::kLedgerUnavailable) lines = AdviseLedger(status);
  for (const FieldViolation& violation : details.violations)
    if (violation.field == "spec.instance_type")
      lines.push_back("the types of this node: berthctl types");
  if (!asked.request_id.empty() && OutcomeUnknown(status))
    lines.push_back(
        fmt::format("whether it was done is not known: repeat the same command with "
                    "--request-id {}, which does it once and not twice",
                    asked.request_id));
  return lines;
}

}  // namespace berth::cli
