// SPDX-License-Identifier: Apache-2.0
#include "agent/api/call_room.h"

#include "core/base/error.h"
#include "core/base/reasons.h"

namespace berth::api {
namespace {

Status AgentStopping() {
  return MakeError(StatusCode::kUnavailable, "the agent is going down; its successor will answer",
                   {.reason = reasons::kAgentStopping, .retry_after = std::chrono::seconds(1)});
}

}  // namespace

void CallRoom::AddWait(std::shared_ptr<CallCore> call) {
  bool stopping = false;
  {
    MutexLock lock(mutex_);
    stopping = stopping_;
    if (!stopping) waiting_.emplace(call.get(), call);
  }
  if (stopping) call->Fail(AgentStopping());
}

void CallRoom::RemoveWait(CallCore* call) {
  MutexLock lock(mutex_);
  waiting_.erase(call);
}

Status CallRoom::Admission() const {
  MutexLock lock(mutex_);
  return stopping_ ? AgentStopping() : OkStatus();
}

void CallRoom::Stop() {
  std::map<CallCore*, std::weak_ptr<CallCore>> waiting;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    waiting.swap(waiting_);
  }
  for (const auto& [unused, weak] : waiting)
    if (const std::shared_ptr<CallCore> call = weak.lock()) call->Fail(AgentStopping());
}

}  // namespace berth::api
