# SPDX-License-Identifier: Apache-2.0
"""What every case of this suite begins with: an agent on the sandbox's real libvirtd, specs of the
demo guest, and a foreign guest beside it all that has to come out untouched.
"""
import contextlib
import os
import unittest

from berthtest import witness
from berthtest.agent import Agent, demo_file
from berthtest.guests import DISK, INITRD, KERNEL, GuestSteps

FOREIGN = "somebody-elses"


class HypervisorCase(GuestSteps, unittest.TestCase):
    foreign_guest = True  # False: libvirtd is not there from the beginning.

    @classmethod
    def setUpClass(cls):
        if not os.environ.get("BERTH_SANDBOX"):
            raise AssertionError("run this by ctest, or in tests/support/libvirt-sandbox")
        if cls.foreign_guest:
            cls.foreign_pid = witness.start_foreign_guest(FOREIGN)

    @classmethod
    def tearDownClass(cls):
        if not cls.foreign_guest:
            return
        pid = witness.qemu_pids().get(FOREIGN)
        assert pid == cls.foreign_pid, f"the foreign guest was pid {cls.foreign_pid} and is {pid}"
        assert witness.domains().get(FOREIGN), "the foreign guest does not run any more"
        witness.domain_do(FOREIGN, "destroy")

    def new_agent(self, settings=None, start=True, **options):
        """An agent with the demo guest among its images. At the end of the test it is killed and its
        guests are removed, whatever the test came to."""
        options.setdefault("images", [demo_file(name) for name in (KERNEL, INITRD, DISK)])
        agent = Agent(settings, **options)
        self.addCleanup(self._remove, agent)
        if start:
            agent.start()
        return agent

    def _remove(self, agent):
        agent.__exit__()
        for name in witness.domains():
            if name != FOREIGN:
                for verb in ("destroy", "undefine"):
                    with contextlib.suppress(Exception):
                        witness.domain_do(name, verb)

    def assert_no_trace(self, agent, *instance_ids):
        for instance_id in instance_ids:
            self.assertEqual(witness.traces(agent, instance_id), [])

    def assert_nothing_left(self, agent):
        """No guest, file or claim of any instance; then stops the agent and reads its ledger."""
        allocated = agent.client.node().allocated
        foreign = agent.client.node().foreign_guests
        self.assertEqual(allocated.shared_vcpus, sum(guest.vcpus for guest in foreign))
        self.assertEqual(allocated.disk_mib, 0)
        self.assertEqual([name for name in witness.domains() if name != FOREIGN], [])
        self.assertEqual([name for name in witness.qemu_pids() if name != FOREIGN], [])
        directory = agent.state_dir / "instances"
        self.assertEqual(sorted(path.name for path in directory.glob("*")), [])
        agent.stop()
        self.assertEqual(witness.ledger_rows(agent, "claim"), [])
        states = {state for _, state in witness.ledger_rows(agent, "instance", "id, state")}
        self.assertLessEqual(states, {"TERMINATED"})
