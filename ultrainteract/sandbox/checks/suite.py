"""The conformance suite: every property that a sandbox keeps, checked one after the other.

It knows a sandbox by the protocol alone, so any backend passes or fails the same checks. A secret
lies in this process's environment and in a file of the host while it runs.
"""

import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from time import perf_counter

from ultrainteract.errors import SandboxFault, SetupError
from ultrainteract.sandbox.base import Sandbox
from ultrainteract.sandbox.checks import (
    exhaustion,
    host_tools,
    manners,
    neighbours,
    notebook,
    output,
    privileges,
    reach,
    survival,
    tampering,
)
from ultrainteract.sandbox.checks.bench import Bench, Broken, Secret, Unsupported
from ultrainteract.sandbox.checks.case import Finding, Property, Status
from ultrainteract.sandbox.checks.program import Program
from ultrainteract.types import Limits

# Seconds that a busy machine does not need: programs that are to run out of them have their own.
LIMITS = Limits(seconds=10.0, memory_mb=512, pids=64, output_chars=2000)
VARIABLE = "ULTRAINTERACT_CHECK_SECRET"
HOSTILE = {
    "exhaustion": exhaustion.PROGRAMS,
    "survival": survival.PROGRAMS,
    "tampering": tampering.PROGRAMS,
    "privileges": privileges.PROGRAMS,
}


def suite(programs: Sequence[Program] = (), only: str = "") -> tuple[Property, ...]:
    """The properties, with a user's `programs`, whose names match `only` (`reach.*`, `flood`)."""
    hostile = [
        replace(program, name=f"{group}.{program.name}").as_property()
        for group, members in HOSTILE.items()
        for program in members
    ]
    found = (
        *notebook.PROPERTIES,
        *output.PROPERTIES,
        *manners.PROPERTIES,
        *host_tools.PROPERTIES,
        *reach.PROPERTIES,
        *neighbours.PROPERTIES,
        *hostile,
        *(program.as_property() for program in programs),
    )
    pattern = only if set(only) & set("*?[") else f"*{only}*"
    return tuple(one for one in found if fnmatchcase(one.name, pattern))


async def examine(
    make: Callable[[], Sandbox], properties: Sequence[Property], limits: Limits = LIMITS
) -> AsyncIterator[Finding]:
    """Check each of `properties` on the sandbox that `make` gives, which runs with `limits`.

    The sandbox is closed at the end. Raises `SetupError` where the backend cannot start at all.
    """
    with planted() as secret:
        sandbox = make()
        bench, conceded = Bench(sandbox, limits, secret), concessions(sandbox)
        try:
            for one in properties:
                yield await _finding(one, bench, conceded)
        finally:
            await sandbox.close()


def concessions(sandbox: object) -> tuple[str, ...]:
    """What a backend says that it cannot promise. `group.check: why` excuses that property."""
    concede = getattr(sandbox, "concessions", None)
    return tuple(str(line) for line in concede()) if callable(concede) else ()


@contextmanager
def planted() -> Iterator[Secret]:
    """A secret where no program may find it."""
    text = f"secret-{secrets.token_hex(12)}"
    with tempfile.TemporaryDirectory(prefix="ultrainteract-check-") as folder:
        file = Path(folder, text)
        file.write_text(text, encoding="utf-8")
        # A sandbox that runs as another user would be kept out by the folder alone.
        file.parent.chmod(0o755)
        os.environ[VARIABLE] = text
        try:
            yield Secret(VARIABLE, text, file)
        finally:
            del os.environ[VARIABLE]


async def _finding(one: Property, bench: Bench, conceded: Sequence[str]) -> Finding:
    start = perf_counter()
    try:
        status, seen = Status.HELD, await one.check(bench)
    except Unsupported as error:
        status, seen = Status.UNSUPPORTED, str(error)
    except Broken as error:
        status, seen = Status.FAILED, str(error)
    except SandboxFault as error:
        status, seen = Status.FAILED, f"the machinery failed: {error}"
    except SetupError:
        raise
    # A backend under test may raise anything: that is its failure, not the suite's end.
    except Exception as error:  # noqa: BLE001
        status, seen = Status.FAILED, f"it raised {type(error).__name__}: {error}"
    # A container that is gone holds nothing.
    with suppress(SandboxFault):
        await bench.free()
    excuse = next((line for line in conceded if line.startswith(f"{one.name}:")), "")
    if status is Status.FAILED and one.concedable and excuse:
        status, seen = Status.UNSUPPORTED, f"conceded{excuse.removeprefix(one.name)}; {seen}"
    return Finding(one.name, status, seen, round(1000 * (perf_counter() - start)))
