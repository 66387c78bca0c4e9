#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The same call twice is one call, with one answer, across kill -9 and past the instance's end."""
import concurrent.futures
import unittest

from berthtest import witness
from berthtest.api import Refused
from berthtest.guests import shape, spec
from hypervisor_case import FOREIGN, HypervisorCase


class ExactlyOnceTest(HypervisorCase):
    def test_the_same_create_is_one_instance_and_one_answer(self):
        agent = self.new_agent()
        wanted = spec("once")
        first = agent.client.create(wanted, request_id="create-1")
        self.assertEqual(agent.client.create(wanted, request_id="create-1"), first)
        agent.restart()
        self.assertEqual(agent.client.create(wanted, request_id="create-1"), first)
        self.reaches(agent, first.instance_id, "RUNNING")
        self.assertEqual(agent.client.create(wanted, request_id="create-1"), first)
        self.assertEqual([i.instance_id for i in agent.client.list()], [first.instance_id])
        self.assertEqual(set(witness.qemu_pids()) - {FOREIGN}, {first.instance_id})

        ended = agent.client.terminate(first.instance_id, request_id="end-1")
        self.reaches(agent, first.instance_id, "TERMINATED")
        agent.restart()
        self.assertEqual(agent.client.create(wanted, request_id="create-1"), first)
        self.assertEqual(agent.client.terminate(first.instance_id, request_id="end-1"), ended)
        self.assertEqual(len(agent.client.list()), 1)
        self.assert_nothing_left(agent)

    def test_the_same_create_from_many_callers_at_once_is_one_instance(self):
        agent = self.new_agent()
        with concurrent.futures.ThreadPoolExecutor(8) as callers:
            answers = list(callers.map(
                lambda _: agent.client.create(spec("once"), request_id="at-once"), range(8)))
        self.assertTrue(all(answer == answers[0] for answer in answers))
        self.reaches(agent, answers[0].instance_id, "RUNNING")
        self.assertEqual(set(witness.qemu_pids()) - {FOREIGN}, {answers[0].instance_id})

    def test_other_parameters_under_the_same_id_are_refused(self):
        agent = self.new_agent()
        first = agent.client.create(spec("once"), request_id="create-2")
        for other in (spec("twice"), spec("once", shape=shape(memory_mib=160))):
            with self.assertRaises(Refused) as caught:
                agent.client.create(other, request_id="create-2")
            self.assertEqual(caught.exception.code.name, "INVALID_ARGUMENT")
            self.assertEqual(caught.exception.reason, "IDEMPOTENT_PARAMETER_MISMATCH")
        self.assertEqual([i.instance_id for i in agent.client.list()], [first.instance_id])

    def test_a_repeated_reboot_reboots_once(self):
        agent = self.new_agent()
        instance_id = self.create_running(agent, spec("reboots")).instance_id
        self.wait_boots(agent, instance_id, 1)
        asked = agent.client.reboot(instance_id, request_id="reboot-1")
        agent.client.wait_operation(asked)
        self.wait_boots(agent, instance_id, 2)
        self.assertEqual(agent.client.reboot(instance_id, request_id="reboot-1"), asked)
        agent.restart()
        self.assertEqual(agent.client.reboot(instance_id, request_id="reboot-1"), asked)
        # A stop comes after whatever a second reboot would have begun.
        self.to_state(agent, agent.client.stop(instance_id), "STOPPED")
        self.assertEqual(len(self.boots(agent, instance_id)), 2)

    def test_an_instance_id_is_never_used_again(self):
        agent = self.new_agent()
        mine = "i-0123456789abcdef0"
        self.create_running(agent, spec("mine"), instance_id=mine)
        for moment in ("while it runs", "when it has ended", "after a crash"):
            with self.subTest(moment), self.assertRaises(Refused) as caught:
                agent.client.create(spec("mine"), instance_id=mine)
            self.assertEqual(caught.exception.code.name, "ALREADY_EXISTS")
            self.assertEqual(caught.exception.reason, "INSTANCE_EXISTS")
            if moment == "while it runs":
                self.to_state(agent, agent.client.terminate(mine), "TERMINATED")
            else:
                agent.restart()
        self.assert_nothing_left(agent)


if __name__ == "__main__":
    unittest.main()
