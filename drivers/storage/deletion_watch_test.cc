// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/deletion_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <vector>

#include "tests/support/temp_directory.h"

namespace berth {
namespace {

using ::testing::Contains;

constexpr char kId[] = "i-0123456789abcdef0";
constexpr char kOtherId[] = "i-0123456789abcdef1";
constexpr std::chrono::seconds kPatience(30);  // A test that passes waits for milliseconds.

class DeletionWatchTest : public ::testing::Test {
 protected:
  DeletionWatchTest() { std::filesystem::create_directories(directory_.Path("instances")); }

  void Start() {
    auto watch = DeletionWatch::Start(directory_.Path("instances"), [this](const std::string& id) {
      std::lock_guard lock(mutex_);
      told_.push_back(id);
      changed_.notify_all();
    });
    ASSERT_TRUE(watch.ok()) << watch.status();
    watch_ = std::move(*watch);
  }
  void MakeDisk(const std::string& id) {
    directory_.Write("instances/" + id + "/root.qcow2", "disk");
    directory_.Write("instances/" + id + "/seed.iso", "seed");
  }
  void Remove(const std::string& path) {
    std::filesystem::remove_all(directory_.Path("instances/" + path));
  }
  // A directory is watched a moment after it was made, so until then its disk is made anew.
  bool ToldOfDisk(const std::string& id) {
    for (int tries = 0; tries < 3000; ++tries) {
      MakeDisk(id);
      Remove(id + "/root.qcow2");
      if (Told(id, std::chrono::milliseconds(10))) return true;
    }
    return false;
  }
  bool Told(const std::string& id, std::chrono::milliseconds patience = kPatience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(
        lock, patience, [&] { return std::find(told_.begin(), told_.end(), id) != told_.end(); });
  }
  std::vector<std::string> TakeTold() {
    std::lock_guard lock(mutex_);
    return std::exchange(told_, {});
  }

  TempDirectory directory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> told_;
  std::unique_ptr<DeletionWatch> watch_;
};

TEST_F(DeletionWatchTest, TellsOfADiskThatWasThereBefore) {
  MakeDisk(kId);
  Start();
  EXPECT_TRUE(ToldOfDisk(kId));
}

TEST_F(DeletionWatchTest, TellsOfADiskThatCameLaterAndOfNoOther) {
  Start();
  MakeDisk(kOtherId);
  EXPECT_TRUE(ToldOfDisk(kId));
  EXPECT_FALSE(Told(kOtherId, std::chrono::milliseconds(1)));
}

TEST_F(DeletionWatchTest, TellsOfADirectoryThatIsRemovedOrMovedAway) {
  MakeDisk(kId);
  MakeDisk(kOtherId);
  Start();
  Remove(kId);
  EXPECT_TRUE(Told(kId));
  std::filesystem::rename(directory_.Path(std::string("instances/") + kOtherId),
                          directory_.Path("elsewhere"));
  EXPECT_TRUE(Told(kOtherId));
}

TEST_F(DeletionWatchTest, SaysNothingOfADiskThatIsReplacedNorOfOtherFiles) {
  MakeDisk(kId);
  Start();
  ASSERT_TRUE(ToldOfDisk(kId));
  MakeDisk(kId);
  TakeTold();
  const std::string place = directory_.Path(std::string("instances/") + kId);
  directory_.Write(std::string("instances/") + kId + "/root.new", "better");
  std::filesystem::rename(place + "/root.new", place + "/root.qcow2");
  Remove(std::string(kId) + "/seed.iso");
  // Events come in order: with this one told of, the others were not.
  MakeDisk(kOtherId);
  Remove(kOtherId);
  ASSERT_TRUE(Told(kOtherId));
  EXPECT_THAT(TakeTold(), ::testing::Not(Contains(kId)));
}

TEST_F(DeletionWatchTest, ADirectoryThatIsNotThereIsAnError) {
  const auto watch = DeletionWatch::Start(directory_.Path("nothing"), [](const std::string&) {});
  EXPECT_FALSE(watch.ok());
}

}  // namespace
}  // namespace berth
