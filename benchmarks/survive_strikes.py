"""The strikes: each hits one part of a running site, waits, and mends what it broke.

A strike is a generator: it has hit at its first `yield`, and has mended when it ends. What it says
at the `yield` goes into the report.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from benchmarks.cradle import family
from benchmarks.survive_site import WORKER, WRITER, Site, room
from benchmarks.survive_torn import tear

Strike: TypeAlias = Callable[[Site, random.Random], Iterator[str]]
# A worker that says nothing for 120 s is replaced.
_LOST = 130.0


def _wait(site: Site, draw: random.Random) -> None:
    time.sleep(_seconds(site, draw))


def _seconds(site: Site, draw: random.Random) -> float:
    return draw.uniform(0.1, 1) * site.scale.outage


def _kill(pid: int, number: int = signal.SIGKILL) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def stalled(site: Site, draw: random.Random) -> Iterator[str]:
    """SIGSTOP a tree worker until it counts as lost and its trees grow elsewhere; SIGCONT."""
    if workers := site.actors(WORKER):
        pid = draw.choice(workers)
        _kill(pid, signal.SIGSTOP)
        yield f"1 of {len(workers)}"
        time.sleep(_LOST)
        _kill(pid, signal.SIGCONT)


def driver(site: Site, draw: random.Random) -> Iterator[str]:
    """SIGKILL the driver; half the time the next one starts while its actors still live."""
    if draw.random() < 0.5:
        site.kill_driver()
        yield "killed"
        return
    actors = {*site.actors(WORKER), *site.actors(WRITER)}
    site.job.signal(signal.SIGKILL)
    site.start(on_cluster=bool(site.address))
    yield "killed, started again at once"
    site.await_death(actors)


def interrupted(site: Site, draw: random.Random) -> Iterator[str]:
    """Ctrl-C, once or twice."""
    site.job.signal(signal.SIGINT)
    if draw.random() < 0.5:
        time.sleep(draw.random())
        site.job.signal(signal.SIGINT)
    yield "interrupted"
    site.job.cradles[-1].wait(120)


def torn(site: Site, draw: random.Random) -> Iterator[str]:
    """SIGKILL the driver, then tear the journal's last write."""
    site.kill_driver()
    yield tear(site.job.run / "journal.sqlite", draw)


def worker(site: Site, draw: random.Random) -> Iterator[str]:
    """SIGKILL a tree worker; its graders go with it."""
    workers = site.actors(WORKER)
    if not workers:
        yield "none there"
        return
    pid = draw.choice(workers)
    helpers = set(family(pid))
    _kill(pid)
    yield f"1 of {len(workers)}"
    site.await_death(helpers, 20)


def writer(site: Site, _: random.Random) -> Iterator[str]:
    """SIGKILL the journal's writer."""
    writers = site.actors(WRITER)
    for pid in writers:
        _kill(pid)
    yield f"{len(writers)}"


def replica(site: Site, draw: random.Random) -> Iterator[str]:
    """SIGKILL a model server and start it again, at once or later."""
    server = draw.choice(site.servers)
    server.kill()
    yield "killed"
    if draw.random() < 0.5:
        _wait(site, draw)
    server.restart()


def endpoint(site: Site, draw: random.Random) -> Iterator[str]:
    """Cut a model server off, or swallow what goes there and back, and bring it back."""
    wire = draw.choice(site.servers).wire
    cut = draw.random() < 0.5
    (wire.cut if cut else wire.swallow)()
    yield "cut" if cut else "swallowed"
    _wait(site, draw)
    wire.mend()


def container(site: Site, draw: random.Random) -> Iterator[str]:
    """`docker kill` a sandbox container."""
    assert site.engine
    if names := site.engine.containers():
        command = ["docker", "--host", site.engine.host, "kill", draw.choice(names)]
        subprocess.run(command, capture_output=True, check=False)
    yield f"1 of {len(names)}"


def engine(site: Site, draw: random.Random) -> Iterator[str]:
    """SIGKILL the Docker engine and start it again."""
    assert site.engine
    site.engine.kill()
    yield "killed"
    _wait(site, draw)
    site.engine.start()


def node(site: Site, draw: random.Random) -> Iterator[str]:
    """SIGKILL a whole Ray node with all that runs on it; a new one joins."""
    if not site.address:
        # This run has a Ray of its own: it goes on in the cluster.
        site.kill_driver()
        yield "driver killed, to go on in a cluster"
        before = len(site.received())
        site.start(on_cluster=True)
        while len(site.received()) < before + 10 and site.job.status() is None:
            time.sleep(0.1)
    assert site.cluster
    site.cluster.kill(draw.choice(site.cluster.raylets))
    yield "killed"
    _wait(site, draw)
    site.cluster.add()


def disk(site: Site, draw: random.Random) -> Iterator[str]:
    """Fill the disk that holds the run, and free it."""
    assert site.disk
    ballast = site.disk / "ballast"
    with ballast.open("wb") as file:
        until = time.monotonic() + _seconds(site, draw)
        told = False
        while time.monotonic() < until:
            _fill(file.fileno(), site.disk)
            if not told:
                yield "full"
                told = True
            time.sleep(0.02)
    ballast.unlink()


def _fill(file: int, folder: Path) -> None:
    with suppress(OSError):
        while free := room(folder):
            os.posix_fallocate(file, os.lseek(file, 0, os.SEEK_END), free)


def stopped(site: Site, draw: random.Random) -> Iterator[str]:
    """SIGSTOP a worker, the writer, a model server or the driver; SIGCONT after seconds."""
    choices = {
        "worker": site.actors(WORKER),
        "writer": site.actors(WRITER),
        "server": [server.pid for server in site.servers],
        "driver": [site.job.pid],
    }
    what = draw.choice(sorted(choices))
    if not choices[what]:
        yield f"no {what}"
        return
    pid = draw.choice(choices[what])
    _kill(pid, signal.SIGSTOP)
    yield what
    _wait(site, draw)
    _kill(pid, signal.SIGCONT)


def publishing(site: Site, draw: random.Random) -> Iterator[str]:
    """Run once more after the end, and SIGKILL the driver while it publishes."""
    before = site.job.output().count("publishing")
    site.start(on_cluster=False)
    while site.job.output().count("publishing") == before and site.job.status() is None:
        time.sleep(0.01)
    time.sleep(draw.uniform(0, 2))
    site.job.signal(signal.SIGKILL)
    site.job.cradles[-1].wait(30)
    yield "killed"


AFTERWARDS = {"publishing"}
"""Strikes at a run that is done."""
RARELY = {"stalled"}
"""Strikes of minutes: only where they are asked for."""
STRIKES: dict[str, Strike] = {
    "driver": driver,
    "interrupted": interrupted,
    "torn": torn,
    "worker": worker,
    "writer": writer,
    "replica": replica,
    "endpoint": endpoint,
    "container": container,
    "engine": engine,
    "node": node,
    "disk": disk,
    "stopped": stopped,
    "stalled": stalled,
    "publishing": publishing,
}
