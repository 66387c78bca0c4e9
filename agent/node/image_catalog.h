// SPDX-License-Identifier: Apache-2.0
// The use cases of the node's images. As NodeAgent's: each mutating call is one ledger transaction
// and answers after its commit; the work is then carried by agent/images, also if the caller has
// left. Thread-safe; calls return at once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/status.h"
#include "core/base/transfer.h"
#include "core/model/image.h"
#include "core/model/operation.h"

namespace berth {

struct CallContext;  // agent/node/node_agent.h

namespace node {
struct NodeContext;
class Listings;
}  // namespace node

struct BringImageArgs {
  std::string image_id;  // "" = the one that is there, or the agent makes one.
  std::string name;
  model::ImageSource source;  // With a url (pull) or a path (import).
  bool pinned = false;
};

// What only operators of the node set.
struct ImageSettings {
  std::string exchange_dir;  // Files are imported from here; "" = from nowhere.
  int64_t cache_bytes = 0;   // 0 = no limit but the disk's.
  // How far an image on its way has come; nullopt while none is. Any thread; quick. May be null.
  std::function<std::optional<TransferProgress>(const std::string& image_id)> progress;
};

struct ImageReading {
  std::shared_ptr<const model::Image> image;
  int32_t user_count = 0;  // Instances whose disks rest on it.
};

struct ListImagesResult {
  std::vector<ImageReading> images;  // Ascending by id.
  std::string next_page_token;       // "" = that was all.
  int64_t revision = 0;
  int64_t cache_limit_bytes = 0;  // 0 = none.
  int64_t cache_used_bytes = 0;
};

class ImageCatalog {
 public:
  template <typename T>
  using DoneWith = std::function<void(StatusOr<T>)>;

  ImageCatalog(std::shared_ptr<const node::NodeContext> context, node::Listings& listings)
      : context_(std::move(context)), listings_(listings) {}

  // Brings an image here, or answers the operation of the one that is here or on its way
  // (agent/images/image_request.h). INVALID_ARGUMENT with every violation, or
  // IDEMPOTENT_PARAMETER_MISMATCH; ALREADY_EXISTS IMAGE_EXISTS; FAILED_PRECONDITION STALE_EPOCH;
  // and what the ledger answers. What is wrong with the source ends the operation.
  void Bring(CallContext call, BringImageArgs args, DoneWith<model::Operation> done);
  // Forgets an image and removes its file. NOT_FOUND IMAGE_NOT_FOUND; FAILED_PRECONDITION
  // IMAGE_IN_USE, or OPERATION_IN_PROGRESS: it is on its way. The answer is what it was.
  void Delete(CallContext call, const std::string& image_id, DoneWith<model::Image> done);
  // INVALID_ARGUMENT; NOT_FOUND IMAGE_NOT_FOUND.
  StatusOr<ImageReading> Get(const std::string& image_id) const;
  // Errors as NodeAgent::ListInstances.
  StatusOr<ListImagesResult> List(int32_t page_size, const std::string& page_token) const;
  std::optional<TransferProgress> Progress(const std::string& image_id) const;
  const std::string& exchange_dir() const;

 private:
  const std::shared_ptr<const node::NodeContext> context_;
  node::Listings& listings_;
};

// Every fault of what a caller sent, but for that of an id that is not there; empty: none. Pure.
std::vector<FieldViolation> FaultsOf(const BringImageArgs& args, const std::string& exchange_dir);

}  // namespace berth
