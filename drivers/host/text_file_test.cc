// SPDX-License-Identifier: Apache-2.0
#include "drivers/host/text_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_directory.h"

namespace berth {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(TextFileTest, ReadsTextWithoutItsFinalNewline) {
  const TempDirectory directory;
  EXPECT_EQ(ReadText(directory.Write("a", "one\ntwo\n")), "one\ntwo");
  EXPECT_EQ(ReadText(directory.Write("b", "")), "");
  EXPECT_EQ(ReadText(directory.Path("none")), std::nullopt);
  EXPECT_EQ(ReadText(directory.path()), std::nullopt) << "a directory";
}

TEST(TextFileTest, ReadsNoMoreThanAMebibyte) {
  const TempDirectory directory;
  EXPECT_EQ(ReadText(directory.Write("a", std::string(3 << 20, 'x')))->size(), size_t{1} << 20);
}

TEST(TextFileTest, TakesOnlyWholeNumbers) {
  EXPECT_EQ(ParseNumber(" 42\n"), 42);
  EXPECT_EQ(ParseNumber("-1"), -1);
  for (const std::string_view text : {"", " ", "4x", "x4", "4 2", "99999999999999999999", "0x10"})
    EXPECT_EQ(ParseNumber(text), std::nullopt) << text;
}

TEST(TextFileTest, SplitsWordsAndLines) {
  EXPECT_THAT(Words("  a\tb \n c"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Words(" \n"), IsEmpty());
  EXPECT_THAT(KeyValues("a: 1\nno colon\nb\t:  two: words \na: 2\n:"),
              ElementsAre(Pair("", ""), Pair("a", "1"), Pair("b", "two: words")));
}

TEST(TextFileTest, FindsTheChosenWord) {
  EXPECT_EQ(Chosen("always [madvise] never"), "madvise");
  for (const std::string_view text : {"", "never", "[", "]", "] [", "x]"})
    EXPECT_EQ(Chosen(text), "") << text;
}

TEST(TextFileTest, ListsADirectoryInOrder) {
  const TempDirectory directory;
  directory.Write("b", "");
  directory.Write("a", "");
  EXPECT_THAT(Entries(directory.path()), ElementsAre("a", "b"));
  EXPECT_THAT(Entries(directory.Path("none")), IsEmpty());
}

}  // namespace
}  // namespace berth
