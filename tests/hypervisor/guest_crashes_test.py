#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Guests whose kernel panics, and guests that are lost, with what their spec says should follow. The
guest tells its panic by its panic device.
"""
import os
import signal
import time
import unittest

from berth.v1 import instance_pb2
from berthtest import waits, witness
from berthtest.api import state_name
from berthtest.guests import spec
from guest_console import GuestConsole
from hypervisor_case import HypervisorCase


class GuestCrashesTest(GuestConsole, HypervisorCase):
    def running(self, agent, hostname, **fields):
        instance_id = self.create_running(agent, spec(hostname, **fields)).instance_id
        self.wait_boots(agent, instance_id, 1)
        return instance_id

    def panic(self, agent, instance_id):
        self.command(agent, instance_id, "echo c > /proc/sysrq-trigger")

    def dump_of(self, agent, instance_id):
        return agent.instance_dir(instance_id) / "crash.dump"

    def test_a_guest_that_panics_is_stopped(self):
        agent = self.new_agent()
        instance_id = self.running(agent, "panics")
        self.panic(agent, instance_id)
        instance = self.reaches(agent, instance_id, "STOPPED")
        self.assertEqual(instance.status.state_reason.code, "Server.GuestCrashed")
        self.assertNotIn(instance_id, witness.qemu_pids())
        self.assertFalse(self.dump_of(agent, instance_id).exists())
        self.to_state(agent, agent.client.start(instance_id), "RUNNING")
        self.to_state(agent, agent.client.terminate(instance_id), "TERMINATED")
        self.assert_nothing_left(agent)

    def test_its_memory_is_kept_and_goes_with_the_instance(self):
        agent = self.new_agent()
        instance_id = self.running(agent, "dumps",
                                   crash_behavior=instance_pb2.CRASH_BEHAVIOR_DUMP_AND_STOP)
        self.panic(agent, instance_id)
        self.reaches(agent, instance_id, "STOPPED")
        dump = self.dump_of(agent, instance_id)
        self.assertEqual(dump.read_bytes()[:12], b"makedumpfile", "a flattened kernel dump")
        self.to_state(agent, agent.client.terminate(instance_id), "TERMINATED")
        self.assertFalse(dump.exists())
        self.assert_nothing_left(agent)

    def test_it_is_started_again_also_when_the_agent_was_away(self):
        agent = self.new_agent()
        instance_id = self.running(agent, "restarts",
                                   crash_behavior=instance_pb2.CRASH_BEHAVIOR_RESTART)
        self.panic(agent, instance_id)
        self.wait_boots(agent, instance_id, 2)
        instance = self.reaches(agent, instance_id, "RUNNING")
        self.assertEqual(instance.status.recent_recovery_count, 1)

        self.crash_unseen(agent, instance_id)
        self.wait_boots(agent, instance_id, 3)
        self.reaches(agent, instance_id, "RUNNING")
        recoveries = [e for e in agent.client.events(instance_id) if e.type == "RecoveryStarted"]
        self.assertEqual(len(recoveries), 2)
        self.to_state(agent, agent.client.terminate(instance_id), "TERMINATED")
        self.assert_nothing_left(agent)

    def crash_unseen(self, agent, instance_id):
        """It panics while there is no agent."""
        self.command(agent, instance_id, "sleep 3; echo c > /proc/sysrq-trigger", boots=2)
        agent.kill()
        waits.until(lambda: witness.is_crashed(instance_id), 60, "it stands still")
        agent.start()

    def test_a_killed_guest_is_started_again_where_its_spec_says_so(self):
        agent = self.new_agent()
        kept = self.running(agent, "kept", auto_recover=True)
        lost = self.running(agent, "lost")
        pids = witness.qemu_pids()
        for instance_id in (kept, lost):
            os.kill(pids[instance_id], signal.SIGKILL)
        began = time.monotonic()
        instance = self.reaches(agent, lost, "STOPPED")
        self.assertEqual(instance.status.state_reason.code, "Server.GuestKilled")
        waits.until(lambda: witness.qemu_pids().get(kept, pids[kept]) != pids[kept], 60,
                    "another process")
        self.assertGreater(time.monotonic() - began, 0.9, "it waits before it starts again")
        self.wait_boots(agent, kept, 2)
        self.assertEqual(state_name(agent.client.get(kept)), "RUNNING")
        for instance_id in (kept, lost):
            self.to_state(agent, agent.client.terminate(instance_id), "TERMINATED")
        self.assert_nothing_left(agent)


if __name__ == "__main__":
    unittest.main()
