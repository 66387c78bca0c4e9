// SPDX-License-Identifier: Apache-2.0
#include "drivers/libvirt/error_map.h"

#include <fmt/format.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::libvirt {
namespace {

// How QEMU says that the host has no memory or no huge pages left, in lower case. Its exit reaches
// us as an internal error of libvirt's with these words inside.
constexpr std::array<std::string_view, 6> kNoMemoryWords = {
    "cannot set up guest memory",  "insufficient memory pages", "insufficient free host memory",
    "unable to map backing store", "cannot allocate memory",    "preallocating memory failed",
};

bool SaysNoMemory(std::string_view message) {
  std::string lower(message);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::any_of(kNoMemoryWords.begin(), kNoMemoryWords.end(), [&](std::string_view words) {
    return lower.find(words) != std::string::npos;
  });
}

// Errors of the transport: of the RPC layer or the remote driver, about the connection as such.
bool IsOfConnection(const RawError& error) {
  if (error.number == VIR_ERR_NO_CONNECT || error.number == VIR_ERR_INVALID_CONN ||
      error.number == VIR_ERR_RPC)
    return true;
  return (error.domain == VIR_FROM_RPC || error.domain == VIR_FROM_REMOTE) &&
         (error.number == VIR_ERR_SYSTEM_ERROR || error.number == VIR_ERR_INTERNAL_ERROR);
}

StatusCode RefinedCode(const RawError& error) {
  if (IsOfConnection(error)) return StatusCode::kUnavailable;
  if (SaysNoMemory(error.message)) return StatusCode::kResourceExhausted;
  if (error.number == VIR_ERR_SYSTEM_ERROR) return StatusCode::kInternal;
  return CodeFor(error.number);
}

std::string_view ReasonFor(StatusCode code) {
  switch (code) {
    case StatusCode::kUnavailable:
      return reasons::kHypervisorUnavailable;
    case StatusCode::kDeadlineExceeded:
      return reasons::kHypervisorTimeout;
    case StatusCode::kResourceExhausted:
      return reasons::kInsufficientCapacity;
    default:
      return "";
  }
}

}  // namespace

StatusCode CodeFor(int error_number) {
  switch (error_number) {
    case VIR_ERR_NO_DOMAIN:
      return StatusCode::kNotFound;
    case VIR_ERR_DOM_EXIST:
      return StatusCode::kAlreadyExists;
    case VIR_ERR_OPERATION_INVALID:
      return StatusCode::kFailedPrecondition;
    case VIR_ERR_XML_ERROR:
    case VIR_ERR_XML_DETAIL:
    case VIR_ERR_XML_INVALID_SCHEMA:
    case VIR_ERR_CONFIG_UNSUPPORTED:
      return StatusCode::kInvalidArgument;
    case VIR_ERR_NO_MEMORY:
      return StatusCode::kResourceExhausted;
    case VIR_ERR_OPERATION_TIMEOUT:
    case VIR_ERR_AGENT_UNRESPONSIVE:
      return StatusCode::kDeadlineExceeded;
    case VIR_ERR_NO_CONNECT:
    case VIR_ERR_INVALID_CONN:
    case VIR_ERR_RPC:
    case VIR_ERR_SYSTEM_ERROR:
      return StatusCode::kUnavailable;
    case VIR_ERR_AUTH_FAILED:
    case VIR_ERR_AUTH_CANCELLED:
    case VIR_ERR_AUTH_UNAVAILABLE:
    case VIR_ERR_ACCESS_DENIED:
      return StatusCode::kPermissionDenied;
    default:
      return StatusCode::kInternal;
  }
}

Status StatusOf(const RawError& error, std::string_view doing) {
  const StatusCode code = RefinedCode(error);
  const std::string message = fmt::format("{}: {}", doing, error.message);
  const std::string_view reason = ReasonFor(code);
  return reason.empty() ? Status(code, message) : MakeError(code, reason, message);
}

Status LastLibvirtError(std::string_view doing) {
  const virError* error = virGetLastError();
  if (error == nullptr)
    return Status(StatusCode::kInternal, fmt::format("{}: libvirt gave no reason", doing));
  return StatusOf({error->code, error->domain, error->message == nullptr ? "" : error->message},
                  doing);
}

int LastErrorNumber() {
  const virError* error = virGetLastError();
  return error == nullptr ? 0 : error->code;
}

void SilenceLibvirt() {
  virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
}

}  // namespace berth::libvirt
