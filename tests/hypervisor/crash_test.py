#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the agent, at rest and in the middle of things: guests do not notice, and what was
half-done is finished or undone.

The moments are drawn from a seed, printed at the beginning; BERTH_TEST_SEED sets it.
"""
import concurrent.futures
import os
import random
import sys
import time
import unittest

from berthtest import waits, witness
from berthtest.api import Refused, state_name
from berthtest.guests import OPERATION_SECONDS, disk_boot, spec
from hypervisor_case import FOREIGN, HypervisorCase

SEED = int(os.environ.get("BERTH_TEST_SEED") or random.SystemRandom().randrange(10**6))
ROUNDS = 5
SETTLED = ("RUNNING", "STOPPED", "TERMINATED")
# A create is answered within milliseconds and runs after about a second: half of the kills hit around
# the answer, the other half anywhere up to after the last step.
KILL_SECONDS_MAX = (0.03, 1.6)


class CrashTest(HypervisorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        print(f"BERTH_TEST_SEED={SEED}", file=sys.stderr)
        cls.random = random.Random(SEED)

    def three_running(self, agent):
        made = [agent.client.create(spec(f"three-{n}", boot)) for n, boot in
                enumerate((None, None, disk_boot()))]
        ids = [self.to_state(agent, instance, "RUNNING").instance_id for instance in made]
        for instance_id in ids:
            self.wait_boots(agent, instance_id, 1)
        return ids

    def test_guests_do_not_notice_that_the_agent_was_killed_or_stopped(self):
        agent = self.new_agent()
        ids = self.three_running(agent)
        pids = witness.qemu_pids()
        before = {i: agent.client.get(i) for i in ids}
        for end in (agent.kill, agent.stop, agent.kill):
            end()
            self.assertEqual(witness.qemu_pids(), pids)
            agent.start()
            self.assertEqual({i.instance_id for i in agent.client.list()}, set(ids))
            for instance_id in ids:
                after = self.assert_state(agent, instance_id, "RUNNING")
                self.assertEqual(after.status.boot_count, 1)
                self.assertEqual(after.generation, before[instance_id].generation)
                self.assertEqual(len(self.boots(agent, instance_id)), 1)
            self.assertEqual(witness.qemu_pids(), pids)
        # They still obey.
        self.to_state(agent, agent.client.stop(ids[0]), "STOPPED")
        for instance_id in ids:
            self.to_state(agent, agent.client.terminate(instance_id), "TERMINATED")
        self.assert_nothing_left(agent)

    def test_what_happened_to_guests_while_the_agent_was_away_is_found_out(self):
        agent = self.new_agent()
        destroyed, shut_down, left_alone = self.three_running(agent)
        pid = witness.qemu_pids()[left_alone]
        agent.kill()
        witness.domain_do(destroyed, "destroy")
        witness.domain_do(shut_down, "shutdown")
        waits.until(lambda: not witness.domains()[shut_down], 60, "the guest has shut itself down")
        agent.start()
        reasons = {destroyed: "Server.GuestDestroyed",
                   shut_down: "Client.InstanceInitiatedShutdown"}
        for instance_id, code in reasons.items():
            instance = self.reaches(agent, instance_id, "STOPPED")
            self.assertEqual(instance.status.state_reason.code, code)
        self.assert_state(agent, left_alone, "RUNNING")
        self.assertEqual(witness.qemu_pids()[left_alone], pid)

    def kill_at_some_moment(self, agent, calls):
        """Starts the calls at once, kills the agent at a drawn moment, starts it again. The answers
        that came: a list like `calls`, with None for those that got none."""
        def attempt(call):
            try:
                return call()
            except Refused as refused:
                self.assertIn(refused.code.name, ("UNAVAILABLE", "CANCELLED"))
                return None
        delay = self.random.uniform(0, self.random.choice(KILL_SECONDS_MAX))
        with concurrent.futures.ThreadPoolExecutor(len(calls)) as callers:
            client = agent.client  # Kept open, so that the calls end by what the agent does.
            futures = [callers.submit(attempt, call) for call in calls]
            time.sleep(delay)  # The moment itself, not a wait for something.
            agent.kill()
            answers = [future.result() for future in futures]
        client.close()
        print(f"killed after {delay:.3f} s, {sum(a is not None for a in answers)} of {len(calls)} "
              "calls answered", file=sys.stderr)
        agent.start()
        return answers

    def all_settle(self, agent):
        waits.until(lambda: all(state_name(i) in SETTLED for i in agent.client.list()),
                    OPERATION_SECONDS, lambda: f"all settled: {agent.client.list()}")
        return {i.instance_id: state_name(i) for i in agent.client.list()}

    def test_creates_cut_off_at_any_moment_are_finished_or_undone(self):
        agent = self.new_agent()
        for number in range(ROUNDS):
            requests = [f"round-{number}-{n}" for n in range(3)]
            wanted = {r: spec(r, disk_boot() if n == 0 else None) for n, r in enumerate(requests)}
            answers = self.kill_at_some_moment(
                agent, [lambda r=r: agent.client.create(wanted[r], request_id=r) for r in requests])
            self.all_settle(agent)
            for request, first in zip(requests, answers):
                again = agent.client.create(wanted[request], request_id=request)
                if first is not None:
                    self.assertEqual(again, first)
            states = self.all_settle(agent)
            self.check_against_the_host(agent, states)
            self.terminate_all(agent)
        self.assert_nothing_left(agent)

    def check_against_the_host(self, agent, states):
        """A guest for each RUNNING instance, no trace of a TERMINATED one, and nothing nobody owns."""
        running = {i for i, state in states.items() if state == "RUNNING"}
        self.assertEqual(set(witness.qemu_pids()) - {FOREIGN}, running)
        self.assertEqual(set(witness.domains()) - {FOREIGN}, running)
        directories = {path.name for path in (agent.state_dir / "instances").glob("*")}
        self.assertEqual(directories, running)
        self.assert_no_trace(agent, *(i for i, state in states.items() if state == "TERMINATED"))

    def terminate_all(self, agent):
        """Kills the agent once more in the middle of it."""
        ids = [i.instance_id for i in agent.client.list() if state_name(i) == "RUNNING"]
        if not ids:
            return
        self.kill_at_some_moment(
            agent, [lambda i=i: agent.client.terminate(i, request_id=f"end-{i}") for i in ids])
        for instance_id in ids:
            agent.client.terminate(instance_id, request_id=f"end-{instance_id}")
        for instance_id in ids:
            self.reaches(agent, instance_id, "TERMINATED")
        self.assert_no_trace(agent, *ids)


if __name__ == "__main__":
    unittest.main()
