# SPDX-License-Identifier: Apache-2.0
"""What every case in the emulated host begins with.

    class SomeTest(LabCase):
        def test_what_is_promised(self):
            self.host.run("...")                          # a bash script, as root, inside
            self.create_running(self.host, spec("one"))   # the API, from outside

    if __name__ == "__main__":
        lab_case.main()

Cases share one host (shared_host.py) unless they say `own_host = True`, as those have to that touch its
power: then it is switched on before their first test and off after the last one. Either way its agent
is ready, with the class's `settings`, before each test. Console, logs and cores of a host that is off
are in BUILD/lab/NAME. A core is a failure.

BERTH_LAB_KEEP=1 leaves the host of a failing case running and says how to get into it.
BERTH_LAB_SABOTAGE=tcg|no-recovery takes away what a case is about: then it has to fail (trust_*_test.py).
"""
import os
import pathlib
import random
import sys
import unittest

from berthtest import waits
from berthtest.agent import build_dir, merged
from berthtest.api import state_name
from berthtest.guests import GuestSteps
from emulated_host import EmulatedHost, why_not
from shared_host import SharedHost, directory, facts_of

SKIPPED = 77  # tests/support/CMakeLists.txt tells ctest.
SETTLE_SECONDS = 240
SETTLED = ("RUNNING", "STOPPED", "TERMINATED")
COUNT_CLAIMS = """import sqlite3
ledger = sqlite3.connect("/var/lib/berth/ledger.db")
print(*ledger.execute("SELECT count(*) FROM claim").fetchone())"""


def variant_path(name):
    """Where that berthd is; None is the agent itself."""
    return name and build_dir() / "tests" / name


def sabotage():
    """What an EmulatedHost is given to betray the case with."""
    kinds = {"": {},
             "tcg": {"settings": {"hypervisor": {"accel": "tcg"}}},
             "no-recovery": {"berthd": variant_path("berthd_without_recovery")}}
    return kinds[os.environ.get("BERTH_LAB_SABOTAGE", "")]


def seeded_random():
    """Moments are drawn from a seed, which is printed; BERTH_TEST_SEED sets it."""
    seed = int(os.environ.get("BERTH_TEST_SEED") or random.SystemRandom().randrange(10**6))
    print(f"BERTH_TEST_SEED={seed}", file=sys.stderr)
    return random.Random(seed)


class LabCase(GuestSteps, unittest.TestCase):
    failed = False
    kernel_died = False  # Of any host, which excuses one failure (main).
    own_host = False
    # Of an own host; each is on a node of its own. With one no processor interrupts another, which is
    # what kernels die of here (EmulatedHost.kernel_died), and two such hosts fit side by side.
    cpus = 2
    settings = None  # Laid over the agent's.
    variant = None  # Of an own host: a berthd that was built for tests, by its name.

    @classmethod
    def setUpClass(cls):
        facts = None if cls.own_host else facts_of(directory())
        if facts:
            cls.host = SharedHost(facts)
            cls.addClassCleanup(cls._leave_nothing)
            cls.host.use(merged(cls.settings or {}, sabotage().get("settings", {})))
        else:
            cls._switch_on()

    @classmethod
    def _leave_nothing(cls):
        """What a failed test has left in a host that others go on with; a dead one is taken away."""
        if not cls.host.is_on or cls.failed and cls.host.kernel_died():
            return cls.host.end()
        cls.host.run("systemctl start berthd")
        cls.host.wait_ready()
        for instance in cls.host.client.list():
            if state_name(instance) != "TERMINATED":
                cls.host.client.terminate(instance.instance_id)
        cls.host.close_client()

    @classmethod
    def _switch_on(cls):
        name = pathlib.Path(sys.argv[0]).stem.removesuffix("_test")
        suffix = os.environ.get("BERTH_LAB_SABOTAGE", "")
        cls.keep = bool(os.environ.get("BERTH_LAB_KEEP"))
        cls.host = EmulatedHost(f"{name}-{suffix}" if suffix else name, outlives_us=cls.keep,
                                berthd=sabotage().get("berthd") or variant_path(cls.variant),
                                cpus=cls.cpus,
                                settings=merged(cls.settings or {}, sabotage().get("settings", {})))
        # Also when the lines below fail, where unittest calls no tearDownClass.
        cls.addClassCleanup(cls._switch_off)
        cls.host.power_on()
        try:
            cls.host.wait_ready()
        except AssertionError:
            LabCase.kernel_died = cls.host.kernel_died()
            raise

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            type(self).failed = True
            LabCase.kernel_died |= self.host.kernel_died()
        return result

    @classmethod
    def _switch_off(cls):
        if cls.keep and cls.failed and cls.host.is_on:
            print(cls.host.how_to_enter(), file=sys.stderr)
            return
        cls.host.sync()
        cls.host.power_cut()
        cores = cls.host.collect()
        assert not cores, f"programs have crashed: {[str(core) for core in cores]}"

    def setUp(self):
        self.host.run("systemctl start berthd")
        self.host.wait_ready()

    # --- doing and looking ---

    def inside(self, script):
        """The output of a bash script that has to succeed inside."""
        return self.host.run(script).output

    def next_boot(self):
        """Switches the host on again and waits for its agent."""
        self.host.power_on()
        self.host.wait_ready()

    def settled(self):
        """Every instance by id, once none is on its way any more."""
        def look():
            found = self.host.client.list()
            done = all(state_name(i) in SETTLED and not i.status.operation for i in found)
            return {i.instance_id: i for i in found} if done else None
        return waits.until(lambda: (found := look()) is not None and (found,), SETTLE_SECONDS,
                           lambda: f"all instances have settled: {self.host.client.list()}\n"
                                   f"{self.host.log_tail()}")[0]

    def domains(self):
        """Name -> "running", "shut off" …, as libvirt has them."""
        rows = [line.split(None, 2) for line in self.inside("virsh -q list --all").splitlines() if line]
        return {name: state.strip() for _, name, state in rows}

    def assert_nothing_left(self):
        """Terminates every instance; then no domain, process, file or claim of any remains. Stops the
        agent: nobody else may open its ledger before."""
        for instance in self.host.client.list():
            if state_name(instance) != "TERMINATED":
                self.host.client.terminate(instance.instance_id)
        states = {state_name(instance) for instance in self.settled().values()}
        self.assertLessEqual(states, {"TERMINATED"})
        self.assertEqual(self.domains(), {})
        self.assertEqual(self.inside("pgrep -c qemu-system || true").strip(), "0")
        self.assertEqual(self.inside("find /var/lib/berth/instances -mindepth 1; "
                                     "find /etc/libvirt/qemu /run/libvirt/qemu -name '*.xml'"), "")
        self.inside("systemctl stop berthd")
        self.assertEqual(self.inside(f"/usr/bin/python3 -c '{COUNT_CLAIMS}'").strip(), "0")


def main():
    """In place of unittest.main(): where no emulated host can run, says so and counts as skipped. A failure
    under a host whose own kernel has died is tried once more, and says so."""
    reason = why_not()
    if reason:
        print(f"\n*** NOT RUN: {reason} ***\n", file=sys.stderr)
        sys.exit(SKIPPED)
    program = unittest.main(exit=False)
    if not program.result.wasSuccessful() and LabCase.kernel_died and "BERTH_LAB_AGAIN" not in os.environ:
        print("\n*** The emulated host's own kernel has died, which says nothing of Berth: once more. ***\n",
              file=sys.stderr, flush=True)
        os.execve(sys.executable, [sys.executable, "-B", *sys.argv], {**os.environ, "BERTH_LAB_AGAIN": "1"})
    sys.exit(not program.result.wasSuccessful())
