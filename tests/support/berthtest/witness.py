# SPDX-License-Identifier: Apache-2.0
"""What a witness sees of guests without asking the agent: libvirt's domains, QEMU's processes, files,
and the ledger's tables once the agent has stopped. For suites inside tests/support/libvirt-sandbox.
"""
import contextlib
import glob
import os
import pathlib
import sqlite3
import subprocess

import libvirt

from berthtest.agent import ROOT

URI = "qemu:///system"

# libvirt prints every error on standard error, also those that a test expects.
libvirt.registerErrorHandler(lambda *_: None, None)


@contextlib.contextmanager
def libvirtd(uri=URI):
    """A connection of the witness's own."""
    connection = libvirt.open(uri)
    try:
        yield connection
    finally:
        connection.close()


def libvirtd_ctl(verb):
    subprocess.run([ROOT / "tests" / "support" / "libvirtd-ctl", verb], check=True, timeout=90,
                   stdout=subprocess.DEVNULL)


def domains():
    """Name -> whether it runs, of every domain."""
    with libvirtd() as connection:
        return {domain.name(): bool(domain.isActive()) for domain in connection.listAllDomains()}


def is_crashed(name):
    """Whether the guest's kernel has panicked, and it was kept as it is."""
    with libvirtd() as connection:
        return connection.lookupByName(name).state()[0] == libvirt.VIR_DOMAIN_CRASHED


def domain_do(name, *verbs):
    """Calls methods of a domain, e.g. domain_do(name, "destroy", "undefine")."""
    with libvirtd() as connection:
        domain = connection.lookupByName(name)
        for verb in verbs:
            getattr(domain, verb)()


def qemu_pids():
    """Guest's name -> pid, read off the process list. The sandbox has a process list of its own."""
    found = {}
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            arguments = pathlib.Path(path).read_bytes().decode(errors="replace").split("\0")
            if "qemu-system" not in os.path.basename(arguments[0]) or "-name" not in arguments:
                continue
            name = arguments[arguments.index("-name") + 1]  # guest=NAME,debug-threads=on
            found[name.split(",")[0].removeprefix("guest=")] = int(path.split("/")[2])
    return found


def start_foreign_guest(name, memory_mib=32):
    """Someone else's guest on the same libvirtd, as `virsh create` makes it; returns its pid."""
    with libvirtd() as connection:
        connection.createXML(f"""
            <domain type="qemu"><name>{name}</name><memory unit="MiB">{memory_mib}</memory>
            <vcpu>1</vcpu><os><type arch="x86_64" machine="q35">hvm</type></os>
            <devices><controller type="usb" model="none"/><memballoon model="none"/></devices>
            </domain>""")
    return qemu_pids()[name]


def traces(agent, instance_id):
    """Everything on this host that still carries an instance's id, or lies in its directory."""
    found = [f"domain {name}" for name in domains() if name == instance_id]
    found += [f"process {pid}" for name, pid in qemu_pids().items() if name == instance_id]
    found += [str(path) for path in (agent.instance_dir(instance_id),) if path.exists()]
    for place in ("/etc/libvirt/qemu", "/run/libvirt/qemu", "/var/lib/libvirt/qemu"):
        found += glob.glob(f"{place}/**/*{instance_id}*", recursive=True)
    return found


def ledger_rows(agent, table, columns="*"):
    """Rows of a table. Only while the agent is stopped: exactly one connection may have the file."""
    assert agent.process is None, "the agent has the ledger"
    with contextlib.closing(sqlite3.connect(agent.ledger)) as database:
        return database.execute(f"SELECT {columns} FROM {table}").fetchall()
