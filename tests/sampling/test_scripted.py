"""Scripts: rules pick by pattern, the request alone decides, stop words and limits cut."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from ultrainteract.config import ModelConfig
from ultrainteract.errors import ConfigError
from ultrainteract.sampling.base import Choice, Request
from ultrainteract.sampling.scripted import (
    Rule,
    RuleScript,
    ScriptedSampler,
    load_script,
    respond,
    save_script,
)
from ultrainteract.types import Message

TALK = (
    Message("system", "Be brief."),
    Message("user", "First question"),
    Message("assistant", "An answer"),
    Message("user", "Second question"),
)
REQUEST = Request("tiny", TALK, 3, 5, 1.0, 1.0, 100)


@pytest.mark.parametrize(
    ("conditions", "hit"),
    [
        ({}, True),
        ({"model": "^tiny$"}, True),
        ({"model": "large"}, False),
        ({"system": "brief"}, True),
        ({"system": "question"}, False),
        ({"last_user": "Second"}, True),
        ({"last_user": "First"}, False),
        ({"any": "An answer"}, True),
        ({"any": "nowhere"}, False),
        ({"turn": 2}, True),
        ({"turn": 1}, False),
        ({"system": "brief", "last_user": "First"}, False),
    ],
)
def test_a_rule_matches_when_all_of_its_patterns_do(
    conditions: dict[str, str | int], *, hit: bool
) -> None:
    rule = Rule.model_validate({**conditions, "replies": ["yes"]})
    assert rule.matches(REQUEST) is hit


def test_a_rule_about_the_system_prompt_needs_one() -> None:
    assert not Rule(system="", replies=("x",)).matches(replace(REQUEST, messages=TALK[1:]))


def test_the_first_matching_rule_answers() -> None:
    script = RuleScript((Rule(turn=1, replies=("a",)), Rule(replies=("b",)), Rule(replies=("c",))))
    assert {choice.text for choice in respond(script, REQUEST).choices} == {"b"}


@pytest.mark.parametrize(("by_seed", "texts"), [(False, "aba"), (True, "bab")])
def test_choices_cycle_through_the_replies_from_the_offset(*, by_seed: bool, texts: str) -> None:
    script = RuleScript((Rule(replies=("a", "b"), by_seed=by_seed),))
    assert "".join(choice.text for choice in respond(script, REQUEST).choices) == texts


def test_what_no_rule_matches_is_demonstrated() -> None:
    script = RuleScript((Rule(turn=9, replies=("a",)),))
    assert respond(script, REQUEST) == respond(RuleScript(), REQUEST)


@pytest.mark.parametrize(
    ("stop", "max_tokens", "choice"),
    [
        ((), 100, Choice("one two three four", "stop")),
        (("three", "four"), 100, Choice("one two ", "stop")),
        ((), 2, Choice("one two", "length")),
        (("four",), 3, Choice("one two three ", "stop")),
    ],
)
def test_stop_words_and_the_token_limit_cut(
    stop: tuple[str, ...], max_tokens: int, choice: Choice
) -> None:
    script = RuleScript((Rule(replies=("one two three four",)),))
    reply = respond(script, replace(REQUEST, n=1, stop=stop, max_tokens=max_tokens))
    assert reply.choices == (choice,)
    assert reply.usage.completion_tokens == len(choice.text.split())


def test_a_script_survives_its_file(tmp_path: Path) -> None:
    rules = (Rule(model="a", turn=2, replies=("é", "x\ny"), by_seed=True), Rule(replies=("b",)))
    save_script(rules, tmp_path / "rules.json")
    assert load_script(tmp_path / "rules.json").rules == rules


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"replies": ["a"], "trun": 1}]', "trun"),
        ('[{"replies": []}]', "replies"),
        ('[{"replies": ["a"], "any": "("}]', "is no regular expression"),
        ("{", "JSON"),
    ],
)
def test_an_unreadable_script_names_the_file_and_the_fault(
    tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "rules.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as error:
        load_script(path)
    assert str(path) in str(error.value)


def test_a_missing_script_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.json"):
        load_script(tmp_path / "absent.json")


def test_a_rule_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Rule(replies=("a",)).turn = 3  # type: ignore[misc]


async def test_a_sampler_answers_under_the_name_on_the_wire() -> None:
    script = RuleScript((Rule(model="^weights$", replies=("mine",)), Rule(replies=("other",))))
    sampler = ScriptedSampler("tiny", ModelConfig(model="weights", kind="scripted"), script)
    reply = await sampler.sample(REQUEST)
    await sampler.close()
    assert {choice.text for choice in reply.choices} == {"mine"}
