// SPDX-License-Identifier: Apache-2.0
// Writes results to context.out in the format asked for.
#pragma once

#include <vector>

#include "berth/v1/instance.pb.h"
#include "cli/context.h"
#include "cli/instance_table.h"

namespace berth::cli {

InstanceTableOptions TableOptions(const Context& context);

// JSON of one: the instance; of none or more: {"instances": [...]}.
void ShowAsJson(const Context& context, const std::vector<berth::v1::Instance>& instances);
// As a table, or JSON.
void ShowRows(const Context& context, const std::vector<berth::v1::Instance>& instances);
// One block each, or JSON.
void ShowInFull(const Context& context, const std::vector<berth::v1::Instance>& instances);

}  // namespace berth::cli
