#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The power-cut case can fail: without recovery it does."""
import unittest

import lab_case
from betrayal import betray


class TrustRecoveryTest(unittest.TestCase):
    own_host = True  # That of the case.

    def test_without_recovery_the_power_cut_case_fails(self):
        said = betray(self, "power_cut", "no-recovery")
        self.assertIn("in check_recovered", said)


if __name__ == "__main__":
    lab_case.main()
