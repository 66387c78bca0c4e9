# SPDX-License-Identifier: Apache-2.0
"""The emulated host that cases share which do not touch its power: switched on and off by others
(host-ctl on|off), as ctest's fixture does before the first and after the last of them.
"""
import contextlib
import json
import os
import pathlib
import signal

from berthtest.agent import build_dir, merged
from emulated_host import SETTINGS, EmulatedHost

NAME = "shared"


def directory():
    return build_dir().resolve() / "lab" / NAME


def facts_of(folder):
    """Pid and ports of the host that runs from `folder`; None if none does."""
    with contextlib.suppress(OSError):
        facts = json.loads((pathlib.Path(folder) / "running.json").read_text())
        if b"berth.lab=" in pathlib.Path(f"/proc/{facts['pid']}/cmdline").read_bytes():
            return facts
    return None


class SharedHost(EmulatedHost):
    """One that runs already; only what is done inside it can be done."""

    def __init__(self, facts):  # pylint: disable=super-init-not-called
        self.directory = directory()
        self.process = None
        self.pid = facts.pop("pid")
        self.ports = facts
        self._client = None

    def use(self, settings):
        """Gives its agent these settings, laid over those that all begin with."""
        wanted = json.dumps(merged(SETTINGS, settings or {}), indent=2)
        file = self.directory / "berthd.json"
        if file.read_text() != wanted:
            file.write_text(wanted)
            # Inside, the file's old content is still cached.
            self.run(f"cat > /etc/berth/berthd.json <<'END'\n{wanted}\nEND\nsystemctl restart berthd")

    def end(self):
        """Pulls its plug: nobody else goes on with it."""
        with contextlib.suppress(OSError):
            os.kill(self.pid, signal.SIGKILL)

    @property
    def is_on(self):
        with contextlib.suppress(OSError):
            os.kill(self.pid, 0)
            return True
        return False
