"""Executing one cell as a notebook does: echo, streams, short tracebacks. Standard library only.

Foreign code runs in here, in a process of its own: what comes out is its claim.
"""

import ast
import linecache
import re
import sys
import traceback
import types
import warnings
from collections.abc import Callable
from typing import TextIO

FRAMES = 8
# What the code of programs is called in tracebacks.
NAMES = ("Cell ", "program.py")
PLACE = re.compile(r'File "((?:Cell \d+|program\.py))", line')


def execute(code: str, cell: str, namespace: dict[str, object], *, echo: bool = True) -> str:
    """Run a cell as a notebook does; returns `ok`, `exception`, `syntax` or `memory`.

    Prints a short traceback, and with `echo` the value of a last expression unless it is None.
    """
    linecache.cache[cell] = (len(code), None, code.splitlines(keepends=True), cell)
    try:
        program, last = compiled(code, cell, echo=echo)
    except (SyntaxError, ValueError, RecursionError, OverflowError, MemoryError) as error:
        show(error)
        return "syntax"
    try:
        exec(program, namespace)  # noqa: S102
        if last:
            value = eval(last, namespace)  # noqa: S307
            if value is not None:
                namespace["_"] = value
                sys.stdout.write(f"{value!r}\n")
    except BaseException as error:  # noqa: BLE001
        return blame(error)
    return "ok"


def blame(error: BaseException) -> str:
    """The status of a cell that raised; prints the traceback. A clean exit is no failure."""
    if isinstance(error, SystemExit) and error.code in (None, 0):
        return "ok"
    show(error)
    return "memory" if isinstance(error, MemoryError) else "exception"


def show(error: BaseException) -> None:
    """Print a traceback to where output goes, even if the program closed the streams."""
    flush(sys.stdout)
    fresh_streams()[1].write(short_traceback(error) + "\n")


def compiled(code: str, cell: str, *, echo: bool) -> tuple[types.CodeType, types.CodeType | None]:
    """The statements, and with `echo` the last one apart where it is an expression."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(code, cell)
        last = None
        match tree.body:
            case [*body, ast.Expr(value)] if echo:
                tree.body = body
                last = compile(ast.Expression(value), cell, "eval", dont_inherit=True)
        return compile(tree, cell, "exec", dont_inherit=True), last


def short_traceback(error: BaseException) -> str:
    """The frames of cells alone, innermost last, with chained causes; long ones are cut."""
    shown = traceback.TracebackException.from_exception(error)
    return "\n".join(_chain(shown, 3))


def own_frames(error: traceback.TracebackException) -> list[traceback.FrameSummary]:
    """The frames that lie in cells."""
    return [entry for entry in error.stack if entry.filename.startswith(NAMES)]


def _chain(error: traceback.TracebackException, depth: int) -> list[str]:
    lines: list[str] = []
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before and depth and own_frames(before):
        lines += [*_chain(before, depth - 1), "", "While handling it, another error:", ""]
    frames = own_frames(error)
    if frames:
        lines.append("Traceback (most recent call last):")
    for position, entry in enumerate(frames):
        if FRAMES // 2 <= position < len(frames) - FRAMES // 2:
            if position == FRAMES // 2:
                lines.append(f"  ... {len(frames) - FRAMES} frames more")
            continue
        place = "" if entry.name == "<module>" else f", in {entry.name}"
        lines.append(f"  {entry.filename}, line {entry.lineno}{place}")
        if entry.line:
            lines.append(f"    {entry.line}")
    for line in error.format_exception_only():
        lines.append(PLACE.sub(r"\1, line", line.rstrip("\n")))
    return lines


def fresh_streams(*, buffered: bool = False) -> list[TextIO]:
    """Standard streams as at a start, whatever an earlier cell made of them; the outputs.

    `buffered` as where output is no terminal: a notebook shows both streams in their order.
    """
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    setattr(sys, "__stdin__", sys.stdin)  # noqa: B010  read-only for type checkers
    outputs: list[TextIO] = []
    for name, fd in (("stdout", 1), ("stderr", 2)):
        buffering = -1 if buffered and fd == 1 else 1
        stream = open(  # noqa: SIM115
            fd, "w", encoding="utf-8", errors="backslashreplace", buffering=buffering, closefd=False
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
        outputs.append(stream)
    return outputs


def standing(streams: list[TextIO]) -> bool:
    """Whether programs left the outputs as they were."""
    return (
        streams == [sys.stdout, sys.stderr]
        and sys.stdin.fileno() == 0
        and not any(stream.closed for stream in (*streams, sys.stdin))
    )


def flush(stream: TextIO) -> None:
    """Write out what a stream holds back; a program may have closed it, or put anything there."""
    caught(stream.flush)


def caught(step: Callable[[], object]) -> BaseException | None:
    """What a program's own code raises, whatever it is; None where it raises nothing."""
    try:
        step()
    except BaseException as error:  # noqa: BLE001
        return error
    return None
