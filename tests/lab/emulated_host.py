# SPDX-License-Identifier: Apache-2.0
"""A whole server in one QEMU process, without any help of the machine's own KVM: two NUMA nodes, an
IOMMU, AMD's SVM, huge pages and devices to give away. Its root file system is the machine's own, read
over 9p; this build's berthd, libvirtd and the rest of berth-lab.target are started by systemd in it.

    host = EmulatedHost("some_case")
    host.power_on()
    host.wait_ready()
    host.run("virsh list").output
    host.power_cut()

Everything of a host lies in BUILD/lab/NAME: host.env and berthd.json (read inside), scratch.img (what
outlives a boot), console.log, and after collect() logs/ and cores/. Ports are on loopback; whoever
reaches them is root in the emulated host and can read this machine's files, so this is for machines
of developers and CI.
"""
import contextlib
import json
import os
import pathlib
import platform
import re
import shutil
import socket
import subprocess
import urllib.error
import urllib.request

from berthtest import waits
from berthtest.agent import ROOT, build_dir, merged
from berthtest.api import Client

UP_SECONDS = 240
DOWN_SECONDS = 240
COMMAND_SECONDS = 180
SCRATCH_MIB = 24 * 1024  # Sparse. The agent wants 10 GiB free to be content.
MEMORY_MIB = (3072, 2560)  # Of each node; unlike, so that a mix-up shows.
HUGE_PAGES = (128, 64)  # Of 2 MiB, of each node.
PORTS = {"command": 7000, "shell": 7001, "api": 7002, "http": 7003}  # tests/lab/host/units.
DEAD_KERNEL = re.compile(r"Kernel panic|soft lockup|rcu: INFO: \S+ (self-)?detected stall|guard page was hit")
LOGS = ("/var/log/berth", "/var/log/libvirt", "/var/log/journal")
SETTINGS = {
    "log": {"level": "debug"},
    # The emulated host is small, and what it runs is too.
    "capacity": {"reserved_cpus": 0, "reserved_memory_mib": 512, "reserved_disk_mib": 0,
                 "cpu_overcommit": 4.0},
}


def why_not():
    """Why no emulated host can run on this machine; "" if one can."""
    if platform.machine() != "x86_64":
        return f"the emulated host runs this machine's programs and is x86_64; this is {platform.machine()}"
    if shutil.which("qemu-system-x86_64") is None:
        return "there is no qemu-system-x86_64 here; deploy/install-packages run"
    return ""


class HostGone(AssertionError):
    """The emulated host went down while a command ran in it."""


class Result:
    def __init__(self, status, output):
        self.status = status
        self.output = output


def boot_file(name):
    folder = os.environ.get("BERTH_LAB_BOOT") or ROOT / "build" / "lab-boot"
    path = pathlib.Path(folder) / name
    assert path.exists(), f"{path} is missing; tests/run lab makes it, or tests/lab/make-boot-files"
    return path


def machine_options(cpus):
    """The server: `cpus` processors, one for a node, memory and IOMMU."""
    # One thread for all processors would spare us what kernel_died() is about, but guests inside then
    # hang at their start. One processor for each node: more than there are cores to emulate them spin on
    # each other's locks, and lock up.
    options = ["-machine", "q35,kernel-irqchip=off", "-accel", "tcg,thread=multi", "-cpu", "max",
               "-m", str(sum(MEMORY_MIB)), "-smp", f"{cpus},sockets={cpus},cores=1",
               # intremap: without it VFIO answers EPERM.
               "-device", "intel-iommu,intremap=on,caching-mode=on"]
    for node, size in enumerate(MEMORY_MIB):
        options += ["-object", f"memory-backend-ram,size={size}M,id=m{node}",
                    "-numa", f"node,nodeid={node}{f',cpus={node}' if node < cpus else ''},memdev=m{node}"]
    return options + ["-numa", "dist,src=0,dst=1,val=21"]


def kernel_command_line(directory):
    pages = ",".join(f"{node}:{count}" for node, count in enumerate(HUGE_PAGES))
    return (f"console=ttyS0 panic=-1 quiet berth.lab={directory} systemd.show_status=0 "
            f"intel_iommu=on hugepagesz=2M hugepages={pages} transparent_hugepage=madvise "
            # What only slows an emulated machine down.
            f"mitigations=off no5lvl tsc=reliable "
            # With little free memory and NUMA balancing this kernel was seen to loop for ever in
            # get_page_from_freelist, on two CPUs at once.
            f"numa_balancing=disable")


def device_options():
    """What can be given away: a display-class device on each node, one IOMMU group of two functions
    on node 0, and on node 1 an NVMe disk with virtual functions."""
    devices = [
        "pxb-pcie,id=pxb0,bus_nr=32,numa_node=0,bus=pcie.0",
        "pcie-root-port,id=rp0,bus=pxb0,chassis=10",
        "bochs-display,bus=rp0",
        "pcie-root-port,id=rp1,bus=pxb0,chassis=11,slot=2",
        "bochs-display,bus=rp1,multifunction=on,addr=0.0",
        "edu,bus=rp1,addr=0.1",
        "pxb-pcie,id=pxb1,bus_nr=64,numa_node=1,bus=pcie.0",
        "pcie-root-port,id=rp2,bus=pxb1,chassis=12,slot=3",
        "bochs-display,bus=rp2",
        "pcie-root-port,id=rp3,bus=pxb1,chassis=13,slot=4",
        "nvme-subsys,id=ns0",
        "nvme,serial=berth-lab,bus=rp3,subsys=ns0,sriov_max_vfs=4,sriov_vq_flexible=8,"
        "sriov_vi_flexible=4,max_ioqpairs=16,msix_qsize=17",
    ]
    return [word for device in devices for word in ("-device", device)]


def connection_options():
    """The machine's root to read, and ports on loopback that lead inside; nothing leads out."""
    forwards = "".join(f",hostfwd=tcp:127.0.0.1:0-:{port}" for port in PORTS.values())
    return ["-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap",
            "-device", "virtio-9p-pci,fsdev=root,mount_tag=hostroot,bus=pcie.0",
            "-netdev", f"user,id=net,restrict=on{forwards}",
            "-device", "virtio-net-pci,netdev=net,bus=pcie.0"]


def scratch_options(path):
    """unsafe: what the emulated host has written is in this machine's page cache, which a killed
    emulator does not take along; what it has not written is lost, as it should be."""
    return ["-drive", f"file={path},format=raw,if=none,id=scratch,cache=unsafe",
            "-device", "virtio-blk-pci,drive=scratch,bus=pcie.0"]


class EmulatedHost:
    def __init__(self, name, settings=None, berthd=None, outlives_us=False, cpus=2):
        """`settings` are laid over the agent's; `berthd` is another program in its place. A host that
        `outlives_us` goes on when this process ends."""
        self.directory = build_dir().resolve() / "lab" / name
        self.settings = merged(SETTINGS, settings or {})
        self.use_program(berthd)
        self.outlives_us = outlives_us
        self.cpus = cpus
        self.process = None
        self.ports = {}
        self._client = None
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        self._make_scratch_disk()
        self._write_settings()

    def use_program(self, berthd=None):
        """From the next power_on() on this is its agent; None is this build's."""
        self.berthd = pathlib.Path(berthd or build_dir() / "bin" / "berthd").resolve()

    def _make_scratch_disk(self):
        with open(self.scratch, "wb") as image:
            image.truncate(SCRATCH_MIB << 20)
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-L", "berth-lab", self.scratch], check=True)

    def _write_settings(self):
        demo_guest = os.environ.get("BERTH_DEMO_GUEST") or ROOT / "build" / "demo-guest"
        values = {"BERTH_ROOT": ROOT, "BERTH_BUILD": build_dir().resolve(),
                  "BERTH_LAB_BERTHD": self.berthd, "BERTH_DEMO_GUEST": pathlib.Path(demo_guest).resolve(),
                  "BERTH_LAB_MODULES": boot_file("modules").read_text().strip()}
        lines = [f"{name}={value}\n" for name, value in values.items()]
        (self.directory / "host.env").write_text("".join(lines))
        (self.directory / "berthd.json").write_text(json.dumps(self.settings, indent=2))

    @property
    def scratch(self):
        return self.directory / "scratch.img"

    @property
    def console_log(self):
        return self.directory / "console.log"

    # --- power ---

    def power_on(self):
        assert self.process is None, "it is on already"
        self._write_settings()
        command = ["qemu-system-x86_64", *machine_options(self.cpus), "-display", "none", "-vga", "none",
                   "-no-reboot", "-monitor", "none", "-qmp", "stdio",
                   "-chardev", f"file,id=console,path={self.console_log},append=on",
                   "-serial", "chardev:console",
                   "-kernel", boot_file("vmlinuz"), "-initrd", boot_file("initrd.img"),
                   "-append", kernel_command_line(self.directory),
                   *scratch_options(self.scratch), *connection_options(), *device_options()]
        if not self.outlives_us:
            command = ["setpriv", "--pdeathsig", "KILL", *command]
        with open(self.directory / "qemu.log", "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=log, cwd="/", start_new_session=True)
        self.ports = self._read_ports()
        # For tests/lab/host-ctl.
        (self.directory / "running.json").write_text(json.dumps({"pid": self.process.pid, **self.ports}))

    def _read_ports(self):
        """Asks QEMU which ports it has been given."""
        self._qmp("qmp_capabilities")
        table = self._qmp("human-monitor-command", {"command-line": "info usernet"})
        inside = {port: name for name, port in PORTS.items()}
        found = re.findall(r"127\.0\.0\.1\s+(\d+)\s+\S+\s+(\d+)", table)
        return {inside[int(to)]: int(port) for port, to in found}

    def _qmp(self, verb, arguments=None):
        self.process.stdin.write(json.dumps({"execute": verb, "arguments": arguments or {}}).encode() + b"\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            assert "error" not in answer, answer
        raise AssertionError(f"QEMU has ended: {(self.directory / 'qemu.log').read_text()}")

    def power_cut(self):
        """Pulls the plug. Off already: nothing happens."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self._ended()

    def shut_down(self):
        """Asks systemd to power off, and waits for the end."""
        with contextlib.suppress(HostGone):  # It may be quicker than its answer.
            self.run("systemctl poweroff --no-block")
        try:
            status = self.process.wait(DOWN_SECONDS)
        except subprocess.TimeoutExpired:
            self.power_cut()
            raise AssertionError(f"the host is not off after {DOWN_SECONDS} s\n{self.tail()}") from None
        self._ended()
        assert status == 0, f"QEMU ended with {status}"

    def _ended(self):
        self.close_client()
        process, self.process = self.process, None
        process.stdin.close()
        process.stdout.close()

    @property
    def is_on(self):
        return self.process is not None and self.process.poll() is None

    # --- inside ---

    def wait_up(self):
        """Waits until commands can be run in it."""
        waits.until(lambda: self._answers(), UP_SECONDS, lambda: f"the host is up\n{self.tail()}")

    def wait_ready(self):
        """Waits until its agent serves instances."""
        self.wait_up()
        waits.until(lambda: self.client.serving() == "SERVING", UP_SECONDS,
                    lambda: f"berthd is ready\n{self.log_tail()}")

    def _answers(self):
        assert self.is_on, f"the emulator has ended\n{self.tail()}"
        try:
            return self.run("true", check=False, timeout=5).status == 0
        except (HostGone, OSError):
            return False

    def run(self, script, check=True, timeout=COMMAND_SECONDS):
        """Runs a bash script as root; a Result. AssertionError if it fails and `check`s."""
        with socket.create_connection(("127.0.0.1", self.ports["command"]), timeout=timeout) as stream:
            stream.sendall(script.encode())
            stream.shutdown(socket.SHUT_WR)
            received = b"".join(iter(lambda: stream.recv(65536), b""))
        output, end, status = received.rpartition(b"\0")
        if not end or not status.isdigit():
            raise HostGone(f"no end of: {script}")
        result = Result(int(status), output.decode(errors="replace"))
        assert result.status == 0 or not check, f"{script}: status {result.status}\n{result.output}"
        return result

    @property
    def client(self):
        if self._client is None:
            self._client = Client(f"127.0.0.1:{self.ports['api']}")
        return self._client

    def close_client(self):
        if self._client is not None:
            self._client.close()
            self._client = None

    def http(self, path):
        """(status, body) of a GET on the agent's HTTP port."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['http']}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def kernel_died(self):
        """Whether the host's own kernel has panicked, locked up or gone silent. QEMU 7.2 now and then takes
        an interrupt between the end of VMRUN and STGI, where none may come; no kernel outlives that
        for long, and nothing that is tested here can be to blame."""
        said = self.console_log.read_text(errors="replace") if self.console_log.exists() else ""
        return bool(DEAD_KERNEL.search(said)) or self.is_on and not self._answers()

    def sync(self):
        """Lets what was written so far reach the scratch disk, if anyone is there to do it."""
        if self.is_on:
            with contextlib.suppress(HostGone, OSError):
                self.run("journalctl --sync; sync", check=False, timeout=20)

    def log_tail(self):
        """The last words of the agent and of the console, for a message."""
        words = ""
        if self.is_on:
            with contextlib.suppress(HostGone, OSError):
                words = self.run("journalctl -u berthd -n 60 --no-pager -o cat", check=False).output
        return f"{self.tail()}\n{words}"

    def how_to_enter(self):
        return (f"The emulated host goes on running.\n"
                f"  a shell in it: tests/lab/host-ctl shell {self.directory}\n"
                f"  its end:       tests/lab/host-ctl stop {self.directory}")

    def tail(self, lines=30):
        """The end of the serial console."""
        if not self.console_log.exists():
            return ""
        return "\n".join(self.console_log.read_text(errors="replace").splitlines()[-lines:])

    # --- afterwards ---

    def collect(self):
        """Brings logs and cores out of the scratch disk of a host that is off; the cores' paths."""
        assert self.process is None, "it is on"
        # The journal of its file system is played back first, as at the next boot.
        subprocess.run(["e2fsck", "-fy", self.scratch], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
        logs, cores = self.directory / "logs", self.directory / "cores"
        for directory, sources in ((logs, LOGS), (cores, ("/var/crash",))):
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            for source in sources:
                subprocess.run(["debugfs", "-R", f"rdump {source} {directory}", self.scratch],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        with open(logs / "journal.txt", "wb") as text:
            subprocess.run(["journalctl", "--directory", logs / "journal", "--no-pager"], stdout=text,
                           stderr=subprocess.DEVNULL, check=False)
        self.scratch.unlink()
        return sorted(cores.rglob("*.core"))
