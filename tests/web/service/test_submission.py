"""What a submission may ask for: each setting is either allowed or refused by name."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from tests.web.service.conftest import BASE, Service, asked
from ultrainteract.config import RunConfig
from ultrainteract.errors import UserError
from ultrainteract.web.service.ledger import State
from ultrainteract.web.service.submission import AskedConfig, Submission, resolve

# Whoever adds a setting decides here whether a stranger may set it: can it name a file, a command,
# an address or a key?
REFUSED = {
    "models", "search.url", "select.decontaminate", "pace.workers", "pace.trees_in_flight",
    "pace.containers", "pace.backend", "pace.runtime", "pace.image", "pace.graders",
    "pace.writer_seconds",
}  # fmt: skip
ALLOWED = {
    "seed", "roles.actors", "roles.rejected", "roles.critic", "roles.judge", "roles.filter",
    "roles.allow_self_critique", "sampling.waves", "sampling.all_correct_after",
    "sampling.guided_samples", "sampling.temperature", "sampling.top_p", "sampling.max_tokens",
    "sampling.critic_temperature", "sampling.critic_max_tokens", "sampling.critic_draws",
    "tree.max_turns", "tree.never_correct_after", "sandbox.seconds", "sandbox.memory_mb",
    "sandbox.pids", "sandbox.output_chars", "search.source", "search.results", "select.levels",
    "select.overlaps", "select.per_stratum", "select.max_pass_rate", "select.samples",
    "pace.limit", "pace.test_fraction", "budget.tokens", "budget.money", "budget.calls",
    "budget.seconds", "budget.tree",
}  # fmt: skip
BASED = RunConfig.model_validate(BASE)


def settings() -> Iterator[str]:
    for name, field in RunConfig.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (f"{name}.{inner}" for inner in kind.model_fields)
        else:
            yield name


def value_of(setting: str) -> object:
    found: Any = BASED.model_dump(mode="json")
    for part in setting.split("."):
        found = found[part]
    return found


def nested(setting: str, value: object) -> dict[str, Any]:
    section, _, name = setting.partition(".")
    return {section: {name: value} if name else value}


def test_every_setting_is_allowed_or_refused() -> None:
    assert set(settings()) == ALLOWED | REFUSED
    assert not ALLOWED & REFUSED


@pytest.mark.parametrize("setting", sorted(REFUSED))
def test_what_is_the_services_own_is_refused_even_as_it_is(setting: str) -> None:
    with pytest.raises(ValidationError, match=setting.rpartition(".")[2]):
        AskedConfig.model_validate(nested(setting, value_of(setting)))


@pytest.mark.parametrize("setting", sorted(ALLOWED - {"roles.actors", "roles.critic"}))
def test_what_is_allowed_arrives(setting: str) -> None:
    section = setting.partition(".")[0]
    config = nested(setting, value_of(setting))
    if section == "roles":
        config["roles"] = {"actors": ["large"], "critic": "small", **config["roles"]}
    if setting == "budget.tokens":
        config = nested(setting, 7)
    resolved = resolve(Submission.model_validate(asked(config=config)), BASED)
    wanted = config[section]
    got = resolved.model_dump(mode="json")[section]
    assert got == ({**got, **wanted} if isinstance(wanted, dict) else wanted)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"config": {"sandbox": {"memory_mb": 1025}}}, "sandbox.memory_mb: 1025 is above"),
        ({"config": {"sandbox": {"seconds": 1e9}}}, "above the service's own limit"),
        ({"config": {"budget": {"tokens": 1_000_001}}}, "budget.tokens"),
        ({"config": {"budget": {"tokens": None}}}, "budget.tokens: None is above"),
        ({"config": {"pace": {"limit": None}}}, "pace.limit: None is above"),
        ({"limit": 101}, "pace.limit: 101 is above"),
        ({"datasets": ["mth"]}, "did you mean 'math'"),
        ({"environments": ["nowhere"]}, "unknown environment"),
        ({"config": {"roles": {"actors": ["other"], "critic": "small"}}}, "not among models"),
        ({"config": {"roles": {"actors": ["small"], "critic": "small"}}}, "criticise itself"),
    ],
)
def test_a_submission_asks_for_less_and_never_for_more(
    service: Service, more: dict[str, Any], says: str
) -> None:
    with pytest.raises(UserError, match=says):
        resolve(Submission.model_validate(asked(**more)), BASED)
    answered = service.client.post("/api/runs", json=asked(**more))
    assert answered.status_code == 422
    assert answered.json()["problems"]


def test_the_schema_shows_what_is_allowed_and_no_more() -> None:
    shown = Submission.model_json_schema()["$defs"]
    seen = {
        f"{name.removeprefix('Asked').lower()}.{field}"
        for name, one in shown.items()
        if name not in {"AskedConfig", "LimitsConfig"}
        for field in one["properties"]
    }
    assert seen | {"seed"} == ALLOWED


def test_what_was_asked_can_be_asked_again(service: Service) -> None:
    wanted = asked(config={"sampling": {"waves": [2]}, "select": {"levels": {"level": ["1"]}}})
    shown = service.client.post("/api/runs", json=wanted).json()
    assert shown["asked"] == wanted
    assert service.client.post("/api/runs", json=shown["asked"]).status_code == 409


def test_no_answer_tells_where_models_are_or_what_their_keys_are_called(service: Service) -> None:
    service.client.post("/api/runs", json=asked())
    for path in ("/api/runs", "/api/runs/first", "/api/offer", "/"):
        text = service.client.get(path).text
        assert "127.0.0.1:9" not in text
        assert "API_KEY" not in text


def test_a_run_that_rests_goes_on_with_other_bounds_and_never_beyond_the_services(
    service: Service,
) -> None:
    wanted = asked(limit=2, config={"budget": {"tokens": 10}, "tree": {"max_turns": 2}})
    service.client.post("/api/runs", json=wanted)
    ledger = service.dispatcher.ledger
    ledger.become("first", State.BUDGET)
    above = {"budget": {"tokens": 1_000_001}}
    assert service.client.post("/api/runs/first/resume", json=above).status_code == 422
    assert ledger["first"].state is State.BUDGET
    shape = ledger["first"].config.shape()
    more = {"limit": 3, "budget": {"tokens": 20}}
    shown = service.client.post("/api/runs/first/resume", json=more)
    assert shown.json()["asked"] == {
        **wanted,
        "limit": 3,
        "config": {"budget": {"tokens": 20}, "tree": {"max_turns": 2}},
    }
    entry = ledger["first"]
    assert (entry.config.pace.limit, entry.config.budget.tokens) == (3, 20)
    assert entry.config.shape() == shape
    assert entry.state is State.QUEUED
    shaped = service.client.post("/api/runs/first/resume", json={"tree": {"max_turns": 5}})
    assert shaped.status_code == 422


def test_a_folder_that_is_there_is_not_taken_for_a_run_of_the_service(service: Service) -> None:
    service.house.run("first").mkdir()
    assert service.client.post("/api/runs", json=asked()).status_code == 409
    assert service.client.get("/api/runs/first").status_code == 404


def test_a_state_allows_what_makes_sense_in_it(service: Service) -> None:
    """Of a queue that does not move."""
    service.client.post("/api/runs", json=asked())

    def ways(state: State) -> dict[str, int]:
        answers = {}
        for way in ("pause", "resume", "cancel"):
            service.dispatcher.ledger.become("first", state)
            answers[way] = service.client.post(f"/api/runs/first/{way}").status_code
        return answers

    may, no = 202, 409
    assert ways(State.QUEUED) == {"pause": may, "resume": may, "cancel": may}
    assert ways(State.RUNNING) == {"pause": may, "resume": may, "cancel": may}
    assert ways(State.PAUSING) == {"pause": may, "resume": no, "cancel": may}
    assert ways(State.PAUSED) == {"pause": may, "resume": may, "cancel": may}
    assert ways(State.FAILED) == {"pause": no, "resume": may, "cancel": may}
    assert ways(State.BUDGET) == {"pause": no, "resume": may, "cancel": may}
    assert ways(State.CANCELLING) == {"pause": no, "resume": no, "cancel": may}
    assert ways(State.CANCELLED) == {"pause": no, "resume": no, "cancel": may}
    assert ways(State.DONE) == {"pause": no, "resume": no, "cancel": no}
