"""The card: front matter that the hub and `load_dataset` read, and `card.md` for people."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datasets import DatasetInfo, SplitDict, SplitInfo
from datasets.info import DatasetInfosDict
from huggingface_hub import DatasetCardData
from jinja2 import Environment, StrictUndefined

from ultrainteract.dataset.about import About
from ultrainteract.dataset.gallery import FOLDER, Gallery
from ultrainteract.dataset.rows import Row
from ultrainteract.dataset.schema import DEFAULT, VIEWS, View
from ultrainteract.dataset.tally import PERCENTILES, Length, Published, VerdictCount
from ultrainteract.report.cells import (
    DATASET_HEADS,
    TASK_HEADS,
    YIELD_HEADS,
    dataset_cells,
    spending_cells,
    task_cells,
)
from ultrainteract.report.tables import Report

TAGS = ("synthetic", "preference", "dpo", "reasoning", "ultrainteract")
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)
_CLIP = 400


@dataclass(frozen=True, slots=True)
class Files:
    """The shards of one view and split: `bytes` is their size in memory."""

    paths: tuple[Path, ...]
    rows: int
    bytes: int


AllFiles = Mapping[tuple[str, str], Files]


def render(
    about: About,
    published: Published,
    report: Report,
    files: AllFiles,
    samples: Mapping[str, Row],
    gallery: Gallery,
) -> str:
    """The text of `README.md`."""
    # The card is Markdown and its values are shown as they are, inside fences where they are long.
    jinja = Environment(
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    jinja.filters["cell"] = _cell
    jinja.filters["alt"] = _alt
    template = jinja.from_string(Path(__file__).with_name("card.md").read_text(encoding="utf-8"))
    return template.render(
        front=front_matter(about, published, files),
        about=about,
        published=published,
        gallery=gallery,
        plots=FOLDER,
        default=default_view(published),
        views=[_view(view, published, samples) for view in VIEWS.values()],
        splits=list(published.rows[DEFAULT]),
        tasks=_table(TASK_HEADS, task_cells(report)),
        # A plugin names its dataset as it likes.
        datasets=_table(DATASET_HEADS, [[*map(_cell, cells)] for cells in dataset_cells(report)]),
        yields=_table(YIELD_HEADS, [[*map(_cell, cells)] for cells in spending_cells(report)]),
        verdicts=_verdict_table(published.verdicts),
        lengths=_length_table(published.lengths),
        samples=[source for source in about.sources if source.kind == "sample"],
    )


def front_matter(about: About, published: Published, files: AllFiles) -> str:
    """The YAML between the card's `---` lines."""
    licences = list(about.licences) or ["unknown"]
    data = DatasetCardData(
        language=list(about.languages),
        license=licences[0] if len(licences) == 1 else licences,
        pretty_name=about.pretty_name,
        tags=list(TAGS),
        annotations_creators=["machine-generated"],
        language_creators=["machine-generated"],
        size_categories=[_size(sum(published.rows[DEFAULT].values()))],
        source_datasets=_source_datasets(about),
        task_categories=["text-generation"],
    )
    # A config or split without rows does not load, so it is not named here.
    filled = [name for name, rows in published.rows.items() if any(rows.values())]
    data["configs"] = [
        {
            "config_name": name,
            **({"default": True} if name == default_view(published) else {}),
            "data_files": [
                {"split": split, "path": f"{name}/{split}-*"}
                for split, rows in published.rows[name].items()
                if rows
            ],
        }
        for name in filled
    ]
    infos = {name: _info(VIEWS[name], files) for name in filled}
    DatasetInfosDict(infos).to_dataset_card_data(data)
    text: str = data.to_yaml()
    return text


def default_view(published: Published) -> str:
    """`preference`; without a pair, the first view that has rows."""
    filled = (name for name, rows in published.rows.items() if any(rows.values()))
    return next(filled, DEFAULT)


def _info(view: View, files: AllFiles) -> DatasetInfo:
    mine = {split: held for (name, split), held in files.items() if name == view.name}
    splits = SplitDict()
    for split, held in mine.items():
        if held.rows:
            splits.add(SplitInfo(name=split, num_bytes=held.bytes, num_examples=held.rows))
    return DatasetInfo(
        features=view.features,
        splits=splits,
        download_size=sum(path.stat().st_size for held in mine.values() for path in held.paths),
        dataset_size=sum(held.bytes for held in mine.values()),
    )


def _source_datasets(about: About) -> list[str]:
    names = {"hub": "", "file": "extended", "sample": "original"}
    return sorted({names[source.kind] or source.id for source in about.sources})


def _size(rows: int) -> str:
    return next((name for bound, name in _SIZES if rows < bound), "100M<n<1B")


def _view(view: View, published: Published, samples: Mapping[str, Row]) -> dict[str, object]:
    sample = samples.get(view.name)
    return {
        "name": view.name,
        "purpose": view.purpose,
        "columns": ", ".join(f"`{column}`" for column in view.features),
        "rows": published.rows[view.name],
        "sample": "" if sample is None else _show(view, sample),
    }


def _show(view: View, row: Row) -> str:
    data = row.model_dump(by_alias=True)
    ordered = {column: _clip(data[column]) for column in view.features}
    return json.dumps(ordered, ensure_ascii=False, indent=1)


def _clip(value: object) -> object:
    if isinstance(value, str) and len(value) > _CLIP:
        return f"{value[:_CLIP]} ... ({len(value)} characters)"
    if isinstance(value, Mapping):
        return {key: _clip(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clip(inner) for inner in value]
    return value


def _verdict_table(counts: Iterable[VerdictCount]) -> str:
    found = {(count.task, count.turn, count.verdict): count.actions for count in counts}
    verdicts = sorted({verdict for _, _, verdict in found})
    places = sorted({(task, turn) for task, turn, _ in found})
    return _table(
        ["task", "turn", *verdicts],
        [
            [task, turn, *(found.get((task, turn, verdict), 0) for verdict in verdicts)]
            for task, turn in places
        ],
    )


def _length_table(lengths: Iterable[Length]) -> str:
    heads = [f"p{percent}" for percent in PERCENTILES[:-1]]
    return _table(
        ["view", "of", "unit", "texts", *heads, "longest"],
        [[one.view, one.part, one.unit, one.count, *one.values] for one in lengths],
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _alt(text: str) -> str:
    return re.sub(r"([\\\[\]`<>*_])", r"\\\1", " ".join(text.split()))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str | int]]) -> str:
    lines: list[Sequence[str | int]] = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
