// SPDX-License-Identifier: Apache-2.0
#include "agent/api/error_convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/api/test_support.h"
#include "berth/v1/common.pb.h"
#include "core/base/reasons.h"

namespace berth::api {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

TEST(ErrorConvertTest, OkStaysOk) { EXPECT_TRUE(ToGrpcStatus(OkStatus()).ok()); }

TEST(ErrorConvertTest, EveryCodeKeepsItsNumberAndCarriesAReason) {
  for (int code = 1; code <= 16; ++code) {
    const WireError error = Decode(ToGrpcStatus(Status(static_cast<StatusCode>(code), "why")));
    EXPECT_EQ(static_cast<int>(error.code), code);
    EXPECT_EQ(error.domain, "berth.v1");
    EXPECT_FALSE(error.reason.empty()) << code;
  }
}

TEST(ErrorConvertTest, ReasonsAreThoseOfTheContract) {
  for (const char* reason : {reasons::kInvalidField,
                             reasons::kUnknownField,
                             reasons::kInsufficientCapacity,
                             reasons::kInstanceNotFound,
                             reasons::kInstanceExists,
                             reasons::kIncorrectInstanceState,
                             reasons::kOperationNotFound,
                             reasons::kOperationInProgress,
                             reasons::kOperationNotPermitted,
                             reasons::kIdempotentParameterMismatch,
                             reasons::kEtagMismatch,
                             reasons::kStaleEpoch,
                             reasons::kStalePageToken,
                             reasons::kImageNotFound,
                             reasons::kImageInvalid,
                             reasons::kStorageFull,
                             reasons::kHypervisorUnavailable,
                             reasons::kHypervisorTimeout,
                             reasons::kGuestStuck,
                             reasons::kLedgerUnavailable,
                             reasons::kLedgerForeign,
                             reasons::kLedgerNewer,
                             reasons::kOverloaded,
                             reasons::kNodeCordoned,
                             reasons::kNotReady,
                             reasons::kNotImplemented,
                             reasons::kNoConsoleOutput,
                             reasons::kAgentStopping,
                             reasons::kReplyTooLarge,
                             reasons::kInternalFault,
                             reasons::kOperationCancelled}) {
    v1::ErrorReason value;
    EXPECT_TRUE(v1::ErrorReason_Parse(reason, &value)) << reason;
  }
}

TEST(ErrorConvertTest, FaultsOfOursKeepTheirWordsToThemselves) {
  for (const StatusCode code :
       {StatusCode::kInternal, StatusCode::kUnknown, StatusCode::kDataLoss}) {
    const WireError error =
        Decode(ToGrpcStatus(MakeError(code, "INSERT INTO instances: <domain>/var/lib/secret",
                                      {.reason = "X", .metadata = {{"sql", "INSERT"}}})));
    EXPECT_EQ(static_cast<int>(error.code), static_cast<int>(code));
    EXPECT_THAT(error.message, Not(HasSubstr("INSERT")));
    EXPECT_EQ(error.reason, "INTERNAL_FAULT");
    EXPECT_THAT(error.metadata, IsEmpty());
  }
}

TEST(ErrorConvertTest, EveryViolationArrivesWithItsCure) {
  const WireError error = Decode(
      ToGrpcStatus(InvalidFields({{"spec.name", "choose another"}, {"spec.boot", "required"}})));
  EXPECT_EQ(error.code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(error.reason, "INVALID_FIELD");
  EXPECT_THAT(error.violations, Contains(Pair("spec.name", "choose another")));
  EXPECT_THAT(error.violations, Contains(Pair("spec.boot", "required")));
}

TEST(ErrorConvertTest, UnavailableAlwaysSaysWhenToComeBack) {
  EXPECT_EQ(
      Decode(ToGrpcStatus(MakeError(StatusCode::kUnavailable, "NOT_READY", "starting"))).retry_ms,
      1000);
  const Status known =
      MakeError(StatusCode::kUnavailable, "full",
                {.reason = "OVERLOADED", .retry_after = std::chrono::milliseconds(250)});
  EXPECT_EQ(Decode(ToGrpcStatus(known)).retry_ms, 250);
  EXPECT_EQ(Decode(ToGrpcStatus(Status(StatusCode::kNotFound, "no"))).retry_ms, -1);
}

TEST(ErrorConvertTest, NotFoundNamesTheResource) {
  const Status status =
      MakeError(StatusCode::kNotFound, "no such instance",
                {.reason = reasons::kInstanceNotFound, .metadata = {{"instance_id", "i-0123"}}});
  EXPECT_EQ(Decode(ToGrpcStatus(status)).resource, "berth.v1.Instance i-0123");
}

TEST(ErrorConvertTest, HugeErrorsAreCutAndSayHowMuch) {
  std::vector<FieldViolation> violations;
  for (int i = 0; i < 500; ++i)
    violations.push_back({"spec.tags[\"" + std::to_string(i) + "\"]", std::string(1000, 'x')});
  ErrorDetails details{.reason = "INVALID_FIELD", .violations = violations};
  for (int i = 0; i < 100; ++i)
    details.metadata["key" + std::to_string(i)] = std::string(5000, 'y');
  const grpc::Status status =
      ToGrpcStatus(MakeError(StatusCode::kInvalidArgument, std::string(1 << 20, 'm'), details));
  EXPECT_LE(status.error_message().size(), kErrorMessageBytesMax);
  EXPECT_LE(status.error_details().size(), kErrorDetailsBytesMax);
  const WireError error = Decode(status);
  EXPECT_EQ(error.reason, "INVALID_FIELD");
  ASSERT_FALSE(error.violations.empty());
  EXPECT_EQ(error.metadata.at("violations_omitted"), std::to_string(500 - error.violations.size()));
  EXPECT_GT(std::stoi(error.metadata.at("metadata_omitted")), 0);
}

TEST(ErrorConvertTest, BytesThatAreNoTextBecomeText) {
  const grpc::Status status = ToGrpcStatus(MakeError(
      StatusCode::kInvalidArgument, "name \xff\xfe is\nbad", {.reason = "INVALID_FIELD"}));
  EXPECT_EQ(status.error_message(), "name ?? is?bad");
  EXPECT_EQ(Decode(status).reason, "INVALID_FIELD");  // The details parse, so they are UTF-8.
}

TEST(ErrorConvertTest, AnOperationKeepsTheWordsOfItsStep) {
  const google::rpc::Status status = ToRpcStatus(
      {.code = StatusCode::kInternal, .reason = "", .message = "creating disk: qemu-img: no"});
  EXPECT_EQ(status.code(), 13);
  EXPECT_EQ(status.message(), "creating disk: qemu-img: no");
}

}  // namespace
}  // namespace berth::api
