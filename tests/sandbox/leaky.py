"""Sandboxes that keep little, for tests of the conformance suite."""

import asyncio
import contextlib
import json
import os
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

from ultrainteract.errors import SandboxFault
from ultrainteract.types import ExecResult, Outcome

# Runs all that was ever run, quietly, then the code that is asked for.
RUNNER = """
import ast, json, os, struct, sys, traceback
def run(code):
    try:
        tree = ast.parse(code)
        echo = tree.body and isinstance(tree.body[-1], ast.Expr)
        last = ast.Expression(tree.body.pop().value) if echo else None
        exec(compile(tree, "code", "exec"), names)
        value = eval(compile(last, "code", "eval"), names) if last else None
        if value is not None: print(repr(value))
    except BaseException:
        traceback.print_exc()
        return "exception"
    return "ok"
*before, code = json.loads(sys.stdin.readline())
report, out, names = int(sys.argv[1]), sys.stdout, {"__name__": "__main__"}
write, end, dump, flush, pack = os.write, os._exit, json.dumps, out.flush, struct.pack
sys.stdout = sys.stderr = open("/dev/null", "w")
for earlier in before: run(earlier)
sys.stdout = sys.stderr = out
body = dump({"status": run(code)}).encode()
flush()
write(report, pack("!I", len(body)) + body)
end(0)
"""


class LeakyCell:
    """One state for all, environment and files of the driver, a verdict that anyone may write."""

    def __init__(self, box: "LeakySandbox") -> None:
        self.box = box

    async def run(self, code: str) -> tuple[ExecResult, "LeakyCell"]:
        # In the order of the calls, however long each process takes to start.
        codes = json.dumps([*self.box.codes, code]).encode() + b"\n"
        self.box.codes.append(code)
        told, tell = os.pipe()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", RUNNER, str(tell)),
            pass_fds=[tell],
            cwd=self.box.folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONIOENCODING": "utf-8:backslashreplace"},
        )
        os.close(tell)
        output, _ = await process.communicate(codes)
        frame = os.read(told, 65536)
        os.close(told)
        status = "killed"
        with contextlib.suppress(struct.error, ValueError):
            status = json.loads(frame[4 : 4 + struct.unpack_from("!I", frame)[0]])["status"]
        return ExecResult(Outcome(status), output.decode("utf-8", "replace")), self

    async def close(self) -> None: ...


class LeakySandbox:
    """Implements `Sandbox` as badly as one can without hurting the machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.codes: list[str] = []

    async def root(self, seed: str) -> LeakyCell:
        return LeakyCell(self)

    async def release(self, seed: str) -> None: ...

    async def close(self) -> None: ...

    def concessions(self) -> Sequence[str]:
        return (
            "neighbours.notebooks_cannot_talk: one folder for all",
            "reach.no_secret_of_the_driver_is_found: it is all there",
        )


class FaultyCell:
    """Answers `42` to everything, after the faults that its sandbox has in store."""

    def __init__(self, faults: list[SandboxFault]) -> None:
        self.faults = faults

    async def run(self, code: str) -> tuple[ExecResult, "FaultyCell"]:
        if self.faults:
            raise self.faults.pop(0)
        return ExecResult(Outcome.OK, "42\n"), self

    async def close(self) -> None: ...


class FaultySandbox:
    """Gives `FaultyCell`s."""

    def __init__(self, *faults: SandboxFault) -> None:
        self.faults = list(faults)

    async def root(self, seed: str) -> FaultyCell:
        return FaultyCell(self.faults)

    async def release(self, seed: str) -> None: ...

    async def close(self) -> None: ...
