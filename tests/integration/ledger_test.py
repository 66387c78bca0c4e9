#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The ledger as a file: checked, exported, restored, and where it cannot be read made anew from the
guests, through berthctl and a real agent over the fake hypervisor.
"""
import json
import sqlite3
import unittest

from berthtest import waits
from berthtest.api import Refused, state_name
from integration_case import INSTANCE_SERVICE, OPERATION_SECONDS, IntegrationCase, spec


class LedgerTest(IntegrationCase):
    def make_two(self, agent):
        """A running and a stopped instance."""
        running = self.create_running(agent, spec("running", tenant_id="acme")).instance_id
        stopped = self.create_running(agent, spec("stopped")).instance_id
        agent.client.stop(stopped, force=True)
        self.reaches(agent, stopped, "STOPPED")
        return running, stopped

    @staticmethod
    def damage(agent):
        """All but the head of the file is gone, and its log. The agent is dead."""
        with open(agent.ledger, "r+b") as file:
            size = file.seek(0, 2)
            file.seek(100)
            file.write(b"x" * (size - 100))
        for name in ("-wal", "-shm"):
            agent.ledger.with_name(agent.ledger.name + name).unlink(missing_ok=True)

    def condition(self, agent, kind):
        return next(c for c in agent.client.node().conditions if c.type == kind)

    def states(self, agent):
        return {i.instance_id: state_name(i) for i in agent.client.list()}

    def kept(self, agent):
        return sorted(path.name for path in agent.state_dir.glob("ledger.db.replaced-*"))

    def test_a_whole_ledger_is_checked_and_exported(self):
        agent = self.new_agent()
        self.make_two(agent)
        self.assertIn("is whole", agent.berthctl("ledger", "check").stdout)
        copy = agent.directory / "copy.db"
        agent.berthctl("ledger", "export", copy)
        self.assertEqual(copy.stat().st_mode & 0o777, 0o600)
        with sqlite3.connect(copy) as database:
            self.assertEqual(database.execute("SELECT count(*) FROM instance").fetchone(), (2,))
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchone(), ("ok",))
        again = agent.berthctl("ledger", "export", copy, check=False)
        self.assertEqual(again.returncode, 2)
        self.assertIn("is there already", again.stderr)
        refused = agent.berthctl("ledger", "rebuild", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("can be read", refused.stderr)

    def test_an_unreadable_ledger_is_served_from_the_guests_and_rebuilt_from_them(self):
        agent = self.new_agent()
        running, stopped = self.make_two(agent)
        node_id = agent.client.node().node_id
        guests = self.guests(agent)
        agent.kill()
        self.damage(agent)
        agent.start(ready=False)
        waits.until(lambda: len(agent.client.list()) == 2, 30, "the guests are seen")
        self.assertEqual(self.states(agent), {running: "RUNNING", stopped: "STOPPED"})
        self.assertEqual(agent.client.get(running).spec.tenant_id, "acme")
        self.assertEqual(self.condition(agent, "LedgerReady").reason, "Unreadable")
        self.assertEqual(agent.client.serving(INSTANCE_SERVICE), "NOT_SERVING")
        for change in (lambda: agent.client.create(spec("new")),
                       lambda: agent.client.stop(running),
                       lambda: agent.client.terminate(running)):
            with self.assertRaises(Refused) as refused:
                change()
            self.assertEqual(refused.exception.reason, "LEDGER_UNAVAILABLE")
            self.assertIn("berthctl ledger rebuild", str(refused.exception))
        check = agent.berthctl("ledger", "check", check=False)
        self.assertEqual(check.returncode, 1)
        self.assertIn("is damaged", check.stdout)

        said = agent.berthctl("ledger", "rebuild").stderr
        self.assertIn("starts anew", said)
        agent.close_client()
        waits.until(lambda: agent.client.serving() == "SERVING", 30, "it serves again")
        self.assertEqual(self.states(agent), {running: "RUNNING", stopped: "STOPPED"})
        self.assertEqual(self.guests(agent), guests, "no guest was touched")
        self.assertEqual(agent.client.node().node_id, node_id)
        self.assertEqual(len(self.kept(agent)), 1, "the damaged one is kept")
        self.assertEqual(state_name_of(self.condition(agent, "LedgerRebuilt")), "TRUE")
        agent.client.start(stopped)
        self.reaches(agent, stopped, "RUNNING")
        for instance_id in (running, stopped):
            agent.client.terminate(instance_id)
            self.reaches(agent, instance_id, "TERMINATED")
        waits.until(lambda: state_name_of(self.condition(agent, "LedgerRebuilt")) == "FALSE", 10,
                    "nothing is left that was adopted")
        self.assertEqual(agent.client.node().allocated.memory_mib, 0)

    def test_what_happens_to_a_guest_is_seen_without_a_ledger(self):
        agent = self.new_agent()
        running, stopped = self.make_two(agent)
        agent.kill()
        self.damage(agent)
        guests = json.loads((agent.directory / "guests.json").read_text())
        self.power_off(guests, running)
        (agent.directory / "guests.json").write_text(json.dumps(guests))
        agent.start(ready=False)
        waits.until(lambda: self.states(agent) == {running: "STOPPED", stopped: "STOPPED"},
                    OPERATION_SECONDS, "both are off")

    def test_a_lost_ledger_is_made_anew_at_the_start(self):
        agent = self.new_agent()
        running, stopped = self.make_two(agent)
        guests = self.guests(agent)
        agent.kill()
        for path in agent.state_dir.glob("ledger.db*"):
            path.unlink()
        agent.start()
        self.assertEqual(self.states(agent), {running: "RUNNING", stopped: "STOPPED"})
        self.assertEqual(self.guests(agent), guests)
        self.assertIn("InstanceAdopted", agent.berthctl("events").stdout)

    def test_an_older_copy_is_restored_and_learns_from_the_guests(self):
        agent = self.new_agent()
        running, stopped = self.make_two(agent)
        copy = agent.directory / "copy.db"
        agent.berthctl("ledger", "export", copy)
        agent.client.start(stopped)
        self.reaches(agent, stopped, "RUNNING")
        later = self.create_running(agent, spec("later")).instance_id
        guests = self.guests(agent)
        ledger_id = agent.client.node().ledger_id
        agent.berthctl("ledger", "restore", copy)
        agent.close_client()
        waits.until(lambda: agent.client.serving() == "SERVING", 30, "it serves again")
        self.assertEqual(self.states(agent),
                         {running: "RUNNING", stopped: "RUNNING", later: "RUNNING"})
        self.assertEqual(self.guests(agent), guests, "no guest was touched")
        self.assertNotEqual(agent.client.node().ledger_id, ledger_id)
        self.assertEqual(len(self.kept(agent)), 1)
        self.assertIn("is whole", agent.berthctl("ledger", "check").stdout)

    def test_what_cannot_be_restored_is_refused_and_changes_nothing(self):
        agent = self.new_agent()
        running, _ = self.make_two(agent)
        other = self.new_agent()
        foreign = other.directory / "foreign.db"
        other.berthctl("ledger", "export", foreign)
        (agent.directory / "words").write_text("some words")
        epoch = agent.client.node().agent_epoch
        for path, said in ((foreign, "it is of node"), (agent.directory / "words", "words"),
                           (agent.ledger, "this is the ledger itself"),
                           (agent.directory / "none", "no file with a ledger")):
            refused = agent.berthctl("ledger", "restore", path, check=False)
            self.assertEqual(refused.returncode, 1, refused.stderr)
            self.assertIn(said, refused.stderr)
        self.assertEqual(agent.client.node().agent_epoch, epoch)
        agent.restart()
        self.assertEqual(state_name(agent.client.get(running)), "RUNNING")

    @staticmethod
    def power_off(guests, instance_id):
        """As the fake host's file says it."""
        for guest in guests.values():
            if guest["state"]["instance_id"] == instance_id:
                guest["state"]["power"] = 0
                guest["state"]["pid"] = 0

    @staticmethod
    def guests(agent):
        return json.loads((agent.directory / "guests.json").read_text())


def state_name_of(condition):
    return type(condition).DESCRIPTOR.fields_by_name["status"].enum_type.values_by_number[
        condition.status].name.replace("CONDITION_STATUS_", "")


if __name__ == "__main__":
    unittest.main()
