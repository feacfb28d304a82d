"""The OpenAI chat protocol as data: a `Request` as a body and back, and a body as a `Reply`.

Client and protocol server both compute `wire_key` here, so a journal and a server's log can be
compared. Unknown fields are ignored in both directions, as vLLM ignores them.
"""

import json
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from ultrainteract.config import ModelConfig
from ultrainteract.sampling.base import Choice, Reply, Request
from ultrainteract.types import JSON, Message, Usage

INT64 = 2**63


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class ChatMessage(_Wire):
    """One message of a body; text only."""

    role: Literal["system", "user", "assistant"]
    content: str


class ChatBody(_Wire):
    """The body of `POST /v1/chat/completions`, with the bounds that the real ones check."""

    model: str
    messages: Annotated[tuple[ChatMessage, ...], Field(min_length=1)]
    n: Annotated[int, Field(ge=1, le=128)] = 1
    seed: Annotated[int, Field(ge=-INT64, lt=INT64)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_tokens: Annotated[int, Field(ge=1)] = Field(
        default=4096, validation_alias=AliasChoices("max_tokens", "max_completion_tokens")
    )
    stop: Annotated[tuple[str, ...], Field(max_length=4)] | str | None = None
    stream: Literal[False] | None = None

    def request(self) -> Request:
        """The same content as a `Request`; its `model` is the name on the wire."""
        return Request(
            model=self.model,
            messages=tuple(Message(said.role, said.content) for said in self.messages),
            n=self.n,
            seed=self.seed or 0,
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
            stop=(self.stop,) if isinstance(self.stop, str) else self.stop or (),
        )


def on_wire(request: Request, model: ModelConfig) -> Request:
    """`request` as an endpoint sees it: under the name that the endpoint knows."""
    # JSON keeps 1 and 1.0 apart, and so would the key.
    return replace(
        request,
        model=model.model,
        temperature=float(request.temperature),
        top_p=float(request.top_p),
    )


def wire_key(request: Request, model: ModelConfig) -> str:
    """The content key that a protocol server logs for `request`, 40 hex digits."""
    return on_wire(request, model).key()


def chat_body(request: Request, model: ModelConfig) -> dict[str, JSON]:
    """The JSON body that asks for `request`."""
    body: dict[str, JSON] = {
        "model": model.model,
        "messages": [{"role": said.role, "content": said.content} for said in request.messages],
        "n": request.n,
        "seed": request.seed,
        "temperature": float(request.temperature),
        "top_p": float(request.top_p),
        "max_tokens": request.max_tokens,
    }
    if request.stop:
        body["stop"] = list(request.stop)
    return body


def chat_json(request: Request, model: ModelConfig) -> bytes:
    """The same as bytes."""
    return json.dumps(chat_body(request, model), separators=(",", ":")).encode()


class _Said(_Wire):
    content: str | None = None
    refusal: str | None = None


class _Answer(_Wire):
    index: int = 0
    message: _Said
    finish_reason: str | None = None


class _Tokens(_Wire):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Completion(_Wire):
    """The body of an answer. One without choices does not validate."""

    choices: Annotated[tuple[_Answer, ...], Field(min_length=1)]
    usage: _Tokens | None = None

    def reply(self, n: int, seconds: float) -> Reply:
        """At most `n` choices in index order.

        Repeated choices are dropped, and filtered ones; where every choice was filtered the
        reply is `lost`. Fewer than `n` are kept as they are: what was paid for is used.
        """
        answers = {(said.index, said.message.content): said for said in self.choices}
        kept = [said for said in answers.values() if said.finish_reason != "content_filter"]
        kept = sorted(kept, key=lambda said: said.index)[:n]
        tokens = self.usage or _Tokens()
        return Reply(
            choices=tuple(
                Choice(
                    _encodable(said.message.content or said.message.refusal or ""),
                    said.finish_reason or "",
                )
                for said in kept
            ),
            usage=Usage(tokens.prompt_tokens or 0, tokens.completion_tokens or 0),
            seconds=seconds,
            lost="" if kept else "content filter: the endpoint withheld every choice",
        )


def read_completion(body: bytes) -> Completion:
    """Raises ValueError for what is no answer."""
    try:
        return Completion.model_validate_json(body)
    except ValidationError:
        # The fast reader takes no half of a surrogate pair, which vLLM may send.
        return Completion.model_validate(json.loads(body))


def _encodable(text: str) -> str:
    """`text` with U+FFFD for each half of a surrogate pair, which no journal could hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class _Model(_Wire):
    id: str


class ModelList(_Wire):
    """The body of `GET /v1/models`."""

    data: tuple[_Model, ...]

    def names(self) -> tuple[str, ...]:
        """What the endpoint serves, sorted."""
        return tuple(sorted(model.id for model in self.data))
