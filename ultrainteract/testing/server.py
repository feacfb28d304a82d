"""A real HTTP server that speaks the OpenAI protocol, answers by script and fails on demand.

    python -m ultrainteract.testing.server --port 0 --log requests.jsonl --script rules.json

prints its address on one line when it is ready. Answers depend on the request's content alone.
It serves chat completions, the list of models, /health and /metrics; `POST /admin/faults` replaces
the fault rules, `GET /admin/arrivals/N` answers when N chat requests are in the log.
"""

import argparse
import asyncio
import hmac
import signal
import sys
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from aiohttp import web
from pydantic import ValidationError

from ultrainteract.errors import UserError
from ultrainteract.sampling.base import Request
from ultrainteract.sampling.scripted import RuleScript, Script, load_script, respond
from ultrainteract.sampling.wire import ChatBody
from ultrainteract.testing.faults import (
    FaultKind,
    FaultRule,
    FaultRules,
    load_faults,
    parse_faults,
)
from ultrainteract.testing.log import RequestLog
from ultrainteract.testing.replies import Arrival, completion, error, invalid, reply_json
from ultrainteract.testing.service import Service


@dataclass
class ProtocolServer:
    """The state of one server; `handle` answers every request."""

    script: Script = field(default_factory=RuleScript)
    faults: FaultRules = ()
    models: tuple[str, ...] = ("scripted",)
    log: RequestLog = field(default_factory=lambda: RequestLog(None))
    latency: float = 0.0
    """Seconds before every chat completion."""
    api_key: str = ""
    """Without this bearer token requests are refused; empty lets everybody in."""
    keep_bodies: bool = False
    service: Service = field(default_factory=Service)
    arrivals: int = 0
    logged: int = 0
    awaited: dict[int, asyncio.Event] = field(default_factory=dict)
    attempts: Counter[str] = field(default_factory=Counter)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Route by method and path."""
        match request.method, request.path:
            case "GET", "/health":
                return web.Response()
            case "GET", "/metrics" if self.service.shows_metrics:
                return web.Response(text=self.service.metrics())
            case _, path if path.startswith("/admin/"):
                return await self._admin(request)
        if not self._admits(request):
            return error(401, "Incorrect API key provided.", code="invalid_api_key")
        return await self._protocol(request)

    async def _protocol(self, request: web.BaseRequest) -> web.StreamResponse:
        match request.method, request.path:
            case "GET", "/v1/models":
                listed = [{"id": name, "object": "model"} for name in self.models]
                return reply_json({"object": "list", "data": listed})
            case "POST", "/v1/chat/completions":
                return await self._chat(request)
            case method, path:
                return error(404, f"Unknown request URL: {method} {path}.")

    def _admits(self, request: web.BaseRequest) -> bool:
        given = request.headers.get("Authorization", "")
        wanted = f"Bearer {self.api_key}"
        return not self.api_key or hmac.compare_digest(given.encode(), wanted.encode())

    async def _admin(self, request: web.BaseRequest) -> web.Response:
        match request.path.split("/")[2:]:
            case ["faults"]:
                try:
                    self.faults = parse_faults(await request.read())
                except ValidationError as problem:
                    return error(400, str(problem))
                return reply_json({"faults": len(self.faults)})
            case ["arrivals", count] if count.isdecimal():
                if self.logged < int(count):
                    await self.awaited.setdefault(int(count), asyncio.Event()).wait()
                return reply_json({"arrivals": self.logged})
            case _:
                return error(404, f"Unknown request URL: {request.path}.")

    async def _chat(self, request: web.BaseRequest) -> web.StreamResponse:
        self.arrivals += 1
        seq, raw = self.arrivals, await request.read()
        try:
            asked = ChatBody.model_validate_json(raw).request()
        except ValidationError as problem:
            return await self._send(request, Arrival(seq, raw), invalid(problem))
        key = asked.key()
        self.attempts[key] += 1
        arrival = Arrival(seq, raw, key, asked.model, asked.n, self.attempts[key])
        if asked.model not in self.models:
            message = f"The model `{asked.model}` does not exist."
            refusal = error(404, message, param="model", code="model_not_found")
            return await self._send(request, arrival, refusal)
        if self.service.full:
            return await self._send(request, arrival, error(429, "Too many requests."))
        async with self.service.place():
            return await self._serve(request, arrival, asked)

    async def _serve(
        self, request: web.BaseRequest, arrival: Arrival, asked: Request
    ) -> web.StreamResponse:
        fault = next((rule for rule in self.faults if arrival.hit_by(rule)), None)
        if fault is not None and fault.kind is FaultKind.STATUS:
            answer = error(
                fault.status, fault.message, code=fault.code, retry_after=fault.retry_after
            )
        else:
            answer = completion(arrival, respond(self.script, asked), fault)
        return await self._send(request, arrival, answer, fault)

    async def _send(
        self,
        request: web.BaseRequest,
        arrival: Arrival,
        answer: web.Response,
        fault: FaultRule | None = None,
    ) -> web.StreamResponse:
        """Log, then answer or misbehave, then log that the reply has left."""
        kind = fault.kind if fault else None
        self.log.write(
            "received",
            seq=arrival.seq,
            key=arrival.key,
            model=arrival.model,
            n=arrival.n,
            attempt=arrival.attempt,
            fault=kind or "",
            status=0 if kind in {FaultKind.HANG, FaultKind.CUT} else answer.status,
            body=arrival.raw.decode(errors="replace") if self.keep_bodies else None,
        )
        self.logged += 1
        if self.logged in self.awaited:
            self.awaited.pop(self.logged).set()
        seconds = fault.seconds if fault and kind is FaultKind.SLOW else 0.0
        # A server that has too much to do refuses at once.
        seconds += self.latency if answer.status != HTTPStatus.TOO_MANY_REQUESTS else 0.0
        if seconds:
            await asyncio.sleep(seconds)
        match kind:
            case FaultKind.HANG:
                await asyncio.Event().wait()
            case FaultKind.CUT:
                _cut(request)
            case FaultKind.CUT_MIDWAY:
                await _half(request, answer)
            case _:
                await answer.prepare(request)
                await answer.write_eof()
                self.log.write("sent", seq=arrival.seq)
        return answer


def _cut(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _half(request: web.BaseRequest, answer: web.Response) -> None:
    body = answer.body if isinstance(answer.body, bytes) else b""
    half = web.StreamResponse(headers={"Content-Type": "application/json"})
    half.content_length = len(body)
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    # close, not abort: what was written is still delivered.
    if request.transport is not None:
        request.transport.close()


async def run(server: ProtocolServer, port: int, *, until_stdin_ends: bool = False) -> None:
    """Serve on 127.0.0.1 until SIGTERM or SIGINT; prints the address when ready."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if until_stdin_ends:
        loop.add_reader(sys.stdin.fileno(), stop.set)
    runner = web.ServerRunner(
        web.Server(server.handle, handler_cancellation=True, access_log=None), shutdown_timeout=0.5
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port, reuse_address=True)
        await site.start()
        host, bound = runner.addresses[0][:2]
        sys.stdout.write(f"http://{host}:{bound}/v1\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()
        server.log.close()


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m ultrainteract.testing.server")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--log", type=Path, help="append a JSON line for each request here")
    parser.add_argument("--log-bodies", action="store_true", help="keep request bodies in the log")
    parser.add_argument("--script", type=Path, help="JSON list of rules that answer")
    parser.add_argument("--faults", type=Path, help="JSON list of fault rules")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="before every answer")
    parser.add_argument("--places", type=int, default=0, help="served at a time, others queue")
    parser.add_argument("--capacity", type=int, default=0, help="above it 429; 0 takes all")
    parser.add_argument("--metrics", action="store_true", help="show the queue as vLLM does")
    parser.add_argument("--models", default="scripted", help="names, separated by commas")
    parser.add_argument("--api-key", default="", help="refuse requests without this bearer token")
    parser.add_argument("--until-stdin-ends", action="store_true", help="die with the parent")
    given = parser.parse_args(arguments)
    try:
        server = ProtocolServer(
            script=load_script(given.script) if given.script else RuleScript(),
            faults=load_faults(given.faults) if given.faults else (),
            models=tuple(given.models.split(",")),
            log=RequestLog(given.log),
            latency=given.latency_ms / 1000,
            api_key=given.api_key,
            keep_bodies=given.log_bodies,
            service=Service(given.places, given.capacity, given.metrics),
        )
    except (UserError, OSError, ValidationError) as problem:
        parser.error(str(problem))
    asyncio.run(run(server, given.port, until_stdin_ends=given.until_stdin_ends))


if __name__ == "__main__":
    main()
