#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The Python client against the built daemon over real libvirt and QEMU, told by the guest's console."""
import pathlib
import subprocess
import sys
import unittest

from berthtest import witness
from berthtest.agent import Agent, demo_file

KERNEL, INITRD = "demo-vmlinuz", "demo-initrd.img"


class PythonClientOnLibvirtTest(unittest.TestCase):
    def test_the_whole_flow_with_a_guest_that_boots(self):
        with Agent(images=[demo_file(KERNEL), demo_file(INITRD)]) as agent:
            agent.start()
            driver = pathlib.Path(__file__).with_name("drive.py")
            done = subprocess.run([sys.executable, "-B", driver, "--socket", agent.socket, "--kernel",
                                   KERNEL, "--initrd", INITRD, "--expect", "berth-demo: driven is up"],
                                  text=True, capture_output=True, timeout=500, check=False)
            self.assertEqual(done.returncode, 0, f"{done.stdout}{done.stderr}\n{agent.log_tail()}")
            self.assertIn("all as promised", done.stdout)
            self.assertEqual(witness.domains(), {})
            agent.stop()


if __name__ == "__main__":
    unittest.main()
