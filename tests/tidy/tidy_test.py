#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plants each fault in a tree of its own and asks that tidy names it, there and only there."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import tidy

LICENCE_LINE = "// SPDX-License-Identifier: Apache-2.0\n"


class TidyTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)

    def plant(self, name, body, licence=LICENCE_LINE):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        guard = "#pragma once\n" if name.endswith(".h") else ""
        path.write_text(licence + guard + body)

    def faults(self):
        return [(name, number, what) for name, number, what in tidy.faults_of(self.root)]

    def assert_fault(self, words, name, body, line=2, **options):
        self.plant(name, body, **options)
        faults = self.faults()
        self.assertEqual(len(faults), 1, faults)
        self.assertEqual(faults[0][:2], (name, line))
        self.assertIn(words, faults[0][2])

    def assert_clean(self, name, body, **options):
        self.plant(name, body, **options)
        self.assertEqual(self.faults(), [])

    def test_an_include_that_points_upward(self):
        self.assert_fault("dependencies point down only", "agent/ledger/a.cc",
                          '#include "agent/node/node_agent.h"\n')

    def test_the_core_knows_no_driver(self):
        self.assert_fault("core/model may not include", "core/model/a.h",
                          '#include "drivers/hypervisor.h"\n', line=3)

    def test_a_room_knows_a_drivers_contract_but_not_the_driver(self):
        self.plant("agent/node/good.cc", '#include "drivers/hypervisor.h"\n')
        self.assert_fault("may not include drivers/libvirt/calls.h", "agent/node/a.cc",
                          '#include "drivers/libvirt/calls.h"\n')

    def test_telemetry_and_health_know_no_other_room(self):
        self.plant("agent/health/a.cc", '#include "agent/node/node_agent.h"\n')
        self.plant("agent/telemetry/a.cc", '#include "agent/health/conditions.h"\n')
        self.assertEqual(len(self.faults()), 2)

    def test_the_wiring_and_downward_includes_are_fine(self):
        self.plant("agent/main.cc", '#include "agent/api/server.h"\n'
                                    '#include "drivers/libvirt/libvirt_hypervisor.h"\n')
        self.assert_clean("agent/api/a.cc", '#include "agent/node/node_agent.h"\n'
                                            '#include "agent/api/server.h"\n')

    def test_a_test_may_include_fakes_but_the_room_may_not(self):
        self.plant("agent/instance/a_test.cc", '#include "drivers/fake/fake_host.h"\n'
                                               '#include "tests/support/temp_directory.h"\n')
        self.assert_fault("drivers/fake/fake_host.h", "agent/instance/a.cc",
                          '#include "drivers/fake/fake_host.h"\n')

    def test_a_test_does_not_point_upward_either(self):
        self.assert_fault("agent/api/server.h", "core/base/a_test.cc",
                          '#include "agent/api/server.h"\n')

    def test_a_directory_that_is_no_room(self):
        self.assert_fault("is in no room", "agent/utils/a.cc", '#include "core/base/clock.h"\n')

    def test_libraries_outside_their_rooms(self):
        for room, header in [("agent/node", "<grpcpp/server.h>"), ("agent/node", "<sqlite3.h>"),
                             ("agent/recovery", "<libvirt/libvirt.h>"),
                             ("agent/health", "<civetweb.h>"), ("core/model", "<absl/types/span.h>"),
                             ("agent/instance", '"berth/v1/instance.pb.h"'),
                             ("drivers/fake", '"sqlite3.h"'), ("tests/sim", "<spdlog/logger.h>")]:
            with self.subTest(header):
                self.setUp()
                self.assert_fault("is known only to", f"{room}/a.cc", f"#include {header}\n")

    def test_libraries_in_their_rooms(self):
        self.plant("agent/api/a.cc", "#include <grpcpp/server.h>\n")
        self.plant("cli/a.cc", '#include "berth/v1/instance.pb.h"\n')
        self.plant("drivers/libvirt/a.cc", "#include <libvirt/libvirt.h>\n")
        self.assert_clean("agent/ledger/a.cc", "#include <sqlite3.h>\n")

    def test_banned_calls(self):
        for call in ["std::this_thread::sleep_for(x);", "usleep(5);", "::sleep(1);",
                     "auto t = std::chrono::system_clock::now();", "std::chrono::steady_clock::now();",
                     "int r = rand();", "std::random_device d;", "std::thread t(f);",
                     "auto f = std::async(g);", "std::mutex m;", 'auto* v = std::getenv("HOME");',
                     "throw std::runtime_error(x);", "sprintf(b, x);", "t = time(nullptr);",
                     "std::format(x);"]:
            with self.subTest(call):
                self.setUp()
                self.assert_fault(":", "agent/node/a.cc", f"void F() {{\n  {call}\n}}\n", line=3)

    def test_skipped_tests_and_sleeping_tests(self):
        for call in ["GTEST_SKIP();", "TEST(A, DISABLED_B) {}", "usleep(1);"]:
            with self.subTest(call):
                self.setUp()
                self.assert_fault(":", "agent/node/a_test.cc", f"{call}\n")

    def test_a_test_may_have_threads(self):
        self.assert_clean("agent/api/a_test.cc", "std::thread t(f); auto g = std::async(h);\n")

    def test_the_base_may_do_what_it_wraps(self):
        self.assert_clean("core/base/a.cc", "std::thread t; std::mutex m; "
                                            "auto n = std::chrono::system_clock::now();\n")

    def test_main_may_look_at_the_environment(self):
        self.assert_clean("cli/main.cc", 'const char* home = std::getenv("HOME");\n')

    def test_words_in_comments_and_text_are_no_calls(self):
        self.assert_clean("agent/node/a.cc",
                          "// std::thread and rand() and \"sleep_for\" are banned.\n"
                          "/* usleep(1);\n   getenv(x) */\n"
                          "int nice_rand(int); int x = operand(3); char q = '\"';\n"
                          'auto t = "std::thread rand()"; auto r = R"(usleep(1) " )"; int n = 1\'000;\n'
                          "auto timeout = uptime(3); wake.sleeper(1);\n")

    def test_a_call_after_a_tricky_literal_is_found_on_its_line(self):
        self.assert_fault("usleep", "agent/node/a.cc",
                          "char q = '\"'; auto r = R\"x(\n)\" \")x\"; // \"\nvoid F() { usleep(1); }\n",
                          line=4)

    def test_sql_outside_the_ledger(self):
        self.plant("agent/ledger/a.cc", 'auto q = "SELECT id FROM instances";\n')
        self.assert_fault("SQL outside", "agent/node/a.cc", 'auto q = R"(\n SELECT id FROM x)";\n')

    def test_prose_is_no_sql(self):
        self.assert_clean("agent/node/a.cc", 'auto q = "select one of them"; // SELECT x\n')

    def test_a_source_without_its_licence_line(self):
        for name in ["core/base/a.cc", "proto/berth/v1/a.proto", "tests/a.py", "cmake/a.cmake",
                     "agent/CMakeLists.txt", "agent/ledger/a.sql"]:
            with self.subTest(name):
                self.setUp()
                self.assert_fault("no licence line", name, "x\n", line=1, licence="")

    def test_a_script_without_its_licence_line(self):
        self.assert_fault("no licence line", "deploy/script", "\nx\n", line=1,
                          licence="#!/bin/bash\n")

    def test_a_script_has_its_licence_line_second(self):
        self.assert_clean("deploy/script", "x\n", licence="#!/bin/bash\n# " + tidy.LICENCE + "\n")

    def test_a_header_without_its_guard(self):
        (self.root / "core/base").mkdir(parents=True)
        (self.root / "core/base/a.h").write_text(LICENCE_LINE + "int x;\n")
        self.assertIn("no #pragma once", self.faults()[0][2])

    def test_a_todo_without_an_owner(self):
        self.assert_fault("without an owner", "core/base/a.cc", "// TODO: later\n")

    def test_a_fixme(self):
        self.assert_fault("FIXME", "core/base/a.cc", "// FIXME(ann): later\n")

    def test_a_todo_with_an_owner(self):
        self.assert_clean("core/base/a.cc", "// TODO(ann): measure it on a larger host.\n")

    def test_build_directories_are_not_looked_at(self):
        self.assert_clean("build/dev/a.cc", "std::thread t;\n", licence="")

    def test_the_program_fails_and_prints_the_place(self):
        self.plant("core/base/a.h", "// TODO: x\n")
        done = subprocess.run([sys.executable, tidy.__file__, self.root], text=True,
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("core/base/a.h:3: TODO without an owner", done.stdout)

    def test_the_program_passes_a_clean_tree_and_refuses_none(self):
        self.plant("core/base/a.h", "")
        run = [sys.executable, tidy.__file__]
        self.assertEqual(subprocess.run(run + [self.root], capture_output=True, check=False)
                         .returncode, 0)
        self.assertEqual(subprocess.run(run, capture_output=True, check=False).returncode, 2)


if __name__ == "__main__":
    unittest.main()
