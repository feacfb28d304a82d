"""What test code may do with the program, and what the program cannot do to it."""

import json
from collections.abc import Mapping

import pytest

from ultrainteract.programs import tester
from ultrainteract.programs.callee import Callee


class Link:
    """Tester and program joined without a sandbox: the same code at both ends."""

    def __init__(self, program: str) -> None:
        self.namespace: dict[str, object] = {"__name__": "program"}
        exec(program, self.namespace)
        self._callee = Callee(self.namespace, self._hand_over)
        self._parts: list[str] = []
        self._answer: list[str] = []
        self.reports: list[str] = []

    def _hand_over(self, ticket: str, number: int, part: str, *, last: bool) -> None:
        assert ticket == "t"
        assert number == len(self._answer)
        self._answer.append(part)

    def ask(self, number: int, part: str, *, last: bool) -> str | None:
        self._parts.append(part)
        if not last:
            return None
        request, self._parts = "".join(self._parts), []
        self._answer.clear()
        self._callee.call("t", request, keeps=True)
        return "".join(self._answer)


def outcome(program: str, code: str, entry_point: str = "") -> Mapping[str, object]:
    link = Link(program)
    tester.Tester(link.ask, link.reports.append).run(code, entry_point)
    (report,) = link.reports
    result: Mapping[str, object] = json.loads(report)
    return result


def ended(program: str, code: str, entry_point: str = "") -> object:
    return outcome(program, code, entry_point)["ended"]


F = "def f(x): return x\n"
RIGHT = {
    "values": (F, "assert f(1) == 1\nassert f([1, (2,)]) == [1, (2,)]"),
    "own_sum": ("def sum(a, b): return a * b", "assert sum(3, 4) == 12\nassert sum(2, 4) == 8"),
    "own_gcd": ("def gcd(a, b): return 7", "assert gcd(3, 4) == 7"),
    "method": (
        "class Solution:\n    def f(self, target): return target + 1",
        "def check(candidate):\n    assert candidate(target=1) == 2\ncheck(Solution().f)",
    ),
    "import": ("def f(x): return x / 2", "import math\nassert math.isclose(f(3), 1.5)"),
    "mutation": ("def f(x): x.append(1)", "a = []\nf(a)\nassert a == [1]"),
    "deep_mutation": (
        "def f(x): x[0][0] = 9; x.pop('k', 0)",
        "a = {0: [1], 'k': 2}\nf(a)\nassert a == {0: [9]}",
    ),
    "state": (
        "n = 0\ndef f():\n    global n\n    n += 1\n    return n",
        "assert [f(), f()] == [1, 2]",
    ),
    "error": (
        "def f(x): raise ValueError('no ' + x)",
        "try:\n    f('way')\n    assert 0\nexcept ValueError as e:\n    assert str(e) == 'no way'",
    ),
    "own_error": (
        "class Odd(KeyError): pass\ndef f(): raise Odd",
        "try:\n    f()\n    assert False\nexcept KeyError:\n    pass",
    ),
    "objects": (
        "class Node: next = None\ndef size(n): return 1 + size(n.next) if n else 0",
        "a = Node()\na.next = Node()\na.next.v = 7\nassert size(a) == 2\nassert a.next.v == 7",
    ),
    "generator": ("def f(n):\n    yield from range(n)", "assert list(f(3)) == [0, 1, 2]"),
    "match": ("import re\ndef f(s): return re.match('a', s)", "assert f('ab')\nassert not f('b')"),
    "there_and_back": (
        "def encode(x): return [object(), x]\ndef decode(p): return p[1]",
        "assert decode(encode(5)) == 5",
    ),
    "counter": (
        "from collections import Counter\ndef f(x): return Counter(x)",
        "assert f('aa') == {'a': 2}",
    ),
    "length": ("def f(x): return 'x' * 99_999 + x", "assert f('y' * 99_999)[-1] == 'y'"),
    "unittest": (
        F,
        "import unittest\nclass T(unittest.TestCase):\n    def test_f(t): t.assertEqual(f(1), 1)",
    ),
    "pytest": (F, "def test_f():\n    assert f(1) == 1"),
    "names": ("def f(*a, **k): return [a, k]", "assert f(1, target=2) == [(1,), {'target': 2}]"),
    "data": ("LIMIT = 3\ndef f(): return 3", "assert f() == LIMIT"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_program_passes(name: str) -> None:
    program, code = RIGHT[name]
    assert outcome(program, code)["ended"] == "passed"


@pytest.mark.parametrize("call", ["", "\ncheck(f)"])
def test_a_check_of_the_entry_point_is_called_once(call: str) -> None:
    code = f"def check(candidate):\n    assert candidate(2) == 2\n    assert abs(-1) == 1{call}"
    report = outcome(F, code, "f")
    assert (report["ended"], report["reached"]) == ("passed", 2)


MAGIC = """
class Magic:
    def __eq__(self, other): return True
    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__
    def __hash__(self): return 0
    def __sub__(self, other): return 0
    __rsub__ = __add__ = __abs__ = __sub__
def f(*a): return Magic()
"""


@pytest.mark.parametrize(
    "check",
    [
        "f(1) == 2", "2 == f(1)", "not f(1) != 2", "f(1) in [2]", "2 in f(1)", "abs(f(1) - 2) < 1",
        "[f(1)] == [2]", "{f(1)} == {2}", "f(1) >= 5", "isinstance(f(1), int)", "max(f(1), 5) == 5",
        "int(f(1)) == 2", "f(1) + 1 == 3",
    ],
)  # fmt: skip
def test_a_magic_object_decides_nothing(check: str) -> None:
    assert ended(MAGIC, f"assert {check}") == "undecided"
    swallowed = f"try:\n    assert {check}\nexcept BaseException:\n    pass\nassert f.__name__"
    assert ended(MAGIC, swallowed) == "undecided"


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("class I(int):\n    __eq__ = lambda s, o: 1\ndef f(x): return I(3)", "assert f(1) == 2"),
        ("class L(list):\n    __eq__ = lambda s, o: 1\ndef f(x): return L()", "assert f(1) == [2]"),
        ("def f(x): raise SystemExit(0)", "assert f(1) == 2"),
        ("def f(x): raise AssertionError", "assert f(1) == 2"),
        ("def f(x): raise StopIteration", "assert all(map(lambda x: f(x) == 2, [1, 2]))"),
        ("class Undecided(BaseException): pass\ndef f(x): raise Undecided", "assert f(1) == 2"),
        ("import builtins\nabs = all = set = sorted = lambda *a: True\ndef f(x): return 1",
         "assert abs(f(1)) == 2\nassert all([f(1) == 2])\nassert set([f(1)]) == {2}"),
        ("def f(x): return None", "assert len(f(1)) == 2"),
        ("", "assert f(1) == 2"),
        ("check = lambda f: None\ndef f(x): return 0",
         "def check(candidate):\n    assert candidate(1) == 2\ncheck(f)"),
        ("__tick__ = __tester__ = None\ndef f(x): return 0", "assert f(1) == 2"),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_program_fails_whatever_it_raises_or_redefines(program: str, code: str) -> None:
    assert ended(program, code) in {"failed", "raised"}


@pytest.mark.parametrize(
    ("code", "entry_point"),
    [
        ("", "f"),
        ("f(1)", ""),
        ("assert True", ""),
        ("def check(candidate):\n    pass", "f"),
        ("def check(candidate):\n    assert True", "f"),
    ],
)
def test_code_that_asserts_or_calls_nothing_is_no_test(code: str, entry_point: str) -> None:
    assert ended(F, code, entry_point) == "nothing"


def test_a_report_says_where_it_stopped() -> None:
    report = outcome(F, "assert f(1) == 1\nassert f([2]) == 'secret'\nassert f(3) == 3")
    assert (report["ended"], report["reached"], report["total"]) == ("failed", 2, 3)
    assert (report["called"], report["got"]) == ("f([2])", "[2]")
    assert report["assertion"] == "assert f([2]) == 'secret'"


def test_a_name_that_only_the_tests_know_is_their_fault() -> None:
    report = outcome(F, "assert f(1) == helper(1)")
    assert report["ended"] == "undecided"
    assert "helper" in str(report["undecided"])


def test_an_argument_that_cannot_cross_is_named() -> None:
    report = outcome(F, "assert f(lambda: 1)() == 1")
    assert report["ended"] == "undecided"
    assert "function" in str(report["undecided"])


def test_a_forged_answer_is_undecided() -> None:
    reports: list[str] = []
    tester.Tester(lambda *_, **__: "{", reports.append).run("assert f(1) == 1", "")
    assert json.loads(reports[0])["ended"] == "undecided"


def test_a_program_that_is_gone_ends_the_tests() -> None:
    reports: list[str] = []
    code = "try:\n    f(1)\nexcept Exception:\n    pass\nassert True"
    tester.Tester(lambda *_, **__: None, reports.append).run(code, "")
    assert json.loads(reports[0])["ended"] == "ended"
