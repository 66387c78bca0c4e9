// SPDX-License-Identifier: Apache-2.0
#include "cli/shape_flags.h"

namespace berth::cli {

void AddShapeFlags(Command& command, CreateArgs* args, const std::string& disk_help) {
  AddShapeFlags(command, args);
  command.Option("--disk", "SIZE", &args->disk, disk_help);
}

void AddShapeFlags(Command& command, CreateArgs* args) {
  command.Group("Shape");
  command.Option("-t,--type", "TYPE", &args->type, "An instance type (berthctl types)");
  command.Option("--vcpus", "N", &args->vcpus, "Without --type: number of vCPUs");
  command.Option("--memory", "SIZE", &args->memory, "Without --type: memory, as in 512M or 2G");
  command.Option("--cpu-policy", "shared|dedicated|mixed", &args->cpu_policy,
                 "How its vCPUs get CPUs (shared)");
  command.Option("--dedicated-vcpus", "LIST", &args->dedicated_vcpus,
                 "With mixed: the vCPUs that get a CPU each");
  command.Option("--smt-policy", "prefer|require|isolate", &args->smt_policy,
                 "What dedicated vCPUs want of sibling threads (prefer)");
  command.Option("--core-sharing", "same-tenant|none|any", &args->core_sharing,
                 "Who else may sit on its cores (same-tenant)");
  command.Option("--emulator-policy", "shared|isolate", &args->emulator_policy,
                 "Where the emulator's own threads run (shared)");
  command.Option("--page-size", "small|large|any|KIB", &args->page_size,
                 "Pages that back its memory (small)");
  command.Option("--numa-cells", "N", &args->numa_cells,
                 "So many equal NUMA cells (as few as fit)");
  command.Options("--node", "ID", &args->nodes, "Only this NUMA node of the host; may be repeated");
  command.Flag("--reserve-when-stopped", &args->reserve_when_stopped,
               "Keep its room while it is stopped");
}

}  // namespace berth::cli
