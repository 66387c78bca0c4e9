# SPDX-License-Identifier: Apache-2.0
"""The demo guest, and what cases do and see with it, on whichever host it runs.

A `host` here is whatever carries an agent: it has `client` (berthtest.api.Client) and log_tail().
"""
import re

from berth.v1 import boot_pb2, instance_pb2, shape_pb2
from berthtest import waits
from berthtest.api import state_name

KERNEL, INITRD, DISK = "demo-vmlinuz", "demo-initrd.img", "demo-disk.qcow2"
# no_timer_check: an emulated guest on a busy host misses ticks, and the kernel would panic over that.
COMMAND_LINE = "console=ttyS0 quiet no_timer_check"
GUEST_MEMORY_MIB = 128
# Emulated guests boot in seconds; on a host that is busy with other tests they may take a while.
BOOT_SECONDS = 240
OPERATION_SECONDS = 120
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


class GuestSteps:
    """Beside unittest.TestCase."""

    def create_running(self, host, wanted, **fields):
        """Creates an instance and follows its operation to RUNNING."""
        return self.to_state(host, host.client.create(wanted, **fields), "RUNNING")

    def to_state(self, host, instance, state):
        """Follows the operation that a verb has begun; the instance, in `state`, after it."""
        if instance.status.operation:
            operation = host.client.wait_operation(instance, OPERATION_SECONDS)
            self.assertFalse(operation.HasField("error"), operation)
        return self.assert_state(host, instance.instance_id, state)

    def reaches(self, host, instance_id, state, seconds=OPERATION_SECONDS):
        """Waits until the instance is in `state`."""
        waits.until(lambda: state_name(host.client.get(instance_id)) == state, seconds,
                    lambda: f"{instance_id} is {state}: {host.client.get(instance_id).status}")
        return host.client.get(instance_id)

    def assert_state(self, host, instance_id, state):
        instance = host.client.get(instance_id)
        self.assertEqual(state_name(instance), state, f"{instance.status}\n{host.log_tail()}")
        return instance

    def boots(self, host, instance_id):
        """(hostname, boot number) of each line that a booted demo guest has printed."""
        return [(name, int(boot)) for name, boot in UP.findall(host.client.console(instance_id))]

    def wait_boots(self, host, instance_id, count):
        """Waits until the guest has said `count` times that it is up; what it said."""
        return waits.until(
            lambda: (lines := self.boots(host, instance_id)) and len(lines) >= count and lines,
            BOOT_SECONDS, lambda: f"boot {count} of {instance_id}; its console:\n"
                                  f"{host.client.console(instance_id)}\n{host.log_tail()}")
