#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the agent before and after every recorded step of every verb, on real libvirt and QEMU:
the next agent brings the instance where it was going, and nothing is lost, left or touched.

BERTH_TEST_STEPS=all runs every case; else a share, drawn by BERTH_TEST_SEED, which is printed.
"""
import os
import random
import sys
import unittest

from berthtest import verbs, waits, witness
from berthtest.api import Refused
from berthtest.guests import OPERATION_SECONDS, disk_boot, spec
from hypervisor_case import HypervisorCase

SEED = int(os.environ.get("BERTH_TEST_SEED") or random.SystemRandom().randrange(10**6))
SHARE = 10
def every_case():
    """With those that wait: there the agent is killed from outside when it has come so far."""
    return verbs.cases() + [(verb, step, "during") for verb, step in verbs.AWAITS.items()]


class CrashStepsTest(HypervisorCase):
    def cases(self):
        cases = every_case()
        if os.environ.get("BERTH_TEST_STEPS") == "all":
            return cases
        print(f"BERTH_TEST_SEED={SEED}", file=sys.stderr)
        return random.Random(SEED).sample(cases, SHARE)

    def prepare(self, agent, verb):
        """The id of an instance to which `verb` can be done; None for create."""
        if verb == "create":
            return None
        instance_id = self.create_running(agent, spec("crashes", disk_boot())).instance_id
        if verb in ("stop", "reboot"):  # It has to be up to hear what it is asked.
            self.wait_boots(agent, instance_id, 1)
        if verb in verbs.FROM_STOPPED:
            self.to_state(agent, agent.client.stop(instance_id, force=True), "STOPPED")
        return instance_id

    def crash(self, agent, verb, step, when, instance_id, request_id):
        """Asks, and the agent dies at that step."""
        if when == "during":
            verbs.ask(agent.client, verb, instance_id, request_id)
            waits.until(lambda: self.phase(agent, instance_id) == step, OPERATION_SECONDS,
                        lambda: f"it waits: {self.phase(agent, instance_id)}")
            agent.kill()
            return
        agent.kill()
        agent.start(die_at=f"{step}:{when}")
        try:
            verbs.ask(agent.client, verb, instance_id, request_id)
        except Refused:
            pass  # It may die before it has answered.
        agent.wait_death()

    @staticmethod
    def phase(agent, instance_id):
        operation = agent.client.get(instance_id).status.operation
        return agent.client.operation(operation).phase if operation else ""

    def arrived(self, agent, verb, instance_id):
        """All that is there of it afterwards is what should be."""
        self.reaches(agent, instance_id, verbs.ENDS[verb])
        waits.until(lambda: not agent.client.get(instance_id).status.operation, OPERATION_SECONDS,
                    "its operation has ended")
        if verb == "terminate":
            self.assert_no_trace(agent, instance_id)
            return
        running = verbs.ENDS[verb] == "RUNNING"
        self.assertEqual(witness.domains()[instance_id], running)
        self.assertEqual(instance_id in witness.qemu_pids(), running)
        files = sorted(path.name for path in agent.instance_dir(instance_id).iterdir())
        self.assertEqual([name for name in files if not name.startswith("console.log.")], verbs.FILES)

    def one(self, agent, verb, step, when, bystander):
        instance_id = self.prepare(agent, verb)
        pid = witness.qemu_pids().get(instance_id)
        request_id = f"{verb}-{step}-{when}"
        self.crash(agent, verb, step, when, instance_id, request_id)
        agent.start()
        answer = verbs.ask(agent.client, verb, instance_id, request_id)
        if verb == "create":
            instance_id = answer.instance_id
            self.assertEqual({i.instance_id for i in agent.client.list(states=[1, 2])},
                             {instance_id, *bystander}, "made once")
        self.arrived(agent, verb, instance_id)
        if verb.startswith("reboot"):
            self.assertEqual(witness.qemu_pids()[instance_id], pid, "it is the same process")
        if verb != "terminate":
            self.to_state(agent, agent.client.terminate(instance_id), "TERMINATED")
        self.assert_no_trace(agent, instance_id)

    def test_every_step_of_every_verb(self):
        agent = self.new_agent()
        bystander = self.create_running(agent, spec("bystander")).instance_id
        pid = witness.qemu_pids()[bystander]
        for verb, step, when in self.cases():
            with self.subTest(f"{verb} {when} {step}"):
                agent.restart()  # As itself, whatever became of the case before.
                self.one(agent, verb, step, when, {bystander})
                self.assertEqual(witness.qemu_pids()[bystander], pid)
                self.assert_state(agent, bystander, "RUNNING")
        self.to_state(agent, agent.client.terminate(bystander), "TERMINATED")
        self.assert_nothing_left(agent)


if __name__ == "__main__":
    unittest.main()
