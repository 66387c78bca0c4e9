#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""/metrics, /healthz and /readyz of a running agent, also of one whose hypervisor is away."""
import json
import re
import subprocess
import unittest

from berthtest import waits
from berthtest.api import Refused
from integration_case import INSTANCE_SERVICE, IntegrationCase, spec

AWAY = {"hypervisor": {"driver": "libvirt", "fake_state_file": "",
                       "uri": "qemu+unix:///system?socket=/nonexistent/libvirt-sock"}}


def values(text):
    """{"name{labels}": value} of every sample."""
    return {match[1]: float(match[2])
            for match in re.finditer(r"^([a-z][^ \n]*(?:\{[^\n]*\})?) (\S+)$", text, re.MULTILINE)}


class HttpTest(IntegrationCase):
    def metrics(self, agent):
        status, text = agent.http("/metrics")
        self.assertEqual(status, 200)
        return text

    def test_metrics_are_clean_and_tell_what_is_so(self):
        agent = self.new_agent()
        before = values(self.metrics(agent))
        instance = self.create_running(agent, spec(vcpus=2, memory_mib=96))
        with self.assertRaises(Refused):
            agent.client.create(spec(memory_mib=1 << 24))
        text = self.metrics(agent)
        lint = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                              capture_output=True, check=False)
        self.assertEqual((lint.returncode, lint.stdout + lint.stderr), (0, ""))

        now = values(text)
        self.assertEqual(now['berth_instances{state="RUNNING"}'], 1)
        self.assertEqual(now['berth_instances{state="TERMINATED"}'], 0)
        self.assertEqual(now["berth_node_allocated_vcpus"], 2)
        self.assertGreaterEqual(now["berth_node_allocated_memory_bytes"], 96 << 20)
        self.assertEqual(now["berth_node_capacity_vcpus"], before["berth_node_capacity_vcpus"])
        self.assertGreater(now["berth_node_allocatable_disk_bytes"], 0)
        self.assertEqual(now["berth_libvirt_up"], 1)
        self.assertEqual(
            now['berth_admission_refusals_total{reason="INSUFFICIENT_CAPACITY"}'], 1)
        self.assertEqual(now['berth_operation_duration_seconds_count'
                             '{operation="create",result="succeeded"}'], 1)
        self.assertEqual(now['berth_step_duration_seconds_count{result="ok",step="define"}'], 1)
        self.assertGreater(now["berth_ledger_commit_duration_seconds_count"], 0)
        self.assertGreater(now["berth_ledger_revision"], before["berth_ledger_revision"])
        self.assertEqual(
            now['berth_grpc_requests_total{code="OK",method="CreateInstance"}'], 1)
        self.assertEqual(
            now['berth_grpc_requests_total{code="RESOURCE_EXHAUSTED",method="CreateInstance"}'], 1)
        self.assertEqual(now['berth_node_condition{condition="Ready",status="true"}'], 1)
        self.assertGreaterEqual(now["berth_recovery_runs_total"], 1)
        self.assertEqual(len([name for name in now if name.startswith("berth_build_info")]), 1)
        for name in ("process_resident_memory_bytes", "process_resident_anonymous_memory_bytes",
                     "process_cpu_seconds_total", "process_open_fds", "process_start_time_seconds"):
            self.assertGreater(now[name], 0, name)

        agent.client.terminate(instance.instance_id)
        self.reaches(agent, instance.instance_id, "TERMINATED")
        self.assertEqual(values(self.metrics(agent))["berth_node_allocated_vcpus"], 0)

    def test_a_ready_agent_says_so(self):
        agent = self.new_agent()
        status, body = agent.http("/healthz")
        self.assertEqual(status, 200)
        self.assertEqual({loop["name"] for loop in json.loads(body)["loops"]}, {"work", "ledger"})
        status, body = agent.http("/readyz")
        self.assertEqual((status, json.loads(body)["ready"]), (200, True))
        self.assertEqual({c["type"]: c["status"] for c in json.loads(body)["conditions"]},
                         {"Ready": "true", "LibvirtReady": "true", "LedgerReady": "true",
                          "RecoveryDone": "true", "StorageReady": "true",
                          "OverCommitted": "false", "LedgerRebuilt": "false"})
        self.assertEqual(agent.http("/")[0], 404)

    def test_an_agent_whose_hypervisor_is_away_answers_reads_and_names_the_cause(self):
        agent = self.new_agent(AWAY, start=False)
        agent.start(ready=False)
        self.assertEqual(agent.client.list(), [])
        self.assertGreater(len(agent.client.node().capacity.SerializeToString()), 0)
        self.assertEqual(agent.client.serving(INSTANCE_SERVICE), "NOT_SERVING")
        self.assertEqual(agent.client.serving("berth.v1.NodeService"), "SERVING")
        self.assertEqual(agent.http("/healthz")[0], 200)
        status, body = agent.http("/readyz")
        self.assertEqual(status, 503)
        self.assertTrue(any(cause.startswith("LibvirtReady: ") and "nonexistent/libvirt-sock" in cause
                            for cause in json.loads(body)["causes"]), body)
        self.assertEqual(values(self.metrics(agent))["berth_libvirt_up"], 0)
        with self.assertRaises(Refused) as caught:
            agent.client.create(spec())
        self.assertEqual(caught.exception.code.name, "UNAVAILABLE")
        self.assertEqual(caught.exception.reason, "HYPERVISOR_UNAVAILABLE")
        self.assertIsNotNone(caught.exception.retry_seconds)
        self.assertEqual(agent.client.list(), [])
        agent.stop()

    def test_conditions_of_the_node_are_those_of_readyz(self):
        agent = self.new_agent()
        told = {c["type"] for c in json.loads(agent.http("/readyz")[1])["conditions"]}
        self.assertEqual({condition.type for condition in agent.client.node().conditions}, told)

    def test_http_can_be_off(self):
        agent = self.new_agent({"http": {"address": "off", "port_file": ""}})
        self.assertFalse(agent.port_file.exists())
        self.assertEqual(agent.client.list(), [])

    def test_a_taken_address_keeps_the_agent_from_starting_and_says_so(self):
        first = self.new_agent()
        port = first.port_file.read_text().strip()
        second = self.new_agent({"http": {"address": f"127.0.0.1:{port}"}}, start=False)
        with self.assertRaises(AssertionError) as caught:
            second.start()
        self.assertIn("ended with 1", str(caught.exception))
        self.assertIn("http.address", str(caught.exception))
        self.assertEqual(waits.until(lambda: first.http("/healthz")[0], 10, "the first serves on"),
                         200)


if __name__ == "__main__":
    unittest.main()
