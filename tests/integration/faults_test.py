#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Disks that are full, ledgers that are torn, another node's, older or newer, and ten thousand calls at
once: each is answered with what is wrong, nothing is half done, and nothing is lost.
"""
import collections
import concurrent.futures
import contextlib
import shutil
import sqlite3
import subprocess
import unittest

import grpc
from berth.v1 import instance_service_pb2
from berthtest import waits
from berthtest.api import Refused, state_name
from integration_case import IntegrationCase, run_berthd, spec

FULL_MIB = 64
CALLS = 10000
RSS_MAX_MIB = 256


class FaultsTest(IntegrationCase):
    def small_disk(self):
        """A directory on a file system of FULL_MIB."""
        directory = self.new_directory() / "small"
        directory.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={FULL_MIB}m", "berth-test", directory],
                       check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", directory], check=True)
        return directory

    @staticmethod
    @contextlib.contextmanager
    def filled(directory):
        """No byte is left there meanwhile."""
        filler = directory / "filler"
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        yield
        filler.unlink()

    def refused(self, call):
        with self.assertRaises(Refused) as refused:
            call()
        return refused.exception

    def test_a_full_disk_under_the_ledger_refuses_changes_and_is_got_over(self):
        small = self.small_disk()
        agent = self.new_agent({"ledger": str(small / "ledger.db")})
        kept = self.create_running(agent).instance_id
        with self.filled(small):
            update = None
            for number in range(2000):  # What the log has room for still goes in.
                try:
                    agent.client.update(kept, request_id=f"u-{number}", tags={"t": "x" * 200})
                except Refused as refused:
                    update = (number, refused)
                    break
            number, refused = update
            self.assertEqual((refused.code, refused.reason),
                             (grpc.StatusCode.RESOURCE_EXHAUSTED, "STORAGE_FULL"))
            self.assertEqual(self.refused(lambda: agent.client.create(
                spec("late"), request_id="late")).reason, "STORAGE_FULL")
            self.assertEqual(state_name(agent.client.get(kept)), "RUNNING")
            self.assertEqual(len(agent.client.list()), 1)
        waits.until(lambda: agent.client.serving() == "SERVING", 30, "it serves")
        agent.client.update(kept, request_id=f"u-{number}", tags={"t": "y"})
        late = agent.client.create(spec("late"), request_id="late")
        self.reaches(agent, late.instance_id, "RUNNING")
        self.assertEqual(agent.client.node().agent_epoch, 1, "the agent has gone on all the while")
        agent.restart()
        self.assertEqual(agent.client.get(kept).spec.tags["t"], "y")

    def test_a_full_disk_under_the_instances_fails_a_create_and_leaves_nothing(self):
        small = self.small_disk()
        ledger = self.new_directory() / "ledger.db"
        agent = self.new_agent({"ledger": str(ledger)}, state_dir=small / "state")
        kept = self.create_running(agent).instance_id
        with self.filled(small):
            try:
                made = agent.client.create(spec("late"), request_id="late").instance_id
                lost = self.reaches(agent, made, "TERMINATED")
                self.assertEqual(lost.status.state_reason.code, "Server.StorageFull")
            except Refused as refused:  # Or it is seen beforehand that the disk has no room.
                self.assertEqual(refused.code, grpc.StatusCode.RESOURCE_EXHAUSTED)
            self.assertEqual([path.name for path in (small / "state" / "instances").iterdir()],
                             [kept])
        self.create_running(agent, spec("again"), request_id="again")

    def test_garbage_behind_the_log_of_the_ledger_loses_nothing(self):
        agent = self.new_agent()
        kept = self.create_running(agent).instance_id
        agent.kill()
        with open(f"{agent.ledger}-wal", "ab") as log:
            log.write(b"\xa5" * 5000)
        agent.start()
        self.assertEqual(state_name(agent.client.get(kept)), "RUNNING")
        self.assertIn("is whole", agent.berthctl("ledger", "check").stdout)

    def assert_refused_at_start(self, agent, *said):
        """The agent does not start on its ledger, says why, and leaves it as it is."""
        before = agent.ledger.read_bytes()
        status, _, told = run_berthd("--config", str(agent.config_file))
        self.assertEqual(status, 4)
        for text in said:
            self.assertIn(text, told)
        self.assertEqual(agent.ledger.read_bytes(), before)

    @staticmethod
    def edit(path, *statements):
        with contextlib.closing(sqlite3.connect(path)) as database:
            for statement in statements:
                database.execute(statement)
            database.commit()

    def test_a_ledger_of_another_node_is_refused_and_kept(self):
        one, other = self.new_agent(), self.new_agent()
        self.create_running(one)
        one.stop()
        other.stop()
        shutil.copy(one.ledger, other.ledger)
        self.assert_refused_at_start(other, "belongs to node", "state directory")

    def test_an_agent_goes_forward_and_back_over_its_ledger_with_guests_up(self):
        agent = self.new_agent()
        running = self.create_running(agent).instance_id
        guests = self.guests(agent)
        agent.stop()
        # As an older agent left it: it knew neither images nor what a crash does.
        self.edit(agent.ledger,
                  "UPDATE instance SET json = json_remove(json, '$.spec.auto_recover',"
                  " '$.spec.crash_behavior', '$.recoveries')",
                  "UPDATE change SET json = json_remove(json, '$.spec.auto_recover',"
                  " '$.spec.crash_behavior', '$.recoveries') WHERE kind = 'instance'",
                  "UPDATE request SET reply = CAST(json_remove(CAST(reply AS TEXT),"
                  " '$.spec.auto_recover', '$.spec.crash_behavior', '$.recoveries') AS BLOB)",
                  "DROP TABLE image", "PRAGMA user_version = 6")
        agent.start()
        self.assertEqual(state_name(agent.client.get(running)), "RUNNING")
        self.assertEqual(self.guests(agent), guests)
        kept = agent.state_dir / "ledger.db.v6"
        self.assertTrue(kept.exists(), "the file of before is kept")
        agent.client.update(running, tags={"after": "the upgrade"})
        agent.stop()
        # Back: to the older agent this ledger is too new. It says so and touches nothing; on the kept
        # file it goes on, and the guest is as it was.
        self.edit(agent.ledger, "PRAGMA user_version = 99")
        self.assert_refused_at_start(agent, "version 99", "run the agent that wrote it")
        shutil.copy(kept, agent.ledger)
        agent.start()
        self.assertEqual(state_name(agent.client.get(running)), "RUNNING")
        self.assertEqual(self.guests(agent), guests)

    @staticmethod
    def rss_mib(pid):
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))

    def test_ten_thousand_calls_at_once_are_served_or_refused_with_a_time(self):
        agent = self.new_agent()
        kept = self.create_running(agent).instance_id
        stub = agent.client.instances
        get = instance_service_pb2.GetInstanceRequest(instance_id=kept)

        def call(number):
            if number % 5:
                return stub.GetInstance.future(get, timeout=120)
            return stub.CreateInstance.future(instance_service_pb2.CreateInstanceRequest(
                request_id=f"burst-{number % 50}", spec=spec(f"burst-{number % 50}")), timeout=120)
        calls = [call(number) for number in range(CALLS)]
        outcomes, made = collections.Counter(), set()
        for future in concurrent.futures.as_completed(map(self.ended, calls)):
            answer = future.result()
            if isinstance(answer, Refused):
                outcomes[answer.reason] += 1
                self.assertIn(answer.reason, ("OVERLOADED", "INSUFFICIENT_CAPACITY"))
                if answer.reason == "OVERLOADED":
                    self.assertIsNotNone(answer.retry_seconds)
            else:
                outcomes["answered"] += 1
                made.add(answer.instance_id)
        print(f"{dict(outcomes)}, peak RSS {self.rss_mib(agent.process.pid):.0f} MiB")
        self.assertEqual(sum(outcomes.values()), CALLS)
        self.assertLess(self.rss_mib(agent.process.pid), RSS_MAX_MIB)
        # Those refused come again, by their ids; each is made once.
        for number in range(0, 50, 5):
            made.add(agent.client.create(spec(f"burst-{number}"),
                                         request_id=f"burst-{number}").instance_id)
        self.assertEqual({i.instance_id for i in agent.client.list()}, made)
        self.assertEqual(len(made), 11)

    @staticmethod
    def ended(call):
        """The gRPC future as one of the standard library's."""
        future = concurrent.futures.Future()

        def tell(done):
            error = done.exception()
            future.set_result(Refused(error) if error else done.result())
        call.add_done_callback(tell)
        return future


if __name__ == "__main__":
    unittest.main()
