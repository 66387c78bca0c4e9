// SPDX-License-Identifier: Apache-2.0
// Marks a rare path, so that a simulation can say whether it ever went there: a check that never
// met what it is for proves nothing.
//
//   BERTH_PROBE("an outcome came too late");
//
// Costs one relaxed addition. All probes of a program are one list, made before main begins: the
// one registry in Berth, which nothing but the simulation's report reads. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>

namespace berth {

class Probe {
 public:
  explicit Probe(const char* name);
  void Hit() { hits_.fetch_add(1, std::memory_order_relaxed); }

  const char* name() const { return name_; }
  int64_t hits() const { return hits_.load(std::memory_order_relaxed); }
  const Probe* next() const { return next_; }
  // The first of all; null if there is none.
  static const Probe* First();

 private:
  const char* const name_;
  Probe* next_;
  std::atomic<int64_t> hits_{0};
};

// A probe is an object of its own type, which is made before main whether it is ever passed or not.
template <typename Tag>
struct ProbeOf {
  static inline Probe probe{Tag::Name()};
};

}  // namespace berth

#define BERTH_PROBE(text)                          \
  do {                                             \
    struct Tag {                                   \
      static const char* Name() { return (text); } \
    };                                             \
    ::berth::ProbeOf<Tag>::probe.Hit();            \
  } while (false)
