// SPDX-License-Identifier: Apache-2.0
#include "cli/show.h"

#include "berth/v1/instance_service.pb.h"
#include "cli/json_output.h"

namespace berth::cli {
namespace {

namespace v1 = berth::v1;

v1::ListInstancesResponse ListOf(const std::vector<v1::Instance>& instances) {
  v1::ListInstancesResponse list;
  for (const v1::Instance& instance : instances) *list.add_instances() = instance;
  return list;
}

}  // namespace

InstanceTableOptions TableOptions(const Context& context) {
  return {.wide = context.wide(), .colour = context.colour_out(), .now = context.clock.WallNow()};
}

void ShowAsJson(const Context& context, const std::vector<v1::Instance>& instances) {
  context.out << (instances.size() == 1 ? ToJson(instances.front()) : ToJson(ListOf(instances)));
}

void ShowRows(const Context& context, const std::vector<v1::Instance>& instances) {
  if (context.json()) return ShowAsJson(context, instances);
  if (instances.empty()) return;
  context.out << RenderInstances(ListOf(instances).instances(), TableOptions(context));
}

void ShowInFull(const Context& context, const std::vector<v1::Instance>& instances) {
  if (context.json()) return ShowAsJson(context, instances);
  bool first = true;
  for (const v1::Instance& instance : instances) {
    if (!first) context.out << "\n";
    first = false;
    context.out << RenderInstance(instance, TableOptions(context));
  }
}

}  // namespace berth::cli
