// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/temp_directory.h"

namespace berth {
namespace {

using ::testing::UnorderedElementsAre;

mode_t ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

UniqueFd Open(const TempDirectory& directory) { return *OpenDirectory(directory.path()); }

TEST(FilesTest, MakesDirectoriesThatMayBeEnteredAndNotListed) {
  const TempDirectory directory;
  const mode_t before = umask(077);
  EXPECT_TRUE(MakeDirectories(directory.Path("a/b/c")).ok());
  umask(before);
  EXPECT_EQ(ModeOf(directory.Path("a")), 0711U);
  EXPECT_EQ(ModeOf(directory.Path("a/b/c")), 0711U);
  EXPECT_TRUE(MakeDirectories(directory.Path("a/b/c/")).ok());
}

TEST(FilesTest, LeavesTheModeOfADirectoryThatIsThere) {
  const TempDirectory directory;
  ASSERT_EQ(mkdir(directory.Path("a").c_str(), 0700), 0);
  EXPECT_TRUE(MakeDirectories(directory.Path("a/b")).ok());
  EXPECT_EQ(ModeOf(directory.Path("a")), 0700U);
}

TEST(FilesTest, NamesTheDirectoryThatCannotBeMade) {
  const TempDirectory directory;
  directory.Write("a", "a file");
  const Status status = MakeDirectories(directory.Path("a/b"));
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr(directory.Path("a/b")));
}

TEST(FilesTest, ReplacesAFileThatIsInTheWayWithAPrivateOne) {
  const TempDirectory directory;
  directory.Write("file", "old");
  const mode_t before = umask(0);
  const auto file = CreateFile(Open(directory), "file");
  umask(before);
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(WriteAll(*file, "new").ok());
  EXPECT_EQ(directory.Read("file"), "new");
  EXPECT_EQ(ModeOf(directory.Path("file")), 0600U);
}

TEST(FilesTest, CreatingAFileDoesNotWriteThroughALink) {
  const TempDirectory directory;
  directory.Write("precious", "kept");
  std::filesystem::create_symlink(directory.Path("precious"), directory.Path("file"));
  const auto file = CreateFile(Open(directory), "file");
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(WriteAll(*file, "new").ok());
  EXPECT_EQ(directory.Read("precious"), "kept");
}

TEST(FilesTest, OpensNoSubdirectoryThroughALink) {
  const TempDirectory directory;
  const TempDirectory elsewhere;
  std::filesystem::create_symlink(elsewhere.path(), directory.Path("link"));
  EXPECT_FALSE(OpenSubdirectory(Open(directory), "link").ok());
  EXPECT_FALSE(MakeSubdirectory(Open(directory), "link").ok());
}

TEST(FilesTest, RemovesATreeAndNothingThatALinkInItPointsTo) {
  const TempDirectory directory;
  const TempDirectory elsewhere;
  elsewhere.Write("precious", "kept");
  directory.Write("tree/file", "");
  directory.Write("tree/deep/er/file", "");
  std::filesystem::create_symlink(elsewhere.path(), directory.Path("tree/link"));
  std::filesystem::create_symlink("/nowhere", directory.Path("tree/deep/dangling"));
  EXPECT_TRUE(RemoveTree(Open(directory), "tree").ok());
  EXPECT_FALSE(directory.Has("tree"));
  EXPECT_TRUE(elsewhere.Has("precious"));
  EXPECT_TRUE(RemoveTree(Open(directory), "tree").ok()) << "a second time";
}

TEST(FilesTest, RemovesALinkInThePlaceOfATree) {
  const TempDirectory directory;
  const TempDirectory elsewhere;
  elsewhere.Write("precious", "kept");
  std::filesystem::create_symlink(elsewhere.path(), directory.Path("tree"));
  EXPECT_TRUE(RemoveTree(Open(directory), "tree").ok());
  EXPECT_FALSE(directory.Has("tree"));
  EXPECT_TRUE(elsewhere.Has("precious"));
}

TEST(FilesTest, RefusesToWalkATreeThatIsTooDeep) {
  const TempDirectory directory;
  std::string path = "tree";
  for (int i = 0; i < 30; ++i) path += "/d";
  directory.Write(path + "/file", "");
  EXPECT_FALSE(RemoveTree(Open(directory), "tree").ok());
}

TEST(FilesTest, RemovesOnlyFilesOfTheSuffix) {
  const TempDirectory directory;
  directory.Write("a.tmp", "");
  directory.Write("b.tmp", "");
  directory.Write("tmp", "");
  EXPECT_TRUE(RemoveFilesEndingIn(Open(directory), ".tmp").ok());
  EXPECT_THAT(*ListNames(Open(directory)), UnorderedElementsAre("tmp"));
}

TEST(FilesTest, ListsTheSameDirectoryTwice) {
  const TempDirectory directory;
  directory.Write("a", "");
  const UniqueFd open = Open(directory);
  EXPECT_THAT(*ListNames(open), UnorderedElementsAre("a"));
  EXPECT_THAT(*ListNames(open), UnorderedElementsAre("a"));
}

TEST(FilesTest, CallsOnlyARegularFileWithSomethingInItAFile) {
  const TempDirectory directory;
  directory.Write("empty", "");
  directory.Write("full", "x");
  std::filesystem::create_symlink("full", directory.Path("link"));
  const UniqueFd open = Open(directory);
  EXPECT_TRUE(HasFile(open, "full"));
  EXPECT_FALSE(HasFile(open, "empty"));
  EXPECT_FALSE(HasFile(open, "link"));
  EXPECT_FALSE(HasFile(open, "none"));
}

TEST(FilesTest, CountsWhatFilesTakeAndNotHowLongTheyAre) {
  const TempDirectory directory;
  directory.Write("sparse", "x");
  std::filesystem::resize_file(directory.Path("sparse"), 1 << 30);
  EXPECT_LT(AllocatedBytes(Open(directory)), 1 << 20);
  directory.Write("dense", std::string(1 << 20, 'x'));
  EXPECT_GE(AllocatedBytes(Open(directory)), 1 << 20);
}

}  // namespace
}  // namespace berth
