// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

TEST(TableTest, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({"ID", ">N", "WHY"});
  table.Add({"i-1", "7", "because"});
  table.Add({"i-22", "100", ""});
  EXPECT_EQ(table.Render(false),
            "ID      N  WHY\n"
            "i-1     7  because\n"
            "i-22  100  -\n");
}

TEST(TableTest, CharactersAreCountedAndNotBytes) {
  Table table({"NAME", "X"});
  table.Add({"\u00e9t\u00e9s", "1"});
  table.Add({"abcd", "2"});
  EXPECT_EQ(table.Render(false), "NAME  X\n\u00e9t\u00e9s  1\nabcd  2\n");
}

TEST(TableTest, ColourDoesNotMoveColumns) {
  Table table({"STATE", "X"});
  table.Add({{"OK", Tone::kGood}, "1"});
  EXPECT_EQ(table.Render(true), "\033[1mSTATE\033[0m  \033[1mX\033[0m\n\033[32mOK\033[0m     1\n");
}

TEST(TableTest, FieldsWithoutValueAreLeftOut) {
  Fields fields;
  fields.Add("Name", "web");
  fields.Add("Reason", "");
  fields.Add("Operation", "op-1");
  EXPECT_EQ(fields.Render(false), "Name:       web\nOperation:  op-1\n");
}

}  // namespace
}  // namespace berth::cli
