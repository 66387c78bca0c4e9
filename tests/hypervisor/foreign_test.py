#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Guests of others on the same libvirtd: never shown as instances, never touched. Every other
case of this suite has one beside it too (hypervisor_case.py).
"""
import unittest

from berthtest import witness
from berthtest.api import Refused
from berthtest.guests import spec
from hypervisor_case import FOREIGN, HypervisorCase


class ForeignTest(HypervisorCase):
    def test_a_foreign_guest_is_no_instance_and_outlives_everything(self):
        agent = self.new_agent()
        self.assertEqual(agent.client.list(), [])
        instance_id = self.create_running(agent, spec("ours")).instance_id
        self.assertEqual([i.instance_id for i in agent.client.list()], [instance_id])
        agent.restart()
        self.assertEqual([i.instance_id for i in agent.client.list()], [instance_id])
        with self.assertRaises(Refused):
            agent.client.terminate(FOREIGN)
        self.to_state(agent, agent.client.terminate(instance_id), "TERMINATED")
        self.assertEqual(witness.qemu_pids(), {FOREIGN: self.foreign_pid})
        self.assert_nothing_left(agent)

    def test_a_foreign_guest_is_charged_by_what_it_has(self):
        agent = self.new_agent()
        node = agent.client.node()
        guest, = node.foreign_guests
        self.assertEqual((guest.name, guest.vcpus), (FOREIGN, 1))
        self.assertGreater(guest.memory_mib, 0)
        self.assertEqual(sum(cell.memory_mib for cell in guest.placement.cells), guest.memory_mib)
        self.assertEqual(node.allocated.memory_mib, guest.memory_mib)
        self.assertEqual(node.allocated.shared_vcpus, 1)
        self.assertIn(FOREIGN, agent.berthctl("node", "ledger").stdout)
        self.assertIn(FOREIGN, agent.berthctl("node", "get").stdout)
        _, page = agent.http("/metrics")
        self.assertIn("berth_node_allocated_vcpus 1\n", page)

    def test_another_nodes_instance_is_foreign_too(self):
        first, second = self.new_agent(), self.new_agent()
        theirs = self.create_running(first, spec("theirs")).instance_id
        pid = witness.qemu_pids()[theirs]
        self.assertEqual(second.client.list(), [])
        second.restart()
        self.assertEqual(second.client.list(), [])
        self.assertIn(theirs, [g.name for g in second.client.node().foreign_guests])
        with self.assertRaises(Refused) as caught:
            second.client.terminate(theirs)
        self.assertEqual(caught.exception.reason, "INSTANCE_NOT_FOUND")
        self.assertEqual(witness.qemu_pids()[theirs], pid)
        self.assert_state(first, theirs, "RUNNING")
        self.wait_boots(first, theirs, 1)


if __name__ == "__main__":
    unittest.main()
