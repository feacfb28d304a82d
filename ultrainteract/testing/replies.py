"""The bodies that a protocol server sends: completions, spoilt ones, and errors."""

import json
from dataclasses import dataclass

from aiohttp import web
from pydantic import ValidationError

from ultrainteract.sampling.base import Choice, Reply
from ultrainteract.testing.faults import FaultKind, FaultRule
from ultrainteract.types import JSON


@dataclass(frozen=True, slots=True)
class Arrival:
    """A chat request as it came; `key`, `model` and `n` are empty where it does not validate."""

    seq: int
    raw: bytes
    key: str = ""
    model: str = ""
    n: int = 0
    attempt: int = 1

    def hit_by(self, rule: FaultRule) -> bool:
        """Whether `rule` applies to this arrival."""
        return rule.applies(key=self.key, model=self.model, arrival=self.seq, attempt=self.attempt)


def completion(arrival: Arrival, reply: Reply, fault: FaultRule | None = None) -> web.Response:
    """A chat completion, spoilt as `fault` says."""
    kind = fault.kind if fault else None
    choices = [_choice(index, choice, kind) for index, choice in enumerate(reply.choices)]
    match kind:
        case FaultKind.NO_CHOICES:
            choices = []
        case FaultKind.DUPLICATE:
            choices = [choice for choice in choices for _ in range(2)]
        case FaultKind.FEWER if len(choices) > 1:
            choices = choices[:-1]
    usage = reply.usage
    body: dict[str, JSON] = {
        "id": f"chatcmpl-{arrival.key[:24]}",
        "object": "chat.completion",
        "created": 0,
        "model": arrival.model,
        "choices": choices,
        "usage": {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        },
    }
    if kind is FaultKind.BAD_JSON:
        text = json.dumps(body)
        return web.Response(body=text[: len(text) // 2].encode(), content_type="application/json")
    return reply_json(body)


def _choice(index: int, choice: Choice, kind: FaultKind | None) -> dict[str, JSON]:
    text, reason = choice.text, choice.finish_reason
    if kind is FaultKind.LENGTH:
        text, reason = text[: len(text) // 2], "length"
    if kind is FaultKind.FILTER:
        text, reason = "", "content_filter"
    message = {"role": "assistant", "content": text, "refusal": None}
    return {"index": index, "message": message, "finish_reason": reason, "logprobs": None}


def reply_json(body: dict[str, JSON], status: int = 200) -> web.Response:
    """A JSON reply."""
    return web.Response(
        body=json.dumps(body).encode(), status=status, content_type="application/json"
    )


def error(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    retry_after: str | None = None,
) -> web.Response:
    """An error as the OpenAI protocol shapes it."""
    kind = "invalid_request_error" if status < 429 else "server_error"  # noqa: PLR2004
    body: dict[str, JSON] = {
        "error": {"message": message, "type": kind, "param": param, "code": code}
    }
    response = reply_json(body, status)
    if retry_after is not None:
        response.headers["Retry-After"] = retry_after
    return response


def invalid(problem: ValidationError) -> web.Response:
    """The 400 of a body that does not validate; names the first wrong field."""
    first = problem.errors(include_url=False, include_context=False)[0]
    param = ".".join(str(part) for part in first["loc"])
    return error(400, f"{param or 'body'}: {first['msg']}", param=param or None)
