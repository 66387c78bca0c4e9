// SPDX-License-Identifier: Apache-2.0
// Whatever the text, the parser answers: a config that prints and reads back as itself, or faults
// that each name a place or say what is wrong with the whole.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "agent/config/parse.h"
#include "core/base/error.h"
#include "core/base/random.h"
#include "core/catalogue/instance_types.h"

namespace berth {
namespace {

constexpr int kTexts = 3000;

std::string ReadDeployFile(const std::string& name) {
  std::stringstream text;
  text << std::ifstream(std::string(BERTH_DEPLOY_DIR) + "/" + name).rdbuf();
  return text.str();
}

// `text` with up to eight bytes changed, inserted or cut out; any byte may come.
std::string Damaged(std::string text, Random& random) {
  for (uint64_t left = random.Next() % 8 + 1; left > 0 && !text.empty(); --left) {
    const size_t at = random.Next() % text.size();
    const char byte = static_cast<char>(random.Next());
    switch (random.Next() % 3) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.insert(at, 1, byte);
        break;
      default:
        text.erase(at, random.Next() % 40);
    }
  }
  return text;
}

TEST(ConfigPropertyTest, DamagedConfigsAreRefusedWithReasonsOrMeanSomething) {
  const std::string sample = ReadDeployFile("berthd.json");
  ASSERT_FALSE(sample.empty());
  const auto random = MakeSeededRandom(1);
  int refused = 0;
  for (int i = 0; i < kTexts; ++i) {
    const auto config = ParseConfig(Damaged(sample, *random));
    if (config.ok()) {
      EXPECT_EQ(ParseConfig(PrintConfig(*config)).value(), *config);
      continue;
    }
    ++refused;
    ASSERT_FALSE(DetailsOf(config.status()).violations.empty()) << i;
    for (const FieldViolation& fault : DetailsOf(config.status()).violations)
      ASSERT_FALSE(fault.description.empty()) << i;
  }
  EXPECT_GT(refused, kTexts / 4);
  EXPECT_LT(refused, kTexts);
}

TEST(ConfigPropertyTest, DamagedCataloguesAreRefusedWithReasonsOrMeanSomething) {
  const std::string sample = ReadDeployFile("instance-types.json");
  const auto random = MakeSeededRandom(2);
  for (int i = 0; i < kTexts / 3; ++i) {
    const auto types = ParseInstanceTypes(Damaged(sample, *random));
    if (types.ok()) continue;
    ASSERT_FALSE(DetailsOf(types.status()).violations.empty()) << i;
  }
}

}  // namespace
}  // namespace berth
