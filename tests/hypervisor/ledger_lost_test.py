#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The ledger is lost, or damaged, while real guests run: each is adopted from what libvirt keeps of
it, none is touched, and each lives on as before.
"""
import unittest

from berthtest import waits, witness
from berthtest.api import state_name
from berthtest.guests import disk_boot, shape, spec
from hypervisor_case import HypervisorCase


class LedgerLostTest(HypervisorCase):
    def make_three(self, agent):
        """Two that run, and one that is stopped."""
        ids = [self.create_running(agent, wanted).instance_id for wanted in (
            spec("by-kernel", tags={"team": "blue"}), spec("by-disk", disk_boot()),
            spec("stopped", disk_boot()))]
        self.to_state(agent, agent.client.stop(ids[2], force=True), "STOPPED")
        return ids

    def assert_as_before(self, agent, ids, pids):
        states = {i.instance_id: state_name(i) for i in agent.client.list()}
        self.assertEqual(states, dict(zip(ids, ("RUNNING", "RUNNING", "STOPPED"))))
        self.assertEqual(witness.qemu_pids(), pids, "no guest was touched")

    def live_on(self, agent, ids):
        self.to_state(agent, agent.client.start(ids[2]), "RUNNING")
        self.to_state(agent, agent.client.stop(ids[1], force=True), "STOPPED")
        agent.client.wait_operation_id(
            agent.client.resize(ids[1], shape=shape(160)).operation_id, 60)
        self.to_state(agent, agent.client.start(ids[1]), "RUNNING")
        for instance_id in ids:
            self.to_state(agent, agent.client.terminate(instance_id), "TERMINATED")
        self.assert_nothing_left(agent)

    def test_a_lost_ledger_loses_no_guest(self):
        agent = self.new_agent()
        ids = self.make_three(agent)
        pids, before = witness.qemu_pids(), agent.client.get(ids[0])
        agent.kill()
        for path in agent.state_dir.glob("ledger.db*"):
            path.unlink()
        agent.start()
        self.assert_as_before(agent, ids, pids)
        adopted = agent.client.get(ids[0])
        self.assertEqual(adopted.spec, before.spec)
        self.assertEqual(adopted.status.placement, before.status.placement)
        self.live_on(agent, ids)

    def test_a_damaged_ledger_is_rebuilt_by_the_operator(self):
        agent = self.new_agent()
        ids = self.make_three(agent)
        pids = witness.qemu_pids()
        agent.kill()
        for path in agent.state_dir.glob("ledger.db?*"):  # Its log alone would mend it.
            path.unlink()
        agent.ledger.write_bytes(b"torn" * 4096)
        agent.start(ready=False)
        waits.until(lambda: len(agent.client.list()) == 3, 60, "all three are seen")
        self.assert_as_before(agent, ids, pids)
        agent.berthctl("ledger", "rebuild")
        agent.close_client()
        waits.until(lambda: agent.client.serving() == "SERVING", 60, "it serves again")
        self.assert_as_before(agent, ids, pids)
        self.live_on(agent, ids)


if __name__ == "__main__":
    unittest.main()
