# SPDX-License-Identifier: Apache-2.0
"""What a person would do to get the guest that CreateInstance makes: an overlay on the base image, a
seed ISO, and libvirt's define, start paused and resume, with the XML that the agent made for its own.
"""
import pathlib
import shutil
import subprocess
import uuid

import libvirt

from berthtest import witness


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


class ByHand:
    """Guests of one kind, named hand-N. A connection per worker, opened beforehand."""

    def __init__(self, agent, instance, image, disk_mib, seed_files, base_format="qcow2"):
        """Takes the XML, and with it all directories, after those of `instance`."""
        self._image, self._disk_mib, self._base_format = image, disk_mib, base_format
        self._seed_files = seed_files
        self._model_id = instance.instance_id
        self._model_dir = agent.instance_dir(instance.instance_id)
        with witness.libvirtd() as connection:
            domain = connection.lookupByName(instance.instance_id)
            self._model_uuid = domain.UUIDString()
            self._model_xml = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        self._connections = []
        self._made = 0

    def connect(self, count):
        while len(self._connections) < count:
            self._connections.append(libvirt.open(witness.URI))

    def next_name(self):
        self._made += 1
        return f"hand-{self._made}"

    def directory(self, name):
        return self._model_dir.parent.parent / "by-hand" / name

    def create(self, name, worker=0):
        """All of it, until the guest runs."""
        directory = self.directory(name)
        directory.mkdir(parents=True)
        run("qemu-img", "create", "-q", "-f", "qcow2", "-b", self._image, "-F",
            self._base_format, directory / "root.qcow2", f"{self._disk_mib}M")
        run("xorriso", "-as", "mkisofs", "-quiet", "-V", "cidata", "-J", "-r", "-o",
            directory / "seed.iso", *self._seed_files)
        xml = (self._model_xml.replace(str(self._model_dir), str(directory))
               .replace(self._model_id, name).replace(self._model_uuid, str(uuid.uuid4())))
        domain = self._connections[worker].defineXML(xml)
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        domain.resume()

    def remove(self, name):
        witness.domain_do(name, "destroy", "undefine")
        shutil.rmtree(self.directory(name))


def write_seed_files(directory, name):
    """The files that a person would put on the seed, for xorriso."""
    files = {"meta-data": f"instance-id: {name}\nlocal-hostname: {name}\n", "user-data": "",
             "network-config": "version: 2\nethernets: {}\n", "vendor-data": ""}
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (directory / file).write_text(text)
    return [directory / file for file in files]
