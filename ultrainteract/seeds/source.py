"""Where the rows of a seed dataset come from.

Looked for in this order: the file that the user names, the file or the hub repository that the
seed names, and, where the hub can't be reached, the bundled sample with a notice.
"""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ultrainteract.errors import SeedError, boundary
from ultrainteract.seeds.hub import Unreachable, fetch
from ultrainteract.seeds.registry import Hub, Seed
from ultrainteract.seeds.rows import beside

SAMPLE_LICENCE = "apache-2.0"


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where rows came from, without any path of this machine.

    `id` is a repository or a file name. A hub source has the `revision` (commit) it was read at,
    a file or sample its `sha256`. `notice` is what the user must be told, loudly; else empty.
    """

    dataset: str
    kind: Literal["hub", "file", "sample"]
    id: str
    revision: str = ""
    sha256: str = ""
    licence: str = ""
    notice: str = ""

    def __str__(self) -> str:
        content = self.revision or f"sha256 {self.sha256[:12]}"
        return f"{self.kind} {self.id} ({content})"

    def same_rows(self, other: "Provenance") -> bool:
        """Whether both name the same content."""
        mine, theirs = (
            (one.kind, one.revision, one.sha256, one.id if one.kind == "hub" else "")
            for one in (self, other)
        )
        return mine == theirs


@dataclass(frozen=True, slots=True)
class Source:
    """Files in native shape, on this machine, and what they are."""

    files: tuple[Path, ...]
    provenance: Provenance


def locate(seed: Seed, named: str = "", recorded: Provenance | None = None) -> Source:
    """The rows' files. `named` is a path, or the word `hub` or `sample` for that one alone.

    With the provenance of an earlier run in `recorded`, the same content is found again.
    Raises `SeedError` that says what was tried and what to do.
    """
    if recorded and recorded.kind != "file":
        named = named or recorded.kind
    match named:
        case "hub" if seed.hub:
            source = _strict(seed, seed.hub, recorded.revision if recorded else "")
        case "sample" if seed.sample:
            source = _sample(seed, seed.sample)
        case "hub" | "sample":
            raise SeedError(f"seed dataset {seed.name!r} has no {named}; pass --source FILE")
        case "":
            source = _usual(seed)
        case _:
            source = _file(seed, Path(named).expanduser(), "")
    if recorded and not recorded.same_rows(source.provenance):
        raise SeedError(
            f"seed dataset {seed.name!r}: the run began with {recorded}, now there is "
            f"{source.provenance}; pass --source with the former, or begin a new run"
        )
    return source


def _usual(seed: Seed) -> Source:
    if seed.file:
        return _file(seed, seed.file, seed.licence)
    if seed.hub and not seed.sample:
        return _strict(seed, seed.hub, "")
    if seed.hub and seed.sample:
        try:
            return _hub(seed, seed.hub, "")
        except Unreachable as error:
            # The notice is published: what this machine said of its network is not.
            logger.warning("hub: %s", error)
            notice = (
                f"{seed.name}: NOT the dataset. The hub could not be reached for {seed.hub.id}, "
                "so the small bundled sample, written for trying things out, takes its place. "
                "For the dataset: come back with the network, or pass --source FILE"
            )
            return _sample(seed, seed.sample, notice)
    if seed.sample:
        # A user's seed may be its sample; the sample of a dataset never stands for it in silence.
        notice = (
            f"{seed.name}: NOT the dataset, but the small bundled sample, written for trying "
            f"things out: the hub has no copy to rely on. For the dataset: pass --source "
            f"{seed.elsewhere}"
        )
        return _sample(seed, seed.sample, notice if seed.elsewhere else "")
    raise SeedError(f"seed dataset {seed.name!r} names no source of rows; pass --source FILE")


def _hub(seed: Seed, hub: Hub, revision: str) -> Source:
    snapshot = fetch(hub, revision)
    return Source(
        snapshot.files,
        Provenance(seed.name, "hub", hub.id, snapshot.revision, licence=seed.licence),
    )


def _strict(seed: Seed, hub: Hub, revision: str) -> Source:
    what = f"seed dataset {seed.name!r}: cannot reach the hub for {hub.id} at {revision or 'main'}"
    remedy = "try again, or pass --source FILE in its native shape"
    with boundary(SeedError, f"{what} ({remedy})", Unreachable):
        return _hub(seed, hub, revision)


def _file(seed: Seed, path: Path, licence: str) -> Source:
    what = f"seed dataset {seed.name!r}: cannot read {path}"
    with boundary(SeedError, what, OSError):
        if path.is_dir():
            raise SeedError(f"{what}: it is a folder; {beside(path / 'rows')}")
        if not path.exists():
            raise SeedError(f"{what}: no such file; {beside(path)}")
        # Opening a pipe waits for whoever writes to it.
        if not path.is_file():
            raise SeedError(f"{what}: neither a file nor a folder; write its rows to a file first")
        content = _sha256(path)
    provenance = Provenance(seed.name, "file", path.name, sha256=content, licence=licence)
    return Source((path,), provenance)


def _sample(seed: Seed, path: Path, notice: str = "") -> Source:
    licence = SAMPLE_LICENCE if seed.shipped else seed.licence
    return Source(
        (path,), Provenance(seed.name, "sample", path.name, "", _sha256(path), licence, notice)
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
