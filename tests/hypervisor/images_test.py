#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Guests that boot from images that were pulled: another hypervisor's file, over a connection that
breaks, by an agent that is killed on the way.
"""
import subprocess
import unittest

from berth.v1 import image_pb2
from berthtest import waits
from berthtest.agent import demo_file
from berthtest.api import Refused
from berthtest.guests import BOOT_SECONDS, DISK, disk_boot, spec
from berthtest.http_files import HttpFiles, Served
from hypervisor_case import HypervisorCase

MIB = 1 << 20


class ImagesTest(HypervisorCase):
    def serve(self, agent, format_name, **how):
        """The demo disk in another format, served under /disk."""
        path = agent.directory / f"disk.{format_name}"
        subprocess.run(["qemu-img", "convert", "-O", format_name, demo_file(DISK), path], check=True)
        server = self.enterContext(HttpFiles())
        server.files["/disk"] = served = Served(path.read_bytes(), **how)
        return server.url("/disk"), served

    def test_a_guest_boots_from_what_was_pulled(self):
        agent = self.new_agent()
        url, served = self.serve(agent, "vmdk", drop_after=MIB, drops=3, seconds_per_chunk=0.01)
        operation = agent.client.pull(url, digest=served.sha256)
        waits.until(lambda: served.sent > len(served.data) // 2, BOOT_SECONDS, "half of it came")
        agent.restart()
        ended = agent.client.wait_operation_id(operation.operation_id, BOOT_SECONDS)
        self.assertFalse(ended.HasField("error"), f"{ended}\n{agent.log_tail()}")
        image_id = ended.image.image_id
        self.assertEqual(ended.image.format, image_pb2.IMAGE_FORMAT_QCOW2)

        instance = self.create_running(agent, spec("pulled", disk_boot(image_id)))
        self.assertEqual(self.wait_boots(agent, instance.instance_id, 1), [("pulled", 1)])
        with self.assertRaises(Refused) as refused:
            agent.client.delete_image(image_id)
        self.assertEqual(refused.exception.reason, "IMAGE_IN_USE")
        self.to_state(agent, agent.client.terminate(instance.instance_id), "TERMINATED")
        self.assert_no_trace(agent, instance.instance_id)
        agent.client.delete_image(image_id)
        waits.until(lambda: not list(agent.image_dir.glob("img-*")), BOOT_SECONDS, "its file is gone")
        self.assert_nothing_left(agent)


if __name__ == "__main__":
    unittest.main()
