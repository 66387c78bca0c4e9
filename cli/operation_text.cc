// SPDX-License-Identifier: Apache-2.0
#include "cli/operation_text.h"

#include <fmt/format.h>

#include "berth/v1/operation_service.pb.h"
#include "cli/json_output.h"
#include "cli/table.h"
#include "cli/wire_text.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

Tone ToneOf(v1::Operation::State state) {
  switch (state) {
    case v1::Operation::STATE_SUCCEEDED:
      return Tone::kGood;
    case v1::Operation::STATE_FAILED:
      return Tone::kBad;
    default:
      return Tone::kCaution;
  }
}

}  // namespace

void ShowOperations(const Context& context, const std::vector<v1::Operation>& operations) {
  if (context.json() && operations.size() == 1) {
    context.out << ToJson(operations.front());
    return;
  }
  if (context.json()) {
    v1::ListOperationsResponse list;
    for (const v1::Operation& operation : operations) *list.add_operations() = operation;
    context.out << ToJson(list);
    return;
  }
  Table table({"OPERATION", "KIND", "TARGET", "STATE", "PHASE", "AGE", "ERROR"});
  for (const v1::Operation& operation : operations)
    table.Add({operation.operation_id(),
               ShortName(operation.kind(), "KIND_"),
               operation.target(),
               {ShortName(operation.state(), "STATE_"), ToneOf(operation.state())},
               operation.done() ? "" : operation.phase(),
               AgeText(operation.create_time(), context.clock.WallNow()),
               operation.error().message()});
  context.out << table.Render(context.colour_out());
}

std::string RenderOperation(const v1::Operation& operation, bool colour, WallTime now) {
  Fields fields;
  fields.Add("Operation", operation.operation_id());
  fields.Add("Kind", ShortName(operation.kind(), "KIND_"));
  fields.Add("Target", operation.target());
  fields.Add("State", {ShortName(operation.state(), "STATE_"), ToneOf(operation.state())});
  if (!operation.done()) fields.Add("Phase", operation.phase());
  if (operation.has_progress_percent() && !operation.done())
    fields.Add("Progress", fmt::format("{}%", operation.progress_percent()));
  if (operation.attempt() > 1) fields.Add("Tries", std::to_string(operation.attempt()));
  fields.Add("Last error", operation.last_error_message());
  if (operation.error().code() != 0) fields.Add("Error", {operation.error().message(), Tone::kBad});
  fields.Add("Begun", fmt::format("{} ({} ago)", TimeText(operation.create_time()),
                                  AgeText(operation.create_time(), now)));
  fields.Add("Ended", TimeText(operation.end_time()));
  if (!operation.done()) {
    fields.Add("Given up", TimeText(operation.deadline_time()));
    fields.Add("Cancellable", operation.cancellable() ? "yes" : "no");
  }
  fields.Add("Asked by", operation.principal());
  return fields.Render(colour);
}

}  // namespace berth::cli
