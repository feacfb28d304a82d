"""`ultrainteract check environments`: a table, one JSON line, an exit code that tells."""

import json
from pathlib import Path

from tests.conftest import Command

PLUGIN = """
from ultrainteract import load_environment, register_environment

@register_environment
class Mine(type(load_environment("math_cot"))):
    name = "mine"
"""
PROBLEM = {"name": "p", "dataset": "d", "statement": "What is 6 times 7?", "answer": "42"}


def test_cases_that_hold_end_in_success(command: Command) -> None:
    done = command("check", "environments", "--only", "math_cot", "--only", "logic_choice")
    summary = json.loads(done.output.splitlines()[-1])
    assert done.code == 0
    assert summary["total"] == summary["held"] > 50
    assert summary["failures"] == []
    assert [line.split()[0] for line in done.output.splitlines()[1:3]] == [
        "math_cot",
        "logic_choice",
    ]


def test_a_case_that_fails_is_named_with_what_came_of_it(command: Command, tmp_path: Path) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text(PLUGIN, encoding="utf-8")
    row = {"name": "gold", "problem": PROBLEM, "reply": "Answer: 41", "kind": "answer"}
    cases = tmp_path / "cases.jsonl"
    cases.write_text(json.dumps({**row, "judgement": "correct"}), encoding="utf-8")
    done = command("check", "environments", "--only", "mine", "--plugin", plugin)
    assert done.code == 1
    assert "mine: gold: incorrect, not correct\n  told: Your answer is wrong." in done.output
    summary = json.loads(done.output.splitlines()[-1])
    assert summary == {"total": 1, "held": 0, "failed": 1, "failures": ["mine: gold"]}


def test_an_unknown_environment_is_refused(command: Command) -> None:
    done = command("check", "environments", "--only", "math_pots")
    assert done.code == 2
    assert "unknown environment 'math_pots'; did you mean 'math_pot'" in done.output
