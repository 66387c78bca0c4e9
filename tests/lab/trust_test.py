#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The cases can fail: with what they are about taken away, they do, and for that reason."""
import os
import pathlib
import subprocess
import sys
import unittest

import lab_case

HERE = pathlib.Path(__file__).parent
CASE_SECONDS = 600


class TrustTest(unittest.TestCase):
    def betray(self, case, sabotage):
        """What a case says that is run with that sabotage; it has to fail."""
        ended = subprocess.run([sys.executable, "-B", HERE / f"{case}_test.py"], text=True,
                               env={**os.environ, "BERTH_LAB_SABOTAGE": sabotage},
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=CASE_SECONDS)
        self.assertEqual(ended.returncode, 1, ended.stdout)
        self.assertIn("FAILED (failures=1)", ended.stdout)
        return ended.stdout

    def test_with_emulated_guests_the_kvm_case_fails(self):
        said = self.betray("kvm", "tcg")
        self.assertIn("AssertionError: 'Hypervisor detected: KVM' not found in", said)

    def test_without_recovery_the_power_cut_case_fails(self):
        said = self.betray("power_cut", "no-recovery")
        self.assertIn("in check_recovered", said)


if __name__ == "__main__":
    lab_case.main()
