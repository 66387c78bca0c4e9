# SPDX-License-Identifier: Apache-2.0
"""What a process takes of the machine, as /proc has it."""
import glob
import os
import time

from berthtest import waits


def memory_mib(pid):
    """(RssAnon, VmRSS) in MiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        fields = dict(line.split(":", 1) for line in file)
    return tuple(int(fields[name].split()[0]) / 1024 for name in ("RssAnon", "VmRSS"))


def settled_memory_mib(pid):
    """As memory_mib, once the process has nothing left to do: its memory stops changing."""
    seen = [None]

    def unchanged():
        before, seen[0] = seen[0], memory_mib(pid)
        time.sleep(1)
        return before == seen[0]
    waits.until(unchanged, 60, "the process's memory stops changing")
    return seen[0]


def _cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        after_name = file.read().rsplit(")", 1)[1].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def _wakeups(pid):
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        with open(path, encoding="ascii", errors="replace") as file:
            total += sum(int(line.split()[1]) for line in file
                         if line.startswith("voluntary_ctxt_switches"))
    return total


def idle(pid, seconds):
    """(percent of one core, wakeups per second) over so long, in which nobody asks it anything."""
    began, cpu, wakeups = time.monotonic(), _cpu_seconds(pid), _wakeups(pid)
    time.sleep(seconds)
    took = time.monotonic() - began
    return (_cpu_seconds(pid) - cpu) / took * 100, (_wakeups(pid) - wakeups) / took
