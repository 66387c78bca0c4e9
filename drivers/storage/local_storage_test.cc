// SPDX-License-Identifier: Apache-2.0
// The whole of it on a real file system, with the real qemu-img.
#include "drivers/storage/local_storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <filesystem>
#include <future>

#include "core/base/error.h"
#include "core/base/reasons.h"
#include "core/base/thread_pool.h"
#include "drivers/storage/qcow2_header.h"
#include "tests/support/temp_directory.h"

namespace berth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kId[] = "i-0123456789abcdef0";
constexpr char kOtherId[] = "i-00000000000000001";

class LocalStorageTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }

  void Open() {
    pool_ = std::make_unique<ThreadPool>("storage", 4);
    auto storage =
        MakeLocalStorage({.state_dir = directory_.Path("state"), .image_dir = ""}, *pool_);
    ASSERT_TRUE(storage.ok()) << storage.status();
    storage_ = *std::move(storage);
  }

  // Waits for the one answer of a call.
  template <typename T, typename Call>
  T Await(Call call) {
    auto answer = std::make_shared<std::promise<T>>();
    call([answer](T value) { answer->set_value(std::move(value)); });
    return answer->get_future().get();
  }
  Status CreateRootDisk(const model::InstanceSpec& spec, const std::string& id = kId) {
    return Await<Status>([&](auto done) { storage_->CreateRootDisk(id, spec, done); });
  }
  Status CreateSeed(const model::InstanceSpec& spec, const std::string& id = kId) {
    return Await<Status>([&](auto done) { storage_->CreateSeed(id, spec, done); });
  }
  Status DeleteInstance(const std::string& id = kId) {
    return Await<Status>([&](auto done) { storage_->DeleteInstance(id, done); });
  }
  StatusOr<std::vector<InstanceDirectory>> ListInstances() {
    return Await<StatusOr<std::vector<InstanceDirectory>>>(
        [&](auto done) { storage_->ListInstances(done); });
  }
  void MakeBase(const std::string& name = "base.qcow2", const std::string& format = "qcow2") {
    const auto result = RunProcess(
        {"/usr/bin/qemu-img", "create", "-q", "-f", format, storage_->ImagePath(name), "64M"}, {});
    ASSERT_TRUE(result.ok() && result->exit_code == 0);
  }
  std::string InstancePath(const std::string& name, const std::string& id = kId) {
    return "state/instances/" + id + "/" + name;
  }
  std::vector<std::string> FilesOf(const std::string& id = kId) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(storage_->PathsOf(id).directory))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string InfoOf(const std::string& path) {
    const auto result = RunProcess({"/usr/bin/qemu-img", "info", path}, {});
    return result.ok() ? result->output : std::string(result.status().message());
  }

  TempDirectory directory_;
  std::unique_ptr<ThreadPool> pool_;
  std::unique_ptr<Storage> storage_;
};

TEST_F(LocalStorageTest, MakesItsDirectoriesAndSaysWhichItCannot) {
  struct stat info {};
  ASSERT_EQ(stat(directory_.Path("state/instances").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0711U);
  EXPECT_TRUE(directory_.Has("state/images"));
  directory_.Write("file", "");
  const auto storage = MakeLocalStorage({.state_dir = directory_.Path("file/x")}, *pool_);
  EXPECT_THAT(std::string(storage.status().message()), HasSubstr(directory_.Path("file/x")));
}

TEST_F(LocalStorageTest, MakesARootDiskOnItsImage) {
  MakeBase();
  ASSERT_TRUE(CreateRootDisk({.boot = {.image = "base.qcow2"}}).ok());
  const std::string path = storage_->PathsOf(kId).root_disk;
  EXPECT_THAT(InfoOf(path), HasSubstr("backing file: " + storage_->ImagePath("base.qcow2")));
  EXPECT_THAT(InfoOf(path), HasSubstr("backing file format: qcow2"));
  EXPECT_THAT(InfoOf(path), HasSubstr("virtual size: 64 MiB"));
  EXPECT_THAT(FilesOf(), ElementsAre("root.qcow2"));
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
}

TEST_F(LocalStorageTest, GrowsTheRootDiskAndTakesARawBase) {
  MakeBase("base.raw", "raw");
  ASSERT_TRUE(CreateRootDisk({.boot = {.image = "base.raw"}, .root_disk_mib = 256}).ok());
  const std::string info = InfoOf(storage_->PathsOf(kId).root_disk);
  EXPECT_THAT(info, HasSubstr("backing file format: raw"));
  EXPECT_THAT(info, HasSubstr("virtual size: 256 MiB"));
}

TEST_F(LocalStorageTest, KeepsTheRootDiskThatIsThere) {
  MakeBase();
  const model::InstanceSpec spec = {.boot = {.image = "base.qcow2"}};
  ASSERT_TRUE(CreateRootDisk(spec).ok());
  const std::string path = InstancePath("root.qcow2");
  directory_.Write(path, directory_.Read(path) + "the guest was here");
  ASSERT_TRUE(CreateRootDisk(spec).ok());
  EXPECT_THAT(directory_.Read(path), HasSubstr("the guest was here"));
}

TEST_F(LocalStorageTest, MakesNoDiskWithoutAnImage) {
  EXPECT_TRUE(CreateRootDisk({.boot = {.kernel = "vmlinuz"}}).ok());
  EXPECT_FALSE(directory_.Has(InstancePath("")));
}

TEST_F(LocalStorageTest, SweepsWhatAnInterruptedAttemptLeft) {
  MakeBase();
  directory_.Write(InstancePath("root.qcow2.4711.unfinished"), "half of a disk");
  directory_.Write(InstancePath("seed.iso.4711.unfinished"), "half of a seed");
  ASSERT_TRUE(CreateRootDisk({.boot = {.image = "base.qcow2"}}).ok());
  EXPECT_THAT(FilesOf(), ElementsAre("root.qcow2"));
}

TEST_F(LocalStorageTest, LeavesNothingOfADiskThatCouldNotBeMade) {
  const Status status = CreateRootDisk({.boot = {.image = "missing.qcow2"}});
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(status), reasons::kImageNotFound);
  EXPECT_FALSE(directory_.Has(InstancePath("")));
}

TEST_F(LocalStorageTest, WritesTheSeedAnew) {
  ASSERT_TRUE(CreateSeed({.first_boot = {.hostname = "first"}}).ok());
  ASSERT_TRUE(CreateSeed({.first_boot = {.hostname = "second"}}).ok());
  const std::string seed = directory_.Read(InstancePath("seed.iso"));
  EXPECT_THAT(seed, HasSubstr("\"local-hostname\": \"second\""));
  EXPECT_THAT(seed, ::testing::Not(HasSubstr("\"first\"")));
  EXPECT_THAT(FilesOf(), ElementsAre("seed.iso"));
  struct stat info {};
  ASSERT_EQ(stat(storage_->PathsOf(kId).seed.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
}

TEST_F(LocalStorageTest, DeletesOneFileAndThenTheEmptyDirectory) {
  MakeBase();
  ASSERT_TRUE(CreateRootDisk({.boot = {.image = "base.qcow2"}}).ok());
  ASSERT_TRUE(CreateSeed({}).ok());
  EXPECT_TRUE(Await<Status>([&](auto done) { storage_->DeleteSeed(kId, done); }).ok());
  EXPECT_THAT(FilesOf(), ElementsAre("root.qcow2"));
  for (int i = 0; i < 2; ++i)
    EXPECT_TRUE(Await<Status>([&](auto done) { storage_->DeleteRootDisk(kId, done); }).ok());
  EXPECT_THAT(*ListInstances(), IsEmpty());
}

TEST_F(LocalStorageTest, DeletesAnInstanceAndOnlyIt) {
  ASSERT_TRUE(CreateSeed({}, kId).ok());
  ASSERT_TRUE(CreateSeed({}, kOtherId).ok());
  directory_.Write(InstancePath("console.log.0"), "old");
  const std::string precious = directory_.Write("precious", "kept");
  std::filesystem::create_symlink(directory_.path(), directory_.Path(InstancePath("link")));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(DeleteInstance().ok());
  EXPECT_THAT(*ListInstances(), ElementsAre(InstanceDirectory{kOtherId, false}));
  EXPECT_TRUE(std::filesystem::exists(precious));
}

TEST_F(LocalStorageTest, ListsOnlyWhatIsNamedAsAnInstance) {
  ASSERT_TRUE(CreateSeed({}, kOtherId).ok());
  ASSERT_TRUE(CreateSeed({}, kId).ok());
  directory_.Write(InstancePath("root.qcow2"), "disk");
  directory_.Write("state/instances/lost+found/x", "");
  EXPECT_THAT(*ListInstances(),
              ElementsAre(InstanceDirectory{kOtherId, false}, InstanceDirectory{kId, true}));
}

TEST_F(LocalStorageTest, MakesNoPathOfAnythingButAnInstanceId) {
  for (const std::string id : {"..", "", ".", "i-0123456789abcdef0/..", "../images"}) {
    EXPECT_EQ(DeleteInstance(id).code(), StatusCode::kInvalidArgument) << id;
    EXPECT_EQ(CreateSeed({}, id).code(), StatusCode::kInvalidArgument) << id;
  }
  EXPECT_TRUE(directory_.Has("state/images"));
}

TEST_F(LocalStorageTest, ReadsTheConsole) {
  const auto read = [&] {
    return Await<StatusOr<std::string>>([&](auto done) { storage_->ReadConsole(kId, 5, done); });
  };
  EXPECT_EQ(ReasonOf(read().status()), reasons::kNoConsoleOutput);
  ASSERT_TRUE(CreateSeed({}).ok());
  EXPECT_EQ(ReasonOf(read().status()), reasons::kNoConsoleOutput);
  directory_.Write(InstancePath("console.log"), "login: ");
  EXPECT_EQ(*read(), "gin: ");
}

TEST_F(LocalStorageTest, ChecksWhatIsBootedFrom) {
  MakeBase();
  const auto info = Await<StatusOr<ImageInfo>>(
      [&](auto done) { storage_->CheckBoot({.boot = {.image = "base.qcow2"}}, done); });
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->virtual_bytes, 64 << 20);
}

TEST_F(LocalStorageTest, TellsTheSpaceAndWhatInstancesTakeOfIt) {
  EXPECT_EQ(storage_->Space()->instances_bytes, 0);
  ASSERT_TRUE(CreateSeed({}).ok());
  const auto space = storage_->Space();
  ASSERT_TRUE(space.ok());
  EXPECT_GT(space->total_bytes, space->free_bytes);
  EXPECT_GE(space->instances_bytes, 64 << 10);
}

TEST_F(LocalStorageTest, DoesNotCallALostStateDirectoryAMissingImage) {
  std::filesystem::remove_all(directory_.Path("state"));
  for (const Status& status :
       {CreateSeed({}), ListInstances().status(), storage_->Space().status()}) {
    EXPECT_EQ(status.code(), StatusCode::kInternal) << status;
    EXPECT_EQ(ReasonOf(status), "");
  }
}

TEST_F(LocalStorageTest, MayBeDestroyedWhileItsCallsAreUnderWay) {
  std::promise<Status> answer;
  storage_->CreateSeed(kId, {}, [&](Status status) { answer.set_value(std::move(status)); });
  storage_.reset();
  EXPECT_TRUE(answer.get_future().get().ok());
}

// On a file system of 48 KiB, in a mount namespace of this process's own.
TEST_F(LocalStorageTest, SaysThatTheDiskIsFullAndLeavesNothing) {
  MakeBase();
  const std::string base = storage_->ImagePath("base.qcow2");
  std::filesystem::rename(base, directory_.Path("base.qcow2"));
  const int user = geteuid() == 0 ? 0 : CLONE_NEWUSER;
  ASSERT_EQ(unshare(CLONE_NEWNS | user), 0) << "needs root or user namespaces";
  ASSERT_EQ(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  const std::string instances = directory_.Path("state/instances");
  ASSERT_EQ(mount("tmpfs", instances.c_str(), "tmpfs", 0, "size=48k"), 0);
  std::filesystem::rename(directory_.Path("base.qcow2"), base);
  Open();  // Threads of the new namespace.

  for (const Status& status : {CreateRootDisk({.boot = {.image = "base.qcow2"}}), CreateSeed({})}) {
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status;
    EXPECT_EQ(ReasonOf(status), reasons::kStorageFull);
    EXPECT_THAT(std::string(status.message()), HasSubstr("No space left"));
  }
  EXPECT_THAT(FilesOf(), IsEmpty());
  EXPECT_TRUE(DeleteInstance().ok());
  EXPECT_EQ(umount(instances.c_str()), 0);
}

}  // namespace
}  // namespace berth
