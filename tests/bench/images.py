# SPDX-License-Identifier: Apache-2.0
"""Images: how fast one comes, against `curl -o` with sha256sum behind it, and what it costs to create an
instance from a large one that is cached, against the same by hand.
"""
import contextlib
import hashlib
import os
import socket
import statistics
import subprocess
import time

from berthtest import waits

PULLED_MIB = 512
CACHED_MIB = 2048
RATE_AIM = 0.95
CHUNK_MIB = 16


def write_random(path, mib):
    """Its SHA-256."""
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        for _ in range(mib // CHUNK_MIB):
            piece = os.urandom(CHUNK_MIB << 20)
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def served(directory):
    """The directory by HTTP, by a server that is no bottleneck; its URL."""
    port = free_port()
    server = subprocess.Popen(["busybox", "httpd", "-f", "-p", f"127.0.0.1:{port}", "-h", directory],
                              stdin=subprocess.DEVNULL)
    try:
        waits.until(lambda: answers(port), 10, "the server listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def by_agent(agent, url, digest):
    began = time.monotonic()
    operation = agent.client.pull(url, digest=digest)
    ended = agent.client.wait_operation_id(operation.operation_id, 600)
    took = time.monotonic() - began
    assert not ended.HasField("error"), ended
    agent.client.delete_image(ended.image.image_id)
    waits.until(lambda: not list(agent.image_dir.glob("img-*")), 60, "its file is gone")
    return took


def by_hand(agent, url, digest):
    path = agent.image_dir / "by-hand.raw"
    began = time.monotonic()
    subprocess.run(["curl", "-sf", "-o", path, url], check=True)
    told = subprocess.run(["sha256sum", path], check=True, text=True, capture_output=True).stdout
    took = time.monotonic() - began
    assert told.split()[0] == digest
    path.unlink()
    return took


def pull_rate(agent, say, rounds=5):
    """Rows of the table."""
    directory = agent.directory / "www"
    directory.mkdir()
    digest = write_random(directory / "image.raw", PULLED_MIB)
    times = {by_agent: [], by_hand: []}
    with served(directory) as url:
        for number in range(rounds):
            for way in list(times) if number % 2 == 0 else reversed(list(times)):
                times[way].append(way(agent, f"{url}/image.raw", digest))
            say(f"pull, round {number + 1} of {rounds}: " +
                ", ".join(f"{way.__name__} {taken[-1]:.2f} s" for way, taken in times.items()))
    (directory / "image.raw").unlink()
    agent_seconds, hand_seconds = (statistics.median(times[way]) for way in (by_agent, by_hand))
    return [(f"pull of {PULLED_MIB} MiB, PullImage to AVAILABLE",
             f"{agent_seconds:.2f} s ({PULLED_MIB / agent_seconds:.0f} MiB/s)", ""),
            ("the same with curl -o, then sha256sum",
             f"{hand_seconds:.2f} s ({PULLED_MIB / hand_seconds:.0f} MiB/s)", ""),
            ("rate of the pull to that", f"{hand_seconds / agent_seconds:.2f}", f"≥ {RATE_AIM:.2f}")]


def cached(agent):
    """The id of a cached image of CACHED_MIB."""
    directory = agent.directory / "www"
    directory.mkdir(exist_ok=True)
    raw = directory / "large.raw"
    digest = write_random(raw, CACHED_MIB)
    with served(directory) as url:
        operation = agent.client.pull(f"{url}/large.raw", digest=digest)
        ended = agent.client.wait_operation_id(operation.operation_id, 600)
    assert not ended.HasField("error"), ended
    raw.unlink()
    return ended.image.image_id
