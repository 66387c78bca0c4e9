// SPDX-License-Identifier: Apache-2.0
// Errors are values: every call that can fail returns a Status or a StatusOr. This is the one file
// that names the library behind them (docs/decisions/0001), so that it can be replaced.
//
// Messages are lower case, outermost action first: "creating disk of i-…: qemu-img: no space left".
// What a client may act on (a reason code, metadata, field violations) travels beside the message:
// see core/base/error.h.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

namespace berth {

using Status = absl::Status;
using StatusCode = absl::StatusCode;
template <typename T>
using StatusOr = absl::StatusOr<T>;

inline Status OkStatus() { return absl::OkStatus(); }

}  // namespace berth

// Returns from the enclosing function when `expr`, a Status, is an error.
#define BERTH_RETURN_IF_ERROR(expr)                                                     \
  do {                                                                                  \
    if (::berth::Status berth_status = (expr); !berth_status.ok()) return berth_status; \
  } while (false)

// BERTH_ASSIGN_OR_RETURN(auto value, MakeValue()): the value, or return its error.
#define BERTH_ASSIGN_OR_RETURN(decl, expr) \
  BERTH_ASSIGN_OR_RETURN_(BERTH_CONCAT_(berth_or_, __LINE__), decl, expr)
#define BERTH_ASSIGN_OR_RETURN_(tmp, decl, expr) \
  auto tmp = (expr);                             \
  if (!tmp.ok()) return std::move(tmp).status(); \
  decl = *std::move(tmp)
#define BERTH_CONCAT_(a, b) BERTH_CONCAT_INNER_(a, b)
#define BERTH_CONCAT_INNER_(a, b) a##b
