#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The Python client against the built daemon over the fake hypervisor."""
import pathlib
import subprocess
import sys
import unittest

from berthtest.agent import Agent

IMAGE = "small.qcow2"


class PythonClientOnFakeTest(unittest.TestCase):
    def test_the_whole_flow_over_the_socket(self):
        with Agent({"hypervisor": {"driver": "fake"}}) as agent:
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", agent.image_dir / IMAGE, "8M"],
                           check=True)
            agent.start()
            driver = pathlib.Path(__file__).with_name("drive.py")
            done = subprocess.run([sys.executable, "-B", driver, "--socket", agent.socket, "--image",
                                   IMAGE], text=True, capture_output=True, timeout=240, check=False)
            self.assertEqual(done.returncode, 0, f"{done.stdout}{done.stderr}\n{agent.log_tail()}")
            self.assertIn("all as promised", done.stdout)


if __name__ == "__main__":
    unittest.main()
