// SPDX-License-Identifier: Apache-2.0
#include "core/base/persistent_map.h"

#include <gtest/gtest.h>

#include "core/base/random.h"

namespace berth {
namespace {

using Map = PersistentMap<int>;

std::shared_ptr<const int> Value(int value) { return std::make_shared<const int>(value); }

std::map<std::string, int> Contents(const Map& map) {
  std::map<std::string, int> contents;
  map.ForEach([&](const std::string& key, const auto& value) { contents[key] = *value; });
  return contents;
}

TEST(PersistentMapTest, FindsWhatWasPutAndNothingElse) {
  Map map;
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(map.Find("a"), nullptr);
  map.Put("a", Value(1));
  ASSERT_NE(map.Find("a"), nullptr);
  EXPECT_EQ(*map.Find("a"), 1);
  EXPECT_EQ(map.Find("b"), nullptr);
  EXPECT_EQ(map.size(), 1U);
}

TEST(PersistentMapTest, PuttingAgainReplaces) {
  Map map;
  map.Put("a", Value(1));
  map.Put("a", Value(2));
  EXPECT_EQ(*map.Find("a"), 2);
  EXPECT_EQ(map.size(), 1U);
}

TEST(PersistentMapTest, ErasingTellsWhetherItWasThere) {
  Map map;
  map.Put("a", Value(1));
  EXPECT_TRUE(map.Erase("a"));
  EXPECT_FALSE(map.Erase("a"));
  EXPECT_FALSE(map.Erase("b"));
  EXPECT_EQ(map.Find("a"), nullptr);
  EXPECT_TRUE(map.empty());
}

TEST(PersistentMapTest, AChangeNeverShowsInAnotherCopy) {
  Map first;
  for (int i = 0; i < 500; ++i) first.Put("key " + std::to_string(i), Value(i));
  const auto before = Contents(first);
  Map second = first;
  second.Put("key 7", Value(-7));
  second.Put("new", Value(1));
  second.Erase("key 8");
  EXPECT_EQ(Contents(first), before);
  EXPECT_EQ(*second.Find("key 7"), -7);
  EXPECT_EQ(second.Find("key 8"), nullptr);
  EXPECT_EQ(second.size(), 500U);
  first.Erase("key 9");
  EXPECT_NE(second.Find("key 9"), nullptr) << "nor the other way round";
}

TEST(PersistentMapTest, CopiesShareTheValuesThatDidNotChange) {
  Map first;
  for (int i = 0; i < 500; ++i) first.Put("key " + std::to_string(i), Value(i));
  Map second = first;
  second.Put("key 7", Value(-7));
  for (int i = 0; i < 500; ++i) {
    const std::string key = "key " + std::to_string(i);
    EXPECT_EQ(first.Find(key) == second.Find(key), i != 7) << key;
  }
}

TEST(PersistentMapTest, EqualContentsAreVisitedInOneOrder) {
  Map forwards;
  Map backwards;
  for (int i = 0; i < 300; ++i) forwards.Put(std::to_string(i), Value(i));
  for (int i = 299; i >= 0; --i) backwards.Put(std::to_string(i), Value(i));
  forwards.Put("x", Value(1));
  forwards.Erase("x");
  std::vector<std::string> a;
  std::vector<std::string> b;
  forwards.ForEach([&](const std::string& key, const auto&) { a.push_back(key); });
  backwards.ForEach([&](const std::string& key, const auto&) { b.push_back(key); });
  EXPECT_EQ(a, b);
}

TEST(PersistentMapTest, TheDifferenceTurnsOneIntoTheOther) {
  const auto random = MakeSeededRandom(3);
  PersistentMap<int, 2> before, after;
  for (int i = 0; i < 300; ++i) {
    const std::string key = std::to_string(random->Next() % 40);
    if (random->Next() % 3 == 0)
      after.Erase(key);
    else
      after.Put(key, Value(i));
    if (random->Next() % 4 != 0) continue;
    std::map<std::string, int> patched, expected;
    before.ForEach([&](const std::string& k, const auto& v) { patched[k] = *v; });
    after.ForEach([&](const std::string& k, const auto& v) { expected[k] = *v; });
    after.DiffFrom(
        before,
        [&](const std::string& k, const auto& v) {
          EXPECT_EQ(patched.at(k), *v);
          patched.erase(k);
        },
        [&](const std::string& k, const auto& v) { EXPECT_TRUE(patched.emplace(k, *v).second); });
    EXPECT_EQ(patched, expected);
    before = after;
  }
}

// With a fan-out of 2 there are four leaves, so that many keys meet in each.
TEST(PersistentMapTest, BehavesAsAPlainMapUnderRandomChanges) {
  const auto random = MakeSeededRandom(11);
  PersistentMap<int, 2> map;
  std::map<std::string, int> plain;
  for (int i = 0; i < 5000; ++i) {
    const std::string key = std::to_string(random->Next() % 100);
    if (random->Next() % 3 == 0) {
      EXPECT_EQ(map.Erase(key), plain.erase(key) == 1);
    } else {
      map.Put(key, Value(i));
      plain[key] = i;
    }
    ASSERT_EQ(map.size(), plain.size());
  }
  std::map<std::string, int> contents;
  map.ForEach([&](const std::string& key, const auto& value) { contents[key] = *value; });
  EXPECT_EQ(contents, plain);
}

}  // namespace
}  // namespace berth
