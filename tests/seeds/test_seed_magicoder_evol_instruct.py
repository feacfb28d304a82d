"""Magicoder rows; every bundled response is run and its claims are checked."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.seeds.native import accounted, natives
from ultrainteract.replies import fenced_python
from ultrainteract.seeds import Row, Skip, load, load_seed
from ultrainteract.seeds.magicoder_evol_instruct import magicoder_evol_instruct

# Written from the instruction alone.
CHECKS: Mapping[str, str] = {
    "middle_word": """
assert middle_word("") == "" and middle_word("a") == "a"
assert middle_word("a b") == "a" and middle_word("a b c") == "b" and middle_word("a b c d") == "b"
""",
    "pages_left": """
books = [{"title": "x", "pages": 10, "read": True}, {"title": "y", "pages": 7}]
assert pages_left(books) == 7 and pages_left([]) == 0
assert pages_left([{"title": "z", "pages": 3, "read": False}]) == 3
""",
    "back(steps": """
c = Counter(); c.step(); c.step(); c.step()
assert c.back() == 2 and c.back(5) == 0 == c.value and c.step() == 1
""",
    "sliding(": """
assert list(sliding(iter("abcd"), 2)) == [("a", "b"), ("b", "c"), ("c", "d")]
assert list(sliding([1], 2)) == []
try: next(sliding([1], 0)); raise SystemExit("no error")
except ValueError: pass
""",
    "overlaps(": """
assert not overlaps([(1, 2), (2, 3)]) and overlaps([(5, 9), (1, 6)]) and not overlaps([])
""",
    "to_roman": """
assert [to_roman(n) for n in (1, 4, 9, 14, 40, 90, 400, 1994, 3999)] == [
    "I", "IV", "IX", "XIV", "XL", "XC", "CD", "MCMXCIV", "MMMCMXCIX"]
for n in (0, 4000):
    try: to_roman(n); raise SystemExit("no error")
    except ValueError: pass
""",
    "flatten(settings)": """
assert flatten({"a": {"b": 1, "c": {"d": 2}}, "e": 3, "f": {}}) == {"a.b": 1, "a.c.d": 2, "e": 3}
""",
    "counted": """
@counted
def f(x):
    "doc"
    return 1 / x
f(1)
try: f(0)
except ZeroDivisionError: pass
assert f.calls == 2 and f.__name__ == "f" and f.__doc__ == "doc"
""",
    "warmest": """
assert warmest("07:30 12.5\\nbroken\\n08:00 14\\n09:00 14.0\\n10:00 x") == "08:00"
assert warmest("") is None
""",
    "class `Ring`": """
r = Ring(2)
for n in range(4): r.push(n)
assert r.items() == [2, 3]
r.items().append(9)
assert r.items() == [2, 3]
""",
    "luhn": """
assert luhn("4539 1488 0343 6467") and not luhn("8273 1232 7352 0569") and not luhn("12a")
assert luhn("0") and not luhn("")
""",
    "lengths(words)": """
words = ["a", "", "bcd", "a"]
result = {}
for w in words:
    if w != "":
        result[w] = len(w)
assert lengths(words) == result and lengths([]) == {}
""",
    "transpose": """
assert transpose("abc\\nd") == "ad\\nb\\nc" and transpose("a\\nbc") == "ab\\n c"
""",
    "merge_counts": """
one, two = {"a": 1, "b": 2}, {"a": -1, "c": 5}
assert merge_counts(one, two) == {"b": 2, "c": 5} and one == {"a": 1, "b": 2}
assert merge_counts() == {}
""",
    "water_steps": """
assert water_steps(3, 5, 4) == 6 and water_steps(2, 4, 3) == -1
assert water_steps(3, 5, 0) == 0 and water_steps(3, 5, 5) == 1
""",
    "first_squares": """
assert first_squares(3) == [1, 4, 9] and first_squares(-2) == [] == first_squares(0)
assert first_squares.__doc__ and first_squares.__annotations__.keys() == {"n", "return"}
""",
    "swapped": """
m = {"a": None}
with swapped(m, "a", 1): assert m == {"a": 1}
assert m == {"a": None}
try:
    with swapped(m, "b", 2): 1 / 0
except ZeroDivisionError: pass
assert m == {"a": None}
""",
    "balance(": """
assert balance([1, 2, 3, 10], 2) == [1.5, 7.5] and balance([1, 5, 3, 4], 3) == [1]
assert balance([1], 2) == []
""",
    "snake": """
assert snake(3) == [[1, 2, 3], [6, 5, 4], [7, 8, 9]] and snake(1) == [[1]] and snake(0) == []
""",
    "safe_steps": """
assert safe_steps("/a//b/./../c/") == "a/c" and safe_steps("") == ""
try: safe_steps("a/../../b"); raise SystemExit("no error")
except ValueError: pass
""",
    "vote(": """
assert vote([]) is None and vote([[]]) is None and vote([["a"], ["b"], ["a"]]) == "a"
assert vote([["a", "b"], ["b", "a"], ["c", "b"], ["a"], ["b"]]) == "b"
assert vote([["a"], ["b"]]) == "a"
""",
}


def bundled() -> Mapping[str, str]:
    return {
        one.statement: one.reference.answer
        for one in load("magicoder_evol_instruct", source="sample").problems
    }


def test_every_bundled_instruction_has_its_own_check() -> None:
    found = [[name for name in CHECKS if name in statement] for statement in bundled()]
    assert all(len(names) == 1 for names in found)
    assert len(found) == len(CHECKS) >= 20


@pytest.mark.parametrize("name", CHECKS)
def test_bundled_response_does_what_was_asked(name: str) -> None:
    (response,) = [answer for asked, answer in bundled().items() if name in asked]
    block = fenced_python(response)
    assert block
    done = subprocess.run(
        [sys.executable, "-c", block.code + CHECKS[name]],
        check=False,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr


def test_a_judge_gates_and_nothing_else() -> None:
    for problem in load("magicoder_evol_instruct", source="sample").problems:
        assert problem.meta == {"kind": "opinion", "gate": "judge"}


@pytest.mark.parametrize(
    "response",
    [
        "```python\nprint(1)\n```",
        "```js\nx\n```\n```py\nprint(1)\n```",
        "def f():\n    return 1",
        "So:\n```\nx = 1\n```\nThat is all.",
    ],
)
def test_python_is_recognised(response: str) -> None:
    row = Row(instruction="Write something that works well.", response=response)
    assert magicoder_evol_instruct(row).answer == response


@pytest.mark.parametrize(
    ("instruction", "response", "reason"),
    [
        ("Write a page that says hello, in Java.", "```java\nclass A {}\n```", "not answered in P"),
        ("Write a page that says hello in C.", "int main() { return 0; }", "not answered in P"),
        ("Sort.", "```python\nprint(1)\n```", "instruction of fewer"),
        ("x" * 20_000, "```python\nprint(1)\n```", "instruction of fewer"),
        ("Write a page that says hello.", "", "empty field response"),
    ],
)
def test_what_is_no_python_task_is_skipped(instruction: str, response: str, reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        magicoder_evol_instruct(Row(instruction=instruction, response=response))


def test_python_in_the_instruction_is_enough() -> None:
    row = Row(instruction="In Python, print a greeting.", response="```\n>>> print(1)\n```")
    assert magicoder_evol_instruct(row)


def test_repository_is_pinned() -> None:
    hub = load_seed("magicoder_evol_instruct").hub
    assert hub
    assert hub.revision == "b0079beaa0361d82412520b873715bee59cc7dd4"


@natives("magicoder_evol_instruct")
def test_every_native_row_loads_or_is_skipped_for_a_reason(path: Path) -> None:
    loaded = accounted("magicoder_evol_instruct", path, {"instruction", "response"})
    assert json.loads(path.read_text(encoding="utf-8").splitlines()[0])["response"] == (
        loaded.problems[0].reference.answer
    )
