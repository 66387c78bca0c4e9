// SPDX-License-Identifier: Apache-2.0
// A map of string keys to immutable values that is cheap to copy and cheap to change after a copy:
// a fixed tree of two levels whose leaves hold a few entries each. A copy shares the whole tree, a
// change copies the one branch and the one leaf that lead to it. Publishing a view therefore costs
// what changed, not what exists (docs/architecture.md).
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

template <typename V, size_t kFanout = 64>
class PersistentMap {
 public:
  using ValuePtr = std::shared_ptr<const V>;

  // Null if the key is not there.
  ValuePtr Find(std::string_view key) const {
    const Place place = PlaceOf(key);
    const Leaf* leaf = LeafAt(place);
    if (leaf == nullptr) return nullptr;
    const auto it = leaf->find(key);
    return it == leaf->end() ? nullptr : it->second;
  }

  void Put(const std::string& key, ValuePtr value) {
    const Place place = PlaceOf(key);
    const Leaf* leaf = LeafAt(place);
    auto next = leaf == nullptr ? std::make_shared<Leaf>() : std::make_shared<Leaf>(*leaf);
    const bool inserted = next->insert_or_assign(key, std::move(value)).second;
    if (inserted) ++size_;
    Replace(place, std::move(next));
  }

  // True if the key was there.
  bool Erase(std::string_view key) {
    const Place place = PlaceOf(key);
    const Leaf* leaf = LeafAt(place);
    if (leaf == nullptr || leaf->find(key) == leaf->end()) return false;
    auto next = std::make_shared<Leaf>(*leaf);
    next->erase(next->find(key));
    if (next->empty()) next = nullptr;
    Replace(place, std::move(next));
    --size_;
    return true;
  }

  // Calls `visit(key, value)` for each entry; the order is by leaf, then by key, and the same for
  // equal contents.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& branch : branches_) {
      if (branch == nullptr) continue;
      for (const auto& leaf : *branch) {
        if (leaf == nullptr) continue;
        for (const auto& [key, value] : *leaf) visit(key, value);
      }
    }
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  using Leaf = std::map<std::string, ValuePtr, std::less<>>;
  using Branch = std::array<std::shared_ptr<const Leaf>, kFanout>;
  struct Place {
    size_t branch;
    size_t leaf;
  };

  static Place PlaceOf(std::string_view key) {
    const size_t hash = std::hash<std::string_view>{}(key);
    return {hash % kFanout, hash / kFanout % kFanout};
  }

  const Leaf* LeafAt(Place place) const {
    const auto& branch = branches_[place.branch];
    return branch == nullptr ? nullptr : (*branch)[place.leaf].get();
  }

  void Replace(Place place, std::shared_ptr<const Leaf> leaf) {
    auto& branch = branches_[place.branch];
    auto next = branch == nullptr ? std::make_shared<Branch>() : std::make_shared<Branch>(*branch);
    (*next)[place.leaf] = std::move(leaf);
    branch = std::move(next);
  }

  std::array<std::shared_ptr<const Branch>, kFanout>
      branches_;  // Null where nothing is, as leaves.
  size_t size_ = 0;
};

}  // namespace berth
