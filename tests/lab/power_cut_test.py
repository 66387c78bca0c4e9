#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The plug is pulled while instances are being created; the next boot finishes or undoes them.

BERTH_LAB_ROUNDS is how often (1); the moments are drawn from a seed (lab_case.seeded_random).
"""
import concurrent.futures
import os
import time

import grpc
import lab_case
from berthtest.api import Refused, state_name
from berthtest.guests import disk_boot, spec

ROUNDS = int(os.environ.get("BERTH_LAB_ROUNDS", "1"))
# Four creates take from the first answer to the last guest that runs about this long there.
CUT_SECONDS_MAX = 6.0
RECOVERED_SECONDS = 30


class PowerCutTest(lab_case.LabCase):
    own_host = True
    cpus = 1
    settings = {"capacity": {"cpu_overcommit": 8.0}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.random = lab_case.seeded_random()

    def create(self, number):
        """The id of the instance, or None where the power went before the answer."""
        wanted = spec(f"cut-{number}", disk_boot() if number % 2 else None, autostart=number < 2)
        try:
            return self.host.client.create(wanted).instance_id
        except Refused as refused:
            if refused.code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                return None
            raise

    def cut_while_creating(self):
        """Creates four at once and pulls the plug at some moment; the ids that were answered."""
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = [pool.submit(self.create, number) for number in range(4)]
            time.sleep(self.random.uniform(0, CUT_SECONDS_MAX))  # The moment is the test's parameter.
            self.host.power_cut()
            return [answer.result() for answer in answers if answer.result()]

    def check_recovered(self, again, stays_off, boot):
        # The agent serves nobody before it has compared; so this is so at once, or never.
        stopped = self.reaches(self.host, stays_off, "STOPPED", RECOVERED_SECONDS)
        self.assertEqual(stopped.status.state_reason.code, "Server.HostRebooted")
        self.wait_boots(self.host, again, boot)
        self.reaches(self.host, again, "RUNNING")

    def check_settled(self, answered, instances):
        for instance_id in answered:
            self.assertIn(instance_id, instances, "an answered create was forgotten")
        for instance_id, instance in instances.items():
            state, status = state_name(instance), instance.status
            if state == "TERMINATED":
                self.assertTrue(status.state_reason.code, status)
            if instance.spec.autostart and instance_id in answered:
                self.assertEqual(state, "RUNNING", status)
        running = {i for i, instance in instances.items() if state_name(instance) == "RUNNING"}
        domains = self.domains()
        self.assertEqual({name for name, state in domains.items() if state == "running"}, running)
        self.assertLessEqual(set(domains), set(instances))
        directories = self.inside("ls /var/lib/berth/instances").split()
        alive = {i for i, instance in instances.items() if state_name(instance) != "TERMINATED"}
        self.assertLessEqual(set(directories), alive)

    def test_creates_are_finished_or_undone_and_autostart_instances_run_again(self):
        again = self.create_running(self.host, spec("again", autostart=True)).instance_id
        stays_off = self.create_running(self.host, spec("stays-off", disk_boot())).instance_id
        for instance_id in (again, stays_off):
            self.wait_boots(self.host, instance_id, 1)
        for turn in range(1, ROUNDS + 1):
            answered = self.cut_while_creating()
            self.next_boot()
            self.check_recovered(again, stays_off, turn + 1)
            self.check_settled(answered, self.settled())
        self.assert_nothing_left()


if __name__ == "__main__":
    lab_case.main()
