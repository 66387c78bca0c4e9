# SPDX-License-Identifier: Apache-2.0
"""The built berthd as a process, with directories, socket and ports of its own.

    with Agent() as agent:
        agent.start()
        agent.client.create(...)

Leaving the block kills the agent if it still runs; guests are left to the sandbox, or to the test.
"""
import copy
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request

from berthtest import waits
from berthtest.api import Client

START_SECONDS = 60
STOP_SECONDS = 60
ROOT = pathlib.Path(__file__).resolve().parents[3]


def build_dir():
    return pathlib.Path(os.environ["BERTH_BUILD"])


def program(name):
    return build_dir() / "bin" / name


def merged(base, changes):
    """`base` with `changes` laid over it, group by group."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def demo_file(name):
    """A file of the demo guest."""
    folder = os.environ.get("BERTH_DEMO_GUEST") or ROOT / "build" / "demo-guest"
    return pathlib.Path(folder) / name


def new_directory(on_disk=False):
    """A directory that libvirt's QEMU user may pass through. In a sandbox it lies on the sandbox's own
    /run and ends with it, unless it is to be `on_disk`."""
    in_memory = os.environ.get("BERTH_SANDBOX") and not on_disk
    path = tempfile.mkdtemp(prefix="berth-test-", dir="/run" if in_memory else "/var/tmp")
    os.chmod(path, 0o755)
    return pathlib.Path(path)


class Agent:
    def __init__(self, settings=None, state_dir=None, images=(), on_disk=False):
        """`settings` are laid over those below; `images` are files copied into the image directory."""
        self.directory = new_directory(on_disk)
        self.state_dir = pathlib.Path(state_dir or self.directory / "state")
        self.image_dir = self.directory / "images"
        self.socket = self.directory / "berthd.sock"
        self.log_file = self.directory / "berthd.log"
        self.config_file = self.directory / "berthd.json"
        self.port_file = self.directory / "http-port"
        self.image_dir.mkdir()
        for image in images:
            shutil.copy(image, self.image_dir)
        self.settings = merged({
            "state_dir": str(self.state_dir),
            "image_dir": str(self.image_dir),
            "instance_types": str(ROOT / "deploy" / "instance-types.json"),
            "api": {"socket": str(self.socket)},
            "http": {"address": "127.0.0.1:0", "port_file": str(self.port_file)},
            "log": {"level": "debug"},
            # Small hosts run these tests too, and what they boot is small.
            "capacity": {"reserved_memory_mib": 0, "reserved_disk_mib": 0, "cpu_overcommit": 16.0},
        }, settings or {})
        self.process = None
        self._client = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.close_client()
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self, ready=True, die_at="", variant=""):
        """Starts it and returns when it answers reads; with `ready` when it serves instances too. With
        `die_at` it kills itself there (tests/hypervisor/berthd_that_dies.cc). `variant`: a berthd that
        was built for tests, by its name."""
        assert self.process is None, "it runs already"
        self.config_file.write_text(json.dumps(self.settings, indent=2))
        self.port_file.unlink(missing_ok=True)
        with open(self.log_file, "ab") as log:
            variant = variant or (die_at and "berthd_that_dies")
            binary = build_dir() / "tests" / variant if variant else program("berthd")
            self.process = subprocess.Popen([binary, "--config", self.config_file],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, "BERTH_DIE_AT": die_at})
        self.close_client()
        waits.until(lambda: self._answers(ready), START_SECONDS,
                    lambda: f"berthd {'ready' if ready else 'answering'}; its log:\n{self.log_tail()}")

    def _answers(self, ready):
        status = self.process.poll()
        assert status is None, f"berthd ended with {status}; its log:\n{self.log_tail()}"
        verdict = self.client.serving() if self.socket.exists() else ""
        return verdict == "SERVING" if ready else verdict in ("SERVING", "NOT_SERVING")

    def stop(self):
        """Asks it to end (SIGTERM), waits, and insists on a clean end."""
        process, self.process = self.process, None
        self.close_client()
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"berthd did not end in {STOP_SECONDS} s; its log:\n"
                                 f"{self.log_tail()}") from None
        assert status == 0, f"berthd ended with {status}; its log:\n{self.log_tail()}"

    def kill(self):
        """kill -9, if it runs."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()

    def wait_death(self):
        """Waits until it has killed itself."""
        process, self.process = self.process, None
        status = process.wait(STOP_SECONDS)
        self.close_client()
        assert status == -signal.SIGKILL, f"berthd ended with {status}; its log:\n{self.log_tail()}"

    def restart(self, ready=True):
        """kill -9, then start."""
        self.kill()
        self.start(ready)

    @property
    def client(self):
        if self._client is None:
            self._client = Client(f"unix:{self.socket}")
        return self._client

    def close_client(self):
        if self._client is not None:
            self._client.close()
            self._client = None

    def berthctl(self, *arguments, check=True):
        """Runs berthctl against this agent; the completed process, with text output."""
        done = subprocess.run([program("berthctl"), "--socket", self.socket, *arguments], check=False,
                              text=True, capture_output=True, timeout=120)
        assert not check or done.returncode == 0, f"{done}\n{done.stderr}\nlog:\n{self.log_tail(20)}"
        return done

    def http(self, path):
        """(status, body) of a GET on the HTTP port."""
        port = int(waits.until(lambda: self.port_file.exists() and self.port_file.read_text().strip(),
                               10, "the HTTP port is written down"))
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def log_tail(self, lines=60):
        if not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])

    def instance_dir(self, instance_id):
        return self.state_dir / "instances" / instance_id

    @property
    def ledger(self):
        return self.state_dir / "ledger.db"
