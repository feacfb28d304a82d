"""A small kernel in a process of its own that speaks the real protocol and does as it is told.

Its programs are words: `say X`, `show` (the request), `call NAME ARGS KWARGS`, `wait NAME` and
`open NAME` (gates), `taint`, `gone`, `die`, `garbage`, `silent`.
"""

import asyncio
import sys

from ultrainteract.sandbox.worker import Worker

SOURCE = r"""
import asyncio, json, os, sys

gates, answers, names = {}, {}, iter(range(10**6))

def say(message):
    print(json.dumps(message), flush=True)

async def program(request):
    word, _, rest = request["code"].partition(" ")
    if word == "say":
        return {"outcome": "ok", "output": rest}
    if word == "show":
        return {"outcome": "ok", "output": json.dumps(request), "errors": "apart"}
    if word == "wait":
        await gates.setdefault(rest, asyncio.Event()).wait()
        return {"outcome": "ok", "output": rest}
    if word == "open":
        gates.setdefault(rest, asyncio.Event()).set()
        return {"outcome": "ok", "output": rest}
    if word == "call":
        name, args, kwargs = json.loads(rest)
        number = next(names)
        answers[number] = asyncio.get_running_loop().create_future()
        say({"call": number, "id": request["id"], "tool": name, "args": args, "kwargs": kwargs})
        answer = await answers[number]
        if "fault" in answer:
            return {"fault": answer["fault"]}
        return {"outcome": "ok", "output": json.dumps(answer)}
    if word == "taint":
        return {"outcome": "ok", "output": "", "tainted": "it was told to"}
    if word == "gone":
        return {"gone": True}
    if word == "die":
        print("the last words", file=sys.stderr)
        os._exit(1)
    if word == "garbage":
        print("no message", flush=True)
    await asyncio.Event().wait()

async def handle(request):
    if request["op"] == "answer":
        answers[request["call"]].set_result(request)
        return
    reply = await program(request) if request["op"] == "run" else {}
    say({"id": request["id"], "tainted": "", **reply})

async def main():
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    say({"ready": True})
    tasks = set()
    while line := await lines.readline():
        tasks.add(asyncio.create_task(handle(json.loads(line))))

asyncio.run(main())
"""


class Piped:
    """A kernel at the other end of pipes. Implements `Link`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.process = process

    async def readline(self) -> bytes:
        assert self.process.stdout
        return await self.process.stdout.readline()

    async def write(self, data: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(data)

    async def destroy(self) -> str:
        if self.process.returncode is None:
            self.process.kill()
        _, said = await self.process.communicate()
        return said.decode().strip()


async def start_kernel(patience: float = 180.0, source: str = SOURCE) -> Worker:
    """A started kernel. Raises `SandboxFault` when it does not start."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        source,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    worker = Worker(Piped(f"kernel {process.pid}", process), patience)
    await worker.ready()
    return worker
