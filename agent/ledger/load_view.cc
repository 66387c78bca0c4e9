// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/load_view.h"

#include <fmt/format.h>

#include <charconv>

#include "agent/ledger/ledger_check.h"
#include "core/base/error.h"
#include "core/model/codec.h"

namespace berth {
namespace {

// Calls `take(id, json)` for each row of `table` until it answers an error.
template <typename Take>
Status ForEachRow(Database& database, std::string_view table, Take take) {
  BERTH_ASSIGN_OR_RETURN(Statement rows,
                         database.Prepare(fmt::format("SELECT id, json FROM {}", table)));
  for (;;) {
    BERTH_ASSIGN_OR_RETURN(const bool more, rows.Next());
    if (!more) return OkStatus();
    const std::string id = rows.Text(0);
    const Status taken = take(id, rows.Text(1));
    if (!taken.ok()) return Annotate(taken, fmt::format("ledger, {} {}", table, id));
  }
}

Status CheckId(const std::string& key, const std::string& id) {
  if (key == id) return OkStatus();
  return absl::DataLossError(fmt::format("the row holds {}", id));
}

Status LoadInstances(Database& database, model::NodeView& view) {
  return ForEachRow(database, "instance", [&](const std::string& id, const std::string& json) {
    BERTH_ASSIGN_OR_RETURN(auto record, model::DecodeInstanceRecord(json));
    BERTH_RETURN_IF_ERROR(CheckId(id, record.id));
    view.instances.Put(id, std::make_shared<const model::InstanceRecord>(std::move(record)));
    return OkStatus();
  });
}

Status LoadOperations(Database& database, model::NodeView& view) {
  return ForEachRow(database, "operation", [&](const std::string& id, const std::string& json) {
    BERTH_ASSIGN_OR_RETURN(auto operation, model::DecodeOperation(json));
    BERTH_RETURN_IF_ERROR(CheckId(id, operation.id));
    view.operations.Put(id, std::make_shared<const model::Operation>(std::move(operation)));
    return OkStatus();
  });
}

Status LoadReservations(Database& database, model::NodeView& view) {
  return ForEachRow(database, "reservation", [&](const std::string& id, const std::string& json) {
    BERTH_ASSIGN_OR_RETURN(auto reservation, model::DecodeReservation(json));
    BERTH_RETURN_IF_ERROR(CheckId(id, reservation.id));
    view.reservations.Put(id, std::make_shared<const model::Reservation>(std::move(reservation)));
    return OkStatus();
  });
}

Status LoadImages(Database& database, model::NodeView& view) {
  return ForEachRow(database, "image", [&](const std::string& id, const std::string& json) {
    BERTH_ASSIGN_OR_RETURN(auto image, model::DecodeImage(json));
    BERTH_RETURN_IF_ERROR(CheckId(id, image.id));
    view.images.Put(id, std::make_shared<const model::Image>(std::move(image)));
    return OkStatus();
  });
}

Status LoadClaims(Database& database, model::NodeView& view) {
  return ForEachRow(database, "claim", [&](const std::string& id, const std::string& json) {
    BERTH_ASSIGN_OR_RETURN(auto claim, model::DecodeClaim(json));
    BERTH_RETURN_IF_ERROR(CheckId(id, claim.id));
    view.allocated += claim.held;
    view.claims.Put(id, std::make_shared<const model::Claim>(std::move(claim)));
    return OkStatus();
  });
}

// A number in `meta`; 0 where the row is not there yet.
StatusOr<int64_t> LoadNumber(RecordTables& records, const char* key) {
  BERTH_ASSIGN_OR_RETURN(const auto text, records.Meta(key));
  int64_t number = 0;
  if (!text) return number;
  const char* end = text->data() + text->size();
  const auto [stopped, error] = std::from_chars(text->data(), end, number);
  if (error == std::errc() && stopped == end) return number;
  return absl::DataLossError(fmt::format("ledger, meta {}: not a number", key));
}

Status LoadMeta(RecordTables& records, model::NodeView& view) {
  BERTH_ASSIGN_OR_RETURN(const auto node_id, records.Meta(kMetaNodeId));
  BERTH_ASSIGN_OR_RETURN(const auto ledger_id, records.Meta(kMetaLedgerId));
  BERTH_ASSIGN_OR_RETURN(const auto boot_id, records.Meta(kMetaBootId));
  view.identity.node_id = node_id.value_or("");
  view.identity.ledger_id = ledger_id.value_or("");
  view.identity.boot_id = boot_id.value_or("");
  BERTH_ASSIGN_OR_RETURN(view.identity.agent_epoch, LoadNumber(records, kMetaAgentEpoch));
  BERTH_ASSIGN_OR_RETURN(view.control_epoch, LoadNumber(records, kMetaControlEpoch));
  BERTH_ASSIGN_OR_RETURN(const int64_t cordoned, LoadNumber(records, kMetaCordoned));
  view.cordoned = cordoned != 0;
  return OkStatus();
}

}  // namespace

StatusOr<model::NodeView> LoadView(Database& database, RecordTables& records) {
  model::NodeView view;
  BERTH_RETURN_IF_ERROR(LoadMeta(records, view));
  BERTH_RETURN_IF_ERROR(LoadInstances(database, view));
  BERTH_RETURN_IF_ERROR(LoadOperations(database, view));
  BERTH_RETURN_IF_ERROR(LoadReservations(database, view));
  BERTH_RETURN_IF_ERROR(LoadImages(database, view));
  BERTH_RETURN_IF_ERROR(LoadClaims(database, view));
  BERTH_ASSIGN_OR_RETURN(view.revision,
                         database.QueryInt("SELECT coalesce(max(revision), 0) FROM change"));
  BERTH_RETURN_IF_ERROR(CheckView(view));
  return view;
}

}  // namespace berth
