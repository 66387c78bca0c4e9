// SPDX-License-Identifier: Apache-2.0
#include "scheduler/device_choice.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace berth::placement {
namespace {

// To a node that the platform does not name: farther than any that it does.
constexpr int64_t kUnknownDistance = 1 << 20;

}  // namespace

struct DeviceChooser::State {
  struct Option {
    std::vector<int> added;  // For each class.
    int64_t distance = 0;
    bool allowed = false;
    bool forced = false;  // By the fabric partition.
  };
  std::vector<uint64_t> classes;  // The kinds of matching device there are.
  std::vector<Option> options;    // For each unit.
  // (unit, taken) -> the least distance from there on; nullopt: no way.
  std::map<std::pair<size_t, Counts>, std::optional<int64_t>> seen;
};

DeviceChooser::DeviceChooser(const Host& host, const Request& request)
    : host_(host), request_(request) {
  if (!needed()) return;
  const auto& devices = host.spec().devices;
  for (const Device& device : devices) classes_.push_back(ClassOf(device));
  in_fabric_.assign(devices.size(), false);
  for (const FabricPartition& partition : host.spec().fabric_partitions) {
    std::vector<int> members;
    for (size_t i = 0; i < devices.size(); ++i)
      if (std::find(partition.devices.begin(), partition.devices.end(), devices[i].address) !=
          partition.devices.end()) {
        members.push_back(static_cast<int>(i));
        in_fabric_[i] = true;
      }
    // One that names a device which is gone can no longer be given whole.
    if (members.size() == partition.devices.size()) partitions_.push_back(std::move(members));
  }
  AddUnits();
}

void DeviceChooser::AddUnits() {
  std::map<int, size_t> unit_of_group;
  const auto& devices = host_.spec().devices;
  for (size_t i = 0; i < devices.size(); ++i) {
    size_t unit = units_.size();
    if (devices[i].iommu_group >= 0)
      unit = unit_of_group.emplace(devices[i].iommu_group, unit).first->second;
    if (unit == units_.size()) units_.emplace_back();
    units_[unit].devices.push_back(static_cast<int>(i));
    units_[unit].free = units_[unit].free && !host_.devices_held()[i];
  }
}

bool DeviceChooser::Matches(const Device& device, const DeviceDemand& demand) const {
  return device.kind == demand.kind && (demand.model.empty() || device.model == demand.model);
}

uint64_t DeviceChooser::ClassOf(const Device& device) const {
  uint64_t demands = 0;
  for (size_t i = 0; i < request_.devices.size(); ++i)
    if (Matches(device, request_.devices[i])) demands |= uint64_t{1} << i;
  return demands;
}

// The demands that the device may meet for a guest on these nodes, as bits.
static uint64_t EligibleFor(const Request& request, uint64_t demands, bool near) {
  for (size_t i = 0; i < request.devices.size(); ++i)
    if (request.devices[i].affinity == Affinity::kRequired && !near) demands &= ~(uint64_t{1} << i);
  return demands;
}

bool DeviceChooser::Eligible(int device, const std::vector<size_t>& nodes) const {
  const int node = host_.NodeIndex(host_.spec().devices[static_cast<size_t>(device)].node);
  return node >= 0 &&
         std::find(nodes.begin(), nodes.end(), static_cast<size_t>(node)) != nodes.end();
}

int64_t DeviceChooser::DistanceOf(int device, const std::vector<size_t>& nodes) const {
  bool counts = false;
  for (size_t i = 0; i < request_.devices.size(); ++i)
    counts = counts || ((classes_[static_cast<size_t>(device)] >> i & 1) != 0 &&
                        request_.devices[i].affinity == Affinity::kPreferred);
  if (!counts) return 0;
  const int node = host_.NodeIndex(host_.spec().devices[static_cast<size_t>(device)].node);
  if (node < 0) return kUnknownDistance;
  int64_t least = kUnknownDistance;
  for (const size_t from : nodes)
    least = std::min<int64_t>(least, host_.spec().nodes[from].distances[static_cast<size_t>(node)]);
  return least;
}

// Whether the classes' devices can be dealt out so that each demand gets exactly its count: by
// augmenting paths, a unit of flow at a time, since a demand has few devices.
bool DeviceChooser::Satisfied(const State& state, const Counts& taken) const {
  int wanted = 0;
  int have = 0;
  for (const DeviceDemand& demand : request_.devices) wanted += demand.count;
  for (const int count : taken) have += count;
  if (wanted != have) return false;
  const size_t demands = request_.devices.size();
  std::vector<int> left;
  for (const DeviceDemand& demand : request_.devices) left.push_back(demand.count);
  std::vector<std::vector<int>> dealt(taken.size(), std::vector<int>(demands));
  for (size_t c = 0; c < taken.size(); ++c) {
    for (int n = 0; n < taken[c]; ++n) {
      std::vector<bool> visited(demands);
      const auto give = [&](const auto& self, size_t from) -> bool {
        for (size_t d = 0; d < demands; ++d) {
          if ((state.classes[from] >> d & 1) == 0 || visited[d]) continue;
          visited[d] = true;
          if (left[d] > 0) {
            --left[d];
            ++dealt[from][d];
            return true;
          }
          for (size_t other = 0; other < taken.size(); ++other) {
            if (dealt[other][d] == 0 || !self(self, other)) continue;
            --dealt[other][d];
            ++dealt[from][d];
            return true;
          }
        }
        return false;
      };
      if (!give(give, c)) return false;
    }
  }
  return true;
}

std::optional<int64_t> DeviceChooser::Search(State* state, size_t unit, Counts* taken) const {
  if (unit == units_.size()) {
    if (Satisfied(*state, *taken)) return 0;
    return std::nullopt;
  }
  const auto key = std::pair(unit, *taken);
  if (const auto found = state->seen.find(key); found != state->seen.end()) return found->second;
  const State::Option& option = state->options[unit];
  std::optional<int64_t> best;
  if (option.allowed) {
    for (size_t c = 0; c < taken->size(); ++c) (*taken)[c] += option.added[c];
    int total = 0;
    int wanted = 0;
    for (const int count : *taken) total += count;
    for (const DeviceDemand& demand : request_.devices) wanted += demand.count;
    if (total <= wanted) best = Search(state, unit + 1, taken);
    if (best) *best += option.distance;
    for (size_t c = 0; c < taken->size(); ++c) (*taken)[c] -= option.added[c];
  }
  if (!option.forced) {
    const std::optional<int64_t> without = Search(state, unit + 1, taken);
    if (without && (!best || *without < *best)) best = without;
  }
  state->seen[key] = best;
  return best;
}

std::optional<DeviceChoice> DeviceChooser::ChooseWithin(const std::vector<size_t>& nodes,
                                                        const std::vector<int>* partition) const {
  State state;
  std::vector<uint64_t> class_of(classes_.size());
  for (size_t i = 0; i < classes_.size(); ++i) {
    class_of[i] = EligibleFor(request_, classes_[i], Eligible(static_cast<int>(i), nodes));
    if (class_of[i] != 0 &&
        std::find(state.classes.begin(), state.classes.end(), class_of[i]) == state.classes.end())
      state.classes.push_back(class_of[i]);
  }
  for (const Unit& unit : units_) {
    State::Option option{std::vector<int>(state.classes.size()), 0, unit.free, false};
    bool useful = false;
    for (const int device : unit.devices) {
      const auto i = static_cast<size_t>(device);
      const bool member = partition != nullptr && std::find(partition->begin(), partition->end(),
                                                            device) != partition->end();
      option.forced = option.forced || member;
      // Of the fabric, the whole partition and nothing beside it. And no device that would match,
      // but may not be the guest's for its node.
      if ((in_fabric_[i] && !member) || (classes_[i] != 0 && class_of[i] == 0))
        option.allowed = false;
      if (class_of[i] == 0) continue;
      useful = true;
      option.distance += DistanceOf(device, nodes);
      const auto found = std::find(state.classes.begin(), state.classes.end(), class_of[i]);
      ++option.added[static_cast<size_t>(found - state.classes.begin())];
    }
    option.allowed = option.allowed && (useful || option.forced);
    if (option.forced && !option.allowed) return std::nullopt;
    state.options.push_back(std::move(option));
  }
  Counts taken(state.classes.size());
  const std::optional<int64_t> distance = Search(&state, 0, &taken);
  if (!distance) return std::nullopt;
  DeviceChoice choice{*distance, {}};
  int64_t left = *distance;
  for (size_t u = 0; u < units_.size(); ++u) {
    const State::Option& option = state.options[u];
    if (!option.allowed) continue;
    Counts with = taken;
    for (size_t c = 0; c < with.size(); ++c) with[c] += option.added[c];
    const std::optional<int64_t> rest = Search(&state, u + 1, &with);
    if (!option.forced && (!rest || *rest + option.distance != left)) continue;
    left -= option.distance;
    taken = with;
    choice.devices.insert(choice.devices.end(), units_[u].devices.begin(), units_[u].devices.end());
  }
  std::sort(choice.devices.begin(), choice.devices.end());
  return choice;
}

std::optional<DeviceChoice> DeviceChooser::Choose(const std::vector<size_t>& nodes) const {
  if (!needed()) return DeviceChoice{};
  std::optional<DeviceChoice> best = ChooseWithin(nodes, nullptr);
  for (const std::vector<int>& partition : partitions_) {
    std::optional<DeviceChoice> choice = ChooseWithin(nodes, &partition);
    if (!choice) continue;
    if (!best ||
        std::tie(choice->distance, choice->devices) < std::tie(best->distance, best->devices))
      best = std::move(choice);
  }
  return best;
}

std::vector<size_t> DeviceChooser::UsefulNodes() const {
  std::vector<size_t> nodes;
  for (size_t i = 0; i < classes_.size(); ++i) {
    const int node = host_.NodeIndex(host_.spec().devices[i].node);
    const uint64_t far = EligibleFor(request_, classes_[i], /*near=*/false);
    if (node >= 0 && far != classes_[i]) nodes.push_back(static_cast<size_t>(node));
  }
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  return nodes;
}

int64_t DeviceChooser::FreeFor(size_t index) const {
  int64_t free = 0;
  for (const Unit& unit : units_)
    for (const int device : unit.devices)
      if (unit.free && (classes_[static_cast<size_t>(device)] >> index & 1) != 0) ++free;
  return free;
}

}  // namespace berth::placement
