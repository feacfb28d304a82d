"""What a dataset says of its making: the card and `run.yaml` are written from this alone.

Nothing here names a host, a path, a time or a run, so that one journal gives one dataset.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

import yaml

from ultrainteract.select.record import Compared, Removed
from ultrainteract.types import JSON


@dataclass(frozen=True, slots=True)
class Source:
    """A seed dataset. `licence` as the hub spells it (`mit`); `notice` is what its use asks to
    be said, or why the sample serves."""

    id: str
    kind: Literal["hub", "file", "sample"]
    licence: str
    revision: str = ""
    notice: str = ""


@dataclass(frozen=True, slots=True)
class ModelUsed:
    """A model and what it did. `revision` is empty where nobody named one."""

    name: str
    roles: tuple[str, ...]
    revision: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """`config` is what shapes trees (`RunConfig.shape`), `removed` and `compared` what selection
    did, `layers` are the later verdicts applied over the journal, `limits` further sentences for
    the card's known limits."""

    config: Mapping[str, JSON]
    sources: tuple[Source, ...]
    models: tuple[ModelUsed, ...]
    prompts: str
    image: str
    grader: str
    seed: int
    self_critique: bool
    decontamination: str
    version: str
    licences: tuple[str, ...]
    pretty_name: str = "UltraInteract preference trees"
    languages: tuple[str, ...] = ("en",)
    removed: tuple[Removed, ...] = ()
    compared: tuple[Compared, ...] = ()
    layers: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


def run_yaml(about: About, test_fraction: float) -> str:
    """The text of `run.yaml`: what reproduces the dataset."""
    data = {**_plain(asdict(about)), "test_fraction": test_fraction}
    return yaml.safe_dump(data, sort_keys=True, allow_unicode=True, width=100)


def _plain(value: Mapping[str, object]) -> dict[str, object]:
    return {key: _plain_value(inner) for key, inner in value.items()}


def _plain_value(value: object) -> object:
    if isinstance(value, Mapping):
        return _plain(value)
    if isinstance(value, list | tuple):
        return [_plain_value(inner) for inner in value]
    return value
