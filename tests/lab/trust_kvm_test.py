#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The KVM case can fail: with guests that are emulated it does."""
import unittest

import lab_case
from betrayal import betray


class TrustKvmTest(unittest.TestCase):
    def test_with_emulated_guests_the_kvm_case_fails(self):
        said = betray(self, "kvm", "tcg")
        self.assertIn("AssertionError: 'Hypervisor detected: KVM' not found in", said)


if __name__ == "__main__":
    lab_case.main()
