#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Images as people bring them: pulled from servers that misbehave, imported, shared, hostile, evicted,
and through any death of the agent.
"""
import concurrent.futures
import random
import subprocess
import unittest

import grpc
from berth.v1 import image_pb2, operation_pb2
from berthtest import waits
from berthtest.api import Refused
from berthtest.http_files import CHUNK, HttpFiles, Served
from integration_case import IntegrationCase, spec

MIB = 1 << 20
PULL_SECONDS = 60
CALLERS = 200


def qemu_img(*arguments):
    return subprocess.run(["qemu-img", *map(str, arguments)], check=True, text=True,
                          capture_output=True).stdout


def state_of(image):
    return image_pb2.ImageState.Name(image.state)[len("IMAGE_STATE_"):]


class ImagesTest(IntegrationCase):
    def setUp(self):
        self.directory = self.new_directory()
        self.server = self.enterContext(HttpFiles())
        # Not all zero, and another for each test.
        self.content = random.Random(self.id()).randbytes(3 * MIB)

    def qcow2(self, name="a.qcow2", content=None, *options):
        """The bytes of a qcow2 image of that content."""
        raw, path = self.directory / f"{name}.raw", self.directory / name
        raw.write_bytes(self.content if content is None else content)
        qemu_img("convert", "-f", "raw", "-O", "qcow2", *options, raw, path)
        return path.read_bytes()

    def serve(self, **how):
        served = Served(self.qcow2(), **how)
        self.server.files["/a"] = served
        return served

    def pull(self, agent, path="/a", **fields):
        return agent.client.pull(self.server.url(path), **fields)

    def ended(self, agent, operation):
        return agent.client.wait_operation_id(operation.operation_id, PULL_SECONDS)

    def pulled(self, agent, path="/a", **fields):
        """The image, which has come."""
        operation = self.ended(agent, self.pull(agent, path, **fields))
        self.assertFalse(operation.HasField("error"), f"{operation}\n{agent.log_tail()}")
        return operation.image

    def reason(self, operation):
        """Why it failed."""
        self.assertEqual(operation.state, operation_pb2.Operation.STATE_FAILED, operation)
        return Refused.of_status(operation.error).reason

    def file_of(self, agent, image):
        return agent.image_dir / f"{image.image_id}.img"

    def assert_holds(self, agent, image, content=None):
        raw = self.directory / "content.raw"
        raw.write_bytes(self.content if content is None else content)
        qemu_img("compare", "-f", "raw", "-F", "qcow2", raw, self.file_of(agent, image))

    def assert_nothing_of(self, agent, operation):
        """No byte of what failed is left."""
        left = [path.name for path in agent.image_dir.rglob("*") if operation.target in path.name]
        self.assertEqual(left, [])

    def test_a_pulled_image_is_what_was_served_and_can_be_booted(self):
        served = self.serve()
        agent = self.new_agent()
        image = self.pulled(agent, digest=served.sha256, name="debian")
        self.assertEqual((state_of(image), image.sha256, image.pinned_on_first_use),
                         ("AVAILABLE", served.sha256, False))
        self.assertEqual(image.virtual_size_bytes, 3 * MIB)
        self.assert_holds(agent, image)
        self.assertEqual(agent.client.node().allocated.disk_mib, -(-image.allocated_bytes // MIB))
        made = self.create_running(agent, spec(image=image.image_id))
        self.assertEqual(agent.client.image(image.image_id).user_count, 1)
        self.assertIn(str(self.file_of(agent, image)),
                      qemu_img("info", "-U", agent.instance_dir(made.instance_id) / "root.qcow2"))
        with self.assertRaises(Refused) as refused:
            agent.client.delete_image(image.image_id)
        self.assertEqual(refused.exception.reason, "IMAGE_IN_USE")
        agent.client.terminate(made.instance_id)
        self.reaches(agent, made.instance_id, "TERMINATED")
        agent.client.delete_image(image.image_id)
        waits.until(lambda: not self.file_of(agent, image).exists(), PULL_SECONDS, "the file is gone")
        self.assertEqual(agent.client.node().allocated.disk_mib, 0)

    def test_a_connection_that_breaks_is_resumed_and_not_begun_again(self):
        served = self.serve(drop_after=MIB, drops=2)
        agent = self.new_agent()
        image = self.pulled(agent, digest=served.sha256)
        self.assert_holds(agent, image)
        self.assertEqual(len(served.gets), 3)
        self.assertEqual(served.sent, len(served.data), "no byte came twice")

    def test_a_server_that_cannot_resume_is_asked_for_all_of_it_again(self):
        served = self.serve(drop_after=MIB, drops=1, ranges=False)
        self.assert_holds(agent := self.new_agent(), self.pulled(agent))
        self.assertEqual(len(served.gets), 2)

    def test_a_length_that_is_a_lie_is_not_an_image(self):
        short = self.serve(claim=4 * MIB + 7)  # More than comes: like a broken connection.
        agent = self.new_agent()
        operation = self.pull(agent)
        waits.until(lambda: len(short.gets) >= 2, PULL_SECONDS, "it is tried again")
        under_way = agent.client.operation(operation.operation_id)
        self.assertTrue(under_way.cancellable and not under_way.done, under_way)
        agent.client.cancel(operation.operation_id)
        self.assertEqual(self.ended(agent, operation).state, operation_pb2.Operation.STATE_CANCELLED)
        self.assert_nothing_of(agent, operation)
        self.server.files["/b"] = Served(short.data, claim=MIB)  # Less than there is: cut off.
        cut = self.ended(agent, self.pull(agent, "/b", digest=short.sha256))
        self.assertEqual(self.reason(cut), "IMAGE_CHECKSUM_MISMATCH")
        cut = self.ended(agent, self.pull(agent, "/b"))
        self.assertEqual(self.reason(cut), "IMAGE_INVALID")
        self.assert_nothing_of(agent, cut)

    def test_other_bytes_than_asked_for_are_refused_and_removed(self):
        self.serve()
        agent = self.new_agent()
        operation = self.ended(agent, self.pull(agent, digest="0" * 64))
        self.assertEqual(self.reason(operation), "IMAGE_CHECKSUM_MISMATCH")
        self.assertEqual(state_of(agent.client.image(operation.target)), "FAILED")
        self.assert_nothing_of(agent, operation)

    def test_without_a_digest_what_came_first_is_required_from_then_on(self):
        served = self.serve()
        self.server.files["/b"] = Served(self.qcow2("b.qcow2", random.Random(2).randbytes(3 * MIB)))
        limit = len(served.data) // MIB + 1
        agent = self.new_agent({"images": {"cache_limit_mib": limit}})
        first = self.pulled(agent)
        self.assertTrue(first.pinned_on_first_use)
        self.assertEqual(self.pulled(agent).image_id, first.image_id, "it is here")
        self.assertEqual(len(served.gets), 1)
        self.pulled(agent, "/b")
        evicted = agent.client.image(first.image_id)
        self.assertEqual(state_of(evicted), "EVICTED")
        waits.until(lambda: not self.file_of(agent, first).exists(), PULL_SECONDS, "its file is gone")
        served.data = self.qcow2("c.qcow2", bytes(MIB))
        operation = self.ended(agent, self.pull(agent))
        self.assertEqual(operation.target, first.image_id)
        self.assertEqual(self.reason(operation), "IMAGE_CHECKSUM_MISMATCH")

    def test_redirects_are_followed_and_a_ring_of_them_is_not(self):
        self.serve()
        self.server.files["/there"] = Served(status=302, location="/a")
        self.server.files["/ring"] = Served(status=302, location="/ring")
        self.server.files["/local"] = Served(status=302, location="file:///etc/passwd")
        agent = self.new_agent()
        self.assert_holds(agent, self.pulled(agent, "/there"))
        for path in ("/ring", "/local"):
            with self.subTest(path):
                operation = self.ended(agent, self.pull(agent, path))
                self.assertEqual(self.reason(operation), "IMAGE_SOURCE_UNAVAILABLE")

    def test_what_is_not_there_fails_at_once_and_what_is_busy_is_asked_again(self):
        served = self.serve(status=503, times=2)
        agent = self.new_agent()
        missing = self.ended(agent, self.pull(agent, "/missing"))
        self.assertEqual(self.reason(missing), "IMAGE_SOURCE_UNAVAILABLE")
        self.assertIn("404", missing.error.message)
        self.assert_holds(agent, self.pulled(agent))
        self.assertEqual(len(served.gets), 3)

    def test_a_server_that_stalls_is_told_apart_and_got_over(self):
        served = self.serve(stall_after=0)
        agent = self.new_agent()
        operation = self.pull(agent)
        waits.until(lambda: agent.client.operation(operation.operation_id).last_error_message,
                    2 * PULL_SECONDS, "it is noticed")
        self.assertIn("nothing has come",
                      agent.client.operation(operation.operation_id).last_error_message)
        served.stall_after = None
        self.assert_holds(agent, self.ended(agent, operation).image)

    def test_two_hundred_who_want_the_same_make_one_download(self):
        served = self.serve(seconds_per_chunk=0.01)
        agent = self.new_agent()
        with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
            begun = list(pool.map(lambda _: self.pull(agent), range(CALLERS)))
            ended = list(pool.map(lambda operation: self.ended(agent, operation), begun))
        self.assertEqual({operation.image.image_id for operation in ended}, {begun[0].target})
        self.assertEqual(len(served.gets), 1)
        self.assertEqual(served.sent, len(served.data))
        status, page = agent.http("/metrics")
        self.assertEqual(status, 200)
        self.assertIn('berth_image_requests_total{result="miss"} 1\n', page)
        self.assertIn(f'berth_image_requests_total{{result="hit"}} {CALLERS - 1}\n', page)
        self.assertIn(f"berth_image_brought_bytes_total {len(served.data)}\n", page)

    def test_killed_again_and_again_it_comes_all_the_same(self):
        served = self.serve(seconds_per_chunk=0.03)
        agent = self.new_agent()
        operation = self.pull(agent, digest=served.sha256)
        for share in (5, 3, 2):
            waits.until(lambda: served.sent > len(served.data) // share, PULL_SECONDS, "it comes")
            agent.restart()
        ended = self.ended(agent, operation)
        self.assertFalse(ended.HasField("error"), f"{ended}\n{agent.log_tail()}")
        self.assert_holds(agent, ended.image)
        # What was on its way when it was killed is all that came twice.
        self.assertLess(served.sent, len(served.data) + 4 * (MIB + CHUNK))
        self.assertEqual(sorted(path.name for path in agent.image_dir.glob("img-*")),
                         [f"{operation.target}.img"])

    def test_files_of_other_hypervisors_are_converted(self):
        agent = self.new_agent()
        raw = self.directory / "content.raw"
        raw.write_bytes(self.content)
        exchange = agent.state_dir / "exchange"
        for format_name in ("qcow2", "raw", "vmdk", "vdi", "vhdx"):
            with self.subTest(format_name):
                path = exchange / f"disk.{format_name}"
                qemu_img("convert", "-f", "raw", "-O", format_name, raw, path)
                operation = self.ended(agent, agent.client.import_image(str(path)))
                self.assertFalse(operation.HasField("error"), operation)
                compared = "raw" if format_name == "raw" else "qcow2"
                qemu_img("compare", "-f", "raw", "-F", compared, raw,
                         self.file_of(agent, operation.image))

    def hostile(self):
        """Names and bytes of images that want something else than to be one."""
        secret = self.directory / "secret"
        secret.write_bytes(b"s" * MIB)

        def made(*arguments):
            path = self.directory / "hostile"
            path.unlink(missing_ok=True)
            qemu_img("create", "-q", *arguments[:-1], path, arguments[-1])
            return path.read_bytes()

        whole = bytearray(self.qcow2())
        yield "an absolute backing file", made("-f", "qcow2", "-F", "raw", "-b", secret, "1M")
        yield "a relative backing file", made("-f", "qcow2", "-u", "-F", "raw", "-b",
                                              "../../secret", "1M")
        yield "an external data file", made("-f", "qcow2", "-o",
                                            f"data_file={self.directory}/outside", "1M")
        yield "a size of 2^63", bytes(whole[:24]) + (1 << 63).to_bytes(8, "big") + bytes(whole[32:])
        yield "a size of 2^63 - 1", \
            bytes(whole[:24]) + ((1 << 63) - 1).to_bytes(8, "big") + bytes(whole[32:])
        yield "more than a disk may have", made("-f", "qcow2", "1P")
        yield "cut off in its header", bytes(whole[:40])
        yield "cut off in its tables", bytes(whole[:70000])
        yield "nothing at all", b""
        yield "packed", b"\x1f\x8b\x08" + self.content[:4096]
        yield "a VMDK that names a file of the host", (
            b"# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\n"
            b'createType="monolithicFlat"\n\nRW 2048 FLAT "/etc/shadow" 0\n')

    def test_hostile_images_are_refused_and_leave_nothing(self):
        agent = self.new_agent()
        for number, (what, data) in enumerate(self.hostile()):
            with self.subTest(what):
                self.server.files[f"/{number}"] = Served(data)
                operation = self.ended(agent, self.pull(agent, f"/{number}"))
                self.assertEqual(self.reason(operation), "IMAGE_INVALID")
                self.assert_nothing_of(agent, operation)
        self.assertEqual(agent.client.node().allocated.disk_mib, 0)

    def test_requests_that_make_no_sense_name_their_fields(self):
        agent = self.new_agent()
        for call, field in (
                (lambda: agent.client.pull("ftp://example.org/a"), "url"),
                (lambda: agent.client.pull("http://user:secret@example.org/a"), "url"),
                (lambda: agent.client.pull("http://a/b", digest="xyz"), "digest.sha256"),
                (lambda: agent.client.pull("http://a/b", image_id="img-1"), "image_id"),
                (lambda: agent.client.import_image("/etc/shadow"), "path"),
                (lambda: agent.client.import_image(f"{agent.state_dir}/exchange/../ledger.db"),
                 "path")):
            with self.assertRaises(Refused) as refused:
                call()
            self.assertEqual(refused.exception.code, grpc.StatusCode.INVALID_ARGUMENT)
            self.assertIn(field, refused.exception.violations)

    def test_through_berthctl_with_its_progress(self):
        served = self.serve(seconds_per_chunk=0.1)
        agent = self.new_agent()
        done = agent.berthctl("image", "pull", self.server.url("/a"), "--sha256", served.sha256,
                              "--name", "debian")
        self.assertRegex(done.stderr, r"img-\w+  download( \d+%)?  .* of \d")
        self.assertIn("AVAILABLE", done.stdout)
        listed = self.ctl(agent, "image", "list")["images"]
        self.assertEqual([image["name"] for image in listed], ["debian"])
        image_id = listed[0]["image_id"]
        self.assertIn(served.sha256, agent.berthctl("image", "get", image_id).stdout)
        made = self.ctl(agent, "instance", "create", "--vcpus", "1", "--memory", "64M", "--image",
                        image_id, "--wait")
        refused = agent.berthctl("image", "delete", image_id, check=False)
        self.assertIn("rest on", refused.stderr)
        instance = made[0] if isinstance(made, list) else made.get("instances", [made])[0]
        agent.berthctl("instance", "terminate", instance["instance_id"], "--wait")
        agent.berthctl("image", "delete", image_id)
        self.assertEqual(self.ctl(agent, "image", "list").get("images", []), [])
        failed = agent.berthctl("image", "pull", self.server.url("/missing"), check=False)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("404", failed.stderr)


if __name__ == "__main__":
    unittest.main()
