#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What changes an instance after its launch, or takes the launch back, told by the real guest."""
import time
import unittest

from berth.v1 import operation_pb2
from berthtest import waits, witness
from berthtest.api import Refused, state_name
from berthtest.guests import BOOT_SECONDS, OPERATION_SECONDS, disk_boot, kernel_boot, shape, spec
from hypervisor_case import HypervisorCase

State = operation_pb2.Operation.State
PANICS = "console=ttyS0 quiet no_timer_check unknown_nmi_panic panic=0"
# A launch takes about a second: cancels this far apart meet different steps of it.
MOMENT_SECONDS = 0.15


class ChangesTest(HypervisorCase):
    def test_a_resized_guest_has_its_new_vcpus_and_keeps_its_disk(self):
        agent = self.new_agent()
        instance_id = self.create_running(agent, spec("grows", disk_boot())).instance_id
        self.wait_boots(agent, instance_id, 1)
        with self.assertRaises(Refused) as refused:
            agent.client.resize(instance_id, shape=shape(160, 2))
        self.assertEqual(refused.exception.reason, "INCORRECT_INSTANCE_STATE")
        self.to_state(agent, agent.client.stop(instance_id), "STOPPED")
        begun = agent.client.resize(instance_id, shape=shape(160, 2))
        ended = agent.client.wait_operation_id(begun.operation_id, OPERATION_SECONDS)
        self.assertEqual(ended.state, State.STATE_SUCCEEDED, ended)
        self.to_state(agent, agent.client.start(instance_id), "RUNNING")
        self.assertEqual(self.wait_boots(agent, instance_id, 2), [("grows", 1), ("grows", 2)])
        self.assertIn("berth-demo: 2 vcpus", agent.client.console(instance_id))
        self.to_state(agent, agent.client.terminate(instance_id), "TERMINATED")
        self.assert_nothing_left(agent)

    def test_an_interrupt_panics_a_kernel_that_is_set_up_to(self):
        agent = self.new_agent()
        instance_id = self.create_running(
            agent, spec("panics", kernel_boot(command_line=PANICS))).instance_id
        self.wait_boots(agent, instance_id, 1)
        agent.client.interrupt(instance_id, request_id="once")
        # The panic device tells of it before the kernel's own words are out.
        waits.until(lambda: state_name(agent.client.get(instance_id)) == "STOPPED", BOOT_SECONDS,
                    lambda: f"the guest panics:\n{agent.client.console(instance_id)}")
        self.assertEqual(agent.client.get(instance_id).status.state_reason.code,
                         "Server.GuestCrashed")
        agent.client.interrupt(instance_id, request_id="once")
        self.to_state(agent, agent.client.terminate(instance_id), "TERMINATED")
        self.assert_nothing_left(agent)

    def test_a_cancelled_launch_leaves_nothing_whenever_it_comes(self):
        agent = self.new_agent()
        ended_as = set()
        for number in range(6):
            instance = agent.client.create(spec(f"cancelled-{number}"))
            time.sleep(number * MOMENT_SECONDS)
            try:
                agent.client.cancel(instance.status.operation)
            except Refused as refused:
                self.assertEqual(refused.reason, "OPERATION_NOT_CANCELLABLE")
            ended = agent.client.wait_operation(instance, OPERATION_SECONDS)
            ended_as.add(State.Name(ended.state))
            if ended.state == State.STATE_CANCELLED:
                self.assert_state(agent, instance.instance_id, "TERMINATED")
                self.assert_no_trace(agent, instance.instance_id)
            else:
                self.to_state(agent, agent.client.terminate(instance.instance_id), "TERMINATED")
        self.assertIn("STATE_CANCELLED", ended_as)
        self.assert_nothing_left(agent)


if __name__ == "__main__":
    unittest.main()
