"""Innocent programs with known answers, for states that hostile siblings share."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from ultrainteract.sandbox.base import NOTEBOOK, Manner
from ultrainteract.types import ExecResult, Outcome

STATE = "import os\ntotal = 0\nwords = {'a': 1}\ndef twice(n): return 2 * n"


@dataclass(frozen=True)
class Innocent:
    """A program, and how it has to end. `adds` is what it adds to the state's total."""

    code: str
    output: str
    outcome: Outcome = Outcome.OK
    manner: Manner = NOTEBOOK
    adds: int = 0
    tail: bool = False

    def off(self, result: ExecResult) -> str:
        """What is wrong about its result; empty when nothing is."""
        same = result.output == self.output
        if self.tail:
            same = result.output.endswith(self.output)
        if same and result.outcome is self.outcome:
            return ""
        return (
            f"{self.code!r} gave {result.outcome.value}, {result.output[-300:]!r}; "
            f"not {self.outcome.value}, {self.output!r}"
        )


def innocent(draw: random.Random, total: int, *, adds: bool = False) -> Innocent:
    """A program for a state with that total; with `adds`, one that changes it."""
    number = draw.randrange(1, 1000)
    if adds:
        code = f"total += {number}\nwords['a'], twice(total)"
        return Innocent(code, f"(1, {2 * (total + number)})\n", adds=number)
    return draw.choice(KINDS)(number, total)


def _state(number: int, total: int) -> Innocent:
    code = f"total += {number}; words['b'] = 2\nprint(total, len(words), twice({number}))"
    return Innocent(code, f"{total + number} 2 {2 * number}\n")


def _algebra(number: int, total: int) -> Innocent:
    code = f"import sympy as sp\nt = sp.symbols('t')\nprint(sp.expand((t + {number})**2), total)"
    return Innocent(code, f"t**2 + {2 * number}*t + {number**2} {total}\n")


def _arrays(number: int, total: int) -> Innocent:
    code = f"import numpy as np\nint(np.arange({number}).sum()) + total"
    return Innocent(code, f"{number * (number - 1) // 2 + total}\n")


def _files(number: int, total: int) -> Innocent:
    code = (
        f"with open('note', 'w') as file: file.write('é' * {number})\n"
        "print(len(open('note').read()), os.listdir(), total)"
    )
    return Innocent(code, f"{number} ['note'] {total}\n")


def _error(number: int, _total: int) -> Innocent:
    code = f"print(total)\nif total >= 0: raise ValueError({number})"
    return Innocent(code, f"ValueError: {number}\n", Outcome.EXCEPTION, tail=True)


def _syntax(number: int, _total: int) -> Innocent:
    code = f"print(total)\nx = = {number}"
    return Innocent(code, "SyntaxError: invalid syntax\n", Outcome.SYNTAX, tail=True)


def _input(number: int, total: int) -> Innocent:
    code = "a, b = map(int, input().split())\nprint(a + b, total)"
    manner = Manner(stdin=f"{number} 7\n")
    return Innocent(code, f"{number + 7} {total}\n", manner=manner)


def _script(number: int, total: int) -> Innocent:
    code = "import sys\nprint(sys.stdin.read() + str(total))\nsys.exit(0)"
    return Innocent(code, f"{number}{total}\n", manner=Manner(stdin=str(number), script=True))


def _builtins(number: int, total: int) -> Innocent:
    code = f"print(sum([{number}, total]), len('abc'), sorted([3, 1]), type(open).__name__)"
    return Innocent(code, f"{number + total} 3 [1, 3] builtin_function_or_method\n")


def _child(number: int, total: int) -> Innocent:
    code = (
        "import subprocess, sys\n"
        f"command = [sys.executable, '-c', 'print({number})']\n"
        "print(subprocess.run(command, capture_output=True, text=True).stdout, total)"
    )
    return Innocent(code, f"{number}\n {total}\n")


KINDS: tuple[Callable[[int, int], Innocent], ...] = (
    *(_state, _state, _state, _algebra, _algebra, _arrays, _arrays, _files, _files),
    *(_error, _syntax, _input, _script, _builtins, _builtins, _child),
)
