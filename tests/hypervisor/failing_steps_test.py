#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Launches that fail after they were admitted: TERMINATED with the reason, and nothing left behind."""
import contextlib
import shutil
import subprocess
import unittest

from berth.v1 import boot_pb2
from berthtest import waits, witness
from berthtest.agent import demo_file, new_directory
from berthtest.api import Refused, state_name
from berthtest.guests import DISK, OPERATION_SECONDS, disk_boot, kernel_boot, spec
from hypervisor_case import HypervisorCase

FOREIGN_DOMAIN = """
<domain type="qemu"><name>{name}</name><memory unit="MiB">32</memory><vcpu>1</vcpu>
<os><type arch="x86_64" machine="q35">hvm</type></os></domain>"""


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


class FailingStepsTest(HypervisorCase):
    def fails(self, agent, wanted, code, **fields):
        """Creates an instance that is admitted and then fails with that state reason."""
        made = agent.client.create(wanted, **fields)
        self.assertEqual(state_name(made), "PENDING")
        operation = agent.client.wait_operation(made, OPERATION_SECONDS)
        self.assertTrue(operation.HasField("error"), operation)
        instance = self.assert_state(agent, made.instance_id, "TERMINATED")
        self.assertEqual(instance.status.state_reason.code, code, instance.status.state_reason)
        self.assertTrue(instance.status.state_reason.message)
        return instance

    def tmpfs(self, options):
        """An empty file system of its own; removed after the test."""
        directory = new_directory()
        mount("-t", "tmpfs", "-o", options, "berth-test", str(directory))
        self.addCleanup(subprocess.run, ["umount", "--lazy", str(directory)], check=False)
        return directory

    def test_a_kernel_that_qemu_cannot_load(self):
        agent = self.new_agent()
        header = bytearray(1024)
        header[0x1fe:0x206] = b"\x55\xaa\xeb\x00HdrS"
        (agent.image_dir / "hollow").write_bytes(header)
        failed = self.fails(agent, spec("hollow", kernel_boot(kernel="hollow")),
                            "Server.InternalError")
        self.assertIn("start", failed.status.state_reason.message)
        self.assert_no_trace(agent, failed.instance_id)
        self.assert_nothing_left(agent)

    def test_a_domain_that_libvirt_refuses_and_the_one_in_its_way_is_left_alone(self):
        agent = self.new_agent()
        taken = "i-00000000000000bad"
        with witness.libvirtd() as connection:
            theirs = connection.defineXML(FOREIGN_DOMAIN.format(name=taken)).UUIDString()
        self.fails(agent, spec("taken"), "Server.InternalError", instance_id=taken)
        with witness.libvirtd() as connection:
            self.assertEqual(connection.lookupByName(taken).UUIDString(), theirs)
        self.assertFalse(agent.instance_dir(taken).exists())
        witness.domain_do(taken, "undefine")
        self.assert_nothing_left(agent)

    def test_an_image_that_goes_away_keeps_an_instance_from_starting_and_costs_it_nothing(self):
        agent = self.new_agent()
        instance_id = self.create_running(agent, spec("orphan", disk_boot())).instance_id
        self.wait_boots(agent, instance_id, 1)
        self.to_state(agent, agent.client.stop(instance_id), "STOPPED")
        (agent.image_dir / DISK).unlink()
        operation = agent.client.wait_operation(agent.client.start(instance_id))
        self.assertTrue(operation.HasField("error"), operation)
        stopped = self.assert_state(agent, instance_id, "STOPPED")
        self.assertEqual(stopped.status.state_reason.code, "Client.InternalError")
        self.assertIn(DISK, stopped.status.state_reason.message)
        self.assertNotIn(instance_id, witness.qemu_pids())
        shutil.copy(demo_file(DISK), agent.image_dir)
        self.to_state(agent, agent.client.start(instance_id), "RUNNING")
        self.assertEqual(self.wait_boots(agent, instance_id, 2)[-1], ("orphan", 2))
        self.to_state(agent, agent.client.terminate(instance_id), "TERMINATED")
        self.assert_nothing_left(agent)

    def full_disk(self, ledger_elsewhere):
        """An agent whose state directory has no byte left; with the file that takes them all."""
        state_dir = self.tmpfs("size=24M,mode=0755")
        settings = {"ledger": str(new_directory() / "ledger.db")} if ledger_elsewhere else {}
        agent = self.new_agent(settings, state_dir=state_dir)
        filler = state_dir / "filler"
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        return agent, filler

    def test_a_full_disk_ends_the_launch_with_its_reason(self):
        agent, filler = self.full_disk(ledger_elsewhere=True)
        failed = self.fails(agent, spec("no-room"), "Server.StorageFull")
        self.assert_no_trace(agent, failed.instance_id)
        self.assertEqual(agent.client.condition("StorageReady").status, 2)  # FALSE
        filler.unlink()
        made = self.create_running(agent, spec("room-again"))
        self.assertEqual(self.wait_boots(agent, made.instance_id, 1), [("room-again", 1)])
        self.to_state(agent, agent.client.terminate(made.instance_id), "TERMINATED")
        agent.client.node()
        self.assertEqual(list((agent.state_dir / "instances").glob("*")), [])

    def test_a_ledger_without_room_refuses_and_takes_up_again(self):
        agent, filler = self.full_disk(ledger_elsewhere=False)
        refusals = 0
        for number in range(20):
            try:
                made = agent.client.create(spec(f"no-room-{number}", seed=boot_pb2.SeedSpec(
                    hostname="no-room", user_data=bytes(16384))))
            except Refused as refused:
                self.assertIn(refused.reason, ("LEDGER_UNAVAILABLE", "STORAGE_FULL"), refused)
                refusals += 1
            else:  # The ledger's file had room left within itself; the launch has none.
                self.reaches(agent, made.instance_id, "TERMINATED")
                self.assert_no_trace(agent, made.instance_id)
            self.assertIsNotNone(agent.client.node())
        self.assertGreater(refusals, 0)
        filler.unlink()
        made = waits.until(lambda: self.created(agent, spec("room-again")), OPERATION_SECONDS,
                           "creates are taken again")
        self.reaches(agent, made.instance_id, "RUNNING")
        self.to_state(agent, agent.client.terminate(made.instance_id), "TERMINATED")
        self.assert_nothing_left(agent)

    @staticmethod
    def created(agent, wanted):
        try:
            return agent.client.create(wanted)
        except Refused as refused:
            assert refused.code.name == "UNAVAILABLE", refused
            return None

    def test_a_disk_that_cannot_be_written(self):
        instances = self.tmpfs("size=64M,mode=0755")
        state_dir = instances.parent / f"{instances.name}-state"
        state_dir.mkdir()
        (state_dir / "instances").symlink_to(instances)
        agent = self.new_agent(state_dir=state_dir)
        mount("-o", "remount,ro", str(instances))
        failed = self.fails(agent, spec("read-only", disk_boot()), "Server.InternalError")
        self.assert_no_trace(agent, failed.instance_id)
        mount("-o", "remount,rw", str(instances))
        made = self.create_running(agent, spec("writable"))
        self.to_state(agent, agent.client.terminate(made.instance_id), "TERMINATED")
        self.assert_nothing_left(agent)


if __name__ == "__main__":
    unittest.main()
