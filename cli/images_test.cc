// SPDX-License-Identifier: Apache-2.0
// What berthctl makes of images.
#include <algorithm>

#include "cli/cli_fixture.h"
#include "core/base/reasons.h"

namespace berth::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr char kImageId[] = "img-0123456789abcdef0";
constexpr char kUrl[] = "http://example.org/a.qcow2";

class CliImagesTest : public CliTest {
 protected:
  static v1::Operation PullIn(v1::Operation::State state) {
    v1::Operation operation;
    operation.set_operation_id(kOperationId);
    operation.set_kind(v1::Operation::KIND_PULL_IMAGE);
    operation.set_target(kImageId);
    operation.set_state(state);
    operation.set_phase("download");
    operation.set_done(state > v1::Operation::STATE_UNDOING);
    return operation;
  }
  // The agent takes a pull and says these of it, one after the other; the last for good.
  void Pulls(std::vector<v1::Operation> said) {
    answers().pull = [this](const auto& request, auto& reply) {
      asked_ = request;
      reply = PullIn(v1::Operation::STATE_RUNNING);
      return grpc::Status::OK;
    };
    answers().wait = [said = std::move(said), next = size_t{0}](const auto&, auto& reply) mutable {
      reply = said[std::min(next++, said.size() - 1)];
      return grpc::Status::OK;
    };
  }

  v1::PullImageRequest asked_;
};

TEST_F(CliImagesTest, APullIsWaitedForWithItsBytesRateAndTime) {
  v1::Operation under_way = PullIn(v1::Operation::STATE_RUNNING);
  under_way.set_progress_percent(25);
  under_way.mutable_transfer()->set_done_bytes(1 << 30);
  under_way.mutable_transfer()->set_total_bytes(int64_t{4} << 30);
  under_way.mutable_transfer()->set_bytes_per_second(100 << 20);
  v1::Operation done = PullIn(v1::Operation::STATE_SUCCEEDED);
  done.mutable_image()->set_image_id(kImageId);
  done.mutable_image()->set_state(v1::IMAGE_STATE_AVAILABLE);
  done.mutable_image()->set_sha256("aa");
  done.mutable_image()->set_pinned_on_first_use(true);
  Pulls({under_way, done});
  EXPECT_EQ(Run({"image", "pull", kUrl, "--name", "debian", "--sha256", "ab", "--pinned"}), 0)
      << err();
  EXPECT_THAT(err(), HasSubstr("download 25%  1 GiB of 4 GiB, 100 MiB/s, 30s left"));
  EXPECT_THAT(
      out(), AllOf(HasSubstr(kImageId), HasSubstr("AVAILABLE"), HasSubstr("required from now on")));
  EXPECT_EQ(asked_.url(), kUrl);
  EXPECT_EQ(asked_.digest().sha256(), "ab");
  EXPECT_TRUE(asked_.pinned());
  EXPECT_NE(asked_.request_id(), "");
}

TEST_F(CliImagesTest, APullThatIsNotWaitedForNamesItsOperation) {
  Pulls({PullIn(v1::Operation::STATE_RUNNING)});
  EXPECT_EQ(Run({"image", "pull", kUrl, "--no-wait"}), 0) << err();
  EXPECT_THAT(out(), AllOf(HasSubstr(kOperationId), HasSubstr(kImageId)));
}

TEST_F(CliImagesTest, APullThatFailsSaysWhyAndWhatWouldHelp) {
  v1::Operation failed = PullIn(v1::Operation::STATE_FAILED);
  const grpc::Status error =
      AgentError(grpc::StatusCode::FAILED_PRECONDITION, "its bytes have the digest bb and not aa",
                 {.reason = reasons::kImageChecksumMismatch});
  failed.mutable_error()->ParseFromString(error.error_details());
  Pulls({failed});
  EXPECT_NE(Run({"image", "pull", kUrl}), 0);
  EXPECT_THAT(err(), AllOf(HasSubstr("the digest bb and not aa"), HasSubstr("its publisher's")));
}

TEST_F(CliImagesTest, ALineThatMakesNoSenseIsRefusedBeforeAnythingIsAsked) {
  EXPECT_EQ(Run({"image", "pull", kUrl, "--sha256", "a", "--sha512", "b"}), 2);
  EXPECT_THAT(err(), HasSubstr("give one of them"));
  EXPECT_EQ(Run({"image", "pull", kUrl, "--format", "vhd"}), 2);
  EXPECT_THAT(err(), HasSubstr("qcow2, raw, vmdk"));
  EXPECT_EQ(Run({"image", "pull"}), 2);
  EXPECT_EQ(Run({"image", "delete", kImageId, kImageId, "--request-id", "r"}), 2);
  EXPECT_EQ(asked_.url(), "");
}

TEST_F(CliImagesTest, AListSaysWhoUsesWhatAndHowFullTheCacheIs) {
  answers().images = [](const auto&, auto& reply) {
    v1::Image* image = reply.add_images();
    image->set_image_id(kImageId);
    image->set_name("debian");
    image->set_state(v1::IMAGE_STATE_EVICTED);
    image->set_format(v1::IMAGE_FORMAT_QCOW2);
    image->set_user_count(3);
    reply.set_cache_limit_bytes(int64_t{10} << 30);
    reply.set_cache_used_bytes(int64_t{5} << 29);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"image", "list"}), 0) << err();
  EXPECT_THAT(out(), AllOf(HasSubstr(kImageId), HasSubstr("EVICTED"), HasSubstr("qcow2")));
  EXPECT_THAT(err(), HasSubstr("2.5 GiB of 10 GiB in the cache"));
  answers().images = [](const auto&, auto&) { return grpc::Status::OK; };
  EXPECT_EQ(Run({"image", "list"}), 0);
  EXPECT_THAT(err(), AllOf(HasSubstr("image pull"), HasSubstr("no limit")));
}

}  // namespace
}  // namespace berth::cli
