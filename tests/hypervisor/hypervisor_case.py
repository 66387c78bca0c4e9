# SPDX-License-Identifier: Apache-2.0
"""What every case of this suite begins with: an agent on the sandbox's real libvirtd, specs of the
demo guest, and a foreign guest beside it all that has to come out untouched.
"""
import contextlib
import os
import re
import unittest

from berth.v1 import boot_pb2, instance_pb2, shape_pb2
from berthtest import waits, witness
from berthtest.agent import Agent, demo_file
from berthtest.api import state_name

KERNEL, INITRD, DISK = "demo-vmlinuz", "demo-initrd.img", "demo-disk.qcow2"
# no_timer_check: an emulated guest on a busy host misses ticks, and the kernel would panic over that.
COMMAND_LINE = "console=ttyS0 quiet no_timer_check"
GUEST_MEMORY_MIB = 128
# Emulated guests boot in seconds; on a host that is busy with other tests they may take a while.
BOOT_SECONDS = 240
OPERATION_SECONDS = 120
FOREIGN = "somebody-elses"
UP = re.compile(r"berth-demo: (\S+) is up, kernel \S+, boot (\d+), uptime")


def shape(memory_mib=GUEST_MEMORY_MIB, vcpus=1):
    return shape_pb2.Shape(vcpus=vcpus, memory_mib=memory_mib)


def kernel_boot(**changes):
    fields = {"kernel": KERNEL, "initrd": INITRD, "command_line": COMMAND_LINE, **changes}
    return boot_pb2.BootSource(kernel=boot_pb2.DirectKernelBoot(**fields))


def disk_boot(image=DISK):
    return boot_pb2.BootSource(disk=boot_pb2.DiskImageBoot(image=image))


def spec(hostname, boot=None, **fields):
    """A small demo guest with that host name in its seed; booted by kernel unless `boot` says
    otherwise."""
    fields.setdefault("shape", shape())
    fields.setdefault("seed", boot_pb2.SeedSpec(hostname=hostname))
    return instance_pb2.InstanceSpec(name=hostname, boot=boot or kernel_boot(), **fields)


class HypervisorCase(unittest.TestCase):
    foreign_guest = True  # False: libvirtd is not there from the beginning.

    @classmethod
    def setUpClass(cls):
        if not os.environ.get("BERTH_SANDBOX"):
            raise AssertionError("run this by ctest, or in tests/support/libvirt-sandbox")
        if cls.foreign_guest:
            cls.foreign_pid = witness.start_foreign_guest(FOREIGN)

    @classmethod
    def tearDownClass(cls):
        if not cls.foreign_guest:
            return
        pid = witness.qemu_pids().get(FOREIGN)
        assert pid == cls.foreign_pid, f"the foreign guest was pid {cls.foreign_pid} and is {pid}"
        assert witness.domains().get(FOREIGN), "the foreign guest does not run any more"
        witness.domain_do(FOREIGN, "destroy")

    def new_agent(self, settings=None, start=True, **options):
        """An agent with the demo guest among its images. At the end of the test it is killed and its
        guests are removed, whatever the test came to."""
        options.setdefault("images", [demo_file(name) for name in (KERNEL, INITRD, DISK)])
        agent = Agent(settings, **options)
        self.addCleanup(self._remove, agent)
        if start:
            agent.start()
        return agent

    def _remove(self, agent):
        agent.__exit__()
        for name in witness.domains():
            if name != FOREIGN:
                for verb in ("destroy", "undefine"):
                    with contextlib.suppress(Exception):
                        witness.domain_do(name, verb)

    # --- doing ---

    def create_running(self, agent, wanted, **fields):
        """Creates an instance and follows its operation to RUNNING."""
        return self.to_state(agent, agent.client.create(wanted, **fields), "RUNNING")

    def to_state(self, agent, instance, state):
        """Follows the operation that a verb has begun; the instance, in `state`, after it."""
        if instance.status.operation:
            operation = agent.client.wait_operation(instance, OPERATION_SECONDS)
            self.assertFalse(operation.HasField("error"), operation)
        return self.assert_state(agent, instance.instance_id, state)

    def reaches(self, agent, instance_id, state, seconds=OPERATION_SECONDS):
        """Waits until the instance is in `state`."""
        waits.until(lambda: state_name(agent.client.get(instance_id)) == state, seconds,
                    lambda: f"{instance_id} is {state}: {agent.client.get(instance_id).status}")
        return agent.client.get(instance_id)

    # --- looking ---

    def assert_state(self, agent, instance_id, state):
        instance = agent.client.get(instance_id)
        self.assertEqual(state_name(instance), state, f"{instance.status}\n{agent.log_tail()}")
        return instance

    def boots(self, agent, instance_id):
        """(hostname, boot number) of each line that a booted demo guest has printed."""
        return [(name, int(boot)) for name, boot in UP.findall(agent.client.console(instance_id))]

    def wait_boots(self, agent, instance_id, count):
        """Waits until the guest has said `count` times that it is up; what it said."""
        return waits.until(
            lambda: (lines := self.boots(agent, instance_id)) and len(lines) >= count and lines,
            BOOT_SECONDS, lambda: f"boot {count} of {instance_id}; its console:\n"
                                  f"{agent.client.console(instance_id)}\n{agent.log_tail()}")

    def assert_no_trace(self, agent, *instance_ids):
        for instance_id in instance_ids:
            self.assertEqual(witness.traces(agent, instance_id), [])

    def assert_nothing_left(self, agent):
        """No guest, file or claim of any instance; then stops the agent and reads its ledger."""
        allocated = agent.client.node().allocated
        foreign = agent.client.node().foreign_guests
        self.assertEqual(allocated.shared_vcpus, sum(guest.vcpus for guest in foreign))
        self.assertEqual(allocated.disk_mib, 0)
        self.assertEqual([name for name in witness.domains() if name != FOREIGN], [])
        self.assertEqual([name for name in witness.qemu_pids() if name != FOREIGN], [])
        directory = agent.state_dir / "instances"
        self.assertEqual(sorted(path.name for path in directory.glob("*")), [])
        agent.stop()
        self.assertEqual(witness.ledger_rows(agent, "claim"), [])
        states = {state for _, state in witness.ledger_rows(agent, "instance", "id, state")}
        self.assertLessEqual(states, {"TERMINATED"})
