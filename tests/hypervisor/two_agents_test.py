#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Two agents of two nodes on one libvirtd: each sees the other's guests as foreign, charges them, and
leaves them alone, through kill -9, lost ledgers and terminations of both.
"""
import unittest

from berthtest import witness
from berthtest.guests import spec
from hypervisor_case import FOREIGN, HypervisorCase


class TwoAgentsTest(HypervisorCase):
    def foreign_of(self, agent):
        return {guest.name for guest in agent.client.node().foreign_guests}

    def test_they_leave_each_others_guests_alone(self):
        one, other = self.new_agent(), self.new_agent()
        mine = self.create_running(one, spec("mine")).instance_id
        yours = self.create_running(other, spec("yours")).instance_id
        pids = witness.qemu_pids()
        for agent in (one, other):
            agent.restart()
        self.assertEqual(self.foreign_of(one), {yours, FOREIGN})
        self.assertEqual(self.foreign_of(other), {mine, FOREIGN})

        one.kill()  # It has lost all it knew, and still takes nothing of the other's.
        for path in one.state_dir.glob("ledger.db*"):
            path.unlink()
        one.start()
        self.assertEqual([i.instance_id for i in one.client.list()], [mine])
        self.assertEqual(witness.qemu_pids(), pids)

        self.to_state(one, one.client.terminate(mine), "TERMINATED")
        other.restart()
        self.assert_state(other, yours, "RUNNING")
        self.assertEqual(witness.qemu_pids()[yours], pids[yours])
        self.to_state(other, other.client.terminate(yours), "TERMINATED")
        self.assert_nothing_left(other)


if __name__ == "__main__":
    unittest.main()
