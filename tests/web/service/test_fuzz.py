"""The API, fuzzed from its own description: no 5xx, and every answer as it is described."""

from collections import Counter
from typing import Any, TypeAlias

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from tests.web.service.conftest import SECRET, Service, asked
from ultrainteract.web.service.ledger import State

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
Case: TypeAlias = schemathesis.Case[Any]
AUTHORIZED = {"Authorization": f"Bearer {SECRET}"}
MODES = {GenerationMode.POSITIVE: 30, GenerationMode.NEGATIVE: 20}


def steer(case: Case, turn: int) -> None:
    """Every other case towards what exists: of random names nothing does."""
    if turn % 2:
        return
    if "name" in case.path_parameters:
        case.path_parameters["name"] = ("first", "second", "third")[turn // 2 % 3]
    if "path" in case.path_parameters:
        case.path_parameters["path"] = "README.md"
    if isinstance(case.body, dict):
        case.body |= {"datasets": ["math"], "environments": []}
        if isinstance(config := case.body.get("config"), dict):
            config.pop("roles", None)


@pytest.mark.parametrize("mode", MODES)
def test_every_answer_is_as_described_and_none_is_a_5xx(
    service: Service, mode: GenerationMode
) -> None:
    for name in ("first", "second", "third"):
        assert service.client.post("/api/runs", json=asked(name)).status_code == 201
    dataset = service.house.run("first") / "dataset"
    dataset.mkdir(parents=True)
    for name in ("run.yaml", "README.md"):
        (dataset / name).write_text("text", encoding="utf-8")
    service.dispatcher.ledger.become("first", State.DONE)
    schema = schemathesis.openapi.from_asgi("/openapi.json", service.guard, headers=AUTHORIZED)
    seen: Counter[int] = Counter()

    def ask(case: Case) -> None:
        if mode is GenerationMode.POSITIVE:
            steer(case, seen.total())
        if case.path.endswith("/events"):
            # The others would follow a run that never ends.
            case.query = {**(case.query or {}), "follow": "false"}
        answered = case.call(headers=AUTHORIZED)
        seen[answered.status_code] += 1
        case.validate_response(answered, checks=CHECKS)

    few = settings(max_examples=MODES[mode], suppress_health_check=[*HealthCheck])
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        few(given(found.ok().as_strategy(generation_mode=mode))(ask))()
    reached = {200, 201, 202, 204, 404, 409, 422} if mode is GenerationMode.POSITIVE else {401, 422}
    assert reached <= seen.keys(), seen
