#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who gets in, over gRPC and by berthctl: many clients at once on a host with room for some of them,
also with kill -9 in between; reservations; many instances in one call.
"""
import threading
import unittest

from berth.v1 import instance_service_pb2, node_service_pb2, reservation_service_pb2, shape_pb2
from google.protobuf import duration_pb2
from berthtest import waits
from berthtest.api import Client, Refused, state_name
from integration_case import IMAGE, IntegrationCase, spec

ROOM, CLIENTS = 40, 64
SMALL = {"vcpus": 1, "memory_mib": 16}
KEEP_ASKING_SECONDS = 120


class AdmissionTest(IntegrationCase):
    def agent_with_room(self, room):
        """An agent with room for exactly so many SMALL instances, whatever the machine."""
        agent = self.new_agent()
        cpus = agent.client.call(agent.client.nodes.GetNode,
                                 node_service_pb2.GetNodeRequest()).allocatable.cpus
        agent.stop()
        agent.settings["capacity"]["cpu_overcommit"] = max(1.0, (room + 0.5) / cpus)
        agent.start()
        # Where ratios are rounded down per NUMA node, or below 1.0, others fill up the rest.
        plan = agent.client.call(agent.client.nodes.PlanInstance, node_service_pb2.PlanInstanceRequest(
            shape=shape_pb2.Shape(**SMALL), count=1000))
        for _ in range(len(plan.placements) - room):
            agent.client.create(spec(name="filler", **SMALL))
        self.assertGreaterEqual(len(plan.placements), room)
        return agent

    def ask(self, agent, number, turn, answers):
        """One client, which asks until it has been answered, always under the same request id."""
        client = Client(f"unix:{agent.socket}")
        request = instance_service_pb2.CreateInstanceRequest(
            request_id=f"turn-{turn}-{number}", spec=spec(name=f"many-{number}", **SMALL))

        def answered():
            try:
                answers[number] = client.call(client.instances.CreateInstance, request)
            except Refused as refused:
                if refused.code.name in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"):
                    return False
                answers[number] = refused
            return True

        try:
            waits.until(answered, KEEP_ASKING_SECONDS, lambda: f"client {number} is answered")
        finally:
            client.close()

    def all_ask(self, agent, turn, kill):
        answers = {}
        threads = [threading.Thread(target=self.ask, args=(agent, i, turn, answers))
                   for i in range(CLIENTS)]
        for thread in threads:
            thread.start()
        if kill:
            waits.until(lambda: len(answers) >= 5, KEEP_ASKING_SECONDS, "some are answered")
            agent.restart()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), CLIENTS)
        return answers

    def check(self, agent, answers):
        refused = [a for a in answers.values() if isinstance(a, Refused)]
        admitted = {a.instance_id for a in answers.values() if not isinstance(a, Refused)}
        self.assertEqual((len(admitted), len(refused)), (ROOM, CLIENTS - ROOM))
        for refusal in refused:
            self.assertEqual(refusal.reason, "INSUFFICIENT_CAPACITY")
            self.assertIn("vcpus_short", "".join(refusal.metadata))
        there = {i.instance_id for i in agent.client.list()
                 if i.spec.name.startswith("many-") and state_name(i) != "TERMINATED"}
        self.assertEqual(there, admitted)
        return admitted

    def free_all(self, agent, instances):
        for instance_id in instances:
            agent.client.terminate(instance_id)
        for instance_id in instances:
            self.reaches(agent, instance_id, "TERMINATED")

    def test_exactly_as_many_get_in_as_fit(self):
        agent = self.agent_with_room(ROOM)
        for turn, kill in enumerate((False, False, True, True)):
            with self.subTest(turn=turn, kill=kill):
                admitted = self.check(agent, self.all_ask(agent, turn, kill))
                for instance_id in admitted:
                    self.reaches(agent, instance_id, "RUNNING")
                self.free_all(agent, admitted)

    def test_a_reservation_becomes_an_instance(self):
        agent = self.new_agent()
        held = self.ctl(agent, "reservation", "create", "--vcpus", "1", "--memory", "64M", "--disk",
                        "16M", "--for", "1h", "--tenant", "acme")
        self.assertEqual(held["state"], "RESERVATION_STATE_HELD")
        owners = {c["owner_id"] for c in self.ctl(agent, "node", "ledger")["claims"]}
        self.assertEqual(owners, {held["reservation_id"]})
        agent.restart()
        made = self.ctl(agent, "instance", "create", "--reservation", held["reservation_id"],
                        "--image", IMAGE, "--wait")
        self.assertEqual(made["spec"]["tenant_id"], "acme")
        self.assertEqual(made["status"]["state"], "INSTANCE_STATE_RUNNING")
        self.assertEqual(made["status"]["placement"]["cells"], held["placement"]["cells"])
        got = self.ctl(agent, "reservation", "get", held["reservation_id"])
        self.assertEqual((got["state"], got["instance_id"]),
                         ("RESERVATION_STATE_COMMITTED", made["instance_id"]))
        again = agent.berthctl("instance", "create", "--reservation", held["reservation_id"],
                               "--image", IMAGE, check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn("reserve anew", again.stderr)

    def test_a_reservation_expires_by_itself(self):
        agent = self.new_agent()
        client = agent.client
        held = client.call(client.reservations.Reserve, reservation_service_pb2.ReserveRequest(
            shape=shape_pb2.Shape(**SMALL), hold_duration=duration_pb2.Duration(seconds=1)))
        waits.until(lambda: client.call(
            client.reservations.GetReservation, reservation_service_pb2.GetReservationRequest(
                reservation_id=held.reservation_id)).state == 4, 30, "it has expired")
        self.assertEqual(self.ctl(agent, "node", "ledger").get("claims", []), [])
        status, page = agent.http("/metrics")
        self.assertEqual(status, 200)
        self.assertIn("berth_reservations_expired_total 1", page)
        self.assertIn("berth_reservations_held 0", page)

    def test_room_can_be_given_back(self):
        agent = self.new_agent()
        ids = [self.ctl(agent, "reservation", "create", "--type", "t1.micro")["reservation_id"]
               for _ in range(2)]
        table = agent.berthctl("reservation", "list").stdout
        self.assertTrue(all(i in table for i in ids), table)
        released = self.ctl(agent, "reservation", "release", *ids)["reservations"]
        self.assertEqual({r["state"] for r in released}, {"RESERVATION_STATE_RELEASED"})
        self.assertEqual(self.ctl(agent, "reservation", "list", "--state", "held")["reservations"], [])

    def test_many_in_one_call(self):
        agent = self.agent_with_room(5)
        shape = ("--vcpus", "1", "--memory", "16M", "--image", IMAGE, "--name", "w")
        refused = agent.berthctl("instance", "create", *shape, "--count", "6", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("short of vCPUs", refused.stderr)
        some = agent.berthctl("instance", "create", *shape, "--count", "6", "--best-effort", "--wait",
                              check=False)
        self.assertEqual(some.returncode, 1)
        self.assertEqual(some.stdout.count("RUNNING"), 5, some.stdout + some.stderr)
        self.assertIn("w-5", some.stdout)


if __name__ == "__main__":
    unittest.main()
