// SPDX-License-Identifier: Apache-2.0
// A map of string keys to immutable values that is cheap to copy and cheap to change after a copy:
// keys are spread over a fixed number of shards, a copy shares them all, and a change copies one
// shard of pointers. Publishing a view therefore costs what changed, not what exists
// (docs/architecture.md).
//
// A value type: const use from many threads is safe, changing a copy never shows in another.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace berth {

template <typename V, size_t kShards = 64>
class PersistentMap {
 public:
  using ValuePtr = std::shared_ptr<const V>;

  PersistentMap() { shards_.fill(EmptyShard()); }

  // Null if the key is not there.
  ValuePtr Find(std::string_view key) const {
    const Shard& shard = *shards_[Index(key)];
    const auto it = shard.find(key);
    return it == shard.end() ? nullptr : it->second;
  }

  void Put(const std::string& key, ValuePtr value) {
    auto next = std::make_shared<Shard>(*shards_[Index(key)]);
    const bool inserted = next->insert_or_assign(key, std::move(value)).second;
    if (inserted) ++size_;
    shards_[Index(key)] = std::move(next);
  }

  // True if the key was there.
  bool Erase(std::string_view key) {
    const auto& shard = shards_[Index(key)];
    if (shard->find(key) == shard->end()) return false;
    auto next = std::make_shared<Shard>(*shard);
    next->erase(next->find(key));
    shards_[Index(key)] = std::move(next);
    --size_;
    return true;
  }

  // Calls `visit(key, value)` for each entry; the order is by shard, then by key, and the same for
  // equal contents.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& shard : shards_)
      for (const auto& [key, value] : *shard) visit(key, value);
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  using Shard = std::map<std::string, ValuePtr, std::less<>>;

  static std::shared_ptr<const Shard> EmptyShard() {
    static const auto empty = std::make_shared<const Shard>();
    return empty;
  }
  static size_t Index(std::string_view key) { return std::hash<std::string_view>{}(key) % kShards; }

  std::array<std::shared_ptr<const Shard>, kShards> shards_;
  size_t size_ = 0;
};

}  // namespace berth
