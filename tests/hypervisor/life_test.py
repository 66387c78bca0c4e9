#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One instance through its whole life, told by the serial console of the guest that really boots."""
import hashlib
import unittest

from berth.v1 import boot_pb2, disk_pb2
from berthtest import witness
from berthtest.api import seconds
from berthtest.guests import DISK, disk_boot, kernel_boot, spec
from hypervisor_case import HypervisorCase

USER_DATA = b"#cloud-config\nruncmd: [echo hello]\n"
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBerthBerthBerthBerthBerthBerthBerthBert test@berth"


class LifeTest(HypervisorCase):
    def live(self, hostname, boot, boot_numbers, **fields):
        """Create, reboot, stop, start, terminate; `boot_numbers` are the guest's own counts."""
        agent = self.new_agent()
        instance = self.create_running(agent, spec(hostname, boot, seed=boot_pb2.SeedSpec(
            hostname=hostname, user_data=USER_DATA, ssh_authorized_keys=[SSH_KEY]), **fields))
        instance_id = instance.instance_id
        expected = [(hostname, number) for number in boot_numbers]
        self.assertEqual(self.wait_boots(agent, instance_id, 1), expected[:1])
        self.check_first_boot(agent, instance)
        self.check_reboot(agent, instance_id, expected[:2])
        self.check_stop(agent, instance_id)
        self.to_state(agent, agent.client.start(instance_id), "RUNNING")
        self.assertEqual(self.wait_boots(agent, instance_id, 3), expected)
        self.assertEqual(agent.client.get(instance_id).status.boot_count, 3)
        self.to_state(agent, agent.client.terminate(instance_id), "TERMINATED")
        self.assert_no_trace(agent, instance_id)
        self.assert_nothing_left(agent)

    def check_first_boot(self, agent, instance):
        console = agent.client.console(instance.instance_id)
        self.assertIn(f"berth-demo: instance-id {instance.instance_id}", console)
        self.assertIn("berth-demo: ssh-keys 1", console)
        self.assertIn(f"berth-demo: user-data {len(USER_DATA)} bytes, sha256 "
                      f"{hashlib.sha256(USER_DATA).hexdigest()}", console)
        self.assertIn("berth-demo: 1 vcpus", console)
        guest = instance.status.guest
        self.assertEqual(guest.domain_name, instance.instance_id)
        self.assertEqual(guest.pid, witness.qemu_pids()[instance.instance_id])
        self.assertEqual(instance.status.network_interfaces[0].mac_address,
                         console.split("berth-demo: mac ")[1].split()[0])
        self.assertEqual(agent.client.node().allocated.shared_vcpus,
                         1 + sum(g.vcpus for g in agent.client.node().foreign_guests))

    def check_reboot(self, agent, instance_id, expected):
        pid = witness.qemu_pids()[instance_id]
        agent.client.wait_operation(agent.client.reboot(instance_id))
        self.assertEqual(self.wait_boots(agent, instance_id, 2), expected)
        instance = self.assert_state(agent, instance_id, "RUNNING")
        self.assertEqual(instance.status.boot_count, 2)
        self.assertEqual(witness.qemu_pids()[instance_id], pid)
        # It went down by itself, asked by its power button, and was not reset.
        self.assertIn("power button pressed", agent.client.console(instance_id))

    def check_stop(self, agent, instance_id):
        asked = agent.client.stop(instance_id, timeout=seconds(60))
        stopped = self.to_state(agent, asked, "STOPPED")
        self.assertEqual(stopped.status.state_reason.code, "Client.UserInitiatedShutdown")
        self.assertEqual(agent.client.console(instance_id).count("power button pressed"), 2)
        self.assertNotIn(instance_id, witness.qemu_pids())
        self.assertEqual(agent.client.node().allocated.shared_vcpus,
                         sum(guest.vcpus for guest in agent.client.node().foreign_guests))

    def test_a_guest_booted_from_its_disk_keeps_it_over_reboot_stop_and_start(self):
        self.live("from-disk", disk_boot(), (1, 2, 3), root_disk=disk_pb2.RootDisk(size_mib=256))

    def test_a_guest_booted_by_kernel_without_a_disk(self):
        self.live("from-kernel", None, (1, 1, 1))

    def test_a_guest_booted_by_kernel_with_a_disk(self):
        self.live("kernel-disk", kernel_boot(image=DISK), (1, 2, 3))

    def test_force_ends_a_guest_without_asking_it(self):
        agent = self.new_agent()
        instance_id = self.create_running(agent, spec("forced")).instance_id
        self.wait_boots(agent, instance_id, 1)
        self.to_state(agent, agent.client.stop(instance_id, force=True), "STOPPED")
        self.assertNotIn("power button", agent.client.console(instance_id))
        self.to_state(agent, agent.client.start(instance_id), "RUNNING")
        self.wait_boots(agent, instance_id, 2)
        agent.client.wait_operation(agent.client.reboot(instance_id, hard=True))
        self.wait_boots(agent, instance_id, 3)
        self.assertNotIn("power button", agent.client.console(instance_id))
        # Straight from RUNNING, by a caller who does not wait.
        agent.client.terminate(instance_id)
        self.reaches(agent, instance_id, "TERMINATED")
        self.assert_nothing_left(agent)


if __name__ == "__main__":
    unittest.main()
