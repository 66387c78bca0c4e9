#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Guests that go off, or reboot, without the agent having asked: noticed at once, by event, with the
reason that is proven and no other.
"""
import contextlib
import os
import signal
import sys
import time
import unittest

from berth.v1 import instance_pb2
from berthtest import waits, witness
from berthtest.api import state_name
from berthtest.guests import BOOT_SECONDS, disk_boot, spec
from guest_console import GuestConsole
from hypervisor_case import HypervisorCase

# Looking at guests on a timer would take longer than this; an event takes milliseconds.
NOTICED_SECONDS = 5


class GuestEndsTest(GuestConsole, HypervisorCase):
    def running(self, agent, hostname, boot=None, **fields):
        instance_id = self.create_running(agent, spec(hostname, boot, **fields)).instance_id
        self.wait_boots(agent, instance_id, 1)
        return instance_id

    def noticed(self, agent, instance_id, state):
        """The instance in `state`, at most NOTICED_SECONDS after its QEMU process was gone."""
        waits.until(lambda: instance_id not in witness.qemu_pids(), BOOT_SECONDS, "the guest is off")
        began = time.monotonic()
        instance = self.reaches(agent, instance_id, state, NOTICED_SECONDS)
        print(f"noticed after {time.monotonic() - began:.2f} s", file=sys.stderr)
        return instance

    def test_a_poweroff_from_inside_stops_the_instance(self):
        agent = self.new_agent()
        instance_id = self.running(agent, "inside", disk_boot())
        self.command(agent, instance_id, "poweroff")
        instance = self.noticed(agent, instance_id, "STOPPED")
        self.assertEqual(instance.status.state_reason.code, "Client.InstanceInitiatedShutdown")
        self.assertEqual(instance.intent, instance_pb2.INSTANCE_INTENT_STOPPED)
        self.assertTrue(agent.instance_dir(instance_id).exists())
        self.to_state(agent, agent.client.start(instance_id), "RUNNING")
        self.assertEqual(self.wait_boots(agent, instance_id, 2)[-1], ("inside", 2))

    def told(self, agent, instance_id, begin, is_so):
        """Seconds from `begin` (called once the watch listens) to the message that `is_so`."""
        for message in agent.client.watch(instance_ids=[instance_id]):
            if message.HasField("synced"):
                began = time.monotonic()
                begin()
            elif message.HasField("change") and is_so(message.change.instance):
                return time.monotonic() - began
        raise AssertionError("the watch has ended")

    def test_what_an_operator_does_behind_our_back_is_told_in_under_a_second(self):
        agent = self.new_agent()
        for begin, reason in (
                (lambda i: witness.domain_do(i, "destroy"), "Server.GuestDestroyed"),
                (lambda i: witness.domain_do(i, "undefine", "destroy"), "Server.GuestUndefined")):
            instance_id = self.running(agent, "watched")
            took = self.told(agent, instance_id, lambda: begin(instance_id),
                             lambda instance: state_name(instance) == "STOPPED")
            print(f"{reason} told after {took:.3f} s", file=sys.stderr)
            self.assertLess(took, 1)
            instance = self.assert_state(agent, instance_id, "STOPPED")
            self.assertEqual(instance.status.state_reason.code, reason)
            lost = [e for e in agent.client.events(instance_id) if e.type == "GuestLost"]
            self.assertEqual([e.attributes["reason"] for e in lost], [reason])
            self.to_state(agent, agent.client.start(instance_id), "RUNNING")
            self.to_state(agent, agent.client.terminate(instance_id), "TERMINATED")
        self.assert_nothing_left(agent)

    def test_a_disk_that_somebody_deletes_is_told_in_under_a_second(self):
        agent = self.new_agent()
        instance_id = self.running(agent, "diskless", disk_boot())
        pid = witness.qemu_pids()[instance_id]
        disk = agent.instance_dir(instance_id) / "root.qcow2"

        def told(begin):
            return self.told(agent, instance_id, begin, lambda i: i.status.state_reason.code ==
                             "Server.DiskMissing")

        took = told(disk.unlink)
        print(f"Server.DiskMissing told after {took:.3f} s", file=sys.stderr)
        self.assertLess(took, 1)
        self.assert_state(agent, instance_id, "RUNNING")
        self.assertEqual(witness.qemu_pids()[instance_id], pid)
        self.assertEqual(agent.client.events(instance_id)[-1].type, "DiskMissing")
        self.to_state(agent, agent.client.stop(instance_id, force=True), "STOPPED")
        operation = agent.client.wait_operation(agent.client.start(instance_id))
        self.assertIn("root.qcow2", operation.error.message)
        self.assert_state(agent, instance_id, "STOPPED")
        self.to_state(agent, agent.client.terminate(instance_id), "TERMINATED")
        self.assert_nothing_left(agent)

    def test_a_poweroff_from_inside_terminates_where_that_is_asked_for(self):
        agent = self.new_agent()
        instance_id = self.running(
            agent, "fleeting", instance_initiated_shutdown_behavior=instance_pb2
            .SHUTDOWN_BEHAVIOR_TERMINATE)
        self.command(agent, instance_id, "poweroff")
        instance = self.noticed(agent, instance_id, "TERMINATED")
        self.assertEqual(instance.status.state_reason.code, "Client.InstanceInitiatedShutdown")
        self.assert_nothing_left(agent)

    def test_a_reboot_from_inside_is_counted(self):
        agent = self.new_agent()
        instance_id = self.running(agent, "again")
        pid = witness.qemu_pids()[instance_id]
        self.command(agent, instance_id, "reboot")
        self.wait_boots(agent, instance_id, 2)
        waits.until(lambda: agent.client.get(instance_id).status.boot_count == 2, NOTICED_SECONDS,
                    "the reboot is counted")
        self.assert_state(agent, instance_id, "RUNNING")
        self.assertEqual(witness.qemu_pids()[instance_id], pid)

    def test_a_guest_ended_by_somebody_else_is_stopped_with_the_proven_reason(self):
        agent = self.new_agent()
        ends = {
            "Server.GuestDestroyed": lambda i: witness.domain_do(i, "destroy"),
            "Server.GuestKilled": lambda i: os.kill(witness.qemu_pids()[i], signal.SIGKILL),
            "Server.GuestUndefined": lambda i: witness.domain_do(i, "undefine", "destroy"),
        }
        made = {code: self.running(agent, f"ended-{n}") for n, code in enumerate(ends)}
        for code, instance_id in made.items():
            with self.subTest(code):
                ends[code](instance_id)
                instance = self.noticed(agent, instance_id, "STOPPED")
                self.assertEqual(instance.status.state_reason.code, code)
        for instance_id in made.values():
            self.to_state(agent, agent.client.start(instance_id), "RUNNING")
            self.wait_boots(agent, instance_id, 2)
            self.to_state(agent, agent.client.terminate(instance_id), "TERMINATED")
        self.assert_nothing_left(agent)

    @staticmethod
    def thaw(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    def test_a_guest_that_does_not_answer_holds_nobody_up(self):
        agent = self.new_agent()
        frozen, healthy = self.running(agent, "frozen"), self.running(agent, "healthy")
        pid = witness.qemu_pids()[frozen]
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(self.thaw, pid)
        agent.client.stop(frozen)
        began = time.monotonic()
        self.to_state(agent, agent.client.stop(healthy), "STOPPED")
        self.to_state(agent, agent.client.terminate(healthy), "TERMINATED")
        self.assertLess(time.monotonic() - began, 30)
        self.assertEqual(state_name(agent.client.get(frozen)), "STOPPING")
        agent.client.terminate(frozen)
        self.reaches(agent, frozen, "TERMINATED")
        self.assert_nothing_left(agent)


if __name__ == "__main__":
    unittest.main()
