#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The plug is pulled with an instance standing before and after every recorded step of every verb: the
next boot brings each where it was going, nothing is lost and nothing left.

The agent stands still at the step that an instance's tag names (berthd_that_stalls.cc), so that one cut
serves many cases. Awaits are no cases of their own: at a cut they are what comes after the step before.

BERTH_TEST_STEPS=all runs every round; else one, drawn by BERTH_TEST_SEED, which is printed.
"""
import os

import lab_case
from berth.v1 import shape_pb2
from berthtest import verbs, waits
from berthtest.api import state_name
from berthtest.guests import disk_boot, spec

# So many at a time as have room in the emulated host.
ROUNDS = (("create",), ("start", "resize"), ("stop", "stop_force", "reboot", "reboot_hard", "terminate"))
STALL_SECONDS = 240
# Too little to load a kernel: it costs a processor nothing, and does not hear what it is asked.
MEMORY_MIB = 32
GRACE_SECONDS = 1
LISTING = "cd /var/lib/berth/instances && find . -type f | sort"


class PowerCutStepsTest(lab_case.LabCase):
    own_host = True
    cpus = 1
    variant = "berthd_that_stalls"
    settings = {"capacity": {"cpu_overcommit": 32.0}}

    def spec_fields(self, verb):
        # Of those that a host's reboot has to find running again.
        return {"shape": shape_pb2.Shape(vcpus=1, memory_mib=MEMORY_MIB),
                "autostart": verbs.ENDS[verb] == "RUNNING"}

    def prepare(self, verb, name):
        """The id of an instance to which `verb` can be done; None for create."""
        if verb == "create":
            return None
        made = self.create_running(self.host, spec(name, disk_boot(), **self.spec_fields(verb)))
        if verb in verbs.FROM_STOPPED:
            self.to_state(self.host, self.host.client.stop(made.instance_id, force=True), "STOPPED")
        return made.instance_id

    def stall(self, verb, step, when):
        """Asks for the verb of an instance that will stand still there; its id."""
        tags = {"stall-at": f"{verbs.operation_of(verb)}.{step}:{when}"}
        name = f"{verb}-{step}-{when}".replace("_", "-")
        instance_id = self.prepare(verb, name)
        fields = {**self.spec_fields(verb), "tags": tags} if verb == "create" else {}
        if instance_id:
            self.host.client.update(instance_id, tags=tags)
        answer = verbs.ask(self.host.client, verb, instance_id, name, name, GRACE_SECONDS, **fields)
        return instance_id or answer.instance_id

    def await_stalls(self, instance_ids):
        def stalled():
            said = self.inside("journalctl -u berthd -o cat --no-pager | grep ^stalled || true")
            return {line.split()[1] for line in said.splitlines()}
        waits.until(lambda: set(instance_ids) <= stalled(), STALL_SECONDS,
                    lambda: f"all stand still: {set(instance_ids) - stalled()}\n{self.host.log_tail()}")

    def check_one(self, instances, verb, step, when, instance_id):
        self.assertIn(instance_id, instances, "an answered request was forgotten")
        instance = instances[instance_id]
        self.assertEqual(state_name(instance), verbs.ENDS[verb], instance.status)
        if verb == "resize":
            self.assertEqual(instance.spec.shape.memory_mib, verbs.RESIZED_MEMORY_MIB)
        name = f"{verb}-{step}-{when}".replace("_", "-")
        fields = {**self.spec_fields(verb), "tags": dict(instance.spec.tags)} if verb == "create" else {}
        again = verbs.ask(self.host.client, verb, instance_id, name, name, GRACE_SECONDS, **fields)
        if verb == "create":
            self.assertEqual(again.instance_id, instance_id, "asked again it is the same")

    def check_host(self, instances):
        """What libvirt and the disk have is what the ledger says, no more and no less."""
        self.assertEqual(self.domains(),
                         {i: "running" if state_name(instance) == "RUNNING" else "shut off"
                          for i, instance in instances.items() if state_name(instance) != "TERMINATED"})
        kept = [f"./{i}/{name}" for i, instance in instances.items() for name in verbs.FILES
                if state_name(instance) != "TERMINATED"]
        found = [path for path in self.inside(LISTING).split() if ".log." not in path]
        self.assertEqual(found, sorted(kept))

    def cut_at(self, cases):
        self.host.use_program(lab_case.variant_path(self.variant))
        stalled = {case: self.stall(*case) for case in cases}
        self.await_stalls(stalled.values())
        self.host.power_cut()
        self.host.use_program()
        self.next_boot()
        instances = self.settled()
        for case, instance_id in stalled.items():
            with self.subTest(" ".join(case)):
                self.check_one(instances, *case, instance_id)
        self.check_host(self.settled())
        self.assert_nothing_left()

    def test_every_step_of_every_verb(self):
        everything = os.environ.get("BERTH_TEST_STEPS") == "all"
        rounds = ROUNDS if everything else [lab_case.seeded_random().choice(ROUNDS)]
        for number, verbs_of_round in enumerate(rounds):
            if number > 0:
                self.host.power_cut()
                self.host.use_program(lab_case.variant_path(self.variant))
                self.next_boot()
            self.cut_at(verbs.cases(verbs_of_round))


if __name__ == "__main__":
    lab_case.main()
