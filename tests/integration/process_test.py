#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""berthd as a process: signals, kill -9 with guests, one agent per state directory, the socket, and
what the service manager hears.
"""
import contextlib
import json
import os
import pathlib
import queue
import signal
import socket
import sqlite3
import stat
import threading
import time
import unittest
import uuid

import grpc
from berthtest import waits
from berthtest.api import Refused
from grpc_health.v1 import health_pb2
from integration_case import IntegrationCase, run_berthd, spec


class ProcessTest(IntegrationCase):
    def test_sigterm_and_sigint_end_it_cleanly_and_leave_the_guests(self):
        agent = self.new_agent()
        instance = self.create_running(agent)
        before = self.guests(agent)
        for number in (signal.SIGTERM, signal.SIGINT):
            process = agent.process
            began = time.monotonic()
            agent.close_client()
            process.send_signal(number)
            self.assertEqual(process.wait(30), 0)
            self.assertLess(time.monotonic() - began, 10)
            agent.process = None
            self.assertFalse(agent.socket.exists())
            agent.start()
            self.reaches(agent, instance.instance_id, "RUNNING")
        self.assertEqual(self.guests(agent), before)

    def test_a_caller_that_stays_does_not_hold_up_the_end(self):
        agent = self.new_agent()
        heard = queue.Queue()

        def watch():
            try:
                for answer in agent.client.health.Watch(health_pb2.HealthCheckRequest(), timeout=60):
                    heard.put(answer)
            except grpc.RpcError as error:
                heard.put(error)

        watcher = threading.Thread(target=watch)
        watcher.start()
        heard.get(timeout=30)
        began = time.monotonic()
        agent.process.send_signal(signal.SIGTERM)
        self.assertEqual(agent.process.wait(30), 0)
        self.assertLess(time.monotonic() - began, 10)
        watcher.join()
        agent.process = None

    def test_kill_9_with_three_guests_changes_none_of_them(self):
        agent = self.new_agent()
        ids = [self.create_running(agent, spec(name)).instance_id for name in ("a", "b", "c")]
        stopped = self.create_running(agent, spec("d")).instance_id
        agent.client.stop(stopped)
        self.reaches(agent, stopped, "STOPPED")
        guests = self.guests(agent)
        node = agent.client.node()
        agent.restart()
        for instance_id in ids:
            self.assertEqual(self.reaches(agent, instance_id, "RUNNING").status.boot_count, 1)
        self.reaches(agent, stopped, "STOPPED")
        self.assertEqual(self.guests(agent), guests)
        again = agent.client.node()
        self.assertEqual(again.allocated, node.allocated)
        self.assertEqual(again.node_id, node.node_id)

    def test_kill_9_at_any_moment_of_a_create_ends_in_one_running_instance(self):
        agent = self.new_agent()
        for i in range(8):
            caller = threading.Thread(target=self.create_or_be_cut_off, args=(agent, i))
            caller.start()
            caller.join(i * 0.01)  # Somewhere within the call or the steps that follow it.
            agent.kill()
            caller.join()
            agent.start()
            made = agent.client.create(spec(f"n{i}"), request_id=f"create-{i}")
            self.reaches(agent, made.instance_id, "RUNNING")
            self.assertEqual(len(agent.client.list()), i + 1)
        self.assertEqual({guest: held["boots"] for guest, held in self.guests(agent).items()},
                         {instance.instance_id: 1 for instance in agent.client.list()})

    @staticmethod
    def create_or_be_cut_off(agent, i):
        with contextlib.suppress(Refused):
            agent.client.create(spec(f"n{i}"), request_id=f"create-{i}")

    def test_the_same_request_gives_the_same_answer_across_kill_9_and_past_the_end(self):
        agent = self.new_agent()
        first = agent.client.create(spec(), request_id="once")
        agent.restart()
        self.assertEqual(agent.client.create(spec(), request_id="once"), first)
        self.reaches(agent, first.instance_id, "RUNNING")
        ended = agent.client.terminate(first.instance_id, request_id="end")
        self.reaches(agent, first.instance_id, "TERMINATED")
        agent.restart()
        self.assertEqual(agent.client.create(spec(), request_id="once"), first)
        self.assertEqual(agent.client.terminate(first.instance_id, request_id="end"), ended)
        self.assertEqual(len(agent.client.list()), 1)
        with self.assertRaises(Refused) as caught:
            agent.client.create(spec("other"), request_id="once")
        self.assertEqual(caught.exception.reason, "IDEMPOTENT_PARAMETER_MISMATCH")

    def test_a_second_agent_on_the_same_state_directory_is_refused(self):
        agent = self.new_agent()
        second = self.directory_of_second(agent)
        status, _, told = run_berthd(*second)
        self.assertEqual(status, 3)
        self.assertIn(f"in use by another agent (process {agent.process.pid})", told)
        self.assertEqual(agent.client.list(), [])

    def directory_of_second(self, agent):
        directory = self.new_directory()
        return ("--config", str(agent.config_file), "--socket", str(directory / "s"),
                "--http-port-file", str(directory / "p"))

    def test_a_socket_that_somebody_answers_on_is_not_taken(self):
        agent = self.new_agent()
        directory = self.new_directory()
        status, _, told = run_berthd("--config", str(agent.config_file), "--state-dir",
                                     str(directory / "state"), "--fake-state-file", "",
                                     "--http-port-file", str(directory / "p"))
        self.assertEqual(status, 1)
        self.assertIn(str(agent.socket), told)
        self.assertEqual(agent.client.list(), [])

    def test_a_stale_socket_is_replaced_and_the_mode_is_as_configured(self):
        agent = self.new_agent({"api": {"socket_mode": "0600"}})
        agent.kill()
        self.assertTrue(agent.socket.exists())
        agent.start()
        self.assertEqual(stat.S_IMODE(agent.socket.stat().st_mode), 0o600)
        agent.stop()
        agent.settings["api"]["socket_mode"] = "0660"
        agent.settings["api"]["socket_group"] = "daemon"
        agent.start()
        info = agent.socket.stat()
        self.assertEqual(stat.S_IMODE(info.st_mode), 0o660)
        self.assertEqual(agent.socket.group(), "daemon")

    def test_the_ledger_of_another_node_is_refused(self):
        agent = self.new_agent()
        agent.stop()
        status, _, told = run_berthd("--config", str(agent.config_file), "--node-id",
                                     str(uuid.uuid4()))
        self.assertEqual(status, 4)
        self.assertIn("node", told)

    def test_another_database_in_the_ledgers_place_is_refused_and_kept(self):
        agent = self.new_agent(start=False)
        agent.state_dir.mkdir()
        agent.config_file.write_text(json.dumps(agent.settings))
        with contextlib.closing(sqlite3.connect(agent.ledger)) as database:
            database.execute("CREATE TABLE somebody_elses(id)")
        status, _, told = run_berthd("--config", str(agent.config_file))
        self.assertEqual(status, 4)
        self.assertIn("ledger.db", told)
        with contextlib.closing(sqlite3.connect(agent.ledger)) as database:
            self.assertEqual(database.execute("SELECT name FROM sqlite_schema").fetchall(),
                             [("somebody_elses",)])

    def test_the_service_manager_hears_of_start_pulse_and_end(self):
        agent = self.new_agent(start=False)
        path = str(agent.directory / "notify")
        heard = []
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(30)
            os.environ.update(NOTIFY_SOCKET=path, WATCHDOG_USEC="500000")
            try:
                agent.start()
            finally:
                del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
            while heard.count("WATCHDOG=1") < 3 or "STATUS=ready" not in heard:
                heard.append(manager.recv(4096).decode())
            agent.stop()
            while "STOPPING=1" not in heard:
                heard.append(manager.recv(4096).decode())
        self.assertEqual(heard.count("READY=1"), 1)

    def test_the_log_is_one_json_object_a_line_where_that_is_asked_for(self):
        agent = self.new_agent({"log": {"format": "json"}})
        self.create_running(agent)
        agent.stop()
        lines = [json.loads(line)
                 for line in pathlib.Path(agent.log_file).read_text().splitlines()]
        self.assertTrue(any(line["message"] == "berthd answers" for line in lines))
        self.assertTrue(all({"time", "level", "message"} <= set(line) for line in lines))

    def test_its_own_memory_stays_small(self):
        agent = self.new_agent()
        self.create_running(agent)
        status = pathlib.Path(f"/proc/{agent.process.pid}/status").read_text()
        anonymous_kib = int(status.split("RssAnon:")[1].split()[0])
        # The aim for a release build is 12 MiB (docs/specification.md); this catches a leap.
        self.assertLess(anonymous_kib, 64 << 10)

    def test_a_second_signal_ends_it_at_once(self):
        agent = self.new_agent()
        process, agent.process = agent.process, None
        agent.close_client()
        process.send_signal(signal.SIGTERM)
        waits.until(lambda: "berthd stops" in agent.log_tail() or process.poll() is not None, 10,
                    "the first signal is seen")
        process.send_signal(signal.SIGTERM)
        self.assertIn(process.wait(10), (0, -signal.SIGTERM))


if __name__ == "__main__":
    unittest.main()
