"""Which names of a test code the program is to define. Standard library only; runs by the tests.

What the test code defines, imports or takes from Python is its own: a program that redefines
`all` or `sorted` must not be asked what they say. Only where nothing else could be meant is a
builtin (`assert sum(2, 3) == 5`) the program's.
"""

import ast
import builtins
from collections.abc import Iterator

# What functions and their tests find imported: LeetCode, APPS and LiveCodeBench judge them so.
PREAMBLE = """\
import bisect, collections, copy, datetime, functools, heapq, itertools, math, operator
import random, re, string, sys
from bisect import *
from collections import *
from functools import *
from heapq import *
from itertools import *
from math import *
from string import *
from typing import *
from builtins import pow
"""


def under_test(tree: ast.Module, entry_point: str, standard: set[str]) -> list[str]:
    """The names that stand for the program's own, sorted; `standard` are those of `PREAMBLE`."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    free = used - set(_bound(tree))
    python = set(dir(builtins))
    own = free - python - standard
    if entry_point:
        return sorted({*own, entry_point})
    return sorted(
        own
        or _asked_everywhere(tree, free & standard - python)
        or _asked_everywhere(tree, free & python)
    )


def _bound(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.alias(name=name, asname=other):
                yield other or name.partition(".")[0]
            case ast.ExceptHandler(name=str(name)):
                yield name


def _asked_everywhere(tree: ast.Module, names: set[str]) -> set[str]:
    """The one of `names` that every assertion calls; none where several could be meant."""
    called = [
        {
            node.func.id
            for node in ast.walk(check)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        for check in ast.walk(tree)
        if isinstance(check, ast.Assert)
    ]
    common = names.intersection(*called) if called else set()
    return common if len(common) == 1 else set()


def checks(tree: ast.Module) -> int:
    """How many places of the code can fail a program."""
    return sum(
        isinstance(node, (ast.Assert, ast.Raise))
        or (isinstance(node, ast.Attribute) and node.attr.startswith("assert"))
        for node in ast.walk(tree)
    )


def calls(tree: ast.Module, function: str) -> bool:
    """Whether a statement of the module itself calls `function`."""
    return any(
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == function
        for node in tree.body
    )
