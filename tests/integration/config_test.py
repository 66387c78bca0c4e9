#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The config as the built program reads it: every fault at once with its path, and exit status 2."""
import json
import unittest

from berthtest.agent import ROOT
from integration_case import IntegrationCase, run_berthd

TYPES = str(ROOT / "deploy" / "instance-types.json")


class ConfigTest(IntegrationCase):
    def setUp(self):
        self.directory = self.new_directory()

    def config(self, text):
        path = self.directory / "berthd.json"
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        return str(path)

    def test_every_fault_is_listed_and_nothing_starts(self):
        types = self.directory / "types.json"
        types.write_text('{"instance_types": [{"name": "a", "family": "b", "vcpus": 0}]}')
        state = self.directory / "state"
        path = self.config({
            "state_dir": str(state), "instance_types": str(types), "log": {"level": "loud"},
            "capacity": {"cpu_overcommit": 0}, "api": {"sockets": "/x"}, "http": {"address": "here"}})
        status, _, told = run_berthd("--config", path)
        self.assertEqual(status, 2)
        for fault in (f"{path}: log.level: ", f"{path}: capacity.cpu_overcommit: ",
                      f"{path}: api.sockets: is not known here; did you mean \"socket\"?",
                      f"{path}: http.address: ", f"{types}: instance_types[0].vcpus: ",
                      f"{types}: instance_types[0].memory_mib: is missing"):
            self.assertIn(fault, told)
        self.assertFalse(state.exists())

    def test_text_that_is_no_json_is_told_with_its_line(self):
        path = self.config('{\n  "log": {"level": "info",}\n}')
        status, _, told = run_berthd("--check-config", "--config", path)
        self.assertEqual(status, 2)
        self.assertIn("line 2", told)

    def test_a_flag_with_a_bad_value_names_its_setting(self):
        status, _, told = run_berthd("--config", self.config({"instance_types": TYPES}),
                                     "--max-in-flight", "many")
        self.assertEqual(status, 2)
        self.assertIn("api.max_in_flight: is \"many\"", told)

    def test_an_unknown_flag_is_refused(self):
        status, _, told = run_berthd("--no-such-flag")
        self.assertEqual(status, 2)
        self.assertIn("--no-such-flag", told)

    def test_a_named_config_that_is_not_there_is_refused(self):
        status, _, told = run_berthd("--config", str(self.directory / "none.json"))
        self.assertEqual(status, 2)
        self.assertIn("none.json: is not there", told)

    def test_a_good_config_is_called_good_and_starts_nothing(self):
        state = self.directory / "state"
        path = self.config({"state_dir": str(state), "instance_types": TYPES})
        status, told, _ = run_berthd("--check-config", "--config", path)
        self.assertEqual(status, 0)
        self.assertIn("the config is good", told)
        self.assertFalse(state.exists())

    def test_the_effective_config_shows_flags_over_the_file_and_reads_back_as_itself(self):
        path = self.config({"instance_types": TYPES, "log": {"level": "debug"}})
        status, printed, _ = run_berthd("--print-config", "--config", path, "--log-level", "error",
                                        "--cpu-overcommit", "2.5")
        self.assertEqual(status, 0)
        shown = json.loads(printed)
        self.assertEqual(shown["log"]["level"], "error")
        self.assertEqual(shown["capacity"]["cpu_overcommit"], 2.5)
        self.assertEqual(shown["api"]["socket"], "/run/berth/berthd.sock")
        again = run_berthd("--print-config", "--config", self.config(printed))
        self.assertEqual(again, (0, printed, ""))

    def test_the_installed_sample_is_good(self):
        status, _, told = run_berthd("--check-config", "--config",
                                     str(ROOT / "deploy" / "berthd.json"), "--instance-types", TYPES)
        self.assertEqual((status, told), (0, ""))


if __name__ == "__main__":
    unittest.main()
