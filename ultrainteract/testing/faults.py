"""How the protocol server misbehaves, and to which requests: rules, the first that applies wins.

Every condition of a rule must hold; a rule without one applies always. `fraction` is a function
of a request's content, so the same requests fail in every run and on every attempt.
"""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class FaultKind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    """An error reply with `status`, `message`, `code` and `retry_after`."""
    HANG = "hang"
    """No reply, ever; the connection stays open."""
    CUT = "cut"
    """The connection is cut before the reply."""
    CUT_MIDWAY = "cut_midway"
    """The connection is cut in the middle of the reply's body."""
    BAD_JSON = "bad_json"
    """Status 200 and half of the JSON."""
    NO_CHOICES = "no_choices"
    """Status 200 and an empty list of choices."""
    LENGTH = "length"
    """Every choice is cut in half, with finish_reason `length`."""
    FILTER = "filter"
    """Every choice is empty, with finish_reason `content_filter`."""
    SLOW = "slow"
    """A good reply after `seconds`."""
    DUPLICATE = "duplicate"
    """Every choice comes twice."""
    FEWER = "fewer"
    """The last choice is missing; of one choice, none is."""


class FaultRule(BaseModel):
    """One misbehaviour and its conditions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FaultKind
    every: Annotated[int, Field(ge=1)] | None = None
    """Each k-th request to arrive, counted over all of them."""
    fraction: Annotated[float, Field(ge=0, le=1)] | None = None
    """This share of all contents, chosen by the hash of the content."""
    first: Annotated[int, Field(ge=1)] | None = None
    """The first m attempts of each content."""
    model: str | None = None
    """Requests for this model alone."""
    status: Annotated[int, Field(ge=400, lt=600)] = 500
    """Of kind `status`."""
    message: str = "made to fail"
    """The error's message."""
    code: str | None = None
    """The error's code, such as `context_length_exceeded`."""
    retry_after: str | None = None
    """The header `Retry-After`: seconds, or an HTTP date."""
    seconds: Annotated[float, Field(ge=0)] = 1.0
    """How slow `slow` is."""

    def applies(self, *, key: str, model: str, arrival: int, attempt: int) -> bool:
        """Whether it hits this request: arrivals and attempts count from 1."""
        return (
            (self.every is None or arrival % self.every == 0)
            and (self.fraction is None or int(key[:13], 16) < self.fraction * 16**13)
            and (self.first is None or attempt <= self.first)
            and self.model in {None, model}
        )


FaultRules = tuple[FaultRule, ...]
_rules = TypeAdapter(FaultRules)


def parse_faults(text: bytes) -> FaultRules:
    """Rules from JSON, a list. Raises pydantic.ValidationError."""
    return _rules.validate_json(text)


def dump_faults(rules: FaultRules) -> bytes:
    """What `parse_faults` reads."""
    return json.dumps(
        [rule.model_dump(mode="json", exclude_defaults=True) for rule in rules]
    ).encode()


def load_faults(path: Path) -> FaultRules:
    """Rules from a file. Raises OSError and pydantic.ValidationError."""
    return parse_faults(path.read_bytes())
