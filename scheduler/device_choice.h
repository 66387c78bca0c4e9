// SPDX-License-Identifier: Apache-2.0
// Which devices a guest gets. Exact: a search over what may be given away together, in which a
// state that has been seen is not entered again.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "scheduler/host.h"
#include "scheduler/request.h"

namespace berth::placement {

struct DeviceChoice {
  int64_t distance = 0;      // Of devices whose affinity is preferred to the guest's nodes.
  std::vector<int> devices;  // Indexes in HostSpec::devices, ascending; companions too.
};

class DeviceChooser {
 public:
  // The references outlive this.
  DeviceChooser(const Host& host, const Request& request);

  bool needed() const { return !request_.devices.empty(); }
  // Some choice for a guest on these nodes (indexes in HostSpec::nodes, ascending): the nearest,
  // then the lowest. Nullopt: none. More nodes never make a choice impossible.
  std::optional<DeviceChoice> Choose(const std::vector<size_t>& nodes) const;
  // Nodes (indexes) whose devices some demand with required affinity could use.
  std::vector<size_t> UsefulNodes() const;
  // Free devices that demand `index` could have on any node.
  int64_t FreeFor(size_t index) const;

 private:
  using Counts = std::vector<int>;  // How many have been taken of each class.

  // Devices that are given together: an IOMMU group, or one that stands alone.
  struct Unit {
    std::vector<int> devices;
    bool free = true;
  };
  struct State;

  bool Matches(const Device& device, const DeviceDemand& demand) const;
  uint64_t ClassOf(const Device& device) const;
  bool Eligible(int device, const std::vector<size_t>& nodes) const;
  int64_t DistanceOf(int device, const std::vector<size_t>& nodes) const;
  bool Satisfied(const State& state, const Counts& taken) const;
  void AddUnits();
  std::optional<DeviceChoice> ChooseWithin(const std::vector<size_t>& nodes,
                                           const std::vector<int>* partition) const;
  std::optional<int64_t> Search(State* state, size_t unit, Counts* taken) const;

  const Host& host_;
  const Request& request_;
  std::vector<Unit> units_;      // In the order of their first device.
  std::vector<bool> in_fabric_;  // For each device.
  std::vector<std::vector<int>> partitions_;
  std::vector<uint64_t> classes_;  // For each device: the demands it could meet, as bits.
};

}  // namespace berth::placement
