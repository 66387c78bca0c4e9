#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""GetNode against /sys, which is read here without any of the agent's code."""
import re

import lab_case

SYS = "/sys/devices/system/node"


class TopologyTest(lab_case.LabCase):
    def read(self, path):
        return self.inside(f"cat {SYS}/{path}").strip()

    def pools_in_sys(self, node):
        """Page size in KiB -> (pages, free ones), of pools that have any."""
        folder = f"node{node}/hugepages"
        sizes = [int(size) for size in re.findall(r"hugepages-(\d+)kB", self.inside(f"ls {SYS}/{folder}"))]
        pools = {size: tuple(int(self.read(f"{folder}/hugepages-{size}kB/{what}"))
                             for what in ("nr_hugepages", "free_hugepages")) for size in sizes}
        return {size: pages for size, pages in pools.items() if pages[0] > 0}

    def test_both_nodes_have_the_memory_pages_and_cpus_that_sys_says(self):
        nodes = self.host.client.node().topology.numa_nodes
        self.assertEqual([node.node_id for node in nodes], [0, 1])
        for node in nodes:
            name = f"node{node.node_id}"
            total_kib = int(re.search(r"MemTotal:\s+(\d+) kB", self.read(f"{name}/meminfo"))[1])
            self.assertEqual(node.memory_mib, total_kib // 1024)
            self.assertEqual(node.cpus, self.read(f"{name}/cpulist"))
            self.assertEqual(list(node.distances), [int(n) for n in self.read(f"{name}/distance").split()])
            self.assertEqual({pool.size_kib: (pool.total_count, pool.free_count)
                              for pool in node.page_pools if pool.total_count}, self.pools_in_sys(node.node_id))
        # The nodes are unlike, or a mix-up of the two would not show.
        self.assertNotEqual(self.pools_in_sys(0), self.pools_in_sys(1))
        self.assertNotEqual(nodes[0].memory_mib, nodes[1].memory_mib)

    def test_display_devices_have_the_node_and_the_iommu_group_that_sys_says(self):
        pci = "/sys/bus/pci/devices"
        expected = {}
        for line in self.inside(f"cd {pci} && for d in *; do echo $d $(cat $d/class $d/numa_node "
                                f"$d/vendor $d/device) $(basename $(readlink $d/iommu_group)); done"
                                ).splitlines():
            address, kind, node, vendor, device, group = line.split()
            if kind.startswith("0x03"):
                expected[address] = (int(node), int(vendor, 16), int(device, 16), int(group))
        found = {d.address: (d.node_id, d.vendor_id, d.device_id, d.iommu_group)
                 for d in self.host.client.node().topology.pci_devices}
        self.assertEqual(found, expected)
        self.assertEqual({node for node, *_ in expected.values()}, {0, 1}, "devices on both nodes")


if __name__ == "__main__":
    lab_case.main()
