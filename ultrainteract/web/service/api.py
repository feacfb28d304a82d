"""The service for programs: `/api/...`, described by `/openapi.json`."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response
from fastapi.responses import FileResponse, StreamingResponse

from ultrainteract.web.service.archive import ArchiveResponse, files_of
from ultrainteract.web.service.deletion import Deletion
from ultrainteract.web.service.dispatcher import Dispatcher
from ultrainteract.web.service.events import events
from ultrainteract.web.service.guard import LIMIT
from ultrainteract.web.service.ledger import OVER, RESTING, Entry, Refused, UnknownRun
from ultrainteract.web.service.problem import described
from ultrainteract.web.service.shown import (
    DatasetFile,
    DatasetFiles,
    Offer,
    Page,
    Runs,
    RunShown,
    offer,
    show,
    show_latest,
)
from ultrainteract.web.service.submission import NAME, Further, Submission, resolve

Name = Annotated[
    str, Path(pattern=NAME, max_length=64, description="A run's name.", examples=["math-first"])
]
_BINARY = {"type": "string", "format": "binary"}
_EVENTS = {
    "schema": {
        "type": "object",
        "description": "An event; `data` is JSON.",
        "required": ["event", "data"],
        "properties": {name: {"type": "string"} for name in ("id", "event", "data")},
    },
    "example": 'id: 812\nevent: tree\ndata: {"event": "tree", "pairs": 2}\n\n',
}


def api(dispatcher: Dispatcher, deletion: Deletion) -> APIRouter:
    """The routes, over the runs of a dispatcher."""
    router = APIRouter(prefix="/api")
    _about_runs(router, dispatcher)
    _changing(router, dispatcher)
    _ending(router, deletion)
    _about_data(router, dispatcher)
    return router


def _about_runs(router: APIRouter, dispatcher: Dispatcher) -> None:
    house, ledger = dispatcher.house, dispatcher.ledger

    @router.get("/offer", responses=described(), tags=["runs"])
    def offered() -> Offer:
        """What a submission may name: models, datasets, environments; and the most it may ask."""
        return offer(house, LIMIT)

    @router.get("/runs", responses=described(422), tags=["runs"], response_model_exclude_unset=True)
    def list_runs(page: Annotated[Page, Query()]) -> Runs:
        """The runs, the newest first, a page at a time."""
        runs, older = show_latest(house, ledger, page.limit, page.cursor)
        there = f"/api/runs?limit={page.limit}&cursor={older}"
        return Runs(runs=runs, next=there if older else None)

    @router.post(
        "/runs",
        status_code=HTTPStatus.CREATED,
        response_model_exclude_unset=True,
        responses={
            **described(400, 409, 422),
            201: {"headers": {"Location": {"schema": {"type": "string"}}}},
        },
        tags=["runs"],
    )
    async def submit_run(asked: Submission, response: Response) -> RunShown:
        """Queue a run. What is left out of `config` is as the service has it."""
        entry = dispatcher.submit(asked, resolve(asked, house.base))
        shown = show(house, entry)
        response.headers["Location"] = shown.links["self"]
        return shown

    @router.get(
        "/runs/{name}",
        responses=described(404, 422),
        response_model_exclude_unset=True,
        tags=["runs"],
    )
    def show_run(name: Name) -> RunShown:
        """One run: its state, why, and how far it is."""
        return show(house, ledger[name])

    @router.get(
        "/runs/{name}/events",
        response_class=StreamingResponse,
        responses={
            **described(404, 422),
            200: {
                "description": "Server-sent events: the log's lines, and `run` for the state.",
                "content": {"text/event-stream": _EVENTS},
            },
        },
        tags=["runs"],
    )
    def follow_run(
        name: Name,
        *,
        follow: bool = True,
        last_event_id: Annotated[
            str, Header(pattern=r"^[0-9]{1,15}$", description="Go on after this event.")
        ] = "0",
    ) -> StreamingResponse:
        """What happens, as it happens, until the run rests or is over; with `follow=false` what
        has happened so far. A client that was cut off goes on with `Last-Event-ID`."""
        ledger[name]

        def ends(shown: RunShown) -> bool:
            return not follow or shown.state in OVER | RESTING

        lines = events(
            house.run(name) / "log.jsonl",
            int(last_event_id),
            lambda: show(house, ledger[name]),
            ends,
        )
        return StreamingResponse(lines, media_type="text/event-stream")


def _changing(router: APIRouter, dispatcher: Dispatcher) -> None:
    house = dispatcher.house
    ways: Mapping[str, tuple[Callable[[str], Entry], str]] = {
        "pause": (
            dispatcher.pause,
            "Stop it where it can go on: what is under way is recorded. Again: at once.",
        ),
        "cancel": (
            dispatcher.cancel,
            "Stop it for good; what it has recorded and published stays. Again: at once.",
        ),
    }

    def add(way: str, change: Callable[[str], Entry], words: str) -> None:
        @router.post(
            f"/runs/{{name}}/{way}",
            status_code=HTTPStatus.ACCEPTED,
            response_model_exclude_unset=True,
            responses=described(404, 409, 422),
            tags=["runs"],
            operation_id=f"{way}_run",
            summary=f"{way.capitalize()} Run",
            description=words,
        )
        async def changed(name: Name) -> RunShown:
            return show(house, change(name))

    for way, (change, words) in ways.items():
        add(way, change, words)

    @router.post(
        "/runs/{name}/resume",
        status_code=HTTPStatus.ACCEPTED,
        response_model_exclude_unset=True,
        responses=described(400, 404, 409, 422),
        tags=["runs"],
    )
    async def resume_run(name: Name, further: Further | None = None) -> RunShown:
        """Queue a run that rests again, at its old place. A body changes its bounds: what stopped
        at its budget goes on with a larger one."""
        return show(house, dispatcher.resume(name, further))


def _ending(router: APIRouter, deletion: Deletion) -> None:
    @router.delete(
        "/runs/{name}",
        status_code=HTTPStatus.NO_CONTENT,
        responses=described(404, 409, 422),
        tags=["runs"],
    )
    async def delete_run(name: Name) -> None:
        """Delete a run that has ended, with all it has recorded and published. Its name stays
        taken."""
        await deletion.delete(name)


def _about_data(router: APIRouter, dispatcher: Dispatcher) -> None:
    house, ledger = dispatcher.house, dispatcher.ledger

    def dataset_of(name: str) -> FilePath:
        folder = house.run(ledger[name].name) / "dataset"
        if not (folder / "run.yaml").exists():
            raise Refused(f"run {name!r} has published no dataset yet")
        return folder

    @router.get(
        "/runs/{name}/dataset",
        response_class=StreamingResponse,
        responses={
            **described(404, 409, 422),
            200: {
                "description": "A tar archive; of the same dataset, the same bytes.",
                "content": {"application/x-tar": {"schema": _BINARY}},
            },
        },
        tags=["dataset"],
    )
    def download_dataset(name: Name) -> ArchiveResponse:
        """The published dataset, as it is loaded by `datasets.load_dataset`."""
        return ArchiveResponse(dataset_of(name), name)

    @router.get("/runs/{name}/dataset/files", responses=described(404, 409, 422), tags=["dataset"])
    def list_dataset_files(name: Name) -> DatasetFiles:
        """Its files."""
        found = files_of(dataset_of(name))
        sizes = {path: file.stat().st_size for path, file in found.items()}
        return DatasetFiles(
            files=[DatasetFile(path=path, bytes=size) for path, size in sizes.items()]
        )

    @router.get(
        "/runs/{name}/dataset/files/{path:path}",
        response_class=FileResponse,
        responses={
            **described(404, 409, 422),
            200: {
                "description": "The file.",
                "content": {"application/octet-stream": {"schema": _BINARY}},
            },
        },
        tags=["dataset"],
    )
    def download_dataset_file(
        name: Name, path: Annotated[str, Path(examples=["README.md"])]
    ) -> FileResponse:
        """One file, by its path in the listing."""
        file = files_of(dataset_of(name)).get(path)
        if file is None:
            raise UnknownRun(f"the dataset of run {name!r} has no such file; see its listing")
        return FileResponse(file, media_type="application/octet-stream", filename=file.name)
