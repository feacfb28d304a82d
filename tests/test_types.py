"""Content hashes: what counts as the same content."""

from dataclasses import asdict

import pytest

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
    with pytest.raises(AttributeError, match="set"):
        digest([{1, 2}])
