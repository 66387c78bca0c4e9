// SPDX-License-Identifier: Apache-2.0
// Bad hosts and requests: every fault is named by its JSON path.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/plan/host.h"
#include "cli/plan/request.h"

namespace berth::cli {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const json& GoodHost() {
  static const json kHost = json::parse(R"({
    "nodes": [
      {"id": 0, "socket": 0, "memory_mib": 4096, "reserved_memory_mib": 0, "cores": [[0, 1], [2, 3]],
       "llcs": [[0, 1], [2, 3]], "pages": [{"size_kib": 2048, "total": 4, "used": 1}], "distances": [10, 20]},
      {"id": 1, "memory_mib": 4096, "cores": [[4, 5], [6, 7]], "distances": [20, 10]}],
    "reserved_cpus": "0", "shared_cpus": "1-3", "dedicated_cpus": "4-7",
    "cpu_overcommit": 2.0, "memory_overcommit": 1.0,
    "devices": [{"address": "0000:41:00.0", "node": 0, "kind": "gpu", "model": "h100", "iommu_group": 12}],
    "fabric_partitions": [{"id": 3, "devices": ["0000:41:00.0"]}],
    "claims": [{"id": "c-1", "tenant": "a", "devices": ["0000:41:00.0"], "cells": [
      {"node": 1, "dedicated_cpus": "4", "shared_vcpus": 0, "memory_mib": 4, "page_size_kib": 4}]}]})");
  return kHost;
}

const json& GoodRequest() {
  static const json kRequest = json::parse(R"({
    "vcpus": 3, "memory_mib": 512, "cpu_policy": "mixed", "dedicated_vcpus": "0-1", "smt_policy": "prefer",
    "core_sharing": "any", "emulator_policy": "shared", "page_size": "any", "tenant": "a",
    "numa": {"cells": [{"dedicated_vcpus": [0], "shared_vcpus": [2], "memory_mib": 256, "page_size": "2048"},
                       {"dedicated_vcpus": [1], "memory_mib": 256}]},
    "devices": [{"kind": "gpu", "model": "h100", "count": 1, "affinity": "required"}],
    "node_set": [0, 1], "overhead_mib": 16})");
  return kRequest;
}

std::vector<std::string> Paths(const std::vector<FieldViolation>& faults) {
  std::vector<std::string> paths;
  for (const FieldViolation& fault : faults) {
    EXPECT_FALSE(fault.description.empty());
    paths.push_back(fault.field);
  }
  return paths;
}

std::vector<std::string> FaultsOfHost(const json& host) {
  std::vector<FieldViolation> faults;
  HostFromJson(host.dump(), faults);
  return Paths(faults);
}

std::vector<std::string> FaultsOfRequest(const json& request) {
  std::vector<FieldViolation> faults;
  const placement::HostSpec host = HostFromJson(GoodHost().dump(), faults);
  RequestFromJson(request.dump(), host, faults);
  return Paths(faults);
}

// The good one with another value at a JSON pointer.
json With(json value, const std::string& pointer, json changed) {
  value[json::json_pointer(pointer)] = std::move(changed);
  return value;
}

json Without(json value, const std::string& pointer, const std::string& member) {
  value[json::json_pointer(pointer)].erase(member);
  return value;
}

TEST(PlanHostTest, AGoodOneHasNoFaults) { EXPECT_THAT(FaultsOfHost(GoodHost()), IsEmpty()); }

TEST(PlanHostTest, OneFaultEach) {
  struct Fault {
    const char* pointer;
    json value;
    const char* path;
  };
  for (const Fault& fault : std::vector<Fault>{
           {"/nodes", json::array(), "nodes"},
           {"/nodes/0/id", 1, "nodes[1].id"},
           {"/nodes/0/id", -1, "nodes[0].id"},
           {"/nodes/0/memory_mib", "4096", "nodes[0].memory_mib"},
           {"/nodes/0/memory_mib", 1e30, "nodes[0].memory_mib"},
           {"/nodes/0/memory_mib", -1, "nodes[0].memory_mib"},
           {"/nodes/0/color", "red", "nodes[0].color"},
           {"/nodes/0/distances", {10}, "nodes[0].distances"},
           {"/nodes/0/llcs", {{0, 1}}, "nodes[0].cores[1]"},
           {"/nodes/0/pages/0/size_kib", 4, "nodes[0].pages[0].size_kib"},
           {"/nodes/0/pages/0/total", int64_t{1} << 40, "nodes[0].pages[0].total"},
           {"/nodes/1/cores/0", {4, 4}, "nodes[1].cores[0]"},
           {"/reserved_cpus", "0-1", "shared_cpus"},
           {"/shared_cpus", "1-4", "shared_cpus"},
           {"/shared_cpus", "3-1", "shared_cpus"},
           {"/cpu_overcommit", 0, "cpu_overcommit"},
           {"/cpu_overcommit", "2", "cpu_overcommit"},
           {"/devices/0/node", 9, "devices[0].node"},
           {"/fabric_partitions/0/devices/0", "0000:42:00.0", "fabric_partitions[0].devices[0]"},
           {"/claims/0/cells/0/node", 9, "claims[0].cells[0].node"},
           {"/claims/0/cells/0/dedicated_cpus", "1", "claims[0].cells[0].dedicated_cpus"},
           {"/claims/0/cells/0/shared_vcpus", -1, "claims[0].cells[0].shared_vcpus"},
           {"/claims/0/core_sharing", "some", "claims[0].core_sharing"},
           {"/color", "red", "color"}}) {
    const json host = With(GoodHost(), fault.pointer, fault.value);
    SCOPED_TRACE(host.dump());
    EXPECT_THAT(FaultsOfHost(host), Contains(fault.path));
  }
}

TEST(PlanHostTest, WhatIsMissing) {
  EXPECT_THAT(FaultsOfHost(json::object()), ElementsAre("nodes"));
  for (const char* member : {"id", "memory_mib", "cores"})
    EXPECT_THAT(FaultsOfHost(Without(GoodHost(), "/nodes/1", member)),
                ElementsAre(std::string("nodes[1].") + member));
}

TEST(PlanHostTest, OnlyHardwareIsNeeded) {
  std::vector<FieldViolation> faults;
  const placement::HostSpec host = HostFromJson(
      R"({"nodes": [{"id": 3, "memory_mib": 1024, "cores": [[0, 1]]}, {"id": 5, "memory_mib": 0, "cores": []}]})",
      faults);
  EXPECT_THAT(Paths(faults), IsEmpty());
  EXPECT_EQ(host.nodes.front().socket, 3);
  EXPECT_THAT(host.nodes.front().llcs, ElementsAre(ElementsAre(0, 1)));
  EXPECT_THAT(host.nodes.front().distances, ElementsAre(10, 20));
  EXPECT_FALSE(host.shared_cpus || host.dedicated_cpus);
}

TEST(PlanRequestTest, AGoodOneHasNoFaults) {
  EXPECT_THAT(FaultsOfRequest(GoodRequest()), IsEmpty());
}

TEST(PlanRequestTest, OneFaultEach) {
  struct Fault {
    const char* pointer;
    json value;
    const char* path;
  };
  for (const Fault& fault : std::vector<Fault>{
           {"/vcpus", 0, "vcpus"},
           {"/vcpus", 4, "numa.cells"},
           {"/memory_mib", 511, "memory_mib"},
           {"/memory_mib", uint64_t{1} << 63, "memory_mib"},
           {"/cpu_policy", "pinned", "cpu_policy"},
           {"/dedicated_vcpus", "0-9", "dedicated_vcpus"},
           {"/dedicated_vcpus", "0", "dedicated_vcpus"},
           {"/smt_policy", 1, "smt_policy"},
           {"/emulator_policy", "own", "emulator_policy"},
           {"/page_size", "huge", "page_size"},
           {"/page_size", 0, "page_size"},
           {"/numa", "some", "numa"},
           {"/numa/cells/0/dedicated_vcpus", {0, 0}, "numa.cells[0].dedicated_vcpus"},
           {"/numa/cells/1/shared_vcpus", {2}, "numa.cells[1].shared_vcpus"},
           {"/numa/cells/0/color", "red", "numa.cells[0].color"},
           {"/devices/0/count", 0, "devices[0].count"},
           {"/devices/0/affinity", "near", "devices[0].affinity"},
           {"/node_set", {0, 9}, "node_set[1]"},
           {"/node_set", {0, 0}, "node_set[1]"},
           {"/overhead_mib", -1, "overhead_mib"},
           {"/color", "red", "color"}}) {
    const json request = With(GoodRequest(), fault.pointer, fault.value);
    SCOPED_TRACE(request.dump());
    EXPECT_THAT(FaultsOfRequest(request), Contains(fault.path));
  }
}

TEST(PlanRequestTest, EveryFaultAtOnce) {
  const json request = {{"vcpus", 0}, {"page_size", "huge"}, {"color", "red"}};
  EXPECT_THAT(FaultsOfRequest(request),
              UnorderedElementsAre("vcpus", "memory_mib", "page_size", "color"));
}

TEST(PlanRequestTest, MixedNamesItsDedicatedVcpus) {
  json request = Without(GoodRequest(), "", "dedicated_vcpus");
  request["numa"] = "auto";
  EXPECT_THAT(FaultsOfRequest(request), ElementsAre("dedicated_vcpus"));
}

}  // namespace
}  // namespace berth::cli
