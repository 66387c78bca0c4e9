#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""libvirtd restarted, killed and frozen under running guests: reads go on, the guests do not notice,
a condition names it, and all is well again afterwards.
"""
import time
import unittest

from berth.v1 import common_pb2
from berthtest import waits, witness
from berthtest.api import Refused, state_name
from berthtest.guests import spec
from hypervisor_case import HypervisorCase

NOTICED_SECONDS = 60
HEALED_SECONDS = 60
READ_SECONDS = 2


class LibvirtTroubleTest(HypervisorCase):
    def setUp(self):
        self.agent = self.new_agent({"hypervisor": {"deadlines": {
            "query_seconds": 3, "lifecycle_seconds": 15, "destroy_seconds": 15}}})
        self.ids = [self.create_running(self.agent, spec(f"under-{n}")).instance_id for n in range(2)]
        for instance_id in self.ids:
            self.wait_boots(self.agent, instance_id, 1)
        self.pids = witness.qemu_pids()

    def libvirt_status(self):
        return self.agent.client.condition("LibvirtReady").status

    def condition_becomes(self, status, seconds):
        waits.until(lambda: self.libvirt_status() == status, seconds,
                    lambda: f"LibvirtReady: {self.agent.client.condition('LibvirtReady')}")

    def reads_go_on(self):
        """Each within READ_SECONDS, and none concludes anything from not seeing the guests."""
        began = time.monotonic()
        listed = self.agent.client.list()
        self.agent.client.get(self.ids[0])
        self.agent.client.node()
        self.assertTrue(self.agent.client.console(self.ids[0]))
        self.assertLess(time.monotonic() - began, 4 * READ_SECONDS)
        self.assertEqual({state_name(i) for i in listed}, {"RUNNING"})

    def all_is_well(self):
        self.condition_becomes(common_pb2.CONDITION_STATUS_TRUE, HEALED_SECONDS)
        waits.until(lambda: self.agent.client.serving() == "SERVING", HEALED_SECONDS, "serving again")
        self.assertEqual(witness.qemu_pids(), self.pids)
        for instance_id in self.ids:
            waits.until(lambda i=instance_id: self.agent.client.get(i).status.reachable,
                        HEALED_SECONDS, "the guest can be reached again")
            self.assert_state(self.agent, instance_id, "RUNNING")
            self.assertEqual(len(self.boots(self.agent, instance_id)), 1)
        self.to_state(self.agent, self.agent.client.stop(self.ids[0]), "STOPPED")
        self.create_running(self.agent, spec("after"))
        for instance in self.agent.client.list():
            self.agent.client.terminate(instance.instance_id)
            self.reaches(self.agent, instance.instance_id, "TERMINATED")
        self.assert_nothing_left(self.agent)

    def goes_and_comes(self, verb):
        witness.libvirtd_ctl(verb)
        self.condition_becomes(common_pb2.CONDITION_STATUS_FALSE, NOTICED_SECONDS)
        self.assertTrue(self.agent.client.condition("LibvirtReady").message)
        self.assertEqual(self.agent.client.serving(), "NOT_SERVING")
        self.reads_go_on()
        self.assertFalse(self.agent.client.get(self.ids[0]).status.reachable)
        with self.assertRaises(Refused) as caught:
            self.agent.client.create(spec("elsewhere"))
        self.assertEqual(caught.exception.reason, "HYPERVISOR_UNAVAILABLE")
        witness.libvirtd_ctl("start")
        self.all_is_well()

    def test_libvirtd_stopped_and_started_again(self):
        self.goes_and_comes("stop")

    def test_libvirtd_killed(self):
        self.goes_and_comes("kill")

    def test_libvirtd_restarted_while_an_instance_is_being_made(self):
        made = self.agent.client.create(spec("meanwhile"))
        witness.libvirtd_ctl("restart")
        waits.until(lambda: state_name(self.agent.client.get(made.instance_id)) in
                    ("RUNNING", "TERMINATED"), HEALED_SECONDS, "the create has ended")
        if state_name(self.agent.client.get(made.instance_id)) == "TERMINATED":
            self.assert_no_trace(self.agent, made.instance_id)
        else:
            self.pids = witness.qemu_pids()
            self.ids.append(made.instance_id)
            self.wait_boots(self.agent, made.instance_id, 1)
        self.all_is_well()

    def test_libvirtd_frozen(self):
        witness.libvirtd_ctl("freeze")
        self.addCleanup(witness.libvirtd_ctl, "thaw")
        self.reads_go_on()
        self.condition_becomes(common_pb2.CONDITION_STATUS_FALSE, NOTICED_SECONDS)
        self.reads_go_on()
        self.assertEqual({name: pid for name, pid in witness.qemu_pids().items()}, self.pids)
        witness.libvirtd_ctl("thaw")
        self.all_is_well()


if __name__ == "__main__":
    unittest.main()
