// SPDX-License-Identifier: Apache-2.0
#include "core/base/probe.h"

namespace berth {
namespace {

Probe* g_first = nullptr;

}  // namespace

Probe::Probe(const char* name) : name_(name), next_(g_first) { g_first = this; }

const Probe* Probe::First() { return g_first; }

}  // namespace berth
