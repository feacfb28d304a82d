"""The pages of a run: overview, list, tree, node, pair, call; and where marks are sent to."""

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from ultrainteract.catalogue.opened import Opened
from ultrainteract.layers.marks import NOTE_LETTERS, Decision, Mark, actions_digest
from ultrainteract.tree import Node
from ultrainteract.web.asked import Asked
from ultrainteract.web.frame import page, refuse_foreign, static, tag_of, unchanged
from ultrainteract.web.listing import listing
from ultrainteract.web.looks import beside, look_at
from ultrainteract.web.overview import overview
from ultrainteract.web.shown import ShownRun

# Bytes of a form: a note at its longest, each letter escaped, and some room.
_FORM = 12 * NOTE_LETTERS + 1000


def viewer_router(run_of: Callable[..., ShownRun | Iterator[ShownRun]]) -> APIRouter:
    """The pages of the run that `run_of`, a dependency, gives: it may take path parameters of the
    prefix that the router is included below."""

    def based(request: Request, run: Annotated[ShownRun, Depends(run_of)]) -> None:
        request.state.run = run

    router = APIRouter(dependencies=[Depends(based)])
    for address, answer in (
        ("/", _overview),
        ("/static/{file}", static),
        ("/trees", _trees),
        ("/trees/{tree}", _tree),
        ("/trees/{tree}/nodes/{node}", _node),
        ("/trees/{tree}/pairs/{pair}", _pair),
        ("/trees/{tree}/calls/{call}", _call),
    ):
        router.add_api_route(address, answer, methods=["GET"])
    router.add_api_route(
        "/trees/{tree}/marks", _mark, methods=["POST"], dependencies=[Depends(refuse_foreign)]
    )
    return router


def _run(request: Request) -> ShownRun:
    run = request.state.run
    if not isinstance(run, ShownRun):
        raise TypeError(f"a router's dependency gives a ShownRun, not {run!r}")
    return run


Shown = Annotated[ShownRun, Depends(_run)]


def _overview(request: Request, run: Shown) -> Response:
    tag = tag_of(request, run.stamp(), run.trouble)
    return unchanged(request, tag) or page("overview", overview(run), tag=tag)


def _trees(request: Request, run: Shown) -> Response:
    asked = Asked.of(request)
    tag = tag_of(request, run.stamp())
    return unchanged(request, tag) or page("trees", listing(run, asked), tag=tag)


def _tree(request: Request, run: Shown, tree: str) -> Response:
    asked = Asked.of(request)
    standing = run.journal.standing(tree)
    near = beside(run, tree, asked)
    tag = tag_of(request, standing, run.marks_stamp(), near)
    if same := unchanged(request, tag):
        return same
    return page("tree", {"look": look_at(run, _open(run, tree), asked, near)}, tag=tag)


def _node(request: Request, run: Shown, tree: str, node: str) -> Response:
    look = look_at(run, _open(run, tree), Asked.of(request))
    return page("node", {"look": look, "node": _found(look.opened, node)})


def _pair(request: Request, run: Shown, tree: str, pair: str) -> Response:
    look = look_at(run, _open(run, tree), Asked.of(request))
    found = next((one for one in look.pairs if one.name == pair), None)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"Tree {tree} has no pair {pair}.")
    return page("pair", {"look": look, "pair": found})


def _call(request: Request, run: Shown, tree: str, call: str) -> Response:
    look = look_at(run, _open(run, tree), Asked.of(request))
    found = next((one for one in look.opened.calls if str(one.number) == call), None)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"Tree {tree} has no call {call}.")
    return page("call", {"look": look, "call": found})


async def _mark(request: Request, run: Shown, tree: str) -> Response:
    form = await _form(request)
    back = form.get("back", "") or f"/trees/{tree}"
    if not back.startswith("/trees/") or not back.isprintable() or "\\" in back:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "There is no such page to go back to.")
    target = await run_in_threadpool(_add_mark, run, tree, form)
    anchor = f"pair-{target}" if "-" in target else f"node-{target}"
    return RedirectResponse(f"{run.base}{back}#{anchor}", HTTPStatus.SEE_OTHER)


def _add_mark(run: ShownRun, tree: str, form: Mapping[str, str]) -> str:
    opened, target = _open(run, tree), form.get("target", "")
    nodes = [_found(opened, one) for one in target.split("-")]
    run.mark(_marked(opened, nodes, form))
    return target


def _open(run: ShownRun, tree: str) -> Opened:
    try:
        return run.tree(tree)
    except KeyError:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"This run has no tree {tree}.") from None


def _found(opened: Opened, node: str) -> Node:
    nodes = opened.tree.nodes
    if node not in {str(one.id) for one in nodes}:
        tree = opened.tree.instruction.id
        raise HTTPException(HTTPStatus.NOT_FOUND, f"Tree {tree} has no action {node}.")
    return nodes[int(node)]


def _marked(opened: Opened, targets: list[Node], form: Mapping[str, str]) -> Mark:
    tree = opened.tree
    nodes = tuple(node.id for node in targets)
    paired = {(pair.chosen.id, pair.rejected.id) for pair in tree.pairs()}
    decision, note = form.get("decision", ""), form.get("note", "")
    if decision not in set(Decision) or len(note) > NOTE_LETTERS:
        raise HTTPException(
            HTTPStatus.BAD_REQUEST,
            f"A mark is keep, drop or empty, with a note of {NOTE_LETTERS} letters at most.",
        )
    if len(nodes) > 1 and nodes not in paired:
        raise HTTPException(HTTPStatus.NOT_FOUND, "These actions are no pair.")
    return Mark(
        tree=tree.instruction.id,
        nodes=nodes,
        decision=Decision(decision),
        note=note,
        actions=actions_digest(*targets),
    )


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _FORM:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That is more than a note.")
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=8)
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "That is no form.") from None
    return {name: values[-1] for name, values in fields.items()}
