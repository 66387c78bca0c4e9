#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""libvirtd absent when the agent starts: it starts all the same, answers reads, says that it cannot
serve instances, and comes ready by itself.
"""
import unittest

from berthtest import waits, witness
from berthtest.api import Refused, state_name
from berthtest.guests import spec
from hypervisor_case import HypervisorCase

COMES_READY_SECONDS = 30


class LibvirtAwayTest(HypervisorCase):
    foreign_guest = False

    def test_the_agent_starts_without_libvirtd_and_comes_ready_by_itself(self):
        agent = self.new_agent(start=False)
        agent.start(ready=False)
        self.assertEqual(agent.client.serving(), "NOT_SERVING")
        self.assertEqual(agent.client.list(), [])
        self.assertEqual(agent.client.condition("LibvirtReady").status, 2)  # FALSE
        self.assertFalse(agent.client.node().hypervisor.connected)
        self.assertEqual(agent.http("/readyz")[0], 503)
        self.assertEqual(agent.http("/healthz")[0], 200)
        with self.assertRaises(Refused) as caught:
            agent.client.create(spec("too-early"))
        self.assertEqual(caught.exception.code.name, "UNAVAILABLE")
        self.assertEqual(caught.exception.reason, "HYPERVISOR_UNAVAILABLE")
        self.assertIsNotNone(caught.exception.retry_seconds)

        witness.libvirtd_ctl("start")
        waits.until(lambda: agent.client.serving() == "SERVING", COMES_READY_SECONDS,
                    "the agent has found libvirtd")
        waits.until(lambda: agent.http("/readyz")[0] == 200, COMES_READY_SECONDS, "/readyz says so")
        self.assertEqual(agent.client.condition("LibvirtReady").status, 1)  # TRUE
        instance = self.create_running(agent, spec("now"))
        self.assertEqual(self.wait_boots(agent, instance.instance_id, 1), [("now", 1)])

        self.agent_restarts_without_libvirtd(agent, instance.instance_id)

    def agent_restarts_without_libvirtd(self, agent, instance_id):
        """The agent knows its guest from the ledger, and concludes nothing from not seeing it."""
        pid = witness.qemu_pids()[instance_id]
        agent.kill()
        witness.libvirtd_ctl("stop")
        agent.start(ready=False)
        seen = agent.client.get(instance_id)
        self.assertEqual(state_name(seen), "RUNNING")
        self.assertFalse(seen.status.reachable)
        agent.client.terminate(instance_id)  # Taken into the ledger, and done when libvirtd is back.
        self.assertEqual(state_name(agent.client.get(instance_id)), "SHUTTING_DOWN")
        self.assertEqual(witness.qemu_pids()[instance_id], pid)
        witness.libvirtd_ctl("start")
        self.reaches(agent, instance_id, "TERMINATED")
        self.assert_nothing_left(agent)


if __name__ == "__main__":
    unittest.main()
