"""The bare interpreter as a process of this machine: same image, same modules, no isolation."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ultrainteract.sandbox import bundle

PROGRAM = Path(__file__).with_name("sandbox_program.py")
BOOT = """
import json, sys, types
for name, source in json.loads(sys.argv[1]).items():
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = []
    exec(compile(source, name, "exec"), module.__dict__)
sys.modules["benchmark"].main()
"""
# Its files are the image's, its namespace of mounts its own: /proc has to show this machine.
ENTER = 'mount -t proc proc /proc && mount -t tmpfs tmpfs /tmp && exec "$@"'


class BareInterpreter:
    """A `sandbox_program` at the other end of two pipes."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._ask(None)

    async def times(
        self, op: str, code: str, expected: str, count: int, **how: object
    ) -> list[float]:
        """Milliseconds of each of `count` executions, which all print what is `expected`."""
        reply = await self.ask(op=op, code=code, count=count, **how)
        if reply["outputs"] != [expected]:
            raise RuntimeError(f"{op} of {code!r} printed {reply['outputs']}")
        return [float(taken) for taken in reply["ms"]]  # type: ignore[attr-defined]

    async def ask(self, **request: object) -> dict[str, object]:
        """One request and its reply."""
        return await asyncio.to_thread(self._ask, request)

    def close(self) -> None:
        """End it."""
        self._process.communicate()

    def _ask(self, request: dict[str, object] | None) -> dict[str, object]:
        into, out = self._process.stdin, self._process.stdout
        if into is None or out is None:
            raise RuntimeError("the bare interpreter has no pipes")
        if request is not None:
            into.write(json.dumps(request).encode() + b"\n")
            into.flush()
        line = out.readline()
        if not line:
            raise RuntimeError(f"the bare interpreter ended: {self._process.wait()}")
        return dict(json.loads(line))


def command(python: str, uid: int = 0) -> list[str]:
    """The command line of a bare interpreter; with `uid` it gives up what a cell gives up."""
    sources = dict.fromkeys(bundle.PACKAGES, "")
    for name in bundle.MODULES:
        path = Path(bundle.__file__).with_name(f"{name}.py")
        sources[f"ultrainteract.sandbox.{name}"] = path.read_text("utf-8")
    sources["benchmark"] = PROGRAM.read_text("utf-8")
    return [python, "-c", BOOT, json.dumps(sources), json.dumps({"uid": uid})]


def outside(container_pid: int, environment: Sequence[str], uid: int = 0) -> list[str]:
    """A bare interpreter over the files of a container, in none of its other namespaces, control
    groups or filters. Needs root; `environment` is the image's, as `NAME=value`."""
    return [
        *("nsenter", "--target", str(container_pid), "--mount", "unshare", "--mount"),
        *("env", "--ignore-environment", *environment, "sh", "-c", ENTER, "sh"),
        *command("python3", uid),
    ]


def on_host() -> list[str]:
    """A bare interpreter of this very Python: other binaries than the image's."""
    return ["env", "PYTHONHASHSEED=0", "OPENBLAS_NUM_THREADS=1", *command(sys.executable)]
