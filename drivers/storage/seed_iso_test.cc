// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/seed_iso.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>

#include "core/base/thread_pool.h"
#include "drivers/storage/process.h"
#include "tests/support/temp_directory.h"

namespace berth {
namespace {

constexpr size_t kSector = 2048;

// Reads an image back with a program that is not ours.
void Extract(const TempDirectory& directory, const std::string& iso) {
  const std::string file = directory.Write("seed.iso", iso);
  ProcessLimits limits;
  limits.address_space_bytes = int64_t{8} << 30;
  const auto result = RunProcess({"/usr/bin/xorriso", "-osirrox", "on", "-indev", file, "-extract",
                                  "/", directory.Path("out")},
                                 limits);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->exit_code, 0) << result->errors;
}

TEST(SeedIsoTest, HoldsTheFourFilesUnderTheirNames) {
  const SeedFiles files = {.meta_data = "meta\n",
                           .user_data = std::string("user\0\xff", 6),
                           .network_config = "net",
                           .vendor_data = ""};
  const TempDirectory directory;
  Extract(directory, *MakeSeedIso(files));
  EXPECT_EQ(directory.Read("out/meta-data"), files.meta_data);
  EXPECT_EQ(directory.Read("out/user-data"), files.user_data);
  EXPECT_EQ(directory.Read("out/network-config"), files.network_config);
  EXPECT_TRUE(directory.Has("out/vendor-data"));
  EXPECT_EQ(directory.Read("out/vendor-data"), "");
}

TEST(SeedIsoTest, HoldsFilesOfManySectors) {
  SeedFiles files;
  for (int i = 0; i < 100000; ++i) files.user_data += std::to_string(i) + "\n";
  const TempDirectory directory;
  Extract(directory, *MakeSeedIso(files));
  EXPECT_EQ(directory.Read("out/user-data"), files.user_data);
}

TEST(SeedIsoTest, CarriesTheVolumeIdAndJolietNames) {
  const std::string iso = *MakeSeedIso({});
  ASSERT_EQ(iso.size() % kSector, 0U);
  const std::string_view primary = std::string_view(iso).substr(16 * kSector, kSector);
  EXPECT_EQ(primary.substr(0, 6), std::string_view("\x01"
                                                   "CD001"));
  EXPECT_EQ(primary.substr(40, 8), "cidata  ");
  const std::string_view joliet = std::string_view(iso).substr(17 * kSector, kSector);
  EXPECT_EQ(joliet.substr(0, 6), std::string_view("\x02"
                                                  "CD001"));
  EXPECT_EQ(joliet.substr(88, 2), "%/");
  EXPECT_NE(iso.find("IEEE_1282"), std::string::npos) << "Rock Ridge";
  EXPECT_EQ(joliet.substr(40, 12), std::string_view("\0c\0i\0d\0a\0t\0a", 12));
}

TEST(SeedIsoTest, IsTheSameForTheSameFiles) {
  const SeedFiles files = {.meta_data = "a", .user_data = "b", .network_config = "c"};
  EXPECT_EQ(*MakeSeedIso(files), *MakeSeedIso(files));
}

TEST(SeedIsoTest, IsMadeRightOnSeveralThreadsAtOnce) {
  constexpr int kImages = 40;
  std::vector<SeedFiles> files(kImages);
  std::vector<std::string> alone;
  for (int i = 0; i < kImages; ++i) {
    files[static_cast<size_t>(i)].user_data = std::string(static_cast<size_t>(i) * 500, 'x');
    alone.push_back(*MakeSeedIso(files[static_cast<size_t>(i)]));
  }
  std::atomic<int> same = 0;
  {
    ThreadPool pool("iso", 4);
    for (size_t i = 0; i < kImages; ++i)
      pool.Post([&, i] { same += *MakeSeedIso(files[i]) == alone[i] ? 1 : 0; });
  }
  EXPECT_EQ(same, kImages);
}

}  // namespace
}  // namespace berth
