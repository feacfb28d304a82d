"""Each branch of the procedure against the protocol server: the exact calls, the exact tree."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from ultrainteract.config import RunConfig
from ultrainteract.config_file import parse_config
from ultrainteract.environment import instruct, load_environment
from ultrainteract.grow import grow_tree
from ultrainteract.live import LiveEffects
from ultrainteract.sampling.fleet import Fleet
from ultrainteract.sampling.scripted import Rule
from ultrainteract.sandbox.docker import DockerSandbox
from ultrainteract.sandbox.notebook import Notebook
from ultrainteract.testing.faults import FaultKind, FaultRule
from ultrainteract.testing.process import Served, serve
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import Limits, Problem, Reference
from ultrainteract.verify.pool import Grader

MODELS = ("weak", "strong", "other", "critic")
PROBLEM = Problem(
    dataset="made_up",
    native_id="1",
    statement="What is 6 times 7?",
    reference=Reference("42", "6 times 7 is the sum of 7 sixes, which is 42."),
    environments=("math_cot", "math_pot"),
)
RIGHT = "Step 1: Multiply the two numbers.\nAnswer: 42"
WRONG = "Step 1: Add the two numbers.\nAnswer: 13"
TALK = "I would rather not say."
HINT = "You added the numbers; the word times asks for another operation."
LEAK = "You added the numbers. The product is 42, write that."
ACTOR = {"system": "by reasoning in text"}
CODER = {"system": "with a Python interpreter"}
CRITIC = Rule(system="careful critic", replies=(HINT,))


def code(body: str) -> str:
    return f"Step 1: Compute.\n```python\n{body}\n```"


def assistants(turn: int | None) -> int | None:
    """A rule counts assistant messages, the worked example among them."""
    return turn and turn + 1


def actor(*replies: str, model: str | None = None, turn: int | None = None) -> Rule:
    return Rule(**ACTOR, model=model, turn=assistants(turn), replies=replies)


def coder(*replies: str, turn: int | None = None) -> Rule:
    return Rule(**CODER, turn=assistants(turn), replies=replies)


@dataclass(frozen=True)
class Case:
    """`calls`: what the server receives in order, `model*n`. `turns`: for each turn its nodes in
    order as letters (c correct, i incorrect, u unverified, s step, m malformed), then what was
    chosen, rejected, expanded as node ids, `-` for none."""

    name: str
    rules: tuple[Rule, ...]
    calls: str
    turns: tuple[str, ...]
    stop: str
    environment: str = "math_cot"
    roles: dict[str, object] = field(default_factory=dict)
    max_turns: int = 2


CASES = [
    Case(
        "solved in the first wave",
        (actor(WRONG, RIGHT), CRITIC),
        "weak*2 critic*1 weak*2",
        ("ic 1 0 0", "ic 3 2 -"),
        "max_turns",
    ),
    Case(
        "correct at once, incorrect in a later wave of the same rung",
        (actor(RIGHT, RIGHT, WRONG, turn=2), actor(WRONG, RIGHT), CRITIC),
        "weak*2 critic*1 weak*2 weak*3",
        ("ic 1 0 0", "cccci ? 6 -"),
        "max_turns",
        roles={"waves": [2, 3]},
    ),
    Case(
        "solved on the last rung",
        (actor(WRONG, RIGHT, model="strong"), actor(WRONG), CRITIC),
        "weak*2 weak*2 strong*2",
        ("iiiiic 5 ? -",),
        "max_turns",
        max_turns=1,
    ),
    Case(
        "guided with masked numbers",
        (Rule(system=r"\[\?\]", replies=(RIGHT, WRONG)), actor(WRONG), CRITIC),
        "weak*2 weak*2 strong*2 strong*2 strong*2",
        ("iiiiiiiici 8 ? -",),
        "max_turns",
        max_turns=1,
    ),
    Case(
        "all correct",
        (actor(RIGHT), CRITIC),
        "weak*2 weak*2",
        ("cccc ? - -",),
        "all_correct",
    ),
    Case(
        "none correct in five turns",
        (actor(WRONG), CRITIC),
        " ".join(["weak*2 weak*2 strong*2 strong*2 strong*2"] * 5).replace(
            "strong*2 weak", "strong*2 critic*1 weak"
        ),
        ("iiiiiiiiii - - ?",) * 4 + ("iiiiiiiiii - - -",),
        "max_turns",
        max_turns=5,
    ),
    Case(
        "rejected written by another model",
        (actor(WRONG, model="other"), actor(WRONG, RIGHT), CRITIC),
        "weak*2 other*2",
        ("icii 1 ? -",),
        "max_turns",
        roles={"rejected": ["other"]},
        max_turns=1,
    ),
    Case(
        "another model that is always right leaves the actor's own mistake",
        (actor(RIGHT, model="other"), actor(WRONG, RIGHT), CRITIC),
        "weak*2 other*2 other*2",
        ("iccccc ? 0 -",),
        "max_turns",
        roles={"rejected": ["other"]},
        max_turns=1,
    ),
    Case(
        "no reply is an answer",
        (actor(TALK), CRITIC),
        "weak*2 weak*2 strong*2 strong*2 strong*2",
        ("mmmmmmmmmm - - -",),
        "nothing_to_expand",
    ),
]
CODE_CASES = [
    Case(
        "only syntax errors",
        (coder(code("print(")), Rule(any="Translate", replies=(TALK,)), CRITIC),
        "weak*2 weak*2 strong*2 strong*2 strong*1",
        ("mmmmmmmm - - -",),
        "nothing_to_expand",
        environment="math_pot",
    ),
    Case(
        "an unpaired step, whose state lives on",
        (
            coder(code("x = 6 * 7"), turn=1),
            coder(code("print(x)"), code("print(x + 1)"), turn=2),
            CRITIC,
        ),
        "weak*2 weak*2",
        ("ss - - ?", "ci 2 3 -"),
        "max_turns",
        environment="math_pot",
    ),
    Case(
        "guided with a translated program",
        (
            Rule(any="Translate", replies=("```python\nprint(6 * 7)\n```",)),
            Rule(system=r"print\(6 \* 7\)", replies=(code("print(6 * 7)"),)),
            coder(code("print(13)")),
            CRITIC,
        ),
        "weak*2 weak*2 strong*2 strong*2 strong*1 strong*2",
        ("iiiiiiiicc ? ? -",),
        "max_turns",
        environment="math_pot",
        max_turns=1,
    ),
    Case(
        "an exception is an incorrect action",
        (coder(code("1 / 0"), code("print(42)")), CRITIC),
        "weak*2",
        ("ic 1 0 -",),
        "max_turns",
        environment="math_pot",
        max_turns=1,
    ),
]


def config(case: Case, url: str) -> RunConfig:
    roles = dict(case.roles)
    waves = roles.pop("waves", [2, 2])
    return parse_config(
        {
            "models": {name: {"model": name, "serve": {"base_url": url}} for name in MODELS},
            "roles": {"actors": ["weak", "strong"], "critic": "critic", **roles},
            "sampling": {"waves": waves, "guided_samples": 2},
            "tree": {"max_turns": case.max_turns},
        },
        case.name,
    )


@pytest.fixture
async def grader() -> AsyncIterator[Grader]:
    grader = Grader(1)
    yield grader
    await grader.close()


async def grow(
    chosen: RunConfig, environment: str, grader: Grader, notebook: Notebook | None = None
) -> PreferenceTree:
    samplers = {
        name: Fleet(name, model, model.serve.base_url) for name, model in chosen.models.items()
    }
    try:
        live = LiveEffects(samplers, None, notebook, grader)
        return await grow_tree(instruct(PROBLEM, environment), chosen, live)
    finally:
        await asyncio.gather(*(sampler.close() for sampler in samplers.values()))


def calls(server: Served) -> str:
    return " ".join(f"{line.model}*{line.n}" for line in server.received())


def letters(tree: PreferenceTree, number: int) -> str:
    return "".join(
        str(node.judgement or node.kind)[0] for node in tree.nodes if node.turn == number
    )


def drawn_turns(tree: PreferenceTree) -> list[list[str]]:
    def name(node: int | None) -> str:
        return "-" if node is None else str(node)

    return [
        [letters(tree, turn.number), name(turn.chosen), name(turn.rejected), name(turn.expanded)]
        for turn in tree.turns
    ]


def assert_tree(tree: PreferenceTree, case: Case) -> None:
    got = drawn_turns(tree)
    assert len(got) == len(case.turns)
    for drawn, wanted in zip(got, (turn.split() for turn in case.turns), strict=True):
        # `?`: drawn by lot among equals; that it was drawn is asserted, which one is not.
        assert [
            "?" if want == "?" and have != "-" else have
            for have, want in zip(drawn, wanted, strict=True)
        ] == wanted
    assert tree.stop == case.stop


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_branch_without_code(case: Case, grader: Grader) -> None:
    with serve(rules=case.rules, models=MODELS) as server:
        tree = await grow(config(case, server.url), case.environment, grader)
        assert calls(server) == case.calls
    assert_tree(tree, case)
    if case.roles.get("rejected") and case.name.startswith("rejected"):
        (pair,) = tree.pairs()
        assert pair.rejected.action.sampling.model == "other"
        assert pair.chosen.action.sampling.model == "weak"


@pytest.mark.docker
@pytest.mark.parametrize("case", CODE_CASES, ids=lambda case: case.name)
async def test_a_branch_with_code(
    case: Case, grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One schema, one request a wave; that schemas are drawn by lot is tested with the loop.
    monkeypatch.setattr(type(load_environment("math_pot")), "schemas", ("chain_of_thought",))
    sandbox = DockerSandbox("ultrainteract-sandbox:latest", Limits(), 1)
    notebook = Notebook(sandbox, "branches")
    try:
        with serve(rules=case.rules, models=MODELS) as server:
            tree = await grow(config(case, server.url), case.environment, grader, notebook)
            assert calls(server) == case.calls
    finally:
        await notebook.close()
        await sandbox.close()
    if "translated" in case.name:
        assert {node.action.sampling.guided for node in tree.nodes[8:]} <= {
            "guided_plan",
            "guided_modular",
        }
    assert_tree(tree, case)


async def test_the_guided_outline_hides_the_answer(grader: Grader) -> None:
    case = next(case for case in CASES if case.name == "guided with masked numbers")
    with serve(rules=case.rules, models=MODELS, log_bodies=True) as server:
        await grow(config(case, server.url), "math_cot", grader)
        bodies = [json.loads(line.body or "") for line in server.received()]
    outline = bodies[-1]["messages"][0]["content"]
    assert "\n6 times 7 is the sum of 7 sixes, which is [?]." in outline
    assert "42" not in outline
    assert all("[?]" not in body["messages"][0]["content"] for body in bodies[:-1])


async def test_a_leaking_critique_is_drawn_again_then_masked(grader: Grader) -> None:
    case = Case("leak", (actor(WRONG, RIGHT), Rule(system="critic", replies=(LEAK,))), "", (), "")
    with serve(rules=case.rules, models=MODELS) as server:
        tree = await grow(config(case, server.url), "math_cot", grader)
        assert calls(server) == "weak*2 critic*1 critic*1 critic*1 weak*2"
    critique = tree.turns[0].critique
    assert critique is not None
    assert (critique.redrawn, critique.masked > 0) == (2, True)
    assert "42" not in critique.text
    assert all("42" not in message.content for message in tree.history(2))


async def test_the_next_turn_sees_action_verdict_and_critique(grader: Grader) -> None:
    case = CASES[0]
    with serve(rules=case.rules, models=MODELS, log_bodies=True) as server:
        tree = await grow(config(case, server.url), "math_cot", grader)
        last = json.loads(server.received()[-1].body or "")["messages"]
    roles = ["system", "user", "assistant", "user", "assistant", "user"]
    assert [message["role"] for message in last] == roles
    assert last[3]["content"] == tree.instruction.prompt
    assert last[4]["content"] == WRONG
    assert last[5]["content"] == f"Your answer is wrong.\n{HINT}"


async def test_a_request_that_is_refused_costs_exactly_its_samples(grader: Grader) -> None:
    fault = FaultRule(kind=FaultKind.STATUS, status=400, message="too long", model="weak")
    case = next(case for case in CASES if case.name == "solved on the last rung")
    with serve(rules=case.rules, faults=(fault,), models=MODELS) as server:
        tree = await grow(config(case, server.url), "math_cot", grader)
        assert calls(server) == case.calls
    assert letters(tree, 1) == "ic"
    assert [(loss.model, loss.samples) for loss in tree.losses] == [("weak", 2), ("weak", 2)]
    assert all("400" in loss.reason and "too long" in loss.reason for loss in tree.losses)


async def test_the_same_effects_give_the_same_tree(grader: Grader) -> None:
    case = CASES[0]
    with serve(rules=case.rules, models=MODELS) as server:
        first = await grow(config(case, server.url), "math_cot", grader)
        second = await grow(config(case, server.url), "math_cot", grader)
        counts = set(server.calls().values())
    assert first == second
    assert counts == {2}
