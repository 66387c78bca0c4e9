#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An instance's whole life through berthctl, as an operator's script would drive it."""
import unittest

from integration_case import IMAGE, IntegrationCase


def state(instance):
    return instance["status"]["state"].removeprefix("INSTANCE_STATE_")


class BerthctlTest(IntegrationCase):
    def one(self, agent, *arguments):
        """The one instance that the command printed."""
        shown = self.ctl(agent, *arguments)
        if isinstance(shown, list):
            self.assertEqual(len(shown), 1, shown)
            return shown[0]
        return shown.get("instances", [shown])[0]

    def test_a_life_from_create_to_terminate(self):
        agent = self.new_agent()
        made = self.one(agent, "instance", "create", "--name", "web", "--vcpus", "1", "--memory",
                        "64M", "--image", IMAGE, "--wait")
        self.assertEqual(state(made), "RUNNING")
        instance_id = made["instance_id"]
        self.assertEqual(state(self.one(agent, "instance", "get", instance_id)), "RUNNING")
        self.assertEqual(self.one(agent, "instance", "list")["instance_id"], instance_id)
        for verb, after in (("reboot", "RUNNING"), ("stop", "STOPPED"), ("start", "RUNNING"),
                            ("terminate", "TERMINATED")):
            with self.subTest(verb):
                self.one(agent, "instance", verb, instance_id, "--wait")
                self.assertEqual(state(self.one(agent, "instance", "get", instance_id)), after)

    def test_tables_are_for_people(self):
        agent = self.new_agent()
        agent.berthctl("instance", "create", "--name", "web", "--vcpus", "1", "--memory", "64M",
                       "--image", IMAGE, "--wait")
        shown = agent.berthctl("instance", "list").stdout
        self.assertIn("web", shown)
        self.assertIn("running", shown.lower())
        self.assertGreater(agent.berthctl("node", "get").stdout.count("\n"), 5)
        self.assertIn("t1.micro", agent.berthctl("types").stdout)

    def test_a_console_log_is_the_guests_own(self):
        agent = self.new_agent()
        made = self.one(agent, "instance", "create", "--vcpus", "1", "--memory", "64M", "--image",
                        IMAGE, "--wait")
        told = agent.berthctl("instance", "console-log", made["instance_id"]).stdout
        self.assertNotEqual(told.strip(), "")

    def test_the_same_request_id_makes_one_instance(self):
        agent = self.new_agent()
        create = ("instance", "create", "--vcpus", "1", "--memory", "64M", "--image", IMAGE,
                  "--request-id", "mine")
        first = self.one(agent, *create)["instance_id"]
        agent.restart()
        self.assertEqual(self.one(agent, *create)["instance_id"], first)
        self.assertEqual(self.one(agent, "instance", "list")["instance_id"], first)

    def test_a_refusal_says_what_to_do_and_ends_with_one(self):
        agent = self.new_agent()
        for arguments, words in (
                (("--type", "no.such", "--image", IMAGE), "no.such"),
                (("--vcpus", "1", "--memory", "64M", "--image", "none.qcow2"), "none.qcow2"),
                (("--vcpus", "1", "--memory", "60T", "--image", IMAGE), "memory")):
            with self.subTest(words):
                done = agent.berthctl("instance", "create", *arguments, check=False)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(words, done.stderr)
        self.assertEqual(agent.client.list(), [])

    def test_without_an_agent_it_ends_with_three(self):
        agent = self.new_agent(start=False)
        done = agent.berthctl("instance", "list", check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn(str(agent.socket), done.stderr)


if __name__ == "__main__":
    unittest.main()
