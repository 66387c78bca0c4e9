// SPDX-License-Identifier: Apache-2.0
#include "agent/node/image_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "agent/images/image_cache.h"
#include "agent/images/image_request.h"
#include "agent/node/listing.h"
#include "agent/node/node_agent.h"
#include "agent/node/resolve_spec.h"
#include "agent/node/submit_once.h"
#include "core/base/error.h"
#include "core/base/ids.h"
#include "core/base/reasons.h"
#include "core/model/validate.h"

namespace berth {
namespace {

constexpr size_t kUrlBytesMax = 2048;
constexpr size_t kPathBytesMax = 4095;
constexpr size_t kSha256Digits = 64;
constexpr size_t kSha512Digits = 128;

bool IsHex(const std::string& text, size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool IsPlain(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

void CheckUrl(const std::string& url, std::vector<FieldViolation>& faults) {
  const size_t scheme = url.starts_with("http://") ? 7 : url.starts_with("https://") ? 8 : 0;
  if (scheme == 0 || url.size() == scheme || url.size() > kUrlBytesMax || !IsPlain(url))
    faults.push_back({"url", fmt::format("give http://... or https://..., at most {} characters, "
                                         "with what is special in it as %XX",
                                         kUrlBytesMax)});
  else if (const size_t at = url.find('@'); at < url.find('/', scheme))
    faults.push_back({"url", "leave user and password out: it is kept and shown"});
}

// Lexically: what a link in that directory leads to is its owner's business.
void CheckPath(const std::string& path, const std::string& directory,
               std::vector<FieldViolation>& faults) {
  const bool inside = path.starts_with(directory + "/") && path.size() > directory.size() + 1 &&
                      (path + "/").find("/../") == std::string::npos;
  if (directory.empty())
    faults.push_back({"path", "this node takes no files: its images.exchange_dir is not set"});
  else if (!inside || path.size() > kPathBytesMax || path.find('\0') != std::string::npos)
    faults.push_back({"path", fmt::format("give the absolute path of a file under {}, which is the "
                                          "node's images.exchange_dir",
                                          directory)});
}

// The whole that `txn` writes for what is wanted; the answer.
model::Operation Write(LedgerTxn& txn, const CallContext& call, images::Grant grant) {
  if (grant.write_operation) {
    grant.operation.principal = call.principal;
    grant.operation.request_id = call.request_id;
    txn.PutOperation(grant.operation);
  }
  if (grant.image) txn.PutImage(std::move(*grant.image));
  return std::move(grant.operation);
}

Status CheckId(const std::string& image_id) {
  if (IsImageId(image_id)) return OkStatus();
  return InvalidField("image_id", "give \"img-\" and 17 lower-case hexadecimal digits");
}

Status NotFound(const std::string& image_id) {
  return MakeError(
      StatusCode::kNotFound,
      fmt::format("there is no image {}; `berthctl image list` shows what there is", image_id),
      {.reason = reasons::kImageNotFound, .metadata = {{"image_id", image_id}}});
}

StatusOr<model::Image> DeleteIfUnused(LedgerTxn& txn, const std::string& image_id) {
  const auto image = txn.view().images.Find(image_id);
  if (image == nullptr) return NotFound(image_id);
  if (image->state == model::ImageState::kPending)
    return MakeError(StatusCode::kFailedPrecondition,
                     fmt::format("{} is on its way here: wait for {}, or cancel it", image_id,
                                 image->operation_id),
                     {.reason = reasons::kOperationInProgress,
                      .metadata = {{"operation_id", image->operation_id}}});
  const int32_t users = images::UsersOf(txn.view(), image_id);
  if (users > 0)
    return MakeError(
        StatusCode::kFailedPrecondition,
        fmt::format("the disks of {} instance{} rest on {}: terminate what does not need to stay",
                    users, users == 1 ? "" : "s", image_id),
        {.reason = reasons::kImageInUse, .metadata = {{"user_count", std::to_string(users)}}});
  if (!image->disk_claim_id.empty()) txn.EraseClaim(image->disk_claim_id);
  txn.EraseImage(image_id);
  return *image;
}

}  // namespace

std::vector<FieldViolation> FaultsOf(const BringImageArgs& args, const std::string& exchange_dir) {
  std::vector<FieldViolation> faults;
  const model::ImageSource& source = args.source;
  if (!args.image_id.empty() && !IsImageId(args.image_id))
    faults.push_back(
        {"image_id", "give \"img-\" and 17 lower-case hexadecimal digits, or leave it empty"});
  if (args.name.size() > model::kNameBytesMax)
    faults.push_back({"name", fmt::format("at most {} bytes", model::kNameBytesMax)});
  if (!source.path.empty())
    CheckPath(source.path, exchange_dir, faults);
  else
    CheckUrl(source.url, faults);
  if (!source.sha256.empty() && !IsHex(source.sha256, kSha256Digits))
    faults.push_back({"digest.sha256", "give 64 lower-case hexadecimal digits"});
  if (!source.sha512.empty() && !IsHex(source.sha512, kSha512Digits))
    faults.push_back({"digest.sha512", "give 128 lower-case hexadecimal digits"});
  return faults;
}

void ImageCatalog::Bring(CallContext call, BringImageArgs args, DoneWith<model::Operation> done) {
  std::vector<FieldViolation> faults = node::CallFaults(call);
  for (FieldViolation& fault : FaultsOf(args, context_->with.images.exchange_dir))
    faults.push_back(std::move(fault));
  if (!faults.empty()) return context_->Refuse(std::move(done), InvalidFields(std::move(faults)));
  const images::Wanted wanted{args.image_id, args.name, args.source, args.pinned};
  // Not set where nothing was decided anew.
  const auto hit = std::make_shared<std::optional<bool>>();
  node::SubmitOnce<model::Operation>(
      context_, call,
      [context = context_, call, wanted, hit](LedgerTxn& txn) -> StatusOr<model::Operation> {
        Random& random = context->with.random;
        images::Made made{NewImageId(random), NewOperationId(random)};
        if (!wanted.id.empty()) {
          BERTH_ASSIGN_OR_RETURN(made.id_was_used, txn.WasErased(wanted.id));
        }
        BERTH_ASSIGN_OR_RETURN(images::Grant grant,
                               images::Want(txn.view(), wanted, made, txn.now()));
        if (call.validate_only) {
          // As it would be, without what only a real one has.
          if (grant.write_operation) grant.operation.id.clear();
          if (grant.write_operation && wanted.id.empty() && !grant.hit)
            grant.operation.target.clear();
          return std::move(grant.operation);
        }
        *hit = grant.hit;
        return Write(txn, call, std::move(grant));
      },
      [context = context_, hit, done = std::move(done)](StatusOr<model::Operation> operation) {
        const auto& observe = context->with.observer.image_wanted;
        if (operation.ok() && *hit && observe) observe(**hit);
        done(std::move(operation));
      });
}

void ImageCatalog::Delete(CallContext call, const std::string& image_id,
                          DoneWith<model::Image> done) {
  std::vector<FieldViolation> faults = node::CallFaults(call);
  if (const Status wrong = CheckId(image_id); !wrong.ok())
    faults.push_back(DetailsOf(wrong).violations.front());
  if (!faults.empty()) return context_->Refuse(std::move(done), InvalidFields(std::move(faults)));
  node::SubmitOnce<model::Image>(
      context_, std::move(call),
      [image_id](LedgerTxn& txn) { return DeleteIfUnused(txn, image_id); }, std::move(done));
}

StatusOr<ImageReading> ImageCatalog::Get(const std::string& image_id) const {
  BERTH_RETURN_IF_ERROR(CheckId(image_id));
  const auto view = context_->with.ledger.View();
  const auto image = view->images.Find(image_id);
  if (image == nullptr) return NotFound(image_id);
  return ImageReading{image, images::UsersOf(*view, image_id)};
}

StatusOr<ListImagesResult> ImageCatalog::List(int32_t page_size,
                                              const std::string& page_token) const {
  BERTH_ASSIGN_OR_RETURN(ListImagesResult result, listings_.Images(page_size, page_token));
  result.cache_limit_bytes = context_->with.images.cache_bytes;
  return result;
}

const std::string& ImageCatalog::exchange_dir() const { return context_->with.images.exchange_dir; }

std::optional<TransferProgress> ImageCatalog::Progress(const std::string& image_id) const {
  const auto& progress = context_->with.images.progress;
  return progress ? progress(image_id) : std::nullopt;
}

}  // namespace berth
