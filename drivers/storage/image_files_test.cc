// SPDX-License-Identifier: Apache-2.0
// Against the real qemu-img.
#include "drivers/storage/image_files.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/error.h"
#include "core/base/reasons.h"
#include "drivers/storage/hostile_http_server.h"
#include "tests/support/temp_directory.h"

namespace berth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kId[] = "img-0123456789abcdef0";

class ImageFilesTest : public testing::Test {
 protected:
  ImageFilesTest() { std::filesystem::create_directories(directory_.Path("images")); }

  void QemuImgDo(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "/usr/bin/qemu-img");
    const auto result = RunProcess(arguments, {});
    ASSERT_TRUE(result.ok() && result->exit_code == 0) << result->errors;
  }
  // An image file with something on it, in that format.
  std::string Make(const std::string& format, const std::string& options = "") {
    const std::string raw =
        directory_.Write("content", std::string(1 << 20, 'x') + std::string(1 << 20, '\0'));
    std::string path = directory_.Path("image." + format);
    std::vector<std::string> arguments = {"convert", "-f", "raw", "-O", format};
    if (!options.empty()) arguments.insert(arguments.end(), {"-o", options});
    arguments.insert(arguments.end(), {raw, path});
    QemuImgDo(arguments);
    return path;
  }
  StatusOr<ImageInfo> Import(const std::string& path, const std::string& format = "") {
    BERTH_RETURN_IF_ERROR(files_.Copy(kId, path, {}, transfer_).status());
    return files_.Publish(kId, format);
  }
  void Refused(const std::string& path, const std::string& why = "",
               const std::string& format = "") {
    const Status status = Import(path, format).status();
    EXPECT_EQ(ReasonOf(status), reasons::kImageInvalid) << status;
    EXPECT_THAT(status.message(), HasSubstr(why));
    EXPECT_FALSE(std::filesystem::exists(Published()));
  }
  std::string Published() const { return directory_.Path(fmt::format("images/{}.img", kId)); }

  TempDirectory directory_;
  SystemClock clock_;
  Transfer transfer_{clock_};
  QemuImg qemu_img_{"/usr/bin/qemu-img", {}};
  Images images_{directory_.Path("images"), qemu_img_};
  ImageFiles files_{directory_.Path("images"), "boot-1", qemu_img_, images_};
};

TEST_F(ImageFilesTest, AnImageIsThereWhenItIsPublishedAndNotBefore) {
  const std::string path = Make("qcow2");
  const auto copied = files_.Copy(kId, path, {}, transfer_);
  ASSERT_TRUE(copied.ok()) << copied.status();
  EXPECT_EQ(copied->bytes, static_cast<int64_t>(std::filesystem::file_size(path)));
  EXPECT_FALSE(std::filesystem::exists(Published()));
  EXPECT_THAT(*files_.List(), ElementsAre(ImageFile{kId, false}));
  const auto info = files_.Publish(kId, "");
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->format, "qcow2");
  EXPECT_EQ(info->virtual_bytes, 2 << 20);
  EXPECT_EQ(*files_.Publish(kId, ""), *info) << "again";
  EXPECT_TRUE(std::filesystem::is_empty(directory_.Path("images/.incoming")));
  EXPECT_THAT(*files_.List(), ElementsAre(ImageFile{kId, true}));
  EXPECT_EQ(images_.Inspect(kId).value(), *info) << "by its id";
}

TEST_F(ImageFilesTest, ForeignFormatsAreConvertedAndTheirContentStays) {
  for (const auto& [format, options] : std::vector<std::pair<std::string, std::string>>{
           {"vmdk", ""}, {"vmdk", "subformat=streamOptimized"}, {"vdi", ""}, {"vhdx", ""}}) {
    const auto info = Import(Make(format, options));
    ASSERT_TRUE(info.ok()) << format << ": " << info.status();
    EXPECT_EQ(info->format, "qcow2");
    QemuImgDo({"compare", "-f", "raw", "-F", "qcow2", directory_.Path("content"), Published()});
    ASSERT_TRUE(files_.Delete(kId).ok());
  }
  EXPECT_THAT(*files_.List(), IsEmpty());
}

TEST_F(ImageFilesTest, RawIsTakenAsItIs) {
  const auto info = Import(directory_.Write("disk", std::string(4096, 'r')));
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(*info, (ImageInfo{"raw", 4096, 4096}));
}

TEST_F(ImageFilesTest, WhatNamesOtherFilesIsRefused) {
  const std::string secret = directory_.Write("secret", std::string(1 << 20, 's'));
  Make("qcow2");
  for (const std::string& backing : {directory_.Path("image.qcow2"), std::string("image.qcow2")}) {
    QemuImgDo({"create", "-q", "-f", "qcow2", "-b", backing, "-F", "qcow2",
               directory_.Path("overlay.qcow2")});
    Refused(directory_.Path("overlay.qcow2"), "backing");
  }
  QemuImgDo({"create", "-q", "-f", "qcow2", "-o", "data_file=" + directory_.Path("data"),
             directory_.Path("elsewhere.qcow2"), "1M"});
  Refused(directory_.Path("elsewhere.qcow2"));
  const std::string descriptor = fmt::format(
      "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\n"
      "createType=\"monolithicFlat\"\nRW 2048 FLAT \"{}\" 0\n",
      secret);
  Refused(directory_.Write("flat.vmdk", descriptor), "VMDK");
  // The same inside a sparse header that has no capacity, which QEMU would follow.
  std::string header = "KDMV";
  header.resize(512, '\0');
  header[4] = 1;
  header[28] = 1;  // The descriptor's sector,
  header[36] = 1;  // and how many it has.
  std::string hidden = header + descriptor;
  hidden.resize(1024, '\0');
  Refused(directory_.Write("hidden.vmdk", hidden));
}

TEST_F(ImageFilesTest, AVmdkWithAParentIsRefused) {
  const std::string parent = Make("vmdk");
  const auto made = RunProcess({"/usr/bin/qemu-img", "create", "-q", "-f", "vmdk", "-b", parent,
                                "-F", "vmdk", directory_.Path("child.vmdk")},
                               {});
  ASSERT_TRUE(made.ok() && made->exit_code == 0) << made->errors;
  Refused(directory_.Path("child.vmdk"));
}

TEST_F(ImageFilesTest, BombsAndTruncatedFilesAreRefused) {
  QemuImgDo({"create", "-q", "-f", "qcow2", directory_.Path("huge.qcow2"), "65T"});
  Refused(directory_.Path("huge.qcow2"));
  std::string whole = directory_.Read(std::filesystem::path(Make("qcow2")).filename().string());
  std::string endless = whole;
  endless.replace(24, 8, std::string("\x7f\xff\xff\xff\xff\xff\xff\xff", 8));
  Refused(directory_.Write("endless.qcow2", endless));
  Refused(directory_.Write("short.qcow2", whole.substr(0, 60)));
  Refused(directory_.Write("disk.gz", std::string("\x1f\x8b", 2) + whole));
}

TEST_F(ImageFilesTest, AFileOfAnotherFormatThanWasSaidIsRefused) {
  Refused(Make("qcow2"), "it is a qcow2 file", "raw");
}

TEST_F(ImageFilesTest, OnlyARegularFileIsImported) {
  EXPECT_EQ(ReasonOf(Import(directory_.Path("nothing")).status()), reasons::kImageNotFound);
  Refused(directory_.path());
  Refused(directory_.Write("empty", ""));
  std::filesystem::create_symlink(Make("qcow2"), directory_.Path("link"));
  Refused(directory_.Path("link"));
}

TEST_F(ImageFilesTest, WhatWasFetchedIsPublishedLikewise) {
  const std::string image =
      directory_.Read(std::filesystem::path(Make("qcow2")).filename().string());
  const HostileHttpServer server([&](const auto&, int) {
    return HostileHttpServer::Answer{
        fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", image.size(), image)};
  });
  ASSERT_TRUE(files_.Download(kId, {server.Url()}, {}, transfer_).ok());
  EXPECT_TRUE(files_.Publish(kId, "qcow2").ok());
}

}  // namespace
}  // namespace berth
