#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Eight instances at once, on whatever host this is."""
import concurrent.futures
import unittest

from berthtest import witness
from berthtest.guests import spec
from hypervisor_case import FOREIGN, HypervisorCase

COUNT = 8


class ManyTest(HypervisorCase):
    def test_eight_created_at_once_all_boot_and_leave_nothing(self):
        agent = self.new_agent()
        names = [f"eight-{number}" for number in range(COUNT)]
        with concurrent.futures.ThreadPoolExecutor(COUNT) as callers:
            created = dict(zip(names, callers.map(lambda name: agent.client.create(spec(name)), names)))
            self.assertEqual(len({instance.instance_id for instance in created.values()}), COUNT)
            list(callers.map(lambda made: self.to_state(agent, made, "RUNNING"), created.values()))
        for name, instance in created.items():
            self.assertEqual(self.wait_boots(agent, instance.instance_id, 1), [(name, 1)])
        self.assertEqual(set(witness.qemu_pids()) - {FOREIGN},
                         {instance.instance_id for instance in agent.client.list()})
        with concurrent.futures.ThreadPoolExecutor(COUNT) as callers:
            list(callers.map(lambda made: self.to_state(
                agent, agent.client.terminate(made.instance_id), "TERMINATED"), created.values()))
        self.assert_no_trace(agent, *(made.instance_id for made in created.values()))
        self.assert_nothing_left(agent)


if __name__ == "__main__":
    unittest.main()
