"""Answers from a script instead of a model: deterministic, by the content of the request alone.

`--model scripted` uses it in the process; the protocol server serves the same script over HTTP,
and both give the same replies. Rules come first; what no rule matches, the demonstration answers.
"""

import json
import re
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Annotated, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from ultrainteract.config import ModelConfig
from ultrainteract.errors import ConfigError
from ultrainteract.sampling.base import Choice, ReplicaLoad, Reply, Request
from ultrainteract.sampling.demonstration import demonstrate
from ultrainteract.sampling.wire import on_wire
from ultrainteract.types import Usage


class Script(Protocol):
    """What a scripted model says. The request's `model` is the name on the wire."""

    def drafts(self, request: Request) -> tuple[Choice, ...]:
        """`request.n` choices, before stop words and `max_tokens` cut them."""
        ...


class Rule(BaseModel):
    """Answers every request that all of its patterns match (regular expressions, searched)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = None
    """In the model's name on the wire."""
    system: str | None = None
    """In the system message; one without never matches."""
    last_user: str | None = None
    """In the last user message."""
    any: str | None = None
    """In any message."""
    turn: Annotated[int, Field(ge=1)] | None = None
    """Assistant messages in the request, plus 1."""
    replies: Annotated[tuple[str, ...], Field(min_length=1)]
    """Choice i of n is `replies[(offset + i) % len(replies)]`."""
    by_seed: bool = False
    """The offset is the request's seed; otherwise 0."""
    finish_reason: str = "stop"
    """Of every reply."""

    @field_validator("model", "system", "last_user", "any")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        return pattern

    def matches(self, request: Request) -> bool:
        """Whether this rule answers `request`."""
        said = [(message.role, message.content) for message in request.messages]
        users = [text for role, text in said if role == "user"]
        turn = 1 + sum(role == "assistant" for role, _ in said)
        return self.turn in {None, turn} and all(
            pattern is None or any(re.search(pattern, text) for text in texts)
            for pattern, texts in (
                (self.model, [request.model]),
                (self.system, [text for role, text in said if role == "system"]),
                (self.last_user, users[-1:]),
                (self.any, [text for _, text in said]),
            )
        )

    def drafts(self, request: Request) -> tuple[Choice, ...]:
        """The replies, in their order."""
        offset = request.seed if self.by_seed else 0
        return tuple(
            Choice(self.replies[(offset + draw) % len(self.replies)], self.finish_reason)
            for draw in range(request.n)
        )


class RuleScript:
    """The first rule that matches answers; without one, the demonstration does."""

    def __init__(self, rules: tuple[Rule, ...] = ()) -> None:
        self.rules = rules

    def drafts(self, request: Request) -> tuple[Choice, ...]:
        for rule in self.rules:
            if rule.matches(request):
                return rule.drafts(request)
        return demonstrate(request)


_rules = TypeAdapter(tuple[Rule, ...])


def load_script(path: Path) -> RuleScript:
    """A script from a JSON file, a list of rules. Raises `ConfigError`."""
    try:
        return RuleScript(_rules.validate_json(path.read_bytes()))
    except (OSError, ValidationError) as error:
        raise ConfigError(f"cannot read the rules in {path}: {error}") from error


def save_script(rules: tuple[Rule, ...], path: Path) -> None:
    """Write what `load_script` reads."""
    rows = [rule.model_dump(mode="json", exclude_defaults=True) for rule in rules]
    path.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def respond(script: Script, request: Request) -> Reply:
    """What an endpoint answers: drafts cut at stop words and `max_tokens`, and their usage.

    A token is a word here. `request.model` is the name on the wire.
    """
    choices = tuple(_cut(draft, request) for draft in script.drafts(request))
    return Reply(
        choices=choices,
        usage=Usage(
            prompt_tokens=sum(len(message.content.split()) for message in request.messages),
            completion_tokens=sum(len(choice.text.split()) for choice in choices),
        ),
    )


def _cut(draft: Choice, request: Request) -> Choice:
    found = [at for word in request.stop if (at := draft.text.find(word)) >= 0]
    text = draft.text[: min(found)] if found else draft.text
    words = list(re.finditer(r"\S+", text)) if len(text) > request.max_tokens else []
    if len(words) > request.max_tokens:
        return Choice(text[: words[request.max_tokens - 1].end()], "length")
    return Choice(text, "stop" if found else draft.finish_reason)


class ScriptedSampler:
    """A `Sampler` without a model."""

    def __init__(
        self,
        name: str,
        model: ModelConfig,
        script: Script | None = None,
        begin: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`begin` is awaited before each reply and may refuse it by what it raises."""
        self._begin = begin
        self.name = name
        self.model = model
        self._script = script or RuleScript()

    async def sample(self, request: Request) -> Reply:
        """The same reply for the same request, whatever was asked before."""
        if self._begin:
            await self._begin()
        return respond(self._script, on_wire(request, self.model))

    def lane(self, tree: str, order: int) -> Self:  # noqa: ARG002
        """Itself: nobody waits."""
        return self

    def wants(self) -> int:
        """More than anybody has."""
        return sys.maxsize

    def load(self) -> tuple[ReplicaLoad, ...]:
        """There is no replica."""
        return ()

    async def replicas(self, urls: Iterable[str]) -> None:
        """A script has none."""

    async def drain(self) -> None:
        """Nothing ever waits."""

    async def close(self) -> None:
        """Nothing to release."""
