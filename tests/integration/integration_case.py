# SPDX-License-Identifier: Apache-2.0
"""What every case of this suite begins with: the built berthd over the fake hypervisor, in a directory
of its own with one small image, and the guests of the fake host in a file, so that they outlive it.
"""
import json
import pathlib
import subprocess
import unittest

from berth.v1 import boot_pb2, instance_pb2, shape_pb2
from berthtest import waits
from berthtest.agent import Agent, merged, new_directory, program
from berthtest.api import state_name

IMAGE = "small.qcow2"
OPERATION_SECONDS = 60
INSTANCE_SERVICE = "berth.v1.InstanceService"


def spec(name="one", vcpus=1, memory_mib=64, image=IMAGE, **fields):
    return instance_pb2.InstanceSpec(
        name=name, shape=shape_pb2.Shape(vcpus=vcpus, memory_mib=memory_mib),
        boot=boot_pb2.BootSource(disk=boot_pb2.DiskImageBoot(image=image)), **fields)


def run_berthd(*arguments, timeout=60):
    """berthd to its end: (exit status, standard output, standard error)."""
    done = subprocess.run([program("berthd"), *arguments], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=timeout, check=False)
    return done.returncode, done.stdout, done.stderr


class IntegrationCase(unittest.TestCase):
    def new_directory(self):
        directory = new_directory()
        self.addCleanup(subprocess.run, ["rm", "-rf", directory], check=True)
        return directory

    def new_agent(self, settings=None, start=True, **options):
        agent = Agent(settings, **options)
        self.addCleanup(agent.__exit__)
        agent.settings = merged({"hypervisor": {
            "driver": "fake", "fake_state_file": str(agent.directory / "guests.json")}},
            agent.settings)
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", agent.image_dir / IMAGE, "8M"],
                       check=True)
        if start:
            agent.start()
        return agent

    def reaches(self, agent, instance_id, state):
        waits.until(lambda: state_name(agent.client.get(instance_id)) == state, OPERATION_SECONDS,
                    lambda: f"{instance_id} is {state}; it is:\n{agent.client.get(instance_id)}\n"
                            f"log:\n{agent.log_tail()}")
        return agent.client.get(instance_id)

    def create_running(self, agent, wanted=None, **fields):
        made = agent.client.create(wanted or spec(), **fields)
        return self.reaches(agent, made.instance_id, "RUNNING")

    def ctl(self, agent, *arguments):
        """berthctl with JSON output, which has to succeed: what it printed."""
        done = agent.berthctl("-o", "json", *arguments, check=False)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    @staticmethod
    def guests(agent):
        """The fake host's guests as its state file has them."""
        path = pathlib.Path(agent.settings["hypervisor"]["fake_state_file"])
        return json.loads(path.read_text()) if path.exists() else {}
