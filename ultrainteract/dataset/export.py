"""The published dataset in the shapes of trainers that do not read it as it is.

Each format is documented by its trainer: LLaMA-Factory's `data/README.md`, torchtune's guide to
preference datasets, NeMo RL's `PreferenceDataset`, verl's "Prepare Data for Post-Training".
Rows are read and written one batch at a time.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ultrainteract.dataset.repair import Record, Repair
from ultrainteract.dataset.schema import find_view
from ultrainteract.errors import UserError, boundary, unknown

# Rows are as Parquet gives them back: plain JSON-like values, checked when they were published.
Chat = list[dict[str, str]]

_VERL_BATCH = 1000
_ABILITIES = {"Coding": "code", "Math_CoT": "math", "Math_PoT": "math", "Logic": "logic"}
_message = pa.struct([("role", pa.string()), ("content", pa.string())])
_VERL = pa.schema(
    [
        ("data_source", pa.string()),
        ("prompt", pa.list_(_message)),
        ("ability", pa.string()),
        ("reward_model", pa.struct([("style", pa.string()), ("ground_truth", pa.string())])),
        (
            "extra_info",
            pa.struct([("split", pa.string()), ("index", pa.int64()), ("id", pa.string())]),
        ),
    ]
)


@dataclass(frozen=True)
class Published:
    """A published dataset, its pairs repaired; see `Repair`."""

    folder: Path
    repair: Repair = field(default_factory=Repair)

    def pairs(self, split: str) -> Iterator[Record]:
        """The rows of `preference` that are exported."""

        def rows() -> Iterator[Record]:
            return records(self.folder, "preference", split)

        return self.repair(rows, split) if self.repair else rows()

    def rows(self, view: str, split: str) -> Iterator[Record]:
        """The rows of another view, all of them."""
        return records(self.folder, view, split)


def export(
    folder: Path,
    format: str,  # noqa: A002
    target: Path,
    repair: Repair | None = None,
) -> tuple[Path, ...]:
    """Write the dataset at `folder` to the folder `target` as `format` asks.

    `repair` leaves pairs out; views of single actions stay whole. Returns the files written.
    Raises `UnknownName` for a format, `UserError` where `folder` holds no dataset or a damaged
    one, where `target` lies in it or cannot be written, or for a repair where no pairs are.
    """
    if format not in FORMATS:
        raise unknown("export format", format, FORMATS)
    if repair and format in PAIRLESS:
        raise UserError(
            f"{format} has no pairs to balance or drop: choose another format, or leave the "
            "repair out"
        )
    splits = sorted({path.name.split("-")[0] for path in folder.glob("trees/*.parquet")})
    if not splits:
        raise UserError(
            f"no published dataset in {str(folder)!r}: expected trees/train-*.parquet; "
            "name the folder that holds the card README.md"
        )
    if target.resolve().is_relative_to(folder.resolve()):
        raise UserError(
            f"cannot export to {str(target)!r}: it lies in the published dataset "
            f"{str(folder)!r}; choose a folder outside it"
        )
    with boundary(UserError, f"cannot export to {str(target)!r}", OSError):
        target.mkdir(parents=True, exist_ok=True)
        published = Published(folder, repair or Repair())
        return tuple(FORMATS[format](published, splits, target))


def records(folder: Path, view: str, split: str) -> Iterator[Record]:
    """The rows of one view and split, in order.

    Raises `UnknownName` for a view, `UserError` for a damaged file.
    """
    for path in sorted((folder / find_view(view).name).glob(f"{split}-*.parquet")):
        damaged = (
            f"cannot read {path}; remove the dataset folder and give the run's `ultrainteract "
            "synthesize` command again, which publishes it anew"
        )
        with (
            boundary(UserError, damaged, pa.ArrowException, OSError),
            pq.ParquetFile(path) as file,
        ):
            for batch in file.iter_batches(batch_size=_VERL_BATCH):
                yield from batch.to_pylist()


def _llamafactory(data: Published, splits: list[str], target: Path) -> Iterator[Path]:
    # SFT goes out flat: LLaMA-Factory trains on every assistant turn of a conversation unless it
    # is told `mask_history`, and the turns before the last are wrong actions.
    info: dict[str, object] = {}
    for split in splits:
        for name, (rows, entry) in _llamafactory_sets(data, split).items():
            path = target / f"ultrainteract_{name}_{split}.jsonl"
            info[path.stem] = {"file_name": path.name, **entry}
            yield _jsonl(path, rows)
    info_path = target / "dataset_info.json"
    info_path.write_text(json.dumps(info, indent=2) + "\n", encoding="utf-8")
    yield info_path


def _llamafactory_sets(
    data: Published, split: str
) -> dict[str, tuple[Iterator[Record], dict[str, object]]]:
    pairs: Iterator[Record] = (
        {
            "conversations": _sharegpt(_chat(row["prompt"])),
            "chosen": _sharegpt(_chat(row["chosen"]))[0],
            "rejected": _sharegpt(_chat(row["rejected"]))[0],
        }
        for row in data.pairs(split)
    )
    labelled: Iterator[Record] = (
        {
            "conversations": _sharegpt([*_chat(row["prompt"]), *_chat(row["completion"])]),
            "kto_tag": row["label"],
        }
        for row in data.rows("kto", split)
    )
    flat: Iterator[Record] = (
        {"instruction": row["instruction"], "input": "", "output": row["response"]}
        for row in data.rows("ultrainteract_sft", split)
    )
    sides = {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"}
    tagged = {"messages": "conversations", "kto_tag": "kto_tag"}
    columns = {"prompt": "instruction", "query": "input", "response": "output"}
    return {
        "preference": (pairs, {"formatting": "sharegpt", "ranking": True, "columns": sides}),
        "kto": (labelled, {"formatting": "sharegpt", "columns": tagged}),
        "sft": (flat, {"formatting": "alpaca", "columns": columns}),
    }


def _torchtune(data: Published, splits: list[str], target: Path) -> Iterator[Path]:
    # Each side is the whole conversation; the common history cancels out of the DPO loss.
    for split in splits:
        rows: Iterator[Record] = (
            {
                "chosen": [*_chat(row["prompt"]), *_chat(row["chosen"])],
                "rejected": [*_chat(row["prompt"]), *_chat(row["rejected"])],
            }
            for row in data.pairs(split)
        )
        yield _jsonl(target / f"preference_{split}.jsonl", rows)


def _nemo_rl(data: Published, splits: list[str], target: Path) -> Iterator[Path]:
    for split in splits:
        rows: Iterator[Record] = (
            {
                "context": _chat(row["prompt"]),
                "completions": [
                    {"rank": 0, "completion": _chat(row["chosen"])},
                    {"rank": 1, "completion": _chat(row["rejected"])},
                ],
            }
            for row in data.pairs(split)
        )
        yield _jsonl(target / f"preference_{split}.jsonl", rows)


def _trl(data: Published, splits: list[str], target: Path) -> Iterator[Path]:
    # As the view is; TRL and `load_dataset("json")` read it, and a repair needs a place to go.
    for split in splits:
        yield _jsonl(target / f"preference_{split}.jsonl", data.pairs(split))


def _verl_rl(data: Published, splits: list[str], target: Path) -> Iterator[Path]:
    for split in splits:
        path = target / f"{split}.parquet"
        part = path.with_suffix(".part")
        with pq.ParquetWriter(part, _VERL, compression="zstd") as writer:
            held: list[Record] = []
            for index, row in enumerate(_instructions(data, split)):
                held.append(_verl_row(row, split, index))
                if len(held) == _VERL_BATCH:
                    writer.write_table(pa.Table.from_pylist(held, schema=_VERL))
                    held = []
            writer.write_table(pa.Table.from_pylist(held, schema=_VERL))
        yield part.replace(path)


def _verl_row(row: Record, split: str, index: int) -> Record:
    return {
        "data_source": row["dataset"],
        "prompt": [{"role": "user", "content": row["instruction"]}],
        "ability": _ABILITIES[str(row["task"])],
        "reward_model": {"style": "rule", "ground_truth": row["reference"]},
        "extra_info": {"split": split, "index": index, "id": row["parent_id"]},
    }


def _instructions(data: Published, split: str) -> Iterator[Record]:
    """The first node of each tree: trees are published one after the other."""
    last: object = None
    for row in data.rows("trees", split):
        if row["parent_id"] != last:
            last = row["parent_id"]
            yield row


def _chat(messages: object) -> Chat:
    if not isinstance(messages, list):
        raise TypeError(f"a list of messages was published, not {type(messages).__name__}")
    return messages


def _sharegpt(messages: Chat) -> Chat:
    speakers = {"user": "human", "assistant": "gpt", "system": "system"}
    return [
        {"from": speakers[message["role"]], "value": message["content"]} for message in messages
    ]


def _jsonl(path: Path, rows: Iterable[Record]) -> Path:
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return part.replace(path)


FORMATS: Mapping[str, Callable[[Published, list[str], Path], Iterator[Path]]] = {
    "llamafactory": _llamafactory,
    "nemo_rl": _nemo_rl,
    "torchtune": _torchtune,
    "trl": _trl,
    "verl_rl": _verl_rl,
}
PAIRLESS = frozenset({"verl_rl"})
