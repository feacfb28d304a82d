"""Reference solutions: Python 3 stays, Python 2 goes."""

import pytest

from ultrainteract.seeds.solutions import CHARS, MOST, is_python3, python3


@pytest.mark.parametrize(
    "program",
    [
        "print(input())",
        "try:\n    input = raw_input\nexcept NameError:\n    pass\nprint(input())",
        "xrange = range\nprint(list(xrange(3)))",
        "from six.moves import xrange\nprint(xrange(3))",
        "def f(long):\n    return long\nprint(f(1))",
        "s = '\\d'\nprint(s)",
    ],
)
def test_what_python_3_runs_is_kept(program: str) -> None:
    assert is_python3(program)


@pytest.mark.parametrize(
    "program",
    [
        "print raw_input()",
        "print(raw_input())",
        "for n in xrange(3):\n    print(n)",
        "print({}.has_key(1))",
        "exec 'x = 1'",
        "int main() { return 0; }",
        "print(1)\0",
        "(" * 5000,
    ],
)
def test_what_python_3_does_not_run_is_dropped(program: str) -> None:
    assert not is_python3(program)


def test_equal_programs_count_once_and_order_is_kept() -> None:
    programs = ["print(1)", "print( 1 )", "print(1)\n\n", "print(2)", "", None, 7]
    assert python3(programs) == ("print(1)", "print( 1 )", "print(2)")


def test_number_and_size_are_bounded() -> None:
    programs = [f"print({n})" for n in range(20)]
    assert python3(programs) == tuple(programs[:MOST])
    assert python3(["#" * (CHARS + 1), "print(1)"]) == ("print(1)",)
