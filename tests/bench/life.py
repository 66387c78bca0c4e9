# SPDX-License-Identifier: Apache-2.0
"""How an agent with many instances comes back, how soon it tells of a guest that went, and how fast it
ends many; and what a thousand instances take of memory.
"""
import concurrent.futures
import statistics
import threading
import time

from berth.v1 import boot_pb2, instance_pb2, shape_pb2
from berthtest import agent as agents
from berthtest import waits, witness
from berthtest.api import state_name
from berthtest.guests import COMMAND_LINE, INITRD, KERNEL
import footprint

MANY, REAL = 1000, 50
CALLERS = 8
RESTARTS = 5
ENDED = 20
DESTROYED = 100
TEST_URI = "test+unix:///default"
LARGE_HOST = "berthd_on_a_large_host"


def halted(memory_mib=32):
    """A guest that costs next to nothing: it boots nothing, and its firmware halts."""
    return instance_pb2.InstanceSpec(
        shape=shape_pb2.Shape(vcpus=1, memory_mib=memory_mib),
        boot=boot_pb2.BootSource(kernel=boot_pb2.DirectKernelBoot(
            kernel=KERNEL, initrd=INITRD, command_line=COMMAND_LINE + " nosuchthing")))


def create_all(agent, wanted, count):
    """Ids of `count` running instances, made by CALLERS at a time."""
    with concurrent.futures.ThreadPoolExecutor(CALLERS) as callers:
        made = list(callers.map(lambda _: agent.client.create(wanted), range(count)))
    for instance in made:
        waits.until(lambda i=instance: state_name(agent.client.get(i.instance_id)) == "RUNNING", 300,
                    lambda i=instance: f"it runs: {agent.client.get(i.instance_id)}")
    return [instance.instance_id for instance in made]


def restart_seconds(agent, variant=""):
    """From exec to SERVING, each after a kill -9."""
    taken = []
    for _ in range(RESTARTS):
        agent.kill()
        agent.socket.unlink()  # A client that finds nobody behind it comes back after seconds.
        began = time.monotonic()
        agent.start(ready=False, variant=variant)
        while agent.client.serving() != "SERVING" and time.monotonic() < began + 60:
            time.sleep(0.005)
        taken.append(time.monotonic() - began)
    return taken


def row_of_restart(taken, what, aim):
    return (f"restart to ready, {what}",
            f"{statistics.median(taken):.2f} s ({min(taken):.2f}-{max(taken):.2f})", f"≤ {aim} s")


def many_instances():
    """On libvirt's own simulated host, through libvirtd."""
    settings = {"log": {"level": "info"}, "hypervisor": {"uri": TEST_URI}}
    with agents.Agent(settings, images=[agents.demo_file(name) for name in (KERNEL, INITRD)],
                      on_disk=True) as agent, witness.libvirtd(TEST_URI):
        # The open connection keeps the simulated guests while no agent is there.
        agent.start(variant=LARGE_HOST)
        create_all(agent, halted(), MANY)
        taken = restart_seconds(agent, LARGE_HOST)
        memory, _ = footprint.settled_memory_mib(agent.process.pid)
        agent.kill()
    return [row_of_restart(taken, f"{MANY} instances on {TEST_URI}", 1),
            (f"agent's RssAnon, {MANY} instances", f"{memory:.1f} MiB", "≤ 24 MiB")]


def told_after(agent, instance_ids):
    """Seconds from the end of each destroy by somebody else to the watch's word that the instance is
    STOPPED; 0: it was told before the destroy had returned."""
    told, ready = {}, threading.Event()

    def follow():
        for message in agent.client.watch():
            if message.HasField("synced"):
                ready.set()
            elif message.HasField("change") and state_name(message.change.instance) == "STOPPED":
                told.setdefault(message.change.instance.instance_id, time.monotonic())
                if set(told) >= set(instance_ids):
                    return
    follower = threading.Thread(target=follow)
    follower.start()
    ready.wait(60)
    began = {}
    with witness.libvirtd() as connection:
        for instance_id in instance_ids:
            domain = connection.lookupByName(instance_id)
            domain.destroy()
            began[instance_id] = time.monotonic()
            waits.until(lambda i=instance_id: i in told, 30, "it is told")
    follower.join()
    return [max(0, told[i] - began[i]) for i in instance_ids]


def told_of_many(agent):
    """told_after of DESTROYED guests."""
    taken = []
    while len(taken) < DESTROYED:
        batch = create_all(agent, halted(), 20)
        taken += told_after(agent, batch)
        terminate_all(agent, batch)
    return taken


def row_of_telling(taken, where):
    taken = sorted(taken)
    return (f"destroy behind our back to the watch, {len(taken)} times, ledger {where}",
            f"p50 {taken[len(taken) // 2] * 1000:.0f} ms, p99 {taken[len(taken) * 99 // 100] * 1000:.0f} ms",
            "p99 ≤ 100 ms")


def destroy_in_a_row(agent, instance_ids):
    with witness.libvirtd() as connection:
        domains = [connection.lookupByName(i) for i in instance_ids]
        began = time.monotonic()
        for domain in domains:
            domain.destroy()
        return time.monotonic() - began


def terminate_all(agent, instance_ids):
    began = time.monotonic()
    for instance in [agent.client.terminate(instance_id) for instance_id in instance_ids]:
        agent.client.wait_operation(instance)
    return time.monotonic() - began


def real_guests():
    with agents.Agent({"log": {"level": "info"}, "capacity": {"cpu_overcommit": 64.0}},
                      images=[agents.demo_file(name) for name in (KERNEL, INITRD)],
                      on_disk=True) as agent:
        agent.start()
        ids = create_all(agent, halted(), REAL)
        rows = [row_of_restart(restart_seconds(agent), f"{REAL} guests on QEMU", 2)]
        by_hand = destroy_in_a_row(agent, ids[:ENDED])
        by_agent = terminate_all(agent, ids[ENDED:2 * ENDED])
        rows += [(f"terminate {ENDED} running guests", f"{by_agent:.2f} s", ""),
                 (f"destroy {ENDED} in a row by hand", f"{by_hand:.2f} s", ""),
                 ("terminate to destroy in a row", f"{by_agent / by_hand:.2f}", "≤ 0.20")]
        for instance_id in ids[:ENDED] + ids[2 * ENDED:]:
            agent.client.terminate(instance_id)
        waits.until(lambda: not witness.qemu_pids(), 120, "all are gone")
        rows.append(row_of_telling(told_of_many(agent), "on disk"))
        agent.stop()
    return rows


def without_a_disk():
    """A change is told when it is durable; this is what that takes where durable costs nothing."""
    with agents.Agent({"log": {"level": "info"}, "capacity": {"cpu_overcommit": 64.0}},
                      images=[agents.demo_file(name) for name in (KERNEL, INITRD)]) as agent:
        agent.start()
        rows = [row_of_telling(told_of_many(agent), "in memory")]
        agent.stop()
    return rows
