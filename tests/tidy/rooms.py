# SPDX-License-Identifier: Apache-2.0
"""Who may know whom: the tables that tidy.py holds the sources against.

A room is a directory; `docs/architecture.md` says why the arrows point down. Add a room here when you
make one: a directory that is not listed fails.
"""

CORE = ["core/base", "core/model"]
# The contracts between the agent and its drivers: single headers, not the rooms behind them.
CONTRACTS = ["drivers/hypervisor.h", "drivers/storage/image_store.h", "drivers/storage/storage.h"]
AGENT_ROOMS = ["agent/config", "agent/images", "agent/ledger", "agent/instance", "agent/recovery", "agent/node",
               "agent/health", "agent/telemetry", "agent/api"]
DRIVERS = ["drivers/fake", "drivers/gpu", "drivers/host", "drivers/libvirt", "drivers/storage"]

# Room -> rooms (or single headers) of ours that it may include, beside itself.
MAY_INCLUDE = {
    "core/base": [],
    "core/json": ["core/base"],
    "core/catalogue": CORE + ["core/json"],
    "core/model": ["core/base"],
    "scheduler": CORE,
    "drivers": CORE,
    "drivers/fake": CORE + CONTRACTS,
    "drivers/gpu": CORE + CONTRACTS,
    "drivers/host": CORE + CONTRACTS,
    "drivers/libvirt": CORE + CONTRACTS + ["drivers/host/finding.h"],
    "drivers/storage": CORE + CONTRACTS,
    "agent/config": CORE + ["core/json", "core/catalogue"],
    "agent/ledger": CORE,
    "agent/images": CORE + CONTRACTS + ["agent/ledger"],
    "agent/instance": CORE + CONTRACTS + ["agent/ledger"],
    "agent/recovery": CORE + CONTRACTS + ["agent/ledger", "agent/instance"],
    "agent/node": CORE + CONTRACTS + ["scheduler", "agent/ledger", "agent/images", "agent/instance"],
    "agent/health": CORE + CONTRACTS,
    "agent/telemetry": CORE + CONTRACTS,
    "agent/api": CORE + CONTRACTS + ["scheduler", "agent/ledger", "agent/instance", "agent/node"],
    # The wiring: main.cc and the files beside it.
    "agent": CORE + CONTRACTS + DRIVERS + AGENT_ROOMS + ["scheduler"],
    # The planner's formats and pictures; its fuzzer reads hosts by hwloc too.
    "cli/plan": CORE + ["core/json", "scheduler", "drivers/host"],
    # A client of the API that also looks at the host by itself (doctor, plan).
    "cli": CORE + ["cli/plan", "core/catalogue", "core/json", "scheduler", "drivers/host", "drivers/libvirt"],
    "tests": CORE + ["core/json", "core/catalogue"] + CONTRACTS + DRIVERS + AGENT_ROOMS + ["scheduler"],
}

# What tests may include beside what their room may.
TESTS_MAY_INCLUDE = CONTRACTS + ["tests/support", "drivers/fake", "drivers/storage"]
TESTS_OF_ROOM_MAY_INCLUDE = {"agent/node": ["agent/recovery"]}

# Prefix of a library's headers -> the rooms that may name it.
LIBRARY_ROOMS = {
    "grpc/": ["agent/api", "cli"],
    "grpcpp/": ["agent/api", "cli"],
    "google/protobuf/": ["agent/api", "cli"],
    "google/rpc/": ["agent/api", "cli"],
    "berth/v1/": ["agent/api", "cli"],
    "sqlite3.h": ["agent/ledger"],
    "libvirt/": ["drivers/libvirt"],
    "pugixml.hpp": ["drivers/libvirt"],
    "hwloc": ["drivers/host"],
    "curl/": ["drivers/storage"],
    "libisofs/": ["drivers/storage"],
    "seccomp.h": ["drivers/storage"],
    "libburn/": ["drivers/storage"],
    "civetweb.h": ["agent/telemetry"],
    "CivetServer.h": ["agent/telemetry"],
    "prometheus/": ["agent/telemetry"],
    "spdlog/": ["agent/telemetry"],
    "systemd/sd-daemon.h": ["agent/health"],
    "systemd/sd-bus.h": ["drivers/host"],
    "CLI/": ["agent/config", "cli", "tests"],
    "absl/": ["core/base"],
}

# (what it looks like, why not, rooms that may, whether tests may). Comments and text are not looked at.
BANNED_CALLS = [
    (r"\bsleep_(for|until)\b|\b(u|nano)?sleep\(", "a task never waits; use PostAfter", [], False),
    (r"\bsystem_clock::now\b|\bsteady_clock::now\b|\bhigh_resolution_clock\b"
     r"|\b(time|gettimeofday|clock_gettime)\(", "time is handed in (core/base/clock.h)",
     ["core/base"], False),
    (r"\bs?rand\(|\brandom\(\)|\bstd::random_device\b|\bstd::mt19937",
     "randomness is handed in (core/base/random.h)", ["core/base"], True),
    (r"\bstd::j?thread\b|\bstd::async\b|\bpthread_create\(",
     "every thread belongs to an executor (core/base/thread_pool.h)", ["core/base"], True),
    (r"\bstd::(recursive_|shared_|timed_)?mutex\b|\bstd::condition_variable\b",
     "use core/base/mutex.h, which clang checks", ["core/base"], True),
    (r"\b(secure_)?getenv\(|\bsetenv\(|\bputenv\(",
     "settings come from flags and the config; only main.cc and tests may look", [], True),
    (r"\bthrow\b(?!\s*\()", "errors are values (core/base/status.h)", [], False),
    (r"\b(strcpy|strcat|sprintf|vsprintf|gets)\(", "unbounded; use std::string and fmt::format", [],
     False),
    (r"\bstd::format\b", "gcc 12 has none; use fmt::format", [], False),
    (r"\bGTEST_SKIP\b|\bDISABLED_\w", "a skipped test counts as a passed one", [], False),
]
# SQL in a string literal belongs to the ledger.
SQL = r"^(SELECT\s|INSERT\s+(OR|INTO)\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s+TABLE\s|PRAGMA\s)"
SQL_ROOMS = ["agent/ledger"]
