// SPDX-License-Identifier: Apache-2.0
// Against the real qemu-img.
#include "drivers/storage/boot_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "core/base/error.h"
#include "core/base/reasons.h"
#include "drivers/storage/process.h"
#include "tests/support/temp_directory.h"

namespace berth {
namespace {

using ::testing::HasSubstr;

std::string Kernel() {
  std::string kernel(0x400, '\0');
  kernel.replace(0x1fe, 2, "\x55\xaa");
  kernel.replace(0x202, 4, "HdrS");
  return kernel;
}

class BootCheckTest : public ::testing::Test {
 protected:
  std::string MakeQcow2(const std::string& name, std::vector<std::string> more = {"2G"}) {
    std::vector<std::string> arguments = {"/usr/bin/qemu-img",  "create", "-q", "-f", "qcow2",
                                          directory_.Path(name)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = RunProcess(arguments, {});
    EXPECT_TRUE(result.ok() && result->exit_code == 0) << result->errors;
    return directory_.Path(name);
  }
  StatusOr<ImageInfo> CheckImage(const std::string& name, int64_t root_disk_mib = 0) {
    return CheckBoot(images_, {.boot = {.image = name}, .root_disk_mib = root_disk_mib});
  }
  // The one violation of an image that is refused.
  std::string WhyInvalid(const std::string& name) {
    const Status status = CheckImage(name).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
    const ErrorDetails details = DetailsOf(status);
    EXPECT_EQ(details.reason, reasons::kImageInvalid);
    EXPECT_EQ(details.violations.size(), 1U);
    if (details.violations.empty()) return "";
    EXPECT_EQ(details.violations[0].field, "spec.boot.disk.image");
    return details.violations[0].description;
  }

  TempDirectory directory_;
  QemuImg qemu_img_{"/usr/bin/qemu-img", ProcessLimits{}};
  Images images_{directory_.path(), qemu_img_};
};

TEST_F(BootCheckTest, TellsAboutAQcow2Image) {
  MakeQcow2("base.qcow2");
  const auto info = CheckImage("base.qcow2");
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->format, "qcow2");
  EXPECT_EQ(info->virtual_bytes, int64_t{2} << 30);
  EXPECT_GT(info->file_bytes, 0);
}

TEST_F(BootCheckTest, ReadsTheOldQcow2VersionToo) {
  MakeQcow2("base.qcow2", {"-o", "compat=0.10", "1G"});
  EXPECT_EQ(CheckImage("base.qcow2")->virtual_bytes, int64_t{1} << 30);
}

TEST_F(BootCheckTest, GoesByContentWhereTheNameSaysNothing) {
  MakeQcow2("cloud.img");
  EXPECT_EQ(CheckImage("cloud.img")->format, "qcow2");
  directory_.Write("disk.img", std::string(1 << 20, 'x'));
  EXPECT_EQ(*CheckImage("disk.img"),
            (ImageInfo{.format = "raw", .virtual_bytes = 1 << 20, .file_bytes = 1 << 20}));
}

TEST_F(BootCheckTest, SaysWhereAMissingImageBelongs) {
  const Status status = CheckImage("debian.qcow2").status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  const ErrorDetails details = DetailsOf(status);
  EXPECT_EQ(details.reason, reasons::kImageNotFound);
  ASSERT_EQ(details.violations.size(), 1U);
  EXPECT_EQ(details.violations[0].field, "spec.boot.disk.image");
  EXPECT_THAT(details.violations[0].description, HasSubstr("cp debian.qcow2 " + directory_.path()));
}

TEST_F(BootCheckTest, RefusesFilesThatAreNotWhatTheySay) {
  directory_.Write("fake.qcow2", "just text");
  EXPECT_THAT(WhyInvalid("fake.qcow2"), HasSubstr("not a qcow2 file"));
  std::filesystem::rename(MakeQcow2("a.qcow2"), directory_.Path("a.raw"));
  EXPECT_THAT(WhyInvalid("a.raw"), HasSubstr("qcow2 file and not a raw disk"));
  directory_.Write("vmware.img", "KDMV rest");
  EXPECT_THAT(WhyInvalid("vmware.img"), HasSubstr("vmdk"));
  directory_.Write("packed.img", "\x1f\x8b\x08 rest");
  EXPECT_THAT(WhyInvalid("packed.img"), HasSubstr("gzip"));
  directory_.Write("empty.raw", "");
  EXPECT_THAT(WhyInvalid("empty.raw"), HasSubstr("is empty"));
  directory_.Write("notes.txt", "text");
  EXPECT_THAT(WhyInvalid("notes.txt"), HasSubstr("ends in .qcow2"));
}

TEST_F(BootCheckTest, RefusesImagesThatNameOtherFiles) {
  const std::string secret = directory_.Write("secret", "root's own");
  MakeQcow2("leak.qcow2", {"-b", secret, "-F", "raw", "1M"});
  EXPECT_THAT(WhyInvalid("leak.qcow2"), HasSubstr("backing file"));
  MakeQcow2("outside.qcow2", {"-o", "data_file=" + directory_.Path("data.raw"), "1M"});
  EXPECT_THAT(WhyInvalid("outside.qcow2"), HasSubstr("another file"));
}

TEST_F(BootCheckTest, RefusesQcow2FilesThatAreBroken) {
  const std::string good = (MakeQcow2("good.qcow2"), directory_.Read("good.qcow2"));
  directory_.Write("short.qcow2", good.substr(0, 60));
  EXPECT_THAT(WhyInvalid("short.qcow2"), HasSubstr("cut short"));
  std::string torn = good;
  torn.replace(40, 8, 8, '\x7f');  // The L1 table is far beyond the end.
  directory_.Write("torn.qcow2", torn);
  EXPECT_THAT(WhyInvalid("torn.qcow2"), HasSubstr("qemu-img cannot open it"));
}

TEST_F(BootCheckTest, RefusesWhatIsNotAFile) {
  ASSERT_EQ(mkfifo(directory_.Path("pipe.raw").c_str(), 0600), 0);
  EXPECT_THAT(WhyInvalid("pipe.raw"), HasSubstr("not a regular file"));
  std::filesystem::create_directory(directory_.Path("dir.raw"));
  EXPECT_THAT(WhyInvalid("dir.raw"), HasSubstr("not a regular file"));
  std::filesystem::create_symlink("/dev/sda", directory_.Path("link.raw"));
  EXPECT_THAT(WhyInvalid("link.raw"), HasSubstr("symbolic link"));
}

TEST_F(BootCheckTest, RefusesNamesThatLeadElsewhere) {
  for (const std::string& name :
       {std::string("../etc/passwd"), std::string("/etc/passwd"), std::string(".."),
        std::string("a/b.raw"), std::string("<x>&\"'.raw"), std::string("-o.raw"),
        std::string("json:{}.raw"), std::string("nul\0.raw", 8), std::string(1 << 20, 'a')})
    EXPECT_THAT(WhyInvalid(name), HasSubstr("letters, digits")) << name.substr(0, 20);
}

TEST_F(BootCheckTest, RefusesARootDiskSmallerThanItsImage) {
  MakeQcow2("base.qcow2");
  EXPECT_TRUE(CheckImage("base.qcow2", 2048).ok());
  EXPECT_TRUE(CheckImage("base.qcow2", 4096).ok());
  const Status status = CheckImage("base.qcow2", 2047).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  ASSERT_EQ(DetailsOf(status).violations.size(), 1U);
  EXPECT_EQ(DetailsOf(status).violations[0].field, "spec.root_disk.size_mib");
  EXPECT_THAT(DetailsOf(status).violations[0].description, HasSubstr("2048"));
}

TEST_F(BootCheckTest, LooksAtKernelAndInitrd) {
  directory_.Write("vmlinuz", Kernel());
  directory_.Write("initrd", "anything");
  const auto info = CheckBoot(images_, {.boot = {.kernel = "vmlinuz", .initrd = "initrd"}});
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(*info, ImageInfo{});
  directory_.Write("vmlinux",
                   "\x7f"
                   "ELF rest");
  EXPECT_TRUE(CheckBoot(images_, {.boot = {.kernel = "vmlinux"}}).ok());
}

TEST_F(BootCheckTest, NamesEveryFaultAtOnce) {
  directory_.Write("text", "not a kernel");
  directory_.Write("nothing", "");
  const Status status =
      CheckBoot(images_, {.boot = {.image = "missing.raw", .kernel = "text", .initrd = "nothing"}})
          .status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  const ErrorDetails details = DetailsOf(status);
  ASSERT_EQ(details.violations.size(), 3U);
  EXPECT_EQ(details.violations[0].field, "spec.boot.kernel.kernel");
  EXPECT_THAT(details.violations[0].description, HasSubstr("not a Linux kernel"));
  EXPECT_EQ(details.violations[1].field, "spec.boot.kernel.initrd");
  EXPECT_THAT(details.violations[1].description, HasSubstr("empty"));
  EXPECT_EQ(details.violations[2].field, "spec.boot.kernel.image");
  EXPECT_THAT(details.violations[2].description, HasSubstr("there is no file"));
}

TEST_F(BootCheckTest, AsksQemuImgOnceForEachVersionOfAFile) {
  // The program leaves a line for each time it was run.
  const std::string runs = directory_.Path("runs");
  const std::string program = directory_.Write(
      "qemu-img", "#!/bin/sh\necho run >> " + runs + "\nexec /usr/bin/qemu-img \"$@\"\n");
  ASSERT_EQ(chmod(program.c_str(), 0700), 0);
  directory_.Write("runs", "");
  const QemuImg counted(program, {.files = FileAccess{.read = {}, .write = {runs}}});
  Images images(directory_.path(), counted);
  MakeQcow2("base.qcow2");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(images.Inspect("base.qcow2").ok());
  EXPECT_EQ(directory_.Read("runs"), "run\n");
  MakeQcow2("base.qcow2", {"3G"});
  EXPECT_EQ(images.Inspect("base.qcow2")->virtual_bytes, int64_t{3} << 30);
  EXPECT_EQ(directory_.Read("runs"), "run\nrun\n");
}

TEST_F(BootCheckTest, BlamesTheHostAndNotTheCallerForAMissingProgram) {
  MakeQcow2("base.qcow2");
  const QemuImg missing("/no/qemu-img", {});
  Images images(directory_.path(), missing);
  const Status status = CheckBoot(images, {.boot = {.image = "base.qcow2"}}).status();
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("qemu-utils"));
}

TEST_F(BootCheckTest, EndsAProgramThatHangs) {
  const std::string program = directory_.Write("qemu-img", "#!/bin/sh\nexec sleep 600\n");
  ASSERT_EQ(chmod(program.c_str(), 0700), 0);
  MakeQcow2("base.qcow2");
  const QemuImg hanging(program, {.timeout = Duration(200)});
  Images images(directory_.path(), hanging);
  const Status status = images.Inspect("base.qcow2").status();
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("killed"));
}

}  // namespace
}  // namespace berth
