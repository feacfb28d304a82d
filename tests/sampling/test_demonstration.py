"""The default script: right at the stated rate, wrong by value otherwise, never leaking."""

import re
import subprocess
import sys
from dataclasses import replace

import pytest

from ultrainteract.prompts import Prompt
from ultrainteract.sampling import demonstration
from ultrainteract.sampling.base import Request
from ultrainteract.sampling.demonstration import RIGHT, demonstrate, known_answer
from ultrainteract.types import Message

CRITIC = Message("system", "You are a careful CRITIC of attempts.\nBe kind.")
ACTOR = Message("system", "You solve problems.\nA critic reads them: a number is critical.")


def ask(text: str, *, code: bool, n: int = 1, seed: int = 0, system: Message = ACTOR) -> Request:
    tool = "Tool available:\n[1] Python interpreter\n" if code else ""
    return Request("m", (system, Message("user", tool + text)), n, seed, 1.0, 1.0, 400)


def printed(reply: str) -> str:
    """What the reply's one code block prints."""
    (code,) = re.findall(r"```python\n(.*?)\n```", reply, re.DOTALL)
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def answers(request: Request) -> list[str]:
    return [
        choice.text.rpartition("Answer: ")[2] if "Answer: " in choice.text else printed(choice.text)
        for choice in demonstrate(request)
    ]


@pytest.mark.parametrize(
    ("asked", "gold"),
    [
        ("What is 17 + 25?", "42"),
        ("What is 2 * (3 - 10)?", "-14"),
        ("What is 7 / 2?", "7/2"),
        ("What is 0.5 + 0.25?", "3/4"),
        ("What is 1 / 0?", None),
        ("What is 9 ** 9?", None),
        ("What is 1 +?", None),
        ("What is love?", None),
    ],
)
def test_sums_are_computed_exactly_and_nothing_else_is(asked: str, gold: str | None) -> None:
    assert known_answer(f"Solve it.\n{asked}") == gold


def test_the_same_request_gets_the_same_drafts_and_another_seed_others() -> None:
    request = ask("What is 17 + 25?", code=True, n=8)
    assert demonstrate(request) == demonstrate(request)
    assert demonstrate(request) != demonstrate(replace(request, seed=1))


def test_fewer_draws_are_a_matter_of_the_request_not_of_order() -> None:
    one, two = (ask(f"What is {number} + 1?", code=False, n=4) for number in (1, 2))
    forward = [demonstrate(one), demonstrate(two)]
    backward = [demonstrate(two), demonstrate(one)]
    assert forward == backward[::-1]


def test_an_actor_is_right_about_as_often_as_stated() -> None:
    drawn = [
        answer == str(number + 25)
        for number in range(100)
        for answer in answers(ask(f"What is {number} + 25?", code=False, n=10))
    ]
    assert abs(sum(drawn) / len(drawn) - RIGHT) < 0.05


def test_programs_print_right_and_wrong_answers() -> None:
    drawn = answers(ask("What is 17 + 25?", code=True, n=12))
    assert "42" in drawn
    assert all(re.fullmatch(r"\d+", answer) for answer in drawn)
    assert set(drawn) != {"42"}


@pytest.mark.parametrize("gold", [r"\frac{3}{4}", "(2, 3)", r"\text{Tuesday}", "it's", "x^2+1"])
@pytest.mark.parametrize("code", [False, True])
def test_an_answer_that_is_no_number_reaches_the_reply_as_it_is(
    monkeypatch: pytest.MonkeyPatch, gold: str, *, code: bool
) -> None:
    statement = f"Find the thing that is {gold}."
    monkeypatch.setattr(demonstration, "_samples", lambda: {statement: gold})
    drawn = answers(ask(statement, code=code, n=12))
    known_answer.cache_clear()
    assert gold in drawn
    assert set(drawn) != {gold}


def test_the_longest_known_statement_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demonstration, "_samples", lambda: {"Add 1": "1", "Add 1 and 2": "3"})
    answer = known_answer("Please: Add 1 and 2")
    known_answer.cache_clear()
    assert answer == "3"


def test_every_bundled_sample_is_known() -> None:
    samples = demonstration._samples()
    assert len(samples) >= 80
    assert {known_answer(f"Solve.\n\n{statement}") for statement in samples} == set(
        samples.values()
    )
    assert [
        gold for gold in samples.values() if not gold or gold.count("{") != gold.count("}")
    ] == []


def test_the_shipped_critic_prompts_are_answered_by_a_critic_without_any_number() -> None:
    for name in ("math_pot/critic", "math_cot/critic"):
        system = Message("system", Prompt.load(name).render())
        request = ask("What is 17 + 25?", code=True, n=20, system=system)
        texts = {choice.text for choice in demonstrate(request)}
        assert len(texts) > 1
        assert [text for text in texts if re.search(r"\d|```|Step|Answer", text)] == []


def test_only_the_first_line_makes_a_critic() -> None:
    asked = "What is 17 + 25?"
    assert "Step 1:" in demonstrate(ask(asked, code=False))[0].text
    assert "Step 1:" not in demonstrate(ask(asked, code=False, system=CRITIC))[0].text
