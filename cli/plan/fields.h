// SPDX-License-Identifier: Apache-2.0
// Members of the planner's JSON whose shape is its own: lists of CPUs, arrays of ids, page sizes.
// Each is a fault with its path where it is not as it must be, and then the target stays as it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/cpu_set.h"
#include "core/json/json_reader.h"
#include "scheduler/request.h"

namespace berth::cli {

// What an amount of memory or a size may be at most; sums and products of a host's stay in 64 bits.
inline constexpr int64_t kMibMax = int64_t{1} << 40;
inline constexpr int64_t kKibMax = int64_t{1} << 40;

// "0-3,8". True if it is there and good.
bool ReadCpuList(JsonReader& reader, const std::string& name, CpuSet& target);
// [1, 2], each from `min` to `max`.
void ReadIds(JsonReader& reader, const std::string& name, std::vector<int>& target, int min,
             int max);
// [[0, 1], [2, 3]]; ids as above.
void ReadIdLists(JsonReader& reader, const std::string& name, std::vector<std::vector<int>>& target,
                 int min, int max);
void ReadTexts(JsonReader& reader, const std::string& name, std::vector<std::string>& target);
// "small", "large", "any", or KiB as a number or as text.
void ReadPageSize(JsonReader& reader, const std::string& name, placement::PageSize& target);
void ReadInt(JsonReader& reader, const std::string& name, int& target, int min, int max);
void ReadCoreSharing(JsonReader& reader, const std::string& name, placement::CoreSharing& target);

}  // namespace berth::cli
