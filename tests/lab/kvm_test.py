#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The agent finds KVM by itself, and its guests run on it, by their own kernel's word."""
import lab_case
from berthtest import waits
from berthtest.guests import BOOT_SECONDS, kernel_boot, spec


class KvmTest(lab_case.LabCase):
    def test_a_guest_runs_on_kvm_by_its_own_kernels_word(self):
        # Without "quiet" the guest's kernel says all it finds.
        boot = kernel_boot(command_line="console=ttyS0 no_timer_check")
        instance_id = self.create_running(self.host, spec("on-kvm", boot)).instance_id

        def console():
            return self.host.client.console(instance_id)
        waits.until(lambda: "Booting paravirtualized kernel" in console(), BOOT_SECONDS,
                    lambda: f"the guest's kernel begins; its console:\n{console()}")
        self.assertIn("Hypervisor detected: KVM", console())
        self.wait_boots(self.host, instance_id, 1)
        self.assertIn("berth-demo: hypervisor KVM", console())
        self.assertIn("<domain type='kvm'", self.inside(f"virsh dumpxml {instance_id}"))
        self.assertIn("Accelerator:  KVM", self.inside("berthctl node get"))
        self.assert_nothing_left()


if __name__ == "__main__":
    lab_case.main()
