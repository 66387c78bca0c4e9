#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Guests lie where their claims say: looked up in /proc and /sys, without any of the agent's code."""
import re

import lab_case
from berth.v1 import shape_pb2
from berthtest.api import Refused
from berthtest.guests import GUEST_MEMORY_MIB, spec

PAGE_KIB = 2048
PAGES = GUEST_MEMORY_MIB * 1024 // PAGE_KIB
# Holds pages of node 1 until it is killed: what an outsider does. 238 is set_mempolicy, 2 MPOL_BIND.
OUTSIDER = """
import ctypes, mmap, sys, time
libc = ctypes.CDLL(None, use_errno=True)
mask = ctypes.c_ulong(1 << 1)
assert libc.syscall(238, 2, ctypes.byref(mask), 64) == 0
size = int(sys.argv[1]) * 2 * 1024 * 1024
held = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000)
for offset in range(0, size, 2 * 1024 * 1024):
    held[offset] = 1
print("held", flush=True)
time.sleep(3600)
"""


def cpus(text):
    """"0-2,8" as a set."""
    ends = [part.split("-") for part in text.strip().split(",") if part]
    return {cpu for end in ends for cpu in range(int(end[0]), int(end[-1]) + 1)}


class PlacementTest(lab_case.LabCase):
    settings = {"capacity": {"reserved_cpus": "auto", "shared_cpus": "0", "dedicated_cpus": "1", "cpu_overcommit": 4.0}}

    def free_pages(self, node):
        return int(self.inside(f"cat /sys/devices/system/node/node{node}/hugepages/"
                               f"hugepages-{PAGE_KIB}kB/free_hugepages"))

    def pid(self, instance_id):
        return self.inside(f"cat /run/libvirt/qemu/{instance_id}.pid").strip()

    def threads(self, instance_id):
        """Name of each thread of the guest's process -> CPUs that it may run on."""
        said = self.inside(f"cd /proc/{self.pid(instance_id)}/task; for t in *; do "
                           "echo \"$(cat $t/comm)|$(sed -n 's/^Cpus_allowed_list://p' $t/status)\"; done")
        return {name: cpus(allowed) for name, allowed in
                (line.split("|") for line in said.splitlines() if line)}

    def dedicated(self, hostname, **fields):
        shape = shape_pb2.Shape(vcpus=1, memory_mib=GUEST_MEMORY_MIB, node_set=[1],
                                cpu_policy=shape_pb2.CPU_POLICY_DEDICATED,
                                page_size=shape_pb2.PageSize(kind=shape_pb2.PAGE_SIZE_KIND_LARGE))
        return spec(hostname, shape=shape, **fields)

    def test_a_dedicated_guest_has_its_cpu_alone_and_its_pages_on_its_node(self):
        shared_id = self.create_running(self.host, spec("first-and-shared")).instance_id
        before = {node: self.free_pages(node) for node in (0, 1)}
        alone = self.create_running(self.host, self.dedicated("second-and-alone"))
        placement = alone.status.placement
        self.assertEqual([cell.node for cell in placement.cells], [1])
        self.assertEqual(cpus(placement.charged_cpus), {1})
        self.assertEqual(placement.cells[0].page_size_kib, PAGE_KIB)

        threads = self.threads(alone.instance_id)
        self.assertEqual(threads["CPU 0/KVM"], {1})
        self.assertEqual(threads["CPU 0/KVM"], {placement.cells[0].vcpu_pins[0]})
        for name, allowed in self.threads(shared_id).items():
            self.assertFalse(allowed & {1}, f"{name} of the shared guest may run on {allowed}")
            self.assertLessEqual(allowed, {0})

        # Its memory is on node 1 alone, in pages of 2 MiB, and the kernel lacks exactly these.
        self.assertEqual(self.free_pages(1), before[1] - PAGES)
        self.assertEqual(self.free_pages(0), before[0])
        maps = self.inside(f"grep kernelpagesize_kB={PAGE_KIB} /proc/{self.pid(alone.instance_id)}/numa_maps")
        self.assertEqual({int(node): int(count) for node, count in re.findall(r" N(\d+)=(\d+)", maps)},
                         {1: PAGES})
        self.wait_boots(self.host, alone.instance_id, 1)
        self.wait_boots(self.host, shared_id, 1)

        # The only dedicated CPU of node 1 is held; the node says so.
        with self.assertRaises(Refused) as refused:
            self.host.client.create(self.dedicated("one-too-many"))
        self.assertEqual(refused.exception.reason, "INSUFFICIENT_CAPACITY")
        self.assertIn("dedicated CPUs on node 1", str(refused.exception))
        book = self.inside("berthctl node ledger")
        self.assertIn(alone.instance_id, book)
        self.assertIn("[~]", book)
        self.to_state(self.host, self.host.client.stop(alone.instance_id), "STOPPED")
        self.assertEqual(self.free_pages(1), before[1])
        self.assert_nothing_left()

    def test_pages_that_an_outsider_took_are_noticed_before_qemu_is(self):
        free = self.free_pages(1)
        taken = free - PAGES + 1
        self.inside(f"cat > /tmp/outsider.py <<'END'{OUTSIDER}END\n"
                    f"python3 /tmp/outsider.py {taken} > /tmp/outsider.said 2>&1 & echo $! > /tmp/outsider.pid\n"
                    "for i in $(seq 100); do grep -q held /tmp/outsider.said && break; sleep 0.1; done\n"
                    "grep held /tmp/outsider.said")
        try:
            self.assertEqual(self.free_pages(1), PAGES - 1)
            with self.assertRaises(Refused) as refused:
                self.host.client.create(self.dedicated("no-pages"))
            self.assertEqual(refused.exception.reason, "INSUFFICIENT_CAPACITY")
            self.assertIn("large pages on node 1", str(refused.exception))
        finally:
            self.inside("kill $(cat /tmp/outsider.pid)")
        self.create_running(self.host, self.dedicated("pages-again"))
        self.assert_nothing_left()


if __name__ == "__main__":
    lab_case.main()
