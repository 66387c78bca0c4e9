#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random verbs from several clients on real guests, while the agent is killed every few seconds and
libvirtd is killed or frozen now and then. In the end nothing leaks, nothing is claimed twice, and
every request id was answered once.

BERTH_SOAK_SECONDS says how long (two minutes); BERTH_TEST_SEED draws it, and is printed.
"""
import collections
import os
import random
import sys
import threading
import time
import unittest

from berthtest import waits, witness
from berthtest.api import Client, Refused, seconds, state_name
from berthtest.guests import disk_boot, shape, spec
from hypervisor_case import HypervisorCase

SOAK_SECONDS = float(os.environ.get("BERTH_SOAK_SECONDS") or 120)
SEED = int(os.environ.get("BERTH_TEST_SEED") or random.SystemRandom().randrange(10**6))
CLIENTS = 4
INSTANCES_MAX = 6
SETTLE_SECONDS = 240
SETTLED = ("RUNNING", "STOPPED", "TERMINATED")
# What mostly is asked of an instance; else anything is.
FITTING = {"RUNNING": ("stop", "force", "reboot", "reset", "update", "terminate"),
           "STOPPED": ("start", "start", "start", "resize", "update", "terminate"),
           "PENDING": ("update", "update", "terminate")}
# What a call may be refused with while everything around it dies.
EXPECTED = {"INCORRECT_INSTANCE_STATE", "OPERATION_IN_PROGRESS", "INSTANCE_NOT_FOUND",
            "INSUFFICIENT_CAPACITY", "HYPERVISOR_UNAVAILABLE", "HYPERVISOR_TIMEOUT", "GUEST_STUCK",
            "AGENT_STOPPING", "OPERATION_NOT_CANCELLABLE", "OPERATION_NOT_FOUND", "NOT_READY",
            "OVERLOADED", "INTERNAL_FAULT"}


class Caller(threading.Thread):
    """One client: asks for random things, and again under the same request id until it is answered."""

    def __init__(self, number, agent, until):
        super().__init__()
        self.random = random.Random(SEED * 100 + number)
        self.agent, self.until, self.number = agent, until, number
        self.answers, self.counts, self.faults = {}, collections.Counter(), []
        self.client = Client(f"unix:{agent.socket}")

    def run(self):
        calls = 0
        while time.monotonic() < self.until:
            calls += 1
            time.sleep(self.random.uniform(0, 0.5))  # Guests need the processors too.
            try:
                self.call(f"{self.number}-{calls}")
            except Exception as error:  # A thread's own faults are the test's.
                self.faults.append(repr(error))
                return
        self.client.close()

    def call(self, request_id):
        verb, ask = self.draw(request_id)
        if ask is None:
            return
        while time.monotonic() < self.until:
            try:
                answer = ask()
            except Refused as refused:
                if self.gone(refused):
                    time.sleep(0.1)  # The agent is dead: the same call again, by its id.
                    continue
                if refused.reason not in EXPECTED:
                    self.faults.append(f"{verb}: {refused}")
                self.counts[f"{verb} refused"] += 1
                return
            self.counts[verb] += 1
            self.judge(request_id, answer)
            if self.random.random() < 0.3:
                self.repeat(request_id, ask)
            return

    @staticmethod
    def gone(refused):
        return refused.code.name in ("UNAVAILABLE", "DEADLINE_EXCEEDED") and not refused.reason

    def repeat(self, request_id, ask):
        try:
            self.judge(request_id, ask())
        except Refused as refused:
            if refused.code.name not in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
                self.faults.append(f"{request_id} was answered before, and is refused now: {refused}")

    def judge(self, request_id, answer):
        text = answer.SerializeToString(deterministic=True)
        if self.answers.setdefault(request_id, text) != text:
            self.faults.append(f"{request_id} was answered twice, not alike")

    def draw(self, request_id):
        """What is asked next, by name and as a call."""
        try:
            alive = [i for i in self.client.list() if state_name(i) != "TERMINATED"]
        except Refused:
            time.sleep(0.1)
            return "", None
        client, r = self.client, request_id
        if len(alive) < INSTANCES_MAX and self.random.random() < 0.4 or not alive:
            wanted = spec(f"soak-{r}", disk_boot() if self.random.random() < 0.5 else None)
            return "create", lambda: client.create(wanted, request_id=r)
        chosen = self.random.choice(alive)
        i = chosen.instance_id
        verbs = {
            "start": lambda: client.start(i, request_id=r),
            "stop": lambda: client.stop(i, request_id=r, timeout=seconds(5)),
            "force": lambda: client.stop(i, request_id=r, force=True),
            "reboot": lambda: client.reboot(i, request_id=r, timeout=seconds(5)),
            "reset": lambda: client.reboot(i, request_id=r, hard=True),
            "terminate": lambda: client.terminate(i, request_id=r),
            "resize": lambda: client.resize(i, request_id=r, shape=shape(144)),
            "update": lambda: client.update(i, request_id=r, name=f"renamed-{r}")}
        fitting = FITTING.get(state_name(chosen)) if self.random.random() < 0.8 else None
        verb = self.random.choice(fitting or list(verbs))
        return verb, verbs[verb]


class SoakTest(HypervisorCase):
    def trouble(self, agent, draw, until):
        """Kills and freezes until the time is over; what it did, by name."""
        done = collections.Counter()
        next_libvirtd = time.monotonic() + draw.uniform(15, 30)
        while time.monotonic() < until:
            time.sleep(draw.uniform(1, 5))
            agent.restart(ready=False)
            done["agent killed"] += 1
            if time.monotonic() < next_libvirtd:
                continue
            next_libvirtd = time.monotonic() + draw.uniform(15, 30)
            if draw.random() < 0.5:
                witness.libvirtd_ctl("restart")
                done["libvirtd restarted"] += 1
            else:
                witness.libvirtd_ctl("freeze")
                time.sleep(draw.uniform(1, 8))
                witness.libvirtd_ctl("thaw")
                done["libvirtd frozen"] += 1
        return done

    def settle(self, agent):
        """Everything has come to rest."""
        def resting():
            return agent.client.serving() == "SERVING" and all(
                state_name(i) in SETTLED and not i.status.operation for i in agent.client.list())
        waits.until(resting, SETTLE_SECONDS, lambda: f"everything rests: {agent.client.list()}")

    def compare(self, agent):
        """What is there is what the agent says."""
        alive = {i.instance_id: state_name(i) for i in agent.client.list()
                 if state_name(i) != "TERMINATED"}
        mine = {name: runs for name, runs in witness.domains().items() if name.startswith("i-")}
        self.assertEqual(mine, {i: state == "RUNNING" for i, state in alive.items()})
        directories = {path.name for path in (agent.state_dir / "instances").glob("*")}
        self.assertEqual(directories, set(alive))
        running = sum(1 for state in alive.values() if state == "RUNNING")
        foreign = sum(guest.vcpus for guest in agent.client.node().foreign_guests)
        self.assertEqual(agent.client.node().allocated.shared_vcpus, running + foreign)

    def test_nothing_leaks_and_every_request_is_answered_once(self):
        print(f"BERTH_TEST_SEED={SEED} BERTH_SOAK_SECONDS={SOAK_SECONDS:.0f}", file=sys.stderr)
        agent = self.new_agent(on_disk=True)
        until = time.monotonic() + SOAK_SECONDS
        callers = [Caller(number, agent, until) for number in range(CLIENTS)]
        for caller in callers:
            caller.start()
        done = self.trouble(agent, random.Random(SEED), until)
        for caller in callers:
            caller.join()
        self.settle(agent)
        self.compare(agent)
        counts = sum((caller.counts for caller in callers), collections.Counter())
        print(f"{dict(done)}; answered: {dict(counts)}", file=sys.stderr)
        self.assertEqual([fault for caller in callers for fault in caller.faults], [])
        self.assertGreater(sum(counts.values()), SOAK_SECONDS / 4)
        for instance in agent.client.list():
            if state_name(instance) != "TERMINATED":
                self.to_state(agent, agent.client.terminate(instance.instance_id), "TERMINATED")
        self.assert_nothing_left(agent)


if __name__ == "__main__":
    unittest.main()
