"""One client against one server: how fast it asked, and what it used beside a run of one call.

The run of one call, whose answer takes as long as all the others took, has the same processes,
imports and idle time; what is left after subtracting it is what calls cost.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.orchestration_clients import RULES, Client, Rows
from benchmarks.process_tree import Used, cpu_of, run
from ultrainteract.testing.log import Received, read_log
from ultrainteract.testing.process import serve

DAEMONS = "Ray's daemons"
HTTP_OK = 200


@dataclass(frozen=True)
class Asked:
    """What the server saw of a run, and what the run used. `seconds` pass from the first request
    to the last answer."""

    calls: int
    seconds: float
    server_cpu: float
    used: Used
    bodies: tuple[str, ...]


@dataclass(frozen=True)
class Cost:
    """Of one client in one setting. `cpu` is milliseconds a call by name of process, Ray's daemons
    and the server among them; `cpu_ms_per_call` leaves these two out."""

    calls_per_s: float
    whole_calls_per_s: float
    cpu_ms_per_call: float
    peak_mb: float
    cpu: dict[str, float]


def naming(line: str, *, root: bool) -> str:
    """What a process is to a run, by its command line."""
    if root:
        return "driver"
    for word, name in (
        ("ray::TreeWorker", "worker"),
        ("ray::JournalWriter", "journal"),
        ("verify.worker", "grader"),
    ):
        if word in line:
            return name
    # Ray's own: raylet, gcs_server, its agents, monitors and workers that wait for work.
    return DAEMONS if "ray" in line else "other"


def ask(
    client: Client, rows: Rows, in_flight: int, latency_ms: float, *, bodies: bool = False
) -> Asked:
    """Run a client once, from nothing. Raises RuntimeError when a row is not asked for."""
    with (
        tempfile.TemporaryDirectory(prefix="ultrainteract-orchestration-") as name,
        serve(rules=RULES, latency_ms=latency_ms, log_bodies=bodies) as server,
    ):
        folder = Path(name)
        before = cpu_of(server.process.pid)
        used = run(
            client.command(server.url, rows, folder, in_flight),
            naming,
            lambda process: process != DAEMONS,
            {"PYTHONPATH": str(Path(__file__).parents[1])},
        )
        server_cpu = cpu_of(server.process.pid) - before
        lines = read_log(server.log_path)
    # Curator first sends a request without messages, to be told its limits.
    good = {
        line.seq: line for line in lines if isinstance(line, Received) and line.status == HTTP_OK
    }
    sent = [line.at for line in lines if not isinstance(line, Received) and line.seq in good]
    wanted = len(rows.messages.read_text().splitlines())
    if len({line.key for line in good.values()}) != wanted or len(good) != wanted:
        raise RuntimeError(f"{client.name} sent {len(good)} requests for {wanted} rows")
    first = min(line.at for line in good.values())
    said = tuple(line.body or "" for line in good.values()) if bodies else ()
    return Asked(wanted, max(sent) - first, server_cpu, used, said)


def cost(many: Asked, one: Asked) -> Cost:
    """What the calls of `many` cost, beside the run of a single call that took as long."""
    calls = many.calls - one.calls
    names = sorted({*many.used.cpu, *one.used.cpu})
    cpu = {
        name: round(1000 * (many.used.of((name,)) - one.used.of((name,))) / calls, 3)
        for name in names
    }
    return Cost(
        calls_per_s=round(many.calls / many.seconds, 1),
        whole_calls_per_s=round(many.calls / many.used.seconds, 1),
        cpu_ms_per_call=round(sum(ms for name, ms in cpu.items() if name != DAEMONS), 3),
        peak_mb=round(many.used.peak_mb - one.used.peak_mb, 1),
        cpu={**cpu, "server": round(1000 * many.server_cpu / many.calls, 3)},
    )


def messages(asked: Asked) -> object:
    """What the single call of a run said."""
    return json.loads(asked.bodies[0])["messages"]
