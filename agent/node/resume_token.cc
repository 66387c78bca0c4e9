// SPDX-License-Identifier: Apache-2.0
#include "agent/node/resume_token.h"

#include "agent/node/page_token.h"
#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::node {
namespace {

constexpr char kWatch[] = "watch";

}  // namespace

std::string ResumeToken(const std::string& ledger_id, int64_t revision) {
  return Encode(PageToken{HashOf(ledger_id), revision, HashOf(kWatch), kWatch});
}

StatusOr<int64_t> RevisionOf(const std::string& token, const std::string& ledger_id,
                             int64_t newest) {
  const auto read = DecodePageToken(token);
  if (!read.ok() || read->filter != HashOf(kWatch) || read->revision < 0)
    return InvalidField("resume_token", "give the resume_token of an earlier message, unchanged");
  if (read->ledger != HashOf(ledger_id) || read->revision > newest) return StaleResumeToken();
  return read->revision;
}

Status StaleResumeToken() {
  return MakeError(StatusCode::kOutOfRange, reasons::kStaleResumeToken,
                   "the changes after this token are no longer kept, or it is another ledger's: "
                   "watch anew without a resume_token");
}

}  // namespace berth::node
