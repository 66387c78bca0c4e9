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

  // What changed from `before` to this, at the cost of that: `gone(key, value)` for each entry that
  // is not here any more, `come(key, value)` for each that is new; both for one whose value is
  // another, in that order.
  template <typename Gone, typename Come>
  void DiffFrom(const PersistentMap& before, Gone gone, Come come) const {
    for (size_t b = 0; b < kFanout; ++b) {
      const Branch* was = before.branches_[b].get();
      const Branch* is = branches_[b].get();
      if (was == is) continue;
      for (size_t l = 0; l < kFanout; ++l) {
        const Leaf* old_leaf = was == nullptr ? nullptr : (*was)[l].get();
        const Leaf* new_leaf = is == nullptr ? nullptr : (*is)[l].get();
        if (old_leaf == new_leaf) continue;
        VisitMissing(old_leaf, new_leaf, gone);
        VisitMissing(new_leaf, old_leaf, come);
      }
    }
  }

  // Whether nothing was written between the two. Writes that undo each other count.
  bool IsSame(const PersistentMap& other) const { return branches_ == other.branches_; }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  using Leaf = std::map<std::string, ValuePtr, std::less<>>;
  using Branch = std::array<std::shared_ptr<const Leaf>, kFanout>;
  struct Place {
    size_t branch;
    size_t leaf;
  };

  // Entries of `in` that are not the same in `other`.
  template <typename Visit>
  static void VisitMissing(const Leaf* in, const Leaf* other, Visit& visit) {
    if (in == nullptr) return;
    for (const auto& [key, value] : *in) {
      const auto it = other == nullptr ? typename Leaf::const_iterator{} : other->find(key);
      if (other == nullptr || it == other->end() || it->second != value) visit(key, value);
    }
  }

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
