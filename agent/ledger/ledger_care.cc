// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger/ledger_care.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "agent/ledger/fence.h"
#include "agent/ledger/next_ledger.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth {
namespace {

int64_t BytesOf(const std::string& path) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(bytes);
}

// The file stays as long as it is open.
StatusOr<std::shared_ptr<LedgerCopy>> TakeCopy(const std::string& path, int64_t revision) {
  auto copy = std::make_shared<LedgerCopy>();
  copy->file = UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  copy->bytes = BytesOf(path);
  copy->revision = revision;
  unlink(path.c_str());
  if (copy->file.ok()) return copy;
  return MakeError(StatusCode::kUnavailable, reasons::kLedgerUnavailable,
                   fmt::format("the copy at {} cannot be opened", path));
}

}  // namespace

void LedgerCare::Check(DoneWith<LedgerLook> done) {
  const auto view = with_.ledger.View();
  LedgerLook look{.path = with_.path,
                  .fault = with_.unreadable,
                  .readable = with_.unreadable.ok(),
                  .bytes = BytesOf(with_.path) + BytesOf(with_.path + "-wal"),
                  .instances = static_cast<int64_t>(view->instances.size()),
                  .revision = view->revision};
  if (!look.readable) {
    with_.executor.Post([look = std::move(look), done = std::move(done)] { done(look); });
    return;
  }
  with_.ledger.Check([look = std::move(look), done = std::move(done)](const Status& fault) mutable {
    if (!fault.ok() && fault.code() != StatusCode::kDataLoss) return done(fault);
    look.fault = fault;
    done(std::move(look));
  });
}

void LedgerCare::Export(DoneWith<std::shared_ptr<LedgerCopy>> done) {
  if (!with_.unreadable.ok()) {
    with_.executor.Post([this, done = std::move(done)] { done(with_.unreadable); });
    return;
  }
  const std::string path = with_.path + ".export";
  // Opened where it was made, so that no two exports meet at the one name.
  with_.ledger.CopyTo(path, [path, done = std::move(done)](StatusOr<int64_t> revision) {
    revision.ok() ? done(TakeCopy(path, *revision)) : done(revision.status());
  });
}

void LedgerCare::Rebuild(Done done) {
  with_.executor.Post([this, done = std::move(done)] {
    if (with_.unreadable.ok())
      return done(MakeError(StatusCode::kFailedPrecondition, reasons::kLedgerReadable,
                            fmt::format("{} can be read, and nothing is to be made anew; to go "
                                        "back to a copy, restore it",
                                        with_.path)));
    Replace(PutNewLedger(with_.path), done);
  });
}

void LedgerCare::Restore(const std::string& copy, int64_t control_epoch, Done done) {
  with_.executor.Post([this, copy, control_epoch, done = std::move(done)] {
    if (const Status fenced = CheckFence(*with_.ledger.View(), control_epoch); !fenced.ok())
      return done(fenced);
    Replace(PutCopyOfLedger(with_.path, copy, with_.node_id), done);
  });
}

void LedgerCare::Replace(const Status& prepared, const Done& done) {
  done(prepared);
  if (prepared.ok()) with_.restart();
}

}  // namespace berth
