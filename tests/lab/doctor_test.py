#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`berthctl doctor` is content with a host that has all, and names the cure for what is taken away."""
import json

import lab_case
from berthtest import waits
from emulated_host import HUGE_PAGES

PAGES = "/sys/devices/system/node/node{}/hugepages/hugepages-2048kB/nr_hugepages"
WELL_SECONDS = 60
LIBVIRTD = "libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket"


class DoctorTest(lab_case.LabCase):
    def doctor(self):
        return json.loads(self.host.run("berthctl doctor -o json", check=False).output)

    def findings(self, check):
        return [finding for finding in self.doctor()["findings"] if finding["check"] == check]

    def trouble(self):
        """check -> what is wrong, of everything that is not green."""
        return {f["check"]: f["what"] for f in self.doctor()["findings"] if f["level"] != "ok"}

    def assert_well(self):
        # libvirtd asks its emulators anew when KVM has come or gone, and answers nobody meanwhile.
        waits.until(lambda: "libvirtd" not in self.trouble(), WELL_SECONDS, self.trouble)
        self.assertEqual(self.trouble(), {})
        self.assertEqual(self.doctor()["verdict"], "ok")

    def assert_cure(self, check, level, what, cure):
        """One finding of `check` is at that level, says what is wrong and how it is mended."""
        found = [finding for finding in self.findings(check) if finding["level"] == level]
        self.assertEqual(len(found), 1, self.doctor())
        self.assertIn(what, found[0]["what"])
        self.assertIn(cure, found[0]["cure"])

    def test_a_host_that_has_all_is_all_green(self):
        self.assert_well()

    def test_permissions_of_dev_kvm(self):
        self.inside("chgrp root /dev/kvm && chmod 0600 /dev/kvm")
        cure = "chgrp kvm /dev/kvm && chmod 0660 /dev/kvm"
        self.assert_cure("kvm_access", "problem", "may not open /dev/kvm (mode 0600", cure)
        self.inside(cure)
        self.assert_well()

    def test_the_kvm_module(self):
        self.inside("modprobe -r kvm_amd")
        self.assert_cure("kvm", "warning", "KVM is not usable", "modprobe kvm_amd")
        self.inside("modprobe kvm_amd && udevadm settle")
        self.assert_well()

    def test_libvirtd(self):
        self.inside(f"systemctl stop {LIBVIRTD}")
        self.assert_cure("libvirtd", "problem", "", "systemctl start libvirtd")
        self.inside("systemctl start libvirtd")
        self.assert_well()

    def test_huge_pages_of_one_node(self):
        self.inside(f"echo 0 > {PAGES.format(1)}")
        self.assert_cure("hugepages", "warning", "node1: none", PAGES.format(1))
        self.inside(f"echo {HUGE_PAGES[1]} > {PAGES.format(1)}")
        self.assert_well()

    def test_huge_pages_of_all_nodes(self):
        for node in range(len(HUGE_PAGES)):
            self.inside(f"echo 0 > {PAGES.format(node)}")
        # A host without any may be meant so: it is told how to have some, and is not ill.
        self.assert_cure("hugepages", "ok", "none are set aside", "nr_hugepages")
        for node, count in enumerate(HUGE_PAGES):
            self.inside(f"echo {count} > {PAGES.format(node)}")
        self.assert_well()


if __name__ == "__main__":
    lab_case.main()
