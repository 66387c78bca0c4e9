// SPDX-License-Identifier: Apache-2.0
#include "core/model/validate_shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Shape Mixed() {
  Shape shape{.vcpus = 4, .memory_mib = 1024, .cpu_policy = CpuPolicy::kMixed};
  shape.dedicated_vcpus = {0, 1};
  return shape;
}

Shape TwoCells() {
  Shape shape{.vcpus = 3, .memory_mib = 768, .cpu_policy = CpuPolicy::kMixed};
  shape.numa.kind = Numa::Kind::kExplicit;
  shape.numa.explicit_cells = {{{0}, {2}, 512, {}}, {{1}, {}, 256, {}}};
  return shape;
}

std::vector<std::string> Faults(const Shape& shape) {
  std::vector<std::string> paths;
  for (const FieldViolation& fault : ValidateShape(shape, "shape")) {
    EXPECT_FALSE(fault.description.empty());
    paths.push_back(fault.field);
  }
  return paths;
}

template <typename Change>
std::vector<std::string> After(Shape shape, Change change) {
  change(shape);
  return Faults(shape);
}

TEST(ValidateShapeTest, GoodOnesHaveNoFaults) {
  EXPECT_THAT(Faults(Mixed()), IsEmpty());
  EXPECT_THAT(Faults(TwoCells()), IsEmpty());
}

TEST(ValidateShapeTest, DedicatedVcpusGoWithMixed) {
  EXPECT_THAT(After(Mixed(), [](Shape& s) { s.cpu_policy = CpuPolicy::kShared; }),
              ElementsAre("shape.dedicated_vcpus"));
  EXPECT_THAT(After(Mixed(), [](Shape& s) { s.dedicated_vcpus.clear(); }),
              ElementsAre("shape.dedicated_vcpus"));
  EXPECT_THAT(After(Mixed(),
                    [](Shape& s) {
                      s.dedicated_vcpus = {0, 4};
                    }),
              ElementsAre("shape.dedicated_vcpus"));
  EXPECT_THAT(After(Mixed(),
                    [](Shape& s) {
                      s.dedicated_vcpus = {0, 1, 2, 3};
                    }),
              ElementsAre("shape.dedicated_vcpus"));
}

TEST(ValidateShapeTest, EqualCellsDivide) {
  for (const int cells : {0, 3, 65})
    EXPECT_THAT(
        After(Mixed(), [&](Shape& s) { s.numa = {.kind = Numa::Kind::kEqual, .cells = cells}; }),
        ElementsAre("shape.numa.equal_cell_count"))
        << cells;
}

TEST(ValidateShapeTest, CellsHoldEachVcpuOnceAndAllTheMemory) {
  const auto cell = [](Shape& s, size_t i) -> GuestCell& { return s.numa.explicit_cells[i]; };
  EXPECT_THAT(After(TwoCells(), [&](Shape& s) { cell(s, 0).memory_mib = 511; }),
              ElementsAre("shape.memory_mib"));
  EXPECT_THAT(After(TwoCells(), [&](Shape& s) { cell(s, 0).shared_vcpus.clear(); }),
              ElementsAre("shape.numa.cells.cells"));
  EXPECT_THAT(After(TwoCells(), [&](Shape& s) { cell(s, 1).shared_vcpus = {2}; }),
              ElementsAre("shape.numa.cells.cells[1].shared_vcpus"));
  EXPECT_THAT(After(TwoCells(), [&](Shape& s) { cell(s, 1).shared_vcpus = {3}; }),
              ElementsAre("shape.numa.cells.cells[1].shared_vcpus"));
  EXPECT_THAT(After(TwoCells(), [&](Shape& s) { s.dedicated_vcpus = {0}; }),
              ElementsAre("shape.dedicated_vcpus"));
  EXPECT_THAT(After(TwoCells(), [&](Shape& s) { s.numa.explicit_cells.clear(); }),
              ElementsAre("shape.numa.cells.cells"));
}

TEST(ValidateShapeTest, NodesAreNamedOnce) {
  EXPECT_THAT(After(Mixed(), [](Shape& s) { s.node_set = {1, 1}; }), ElementsAre("shape.node_set"));
  EXPECT_THAT(After(Mixed(), [](Shape& s) { s.node_set = {-1}; }), ElementsAre("shape.node_set"));
}

}  // namespace
}  // namespace berth::model
