#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`berthctl plan` on cases with known answers; every placement is held against the host by a judge
that shares no code with the planner.
"""
import json
import pathlib
import subprocess
import tempfile
import unittest

from berthtest.agent import ROOT, program

EXAMPLES = ROOT / "tests" / "data" / "placement" / "examples.json"
HOST = {"nodes": [{"id": 0, "memory_mib": 1024, "cores": [[0, 4], [1, 5]]},
                  {"id": 1, "memory_mib": 1024, "cores": [[2, 6], [3, 7]]}]}
REQUEST = {"vcpus": 2, "memory_mib": 512, "cpu_policy": "dedicated"}


def cpus(text):
    """A CPU list as a set: "0-2,5"."""
    found = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def compactness(host, placement):
    """What the order of the answers is about, counted off the placement alone."""
    nodes = {node["id"]: node for node in host["nodes"]}
    used = [cell["node"] for cell in placement["cells"]]
    pinned = {cpu for cell in placement["cells"] for cpu in cell["vcpu_pins"].values()}
    groups = {"cores": 0, "llcs": 0, "broken_cores": 0}
    for node in nodes.values():
        touched = [set(core) for core in node["cores"] if pinned & set(core)]
        groups["cores"] += len(touched)
        groups["broken_cores"] += sum(not core <= pinned for core in touched)
        groups["llcs"] += sum(bool(pinned & set(llc)) for llc in node.get("llcs", []))
    return {"nodes": len(used), "sockets": len({nodes[i].get("socket", i) for i in used}), **groups}


class PlanTest(unittest.TestCase):
    def plan(self, host, request, *options):
        """(exit status, the answer, standard error)."""
        with tempfile.TemporaryDirectory() as directory:
            files = {name: pathlib.Path(directory) / f"{name}.json" for name in ("host", "request")}
            for name, content in (("host", host), ("request", request)):
                files[name].write_text(content if isinstance(content, str) else json.dumps(content))
            where = host if isinstance(host, str) and host.startswith("synthetic:") else files["host"]
            done = subprocess.run([program("berthctl"), "plan", "--host", where, "--request",
                                   files["request"], "-o", "json", *options],
                                  text=True, capture_output=True, timeout=60, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr

    def judge(self, host, request, placement):
        """Holds a placement against the host's hardware, its sets and its claims."""
        taken = set().union(*(cpus(cell.get("dedicated_cpus", "")) for claim in host.get("claims", [])
                              for cell in claim["cells"]))
        taken |= cpus(host.get("reserved_cpus", ""))
        pins = [cpu for cell in placement["cells"] for cpu in cell["vcpu_pins"].values()]
        self.assertEqual(len(pins), len(set(pins)), "two vCPUs on one thread")
        self.assertFalse(set(pins) & taken, "a thread that is not free")
        self.assertLessEqual(set(pins), cpus(placement["charged_cpus"]))
        self.assertFalse(cpus(placement["charged_cpus"]) & taken)
        if "dedicated_cpus" in host:
            self.assertLessEqual(set(pins), cpus(host["dedicated_cpus"]))
        where = [cell["node"] for cell in placement["cells"]]
        self.assertEqual(len(where), len(set(where)), "two cells on one node")
        nodes = {node["id"]: {t for core in node["cores"] for t in core} for node in host["nodes"]}
        for cell in placement["cells"]:
            self.assertLessEqual(set(cell["vcpu_pins"].values()), nodes[cell["node"]])
        placed = sorted(int(v) for cell in placement["cells"]
                        for v in [*cell["vcpu_pins"], *cell["shared_vcpus"]])
        self.assertEqual(placed, list(range(request["vcpus"])))
        self.assertGreaterEqual(sum(cell["memory_mib"] for cell in placement["cells"]),
                                request["memory_mib"])

    def test_examples(self):
        cases = json.loads(EXAMPLES.read_text())["cases"]
        self.assertGreater(len(cases), 10)
        for case in cases:
            with self.subTest(case["name"]):
                host, expect = case["host"], case["expect"]
                status, answer, _ = self.plan(host, case["request"])
                self.assertEqual((status, answer["fits"]), (0, True) if expect["fits"] else (1, False))
                if expect["fits"]:
                    self.judge(host, case["request"], answer["placement"])
                else:
                    self.assertTrue(answer["reasons"])
                if "compact" in expect:
                    self.assertEqual(compactness(host, answer["placement"]), expect["compact"])

    def test_a_refusal_says_what_is_short_and_what_would_fit(self):
        status, answer, _ = self.plan(HOST, {**REQUEST, "vcpus": 9})
        self.assertEqual(status, 1)
        self.assertIn("dedicated_cpus", {reason["resource"] for reason in answer["reasons"]})
        self.assertEqual(answer["nearest"]["vcpus"], 8)

    def test_many_are_placed_in_turn_until_one_does_not_fit(self):
        status, answer, _ = self.plan(HOST, REQUEST, "--count", "5")
        self.assertEqual(status, 1)
        self.assertEqual(len(answer["placements"]), 4)
        used = [cpu for placement in answer["placements"] for cpu in cpus(placement["charged_cpus"])]
        self.assertEqual(sorted(used), list(range(8)))

    def test_a_synthetic_host(self):
        status, answer, _ = self.plan("synthetic:node:2 core:4 pu:2", {**REQUEST, "vcpus": 8})
        self.assertEqual((status, len(answer["placement"]["cells"])), (0, 1))

    def test_every_fault_of_bad_input_by_its_path(self):
        overlapping = json.loads(json.dumps(HOST))
        overlapping["nodes"][1]["cores"][0] = [0, 6]
        overlapping["nodes"][0]["distances"] = [10]
        bad = [(overlapping, REQUEST, ("nodes[1].cores", "nodes[0].distances")),
               ({**HOST, "color": "red"}, REQUEST, ("color",)),
               ({**HOST, "shared_cpus": "0-3", "dedicated_cpus": "3-7"}, REQUEST, ("dedicated_cpus",)),
               (HOST, {**REQUEST, "vcpus": 0, "numa": {"cells": -1}}, ("vcpus", "numa")),
               (HOST, {**REQUEST, "memory_mib": 2**63}, ("memory_mib",)),
               (HOST, {**REQUEST, "numa": {"cells": [
                   {"dedicated_vcpus": [0, 0], "shared_vcpus": [], "memory_mib": 512}]}}, ("numa",))]
        for host, request, paths in bad:
            with self.subTest(paths=paths):
                status, _, said = self.plan(host, request)
                self.assertEqual(status, 2, said)
                for path in paths:
                    self.assertIn(path, said)

    def test_text_that_is_not_json(self):
        for host, request in (("{", REQUEST), (HOST, "[1,"), ("", REQUEST)):
            self.assertEqual(self.plan(host, request)[0], 2)

    def test_a_catalogue_is_counted_type_by_type(self):
        with tempfile.TemporaryDirectory() as directory:
            host, types = (pathlib.Path(directory) / name for name in ("host.json", "types.json"))
            host.write_text(json.dumps(HOST))
            types.write_text(json.dumps({"instance_types": [
                {"name": name, "family": "f", "vcpus": vcpus, "memory_mib": 300, "cpu_policy": policy}
                for name, vcpus, policy in (("one", 1, "shared"), ("pinned", 3, "dedicated"),
                                            ("wide", 9, "dedicated"))]}))
            run = [program("berthctl"), "plan", "--host", host, "--types", types]
            done = subprocess.run([*run, "-o", "json"], text=True, capture_output=True, timeout=60,
                                  check=False)
            self.assertEqual(done.returncode, 1, "one of them does not fit at all")
            answer = {t["name"]: t for t in json.loads(done.stdout)["types"]}
            self.assertEqual({n: t["count"] for n, t in answer.items()},
                             {"one": 6, "pinned": 2, "wide": 0})
            self.assertEqual(answer["wide"]["reasons"][0]["resource"], "dedicated_cpus")
            table = subprocess.run(run, text=True, capture_output=True, timeout=60, check=False).stdout
            self.assertRegex(table, r"(?m)^pinned +2  dedicated_cpus")
            both = subprocess.run([*run, "--request", types], text=True, capture_output=True, timeout=60,
                                  check=False)
            self.assertEqual(both.returncode, 2)


if __name__ == "__main__":
    unittest.main()
