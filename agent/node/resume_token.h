// SPDX-License-Identifier: Apache-2.0
// Names how far a watch has come: a revision of a ledger. Opaque to clients. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/status.h"

namespace berth::node {

std::string ResumeToken(const std::string& ledger_id, int64_t revision);

// INVALID_ARGUMENT for text that no agent gave; OUT_OF_RANGE STALE_RESUME_TOKEN for one of another
// ledger, or of a revision that this one, at `newest`, never had.
StatusOr<int64_t> RevisionOf(const std::string& token, const std::string& ledger_id,
                             int64_t newest);

Status StaleResumeToken();

}  // namespace berth::node
