"""Runs assert-style test code, in a process that the program never enters. Standard library only.

Every assertion that is reached is counted, and the result goes to the host through a tool: the
end of the process says nothing. Test code that asserts nothing or calls nothing is no test.
"""

import ast
import json
import unittest
from collections.abc import Callable
from typing import cast

from ultrainteract.programs.names import PREAMBLE, calls, checks, under_test
from ultrainteract.programs.remote import Ask, Channel, Ended, Remote, Undecided


class Ticks(ast.NodeTransformer):
    """Puts a call before every assertion that says which one is reached."""

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        """The call, and the assertion."""
        source = ast.unparse(node)[:300]
        name = ast.Name("__tick__", ast.Load())
        tick = ast.Expr(ast.Call(name, [ast.Constant(source)], []))
        return [ast.fix_missing_locations(ast.copy_location(tick, node)), node]


class Tester:
    """One run of one test code. `ask` makes calls, `report(text)` takes the result."""

    def __init__(self, ask: Ask, report: Callable[[str], object]) -> None:
        self._channel = Channel(ask)
        self._report = report
        self._reached = 0
        self._assertion = ""

    def run(self, code: str, entry_point: str) -> None:
        """Run it all and report: how it ended, and where."""
        tree = ast.parse(code)
        called = ended = error = ""
        try:
            self._execute(tree, entry_point)
            nothing = not self._reached and not checks(tree)
            ended = "nothing" if nothing or not self._asked else "passed"
        except AssertionError as failure:
            ended, error = "failed", str(failure)
        except Undecided:
            ended = "undecided"
        except Ended:
            ended = "ended"
        except BaseException as failure:  # noqa: BLE001
            # The program's, or the tests' over what it returned: it has not passed.
            ended, error = "raised", f"{type(failure).__name__}: {failure}"
        called, got = self._channel.last
        total = max(self._reached, sum(isinstance(node, ast.Assert) for node in ast.walk(tree)), 1)
        report = {
            "ended": "undecided" if self._channel.undecided and ended != "ended" else ended,
            "undecided": self._channel.undecided[:300],
            "error": error[:300],
            "reached": self._reached,
            "total": total,
            "called": called[:600],
            "got": got,
            "assertion": self._assertion,
        }
        self._report(json.dumps(report))

    @property
    def _asked(self) -> bool:
        return bool(self._channel.last[0])

    def _execute(self, tree: ast.Module, entry_point: str) -> None:
        namespace: dict[str, object] = {"__name__": "tests"}
        exec(PREAMBLE, namespace)  # noqa: S102
        names = under_test(tree, entry_point, set(namespace))
        namespace |= self._program(names, entry_point) | {"__tick__": self._tick}
        exec(compile(Ticks().visit(tree), "tests", "exec"), namespace)  # noqa: S102
        if "check" in namespace and entry_point and not calls(tree, "check") and not self._asked:
            check = cast("Callable[[object], object]", namespace["check"])
            check(namespace.get(entry_point, self._channel.named(entry_point)))
        if not self._asked:
            self._collect(namespace)

    def _collect(self, namespace: dict[str, object]) -> None:
        """Run test functions and cases that nothing has run yet, as pytest would."""
        own = [(name, value) for name, value in namespace.items() if type(value) is not Remote]
        for name, value in own:
            if isinstance(value, type) and issubclass(value, unittest.TestCase):
                unittest.defaultTestLoader.loadTestsFromTestCase(value).debug()
            elif name.startswith("test") and type(value) is type(lambda: None):
                value()

    def _program(self, names: list[str], entry_point: str) -> dict[str, object]:
        """Plain globals of the program by value, the rest by name.

        A name that only the tests know, beside others that the program defines, is the tests'
        fault: nobody can decide them.
        """
        found: dict[str, object] = {}
        missing = []
        for name in names:
            found[name] = self._channel.named(name)
            if name == entry_point or len(names) == 1:
                continue
            try:
                value = self._channel.call(f"fetch:{name}", (), {})
            except NameError:
                missing.append(name)
                continue
            if type(value) is not Remote:
                found[name] = value
        if missing and len(missing) < len(names):
            self._channel.refuse(f"neither program nor tests define {', '.join(missing)}")
        return found

    def _tick(self, assertion: str) -> None:
        self._reached += 1
        self._assertion = assertion


def install(namespace: dict[str, object]) -> None:
    """Make the tester known to the cells of this root."""
    ask = cast("Ask", namespace.pop("ask"))
    report = cast("Callable[[str], object]", namespace.pop("report"))
    namespace["__tester__"] = Tester(ask, report)
