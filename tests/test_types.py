"""Content hashes: what counts as the same content."""

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultrainteract.sampling.base import Request
from ultrainteract.types import Claim, Judgement, Message, Verdict, canonical, digest


def test_a_record_hashes_as_the_object_of_its_fields() -> None:
    verdict = Verdict(Judgement.CORRECT, "number", "1", reason="ü")
    request = Request("m", (Message("user", "hi"), Message("user", "\ud800")), 2, 1, 1.0, 1.0, 8)
    for record in (verdict, request, Claim("math", "1", "2")):
        assert canonical(record) == canonical(asdict(record))
        assert digest(["scope", record]) == digest(["scope", asdict(record)])
    assert request.key() == digest(asdict(request))


def test_what_is_neither_json_nor_a_record_has_no_hash() -> None:
    with pytest.raises(TypeError, match="object"):
        digest([object()])


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.booleans() | st.none()))
def test_one_value_has_one_form_whatever_the_order_of_its_keys(value: dict[str, object]) -> None:
    turned = dict(reversed(value.items()))
    assert canonical([value]) == canonical([turned])
    assert json.loads(canonical([value])) == [value]
