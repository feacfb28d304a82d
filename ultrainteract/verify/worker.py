"""A grading process: one JSON line in, one JSON line out; it ends when its input ends.

Limits are the kernel's, without a handler in Python that a busy C loop would never run: address
space by RLIMIT_AS, CPU time of each claim by ITIMER_PROF, whose signal ends the process.
Run by `pool` only; imports no more of the package than it needs.
"""

import importlib
import json
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import IO

from ultrainteract.verify.context import Context, parsed
from ultrainteract.verify.finding import Finding, undecided

STACK = 5000


def serve(source: IO[str], sink: IO[str], memory_mb: int) -> None:
    """Answer claims until `source` ends, or a claim has used up the memory."""
    limit = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.setrecursionlimit(STACK)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    _say(sink, {"ready": True})
    for line in source:
        request = json.loads(line)
        finding = judge(request, request["seconds"])
        _say(sink, asdict(finding))
        if finding.rule == "memory":
            return


def judge(request: dict[str, str], seconds: float) -> Finding:
    """One claim within its CPU time. The function is imported before the clock starts."""
    module, _, name = request["slow"].partition(":")
    function: Callable[[str, str, Context], Finding] = getattr(
        importlib.import_module(module), name
    )
    context = parsed(request["context"])
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return function(request["predicted"], request["gold"], context)
    except MemoryError:
        return undecided("memory", "the comparison needs too much memory")
    except Exception as error:  # noqa: BLE001  a grader's own fault must not look like an answer
        return undecided("fault", f"{type(error).__name__}: {error}"[:200])
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _say(sink: IO[str], reply: dict[str, object]) -> None:
    sink.write(json.dumps(reply) + "\n")
    sink.flush()


def main(memory_mb: str) -> None:
    """Serve standard input. Whatever a library prints goes to standard error."""
    sink = sys.stdout
    sys.stdout = sys.stderr
    serve(sys.stdin, sink, int(memory_mb))
