// SPDX-License-Identifier: Apache-2.0
// A set of logical CPU ids as bit words, so that a host of 512 CPUs is compared, joined and counted
// in eight steps. A value; an empty tail is never stored, so == is equality of sets.
#pragma once

#include <bit>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

// One above the largest CPU id there can be (the kernel's own largest NR_CPUS).
inline constexpr int kCpuIdsMax = 8192;

class CpuSet {
 public:
  CpuSet() = default;
  CpuSet(std::initializer_list<int> cpus) {
    for (const int cpu : cpus) Add(cpu);
  }
  explicit CpuSet(const std::vector<int>& cpus) {
    for (const int cpu : cpus) Add(cpu);
  }

  // `cpu` is 0 to kCpuIdsMax - 1.
  void Add(int cpu);
  void Remove(int cpu);
  bool Has(int cpu) const {
    const auto word = static_cast<size_t>(cpu) / 64;
    return word < words_.size() && (words_[word] >> (cpu % 64) & 1) != 0;
  }
  bool empty() const { return words_.empty(); }
  int Count() const;
  bool Intersects(const CpuSet& other) const;
  // Ascending.
  std::vector<int> ToVector() const;

  CpuSet& operator|=(const CpuSet& other);
  CpuSet& operator&=(const CpuSet& other);
  CpuSet& operator-=(const CpuSet& other);
  friend CpuSet operator|(CpuSet a, const CpuSet& b) { return a |= b; }
  friend CpuSet operator&(CpuSet a, const CpuSet& b) { return a &= b; }
  friend CpuSet operator-(CpuSet a, const CpuSet& b) { return a -= b; }
  bool operator==(const CpuSet&) const = default;

 private:
  void Trim();

  std::vector<uint64_t> words_;
};

// The kernel's list format: "0-3,8"; "" is the empty set. Nullopt: not such a list, a range that
// runs backwards, an id that is named twice, or one of kCpuIdsMax or more.
std::optional<CpuSet> ParseCpuList(std::string_view text);
std::string ToCpuList(const CpuSet& cpus);

}  // namespace berth
