"""How a script begins and ends, as `python program.py` does it. Standard library only.

Many programs leave their output to the end: exit handlers, threads that go on, streams of their
own that are written out when they go.
"""

import atexit
import gc
import sys
import threading

from ultrainteract.sandbox.execution import caught, execute, flush, show

NAME = "program.py"


def run_script(code: str, namespace: dict[str, object], *, ends: bool) -> str:
    """The status of a program that runs from beginning to end, see `execute`; nothing is echoed.

    With `ends` it goes on to what an interpreter does at its end.
    """
    before = set(namespace)
    sys.argv = [NAME]
    atexit._clear()  # noqa: SLF001  the interpreter's own handlers are no part of the program
    status = execute(code, NAME, namespace, echo=False)
    if ends:
        _end(namespace, before)
    return status


def _end(namespace: dict[str, object], before: set[str]) -> None:
    """What goes wrong on the way is shown, and changes no outcome."""
    steps = (threading._shutdown, atexit._run_exitfuncs)  # type: ignore[attr-defined]  # noqa: SLF001
    for step in steps:
        if error := caught(step):
            show(error)
    for stream in (sys.stdout, sys.stderr):
        flush(stream)
    for name in [name for name in namespace if name not in before]:
        namespace.pop(name, None)
    gc.collect()
