// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/qcow2_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/random.h"

namespace berth {
namespace {

using ::testing::HasSubstr;

void Put(std::string* head, size_t offset, size_t bytes, uint64_t value) {
  for (size_t i = bytes; i-- > 0; value >>= 8) (*head)[offset + i] = static_cast<char>(value);
}

// A plain version 3 header of 2 GiB.
std::string GoodHeader() {
  std::string head(kQcow2HeaderBytes, '\0');
  head.replace(0, 4, std::string("QFI\xfb", 4));
  Put(&head, 4, 4, 3);
  Put(&head, 20, 4, 16);
  Put(&head, 24, 8, uint64_t{2} << 30);
  Put(&head, 100, 4, kQcow2HeaderBytes);
  return head;
}

std::string WhyNot(const std::string& head) {
  const auto size = Qcow2VirtualBytes(head);
  EXPECT_EQ(size.status().code(), StatusCode::kInvalidArgument);
  return std::string(size.status().message());
}

TEST(Qcow2HeaderTest, TellsTheSizeAGuestSees) {
  EXPECT_EQ(*Qcow2VirtualBytes(GoodHeader()), int64_t{2} << 30);
}

TEST(Qcow2HeaderTest, ReadsTheOlderVersionWithItsShorterHeader) {
  std::string head = GoodHeader();
  Put(&head, 4, 4, 2);
  head.resize(72);
  EXPECT_EQ(*Qcow2VirtualBytes(head), int64_t{2} << 30);
}

TEST(Qcow2HeaderTest, RefusesWhatIsCutShortAtEveryLength) {
  const std::string head = GoodHeader();
  for (size_t length = 0; length < head.size(); ++length)
    EXPECT_FALSE(Qcow2VirtualBytes(head.substr(0, length)).ok()) << length;
}

TEST(Qcow2HeaderTest, RefusesABackingFile) {
  std::string head = GoodHeader();
  Put(&head, 8, 8, 512);
  EXPECT_THAT(WhyNot(head), HasSubstr("backing file"));
}

TEST(Qcow2HeaderTest, RefusesAnExternalDataFile) {
  std::string head = GoodHeader();
  Put(&head, 72, 8, 4);
  EXPECT_THAT(WhyNot(head), HasSubstr("another file"));
}

TEST(Qcow2HeaderTest, RefusesOneMarkedCorrupt) {
  std::string head = GoodHeader();
  Put(&head, 72, 8, 2);
  EXPECT_THAT(WhyNot(head), HasSubstr("corrupt"));
}

TEST(Qcow2HeaderTest, RefusesFeaturesItDoesNotKnow) {
  std::string head = GoodHeader();
  Put(&head, 72, 8, uint64_t{1} << 63);
  EXPECT_THAT(WhyNot(head), HasSubstr("not known"));
}

TEST(Qcow2HeaderTest, RefusesEncryption) {
  std::string head = GoodHeader();
  Put(&head, 32, 4, 2);
  EXPECT_THAT(WhyNot(head), HasSubstr("encrypted"));
}

TEST(Qcow2HeaderTest, RefusesSizesOfNothingAndOfTooMuch) {
  std::string head = GoodHeader();
  Put(&head, 24, 8, 0);
  EXPECT_THAT(WhyNot(head), HasSubstr("size is 0"));
  Put(&head, 24, 8, (uint64_t{64} << 40) + 512);
  EXPECT_THAT(WhyNot(head), HasSubstr("at most"));
  Put(&head, 24, 8, UINT64_MAX);
  EXPECT_THAT(WhyNot(head), HasSubstr("at most"));
  Put(&head, 24, 8, uint64_t{64} << 40);
  EXPECT_TRUE(Qcow2VirtualBytes(head).ok());
}

TEST(Qcow2HeaderTest, RefusesUnknownVersions) {
  for (const uint64_t version : {0U, 1U, 4U}) {
    std::string head = GoodHeader();
    Put(&head, 4, 4, version);
    EXPECT_THAT(WhyNot(head), HasSubstr("version"));
  }
}

TEST(Qcow2HeaderTest, SurvivesRandomBytesBehindTheMagic) {
  const auto random = MakeSeededRandom(1);
  for (int i = 0; i < 20000; ++i) {
    std::string head = GoodHeader();
    for (int flips = 0; flips < 4; ++flips)
      head[4 + random->Next() % (head.size() - 4)] = static_cast<char>(random->Next());
    const auto size = Qcow2VirtualBytes(head);
    EXPECT_GT(size.value_or(1), 0);
  }
}

}  // namespace
}  // namespace berth
