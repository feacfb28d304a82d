"""What models are told of every bundled problem: whole, in form, and never the reference."""

from dataclasses import replace

import pytest

from tests.environments.samples import pairs, posed
from ultrainteract.environment import environments, instruct, load_environment
from ultrainteract.sampling.base import Choice, Request
from ultrainteract.sampling.scripted import Rule, RuleScript, respond
from ultrainteract.tree import Node
from ultrainteract.types import (
    Action,
    Instruction,
    Judgement,
    Message,
    NodeKind,
    Observation,
    Outcome,
    Problem,
    Reference,
    Sampling,
    Verdict,
)

SAMPLING = Sampling("m", 0, 0, "chain_of_thought", 0, 1.0)
ATTEMPT = "Step 1: An attempt that nobody else makes."
# What says how a problem is solved, or what its answer is.
SECRET = ("answers", "canonical", "context", "facts", "decomposition", "supporting", "letter")
GUIDANCE = "Follow this {{ outline }} closely."
DRAFT = "```python\nprint(6 * 7)\n```"

EACH = pytest.mark.parametrize(("dataset", "name"), pairs())


def whole(text: str, *values: str) -> bool:
    """Whether a rendered prompt has no mark of a template left, but for those of its values."""
    for value in values:
        text = text.replace(value, "")
    return bool(text) and not any(mark in text for mark in ("{{", "}}", "{%", "{#"))


def wrong(instruction: Instruction) -> Node:
    verdict = Verdict(Judgement.INCORRECT, "rule", "grader")
    observation = Observation("what came of it", Outcome.OK)
    return Node(0, None, 1, NodeKind.ANSWER, Action(ATTEMPT, "", SAMPLING), observation, verdict)


def messages(problem: Problem, name: str) -> list[tuple[Message, ...]]:
    """All that an actor may be told without guidance."""
    instruction, environment = instruct(problem, name), load_environment(name)
    prompt = (Message("user", instruction.prompt),)
    return [(*environment.opening(instruction, one), *prompt) for one in environment.schemas]


@EACH
def test_a_prompt_holds_the_statement_as_it_is(dataset: str, name: str) -> None:
    for problem, instruction in posed(dataset, name):
        assert problem.statement in instruction.prompt
        before = instruction.prompt.partition(problem.statement)[0]
        assert before.endswith(("\n\n", "Question: "))
        assert whole(instruction.prompt, problem.statement)


@EACH
def test_an_opening_is_rules_and_worked_examples_in_turn(dataset: str, name: str) -> None:
    environment = load_environment(name)
    for _, instruction in posed(dataset, name):
        for schema in environment.schemas:
            system, *example = environment.opening(instruction, schema)
            assert system.role == "system"
            assert [one.role for one in example] == ["user", "assistant"] * (len(example) // 2)
            assert all(whole(one.content) for one in (system, *example))
            guided, *_ = environment.opening(instruction, schema, GUIDANCE)
            assert guided.content == f"{system.content}\n\n{GUIDANCE}"


@EACH
def test_an_actor_is_told_nothing_of_the_reference(dataset: str, name: str) -> None:
    for problem, _ in posed(dataset, name):
        meta = {key: value for key, value in problem.meta.items() if key not in SECRET}
        blank = replace(problem, reference=Reference("?", "?", ("?",)), meta=meta)
        assert messages(blank, name) == messages(problem, name)


@EACH
def test_a_critic_is_told_attempt_and_reference(dataset: str, name: str) -> None:
    environment = load_environment(name)
    for problem, instruction in posed(dataset, name):
        system, asked = environment.criticise(instruction, wrong(instruction))
        reference = problem.reference
        known = [reference.answer, reference.rationale, *reference.solutions]
        assert ATTEMPT in asked.content
        assert any(text in asked.content for text in known if text)
        assert whole(system.content)
        assert "critic" in system.content or "reviewer" in system.content


@EACH
def test_each_guide_gives_guidance(dataset: str, name: str) -> None:
    environment = load_environment(name)
    for problem, instruction in posed(dataset, name):
        guides = environment.guides(instruction)
        solved = bool(problem.reference.rationale or problem.reference.solutions)
        assert bool(guides) == (solved and name not in ("logic_search", "logic_choice"))
        assert {guide.covers for guide in guides} == (
            set(map(str, range(len(problem.reference.solutions)))) or ({""} if guides else set())
        )
        for guide in guides:
            guidance = environment.guided(instruction, guide, DRAFT)
            assert len(guidance) > len("print(6 * 7)")
            assert ("print(6 * 7)" in guidance) == bool(guide.draft)
            if guide.draft:
                assert problem.reference.rationale in guide.draft
                assert environment.guided(instruction, guide, "no code") == ""


@EACH
def test_meta_that_nobody_knows_changes_nothing(dataset: str, name: str) -> None:
    for problem, _ in posed(dataset, name):
        more = replace(problem, meta={**problem.meta, "unheard_of": "{{ of }}"})
        assert messages(more, name) == messages(problem, name)


@pytest.mark.parametrize("name", environments())
def test_a_problem_without_meta_is_asked(name: str) -> None:
    bare = Problem("made_up", "1", "What is {{ 6 }} times 7?", Reference("42"), (name,))
    for asked in messages(bare, name):
        assert "What is {{ 6 }} times 7?" in asked[-1].content


@EACH
def test_a_worked_example_outlives_the_stop_strings(dataset: str, name: str) -> None:
    """A model that writes on after it is cut where the example ends."""
    environment = load_environment(name)
    _, instruction = posed(dataset, name)[0]
    for schema in environment.schemas:
        opening = environment.opening(instruction, schema)
        for example in (one.content for one in opening if one.role == "assistant"):
            script = RuleScript((Rule(replies=(f"{example}\n\nOut: 999\nAnswer: 999",)),))
            request = Request("m", opening, 1, 0, 1.0, 1.0, 4096, environment.stop)
            (choice,) = respond(script, request).choices
            assert read(instruction, name, choice) == example


def read(instruction: Instruction, name: str, choice: Choice) -> str:
    """What is published of a reply that is in form."""
    reading = load_environment(name).read(instruction, choice.text, truncated=False)
    assert reading.kind is not NodeKind.MALFORMED
    return reading.text


def test_tests_of_assertions_name_their_function_or_none() -> None:
    def prompt(tests: str) -> str:
        meta = {"kind": "program", "tests": tests}
        return instruct(
            Problem("d", "1", "Do.", Reference("?"), ("coding",), meta), "coding"
        ).prompt

    assert "`twice`" in prompt('{"type": "assert", "code": "", "entry_point": "twice"}')
    assert "`twice`" in prompt('{"type": "call", "function": "Solution.twice"}')
    assert "the function" not in prompt('{"type": "assert", "code": "assert twice(1) == 2"}')


def test_a_critic_of_a_search_is_told_the_supporting_sentences() -> None:
    environment = load_environment("logic_search")
    context = '[["Danube", ["It rises in a forest.", "It ends in the Black Sea."]]]'
    for supporting, told in (('["Danube", "1"]', True), ('["Danube", "9"]', False), ("", False)):
        meta = {"kind": "hotpotqa", "context": context, "supporting": f"[{supporting}]"}
        problem = Problem("d", "1", "Where?", Reference("Black Sea"), ("logic_search",), meta)
        instruction = instruct(problem, "logic_search")
        asked = environment.criticise(instruction, wrong(instruction))[1].content
        assert ("It ends in" in asked) == told
        assert "rises" not in asked
