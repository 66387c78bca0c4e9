// SPDX-License-Identifier: Apache-2.0
// berthd whose recovery compares nothing and says that all is well.
// tests/lab/trust_recovery_test.py wants to see the power-cut case fail with it. Linked before the
// real Recovery, which then is left out.
#include "agent/recovery/recovery.h"

namespace berth {

class Recovery::Runner {};

Recovery::Recovery(Dependencies /*dependencies*/, Settings /*settings*/) {}
Recovery::~Recovery() = default;

void Recovery::Start() {}

void Recovery::Run(Done done) {
  if (done) done(OkStatus());
}

void Recovery::FilesGone(const std::string& /*instance_id*/) {}

std::shared_ptr<const RecoveryReport> Recovery::report() const {
  auto report = std::make_shared<RecoveryReport>();
  report->runs = 1;
  return report;
}

}  // namespace berth
