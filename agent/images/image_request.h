// SPDX-License-Identifier: Apache-2.0
// What is answered to whoever wants an image on this node. Pure.
#pragma once

#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/status.h"
#include "core/model/image.h"
#include "core/model/node_view.h"
#include "core/model/operation.h"

namespace berth::images {

struct Wanted {
  std::string id;  // "" = any; one is made where none is there.
  std::string name;
  model::ImageSource source;
  bool pinned = false;
};

// What is new.
struct Made {
  std::string image_id;  // For a new one that was not given an id.
  std::string operation_id;
  bool id_was_used = false;  // By an image that is erased already (LedgerTxn::WasErased).
};

struct Grant {
  std::optional<model::Image> image;  // To be written, as is the operation, where it is set.
  model::Operation operation;         // The answer.
  bool write_operation = false;
  bool hit = false;  // It is here, or on its way for somebody else.
};

// Those who want the same share one image: one from the same URL with the same digest, or with the
// digest that it turned out to have; and, where no digest is given, whatever came from that URL. A
// file of the host may have changed since, so without a digest it is shared only on its way. Its
// operation is answered, or one that is done. One that was evicted is brought again.
//
// ALREADY_EXISTS IMAGE_EXISTS: the id given is another image's, or one's that failed or was
// deleted.
StatusOr<Grant> Want(const model::NodeView& view, const Wanted& wanted, const Made& made,
                     WallTime now);

}  // namespace berth::images
