#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Requests that cannot be served, given to the real agent: refused with a typed error that names the
field, nothing created, nothing left.
"""
import os
import unittest

from berth.v1 import boot_pb2, disk_pb2, instance_pb2, instance_service_pb2
from berthtest.agent import demo_file
from berthtest.api import Refused
from berthtest.guests import COMMAND_LINE, DISK, disk_boot, kernel_boot, shape, spec
from hypervisor_case import HypervisorCase

MIB = 1 << 20
HOSTILE = {"markup": "<>&\"'", "a path": "../../etc/passwd", "dots": "..", "a slash": "a/b",
           "a newline": "a\nb", "a zero byte": "a\0b", "1 MiB": "a" * (1 << 20)}


def qcow2_with_backing_file():
    """The demo disk's header, saying that its data lie in /etc/passwd."""
    image = bytearray(demo_file(DISK).read_bytes()[:65536])
    name = b"/etc/passwd"
    image[1024:1024 + len(name)] = name
    image[8:16], image[16:20] = (1024).to_bytes(8, "big"), len(name).to_bytes(4, "big")
    return bytes(image)


class RefusalsTest(HypervisorCase):
    def setUp(self):
        self.agent = self.new_agent()

    def tearDown(self):
        self.assertEqual(self.agent.client.list(), [])
        self.assert_nothing_left(self.agent)

    def refused(self, wanted, code, reason, field=None, **fields):
        """The refusal, which must have this code, reason and, if given, field at fault."""
        with self.assertRaises(Refused) as caught:
            self.agent.client.create(wanted, **fields)
        error = caught.exception
        self.assertEqual((error.code.name, error.reason), (code, reason), error)
        if field is not None:
            self.assertIn(field, error.violations, error)
            self.assertTrue(error.violations[field], "a violation says what to do")
        self.assertLess(len(str(error)), 16384)
        return error

    def invalid(self, wanted, field, **fields):
        return self.refused(wanted, "INVALID_ARGUMENT", "INVALID_FIELD", field, **fields)

    def test_a_cpu_that_the_hypervisor_does_not_know(self):
        for policy, model, field in ((boot_pb2.CPU_MODEL_POLICY_NAMED, "Nehalem-v1", "cpu_model"),
                                     (boot_pb2.CPU_MODEL_POLICY_HOST_PASSTHROUGH, "", "cpu_model_policy")):
            platform = boot_pb2.PlatformSpec(cpu_model_policy=policy, cpu_model=model)
            self.invalid(spec("bad", platform=platform), f"spec.platform.{field}")

    def test_an_unknown_type_and_absurd_sizes(self):
        for name in ("t9.giant", "<>&\"'/..", "x" * MIB):
            with self.subTest(name[:20]):
                wanted = spec("bad", instance_type=name)
                wanted.ClearField("shape")
                if len(name) < MIB:
                    self.invalid(wanted, "spec.instance_type")
                else:  # Over the bound of a request; whoever refuses it first.
                    with self.assertRaises(Refused):
                        self.agent.client.create(wanted)
        for vcpus in (0, -1, 2**31 - 1):
            with self.subTest(vcpus=vcpus):
                self.invalid(spec("bad", shape=shape(vcpus=vcpus)), "spec.shape.vcpus")
        for memory in (0, -1, 1, 2**63 - 1, -2**63):
            with self.subTest(memory=memory):
                self.invalid(spec("bad", shape=shape(memory_mib=memory)), "spec.shape.memory_mib")
        for size in (-1, 2**63 - 1, 67_108_865):
            with self.subTest(size=size):
                self.invalid(spec("bad", disk_boot(), root_disk=disk_pb2.RootDisk(size_mib=size)),
                             "spec.root_disk.size_mib")

    def test_hostile_names_wherever_a_name_goes(self):
        places = {
            "spec.name": lambda text: self.with_name(text),
            "spec.tenant_id": lambda text: spec("bad", tenant_id=text),
            "spec.seed.hostname": lambda text: spec("bad", seed=boot_pb2.SeedSpec(hostname=text)),
            "spec.boot.disk.image": lambda text: spec("bad", disk_boot(text)),
            "spec.boot.kernel.kernel": lambda text: spec("bad", kernel_boot(kernel=text)),
            "spec.boot.kernel.initrd": lambda text: spec("bad", kernel_boot(initrd=text)),
        }
        for field, make in places.items():
            for kind, text in HOSTILE.items():
                with self.subTest(field=field, kind=kind):
                    with self.assertRaises(Refused) as caught:
                        self.agent.client.create(make(text))
                    if kind != "1 MiB":
                        self.assertEqual(caught.exception.reason, "INVALID_FIELD")
                        self.assertIn(field, caught.exception.violations)
                    self.assertIn(caught.exception.code.name,
                                  ("INVALID_ARGUMENT", "RESOURCE_EXHAUSTED")
                                  if kind == "1 MiB" else ("INVALID_ARGUMENT",))
        for kind, text in HOSTILE.items():
            with self.subTest(field="instance_id", kind=kind), self.assertRaises(Refused):
                self.agent.client.create(spec("bad"), instance_id=text)
        for text in ("/etc/passwd", "-option", ".hidden"):
            with self.subTest(text):
                self.invalid(spec("bad", disk_boot(text)), "spec.boot.disk.image")

    @staticmethod
    def with_name(text):
        wanted = spec("bad")
        wanted.name = text
        return wanted

    def test_a_name_within_the_bounds_but_just_below_a_megabyte_is_named(self):
        error = self.invalid(self.with_name("a" * (MIB - 4096)), "spec.name")
        self.assertIn("128", error.violations["spec.name"])

    def test_user_data_over_16_kib(self):
        limit = 16384
        self.invalid(spec("bad", seed=boot_pb2.SeedSpec(user_data=b"x" * (limit + 1))),
                     "spec.seed.user_data")
        full = spec("good", seed=boot_pb2.SeedSpec(user_data=b"x" * limit))
        self.agent.client.create(full, validate_only=True)

    def test_every_fault_is_named_at_once(self):
        wanted = spec("bad", disk_boot("../x"), tenant_id="a/b", shape=shape(vcpus=0, memory_mib=0))
        error = self.invalid(wanted, "spec.boot.disk.image")
        self.assertLessEqual({"spec.tenant_id", "spec.shape.vcpus", "spec.shape.memory_mib"},
                             set(error.violations))

    def test_a_field_that_the_agent_does_not_know(self):
        request = instance_service_pb2.CreateInstanceRequest(spec=spec("bad"))
        request.MergeFromString(bytes([0xfa, 0x7f, 0x01, 0x61]))  # Field 2047, one byte of text.
        with self.assertRaises(Refused) as caught:
            self.agent.client.call(self.agent.client.instances.CreateInstance, request)
        self.assertEqual(caught.exception.reason, "UNKNOWN_FIELD")

    def test_nothing_to_boot(self):
        self.refused(instance_pb2.InstanceSpec(shape=shape()), "INVALID_ARGUMENT", "INVALID_FIELD")

    def test_images_that_are_missing(self):
        for boot, field in ((disk_boot("absent.qcow2"), "spec.boot.disk.image"),
                            (kernel_boot(kernel="absent"), "spec.boot.kernel.kernel"),
                            (kernel_boot(initrd="absent"), "spec.boot.kernel.initrd"),
                            (kernel_boot(image="absent.img"), "spec.boot.kernel.image")):
            with self.subTest(field):
                error = self.refused(spec("bad", boot), "NOT_FOUND", "IMAGE_NOT_FOUND", field)
                self.assertIn("absent", error.violations[field])

    def test_images_that_are_not_what_they_say(self):
        images = self.agent.image_dir
        (images / "text.qcow2").write_text("I am a letter\n")
        (images / "cut.qcow2").write_bytes(demo_file(DISK).read_bytes()[:100])
        (images / "really.raw").write_bytes(demo_file(DISK).read_bytes()[:65536])
        (images / "squashed.img").write_bytes(b"\x1f\x8b" + bytes(1022))
        (images / "backed.qcow2").write_bytes(qcow2_with_backing_file())
        (images / "empty.img").write_bytes(b"")
        (images / "folder.img").mkdir()
        (images / "link.qcow2").symlink_to(demo_file(DISK))
        os.mkfifo(images / "pipe.img")
        names = ("text.qcow2", "cut.qcow2", "really.raw", "squashed.img", "backed.qcow2",
                 "empty.img", "folder.img", "link.qcow2", "pipe.img")
        for name in names:
            with self.subTest(name):
                self.refused(spec("bad", disk_boot(name)), "INVALID_ARGUMENT", "IMAGE_INVALID",
                             "spec.boot.disk.image")

    def test_a_kernel_that_is_none(self):
        (self.agent.image_dir / "not-a-kernel").write_bytes(bytes(4096))
        self.refused(spec("bad", kernel_boot(kernel="not-a-kernel")), "INVALID_ARGUMENT",
                     "IMAGE_INVALID", "spec.boot.kernel.kernel")

    def test_a_root_disk_smaller_than_its_image(self):
        wanted = spec("bad", disk_boot(), root_disk=disk_pb2.RootDisk(size_mib=1))
        self.refused(wanted, "INVALID_ARGUMENT", "IMAGE_INVALID", "spec.root_disk.size_mib")

    def test_a_command_line_that_is_none(self):
        for text in (COMMAND_LINE + "\n", "\x01", "a" * 2048):
            with self.subTest(text[:20]):
                self.invalid(spec("bad", kernel_boot(command_line=text)),
                             "spec.boot.kernel.command_line")

    def test_no_capacity_names_what_is_short_and_by_how_much(self):
        free = self.agent.client.node().allocatable
        short = {"vcpus": (spec("big", shape=shape(vcpus=1024)), 1024),
                 "memory_mib": (spec("big", shape=shape(memory_mib=free.memory_mib + 1)),
                                free.memory_mib + 1),
                 "disk_mib": (spec("big", disk_boot(), root_disk=disk_pb2.RootDisk(
                     size_mib=free.disk_mib + 1)), free.disk_mib + 1)}
        for resource, (wanted, amount) in short.items():
            with self.subTest(resource):
                error = self.refused(wanted, "RESOURCE_EXHAUSTED", "INSUFFICIENT_CAPACITY")
                asked, there = (int(error.metadata[f"{resource}_{what}"])
                                for what in ("wanted", "free"))
                self.assertGreater(asked, there)
                self.assertGreaterEqual(asked, amount)  # And what the guest costs beside.


if __name__ == "__main__":
    unittest.main()
