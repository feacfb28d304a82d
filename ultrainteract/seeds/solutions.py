"""Reference solutions in Python 3: parsed, told from Python 2, bounded, each once."""

import ast
import warnings
from collections.abc import Iterable, Iterator

MOST = 8
CHARS = 12_000
_OLD_NAMES = frozenset(
    {"basestring", "execfile", "long", "raw_input", "reload", "unichr", "unicode", "xrange"}
)
_OLD_ATTRIBUTES = frozenset({"has_key", "iteritems", "iterkeys", "itervalues", "maxint"})


def python3(programs: Iterable[object]) -> tuple[str, ...]:
    """At most `MOST` programs of at most `CHARS` characters, in order, that Python 3 can run.

    One that parses may still rely on Python 2's division: only its tests can tell.
    """
    kept: dict[str, str] = {}
    for program in _texts(programs):
        if len(kept) == MOST:
            break
        if len(program) <= CHARS and is_python3(program):
            kept.setdefault(" ".join(program.split()), program)
    return tuple(kept.values())


def is_python3(program: str) -> bool:
    """Whether it parses and uses no name that only Python 2 has and that it does not define."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    nodes = list(ast.walk(tree))
    if any(isinstance(node, ast.Attribute) and node.attr in _OLD_ATTRIBUTES for node in nodes):
        return False
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    # `try: input = raw_input / except NameError: pass` is how programs serve both.
    guarded = any(isinstance(node, ast.ExceptHandler) for node in nodes)
    return guarded or not (used & _OLD_NAMES) - set(_defined(nodes))


def _defined(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.alias(name=name, asname=other):
                yield other or name


def _texts(programs: Iterable[object]) -> Iterator[str]:
    for program in programs:
        if isinstance(program, str) and program.strip():
            yield program.replace("\r\n", "\n").strip("\n")
