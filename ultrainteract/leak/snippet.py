"""Code in a critique, fenced, inline or bare, and what it computes.

Straight-line arithmetic is evaluated here, without running anything; the rest is for a sandbox.
"""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from ultrainteract.leak.value import Number, evaluate

_FENCE = re.compile(r"```[ \t]*(?:python|py|Python)?[^\S\n]*\n?(.*?)(?:```|\Z)", re.DOTALL)
_INLINE = re.compile(
    r"(?<!`)`([^`\n]{1,200})`(?!`)|(?<![`\w.])((?:(?:sum|len|max|min|pow|round|abs|comb|"
    r"gcd|lcm)|(?:math|sympy|np)\.\w+)\((?:[^()\n]|\([^()\n]*\)){1,120}\))"
)
_LINE = re.compile(
    r"^[ \t]*(?:[A-Za-z_]\w*(?:\[[^\]]*\])?[ \t]*(?:[-+*/%]|//|\*\*)?=(?!=)[^=].*|print\(.*|"
    r"(?:for|while|if|elif|def) .*:|else:|return\b.*|import .*|from .* import .*|#.*|[ \t]+\S.*)$"
)


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code at `start` to `end` of a critique."""

    start: int
    end: int
    code: str


def snippets(text: str) -> Iterator[Snippet]:
    """Fenced blocks, code spans and bare calls, and runs of lines that are Python."""
    fenced = [(hit.start(), hit.end()) for hit in _FENCE.finditer(text)]
    for hit in _FENCE.finditer(text):
        yield Snippet(hit.start(), hit.end(), hit.group(1))
    said: list[str] = []
    for hit in _INLINE.finditer(text):
        if any(start <= hit.start() < end for start, end in fenced):
            continue
        code = hit.group(1) or hit.group(2)
        if _parsed(code) is not None:
            # Later code spans build on earlier ones: `w = 5`, then `2 * w`.
            said = [*said[-3:], code]
            start, end = hit.span(1 if hit.group(1) else 2)
            yield Snippet(start, end, "\n".join(said))
    yield from (
        it
        for it in _bare(text)
        if not any(start < it.end and it.start < end for start, end in fenced)
    )


def echoing(code: str) -> str:
    """The code, with a last assignment echoed as its value; empty when it is no Python."""
    tree = _parsed(code)
    if tree is None or not tree.body:
        return ""
    # A critic writes `math.lcm(4, 6)` without the import.
    if "math." in code and "import" not in code:
        code = f"import math\n{code}"
    match tree.body[-1]:
        case ast.Assign(targets=[ast.Name(id=name)], value=right) if not _literal(right):
            return f"{code.rstrip()}\n{name}"
        case ast.AugAssign(target=ast.Name(id=name)):
            return f"{code.rstrip()}\n{name}"
    return code


def results(code: str) -> tuple[Number, ...]:
    """What straight-line arithmetic prints, echoes or assigns last; statements beyond it are
    passed over."""
    tree = _parsed(echoing(code))
    names: dict[str, Number] = {}
    shown: list[Number] = []
    for statement in tree.body if tree else ():
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=right):
                _bind(names, name, evaluate(ast.unparse(right), names))
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=right):
                whole = ast.BinOp(ast.Name(name, ast.Load()), op, right)
                _bind(names, name, evaluate(ast.unparse(whole), names))
            case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=args)):
                found = (evaluate(ast.unparse(arg), names) for arg in args)
                shown += [number for number in found if number is not None]
            case ast.Expr(value=shows) if statement is (tree.body[-1] if tree else None):
                number = evaluate(ast.unparse(shows), names)
                shown += [] if number is None else [number]
    return tuple(shown)


def printed(output: str) -> tuple[str, ...]:
    """What an output may state: its last three lines, whole and after a last colon or sign.

    Of a traceback only the message counts; its frames are the code once more.
    """
    said, _, trace = output.partition("Traceback (most recent call last):")
    lines = [*_lines(said)[-3:], *_lines(trace)[-1:]]
    tails = [re.split(r"[:=]", line)[-1].strip() for line in lines]
    return tuple(dict.fromkeys([*lines, *tails]))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _bind(names: dict[str, Number], name: str, number: Number | None) -> None:
    if number is None:
        names.pop(name, None)
    else:
        names[name] = number


def _bare(text: str) -> Iterator[Snippet]:
    start = end = 0
    run: list[str] = []
    at = 0
    for line in [*text.splitlines(keepends=True), "."]:
        if _LINE.match(line.rstrip("\n")):
            start, run, end = (start if run else at), [*run, line], at + len(line.rstrip("\n"))
        else:
            if run and _parsed("".join(run)) is not None:
                yield Snippet(start, end, "".join(run))
            run = []
        at += len(line)


def _literal(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant | ast.List | ast.Dict)


def _parsed(code: str) -> ast.Module | None:
    # Foreign code warns while it is parsed (`"\d"`); that is no concern of this process.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
