#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CreateInstance to RUNNING against the same work by hand, and what the agent takes of the machine.

Both ways are measured in one run and in turns (A B, B A, …), so that what else happens on the machine
meets both; the ratio of the medians is the figure that counts. Called by tests/bench/run.
"""
import argparse
import concurrent.futures
import os
import platform
import statistics
import subprocess
import sys
import time

from berth.v1 import boot_pb2, disk_pb2, instance_pb2, shape_pb2
from berthtest import agent as agents
from berthtest import waits, witness
from berthtest.api import state_name
from by_hand import ByHand, write_seed_files
import footprint
import images
import life

IMAGE = "demo-disk.qcow2"
DISK_MIB = 256
MEMORY_MIB = 128
AT_ONCE = 8
RATIO_AIM = 1.10
RSS_ANON_AIM_MIB = 12


def say(text):
    print(f"   {text}", file=sys.stderr, flush=True)


def wanted(image, disk_mib):
    return instance_pb2.InstanceSpec(
        shape=shape_pb2.Shape(vcpus=1, memory_mib=MEMORY_MIB),
        boot=boot_pb2.BootSource(disk=boot_pb2.DiskImageBoot(image=image)),
        root_disk=disk_pb2.RootDisk(size_mib=disk_mib))


class ByAgent:
    def __init__(self, agent, image=IMAGE, disk_mib=DISK_MIB):
        self._agent = agent
        self._wanted = wanted(image, disk_mib)

    def create(self, _name, _worker=0):
        """Until RUNNING; the instance's id."""
        client = self._agent.client
        made = client.create(self._wanted)
        operation = client.wait_operation(made)
        assert state_name(operation.instance) == "RUNNING", operation
        return made.instance_id

    def remove(self, instance_id):
        client = self._agent.client
        operation = client.wait_operation(client.terminate(instance_id))
        assert not operation.HasField("error"), operation

    def next_name(self):
        return ""


def timed(way, count):
    """Seconds until `count` guests, begun at once, run; they are removed again, unmeasured."""
    names = [way.next_name() for _ in range(count)]
    with concurrent.futures.ThreadPoolExecutor(count) as callers:
        list(callers.map(lambda _: None, names))  # The threads are there.
        began = time.monotonic()
        made = [made or name for made, name in
                zip(callers.map(way.create, names, range(count)), names)]
        took = time.monotonic() - began
        list(callers.map(way.remove, made))
    waits.until(lambda: not set(made) & set(witness.qemu_pids()), 30, "the guests are gone")
    return took


def compare(ways, count, rounds):
    """Name of the way -> its times, taken in turns."""
    times = {name: [] for name in ways}
    for number in range(rounds):
        for name in list(ways) if number % 2 == 0 else reversed(list(ways)):
            times[name].append(timed(ways[name], count))
        say(f"{count} at once, round {number + 1} of {rounds}: " +
            ", ".join(f"{name} {taken[-1]:.3f} s" for name, taken in times.items()))
    return times


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), platform.machine())
    emulator = subprocess.run(["qemu-system-x86_64", "--version"], check=True, text=True,
                              capture_output=True).stdout.split("\n")[0]
    with witness.libvirtd() as connection:
        version = connection.getLibVersion()
    return (f"{os.cpu_count()} × {model}, Linux {platform.release()}, {emulator}, "
            f"libvirt {version // 10**6}.{version // 1000 % 1000}.{version % 1000}")


def rows_of_times(times, what):
    agent, hand = (statistics.median(times[name]) for name in ("agent", "by hand"))
    spread = {name: f"{min(taken):.3f}-{max(taken):.3f}" for name, taken in times.items()}
    return [(f"{what}, CreateInstance to RUNNING", f"{agent:.3f} s ({spread['agent']})", ""),
            (f"{what}, by hand", f"{hand:.3f} s ({spread['by hand']})", ""),
            (f"{what}, ratio", f"{agent / hand:.2f}", f"≤ {RATIO_AIM:.2f}")]


def rows_of_footprint(process, what, idle_seconds):
    anonymous, resident = footprint.settled_memory_mib(process.pid)
    say(f"idle for {idle_seconds} s, {what}")
    percent, wakeups = footprint.idle(process.pid, idle_seconds)
    return [(f"agent's RssAnon, {what}", f"{anonymous:.1f} MiB", f"≤ {RSS_ANON_AIM_MIB} MiB"),
            (f"agent's RSS, {what}", f"{resident:.1f} MiB", ""),
            (f"agent's idle CPU, {what}", f"{percent:.2f} % of a core, {wakeups:.0f} wakeups/s", "")]


def print_table(rows):
    width = max(len(row[0]) for row in rows)
    values = max(len(row[1]) for row in rows)
    for what, value, aim in rows:
        print(f"  {what:<{width}}  {value:<{values}}  {aim and 'aim ' + aim}".rstrip())


def measure(agent, options):
    rows = rows_of_footprint(agent.process, "no guests", options.idle_seconds)
    way = ByAgent(agent)
    model = agent.client.get(way.create(""))
    hand = ByHand(agent, model, agent.image_dir / IMAGE, DISK_MIB,
                  write_seed_files(agent.directory / "seed", "by-hand"))
    hand.connect(AT_ONCE)
    way.remove(model.instance_id)
    ways = {"agent": way, "by hand": hand}
    for name in ways:  # Whatever is slower the first time.
        timed(ways[name], 1)
    rows += rows_of_times(compare(ways, 1, options.pairs), "one at a time")
    rows += rows_of_times(compare(ways, AT_ONCE, options.rounds), f"{AT_ONCE} at once")
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as callers:
        made = list(callers.map(way.create, range(AT_ONCE)))
    rows += rows_of_footprint(agent.process, f"{AT_ONCE} guests", options.idle_seconds)
    for instance_id in made:
        way.remove(instance_id)
    return rows


def measure_images(agent, options):
    rows = images.pull_rate(agent, say)
    image_id = images.cached(agent)
    way = ByAgent(agent, image_id, images.CACHED_MIB)
    model = agent.client.get(way.create(""))
    hand = ByHand(agent, model, agent.image_dir / f"{image_id}.img", images.CACHED_MIB,
                  write_seed_files(agent.directory / "seed-cached", "by-hand"), base_format="raw")
    hand.connect(1)
    way.remove(model.instance_id)
    ways = {"agent": way, "by hand": hand}
    for name in ways:
        timed(ways[name], 1)
    return rows + rows_of_times(compare(ways, 1, options.pairs),
                                f"from a cached image of {images.CACHED_MIB} MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=14, help="pairs, one at a time")
    parser.add_argument("--rounds", type=int, default=4, help=f"rounds of {AT_ONCE} at once")
    parser.add_argument("--idle-seconds", type=int, default=30)
    parser.add_argument("--only-images", action="store_true", help="only what has to do with images")
    options = parser.parse_args()
    image = agents.demo_file(IMAGE)
    with agents.Agent({"log": {"level": "info"}}, images=[image], on_disk=True) as agent:
        agent.start()
        rows = [] if options.only_images else measure(agent, options)
        rows += measure_images(agent, options)
        agent.stop()
    if not options.only_images:
        rows += life.real_guests() + life.without_a_disk() + life.many_instances()
    print(f"\n{machine()}")
    print_table(rows)


if __name__ == "__main__":
    main()
