"""What a dataset says of its making, read from the journal and the configuration."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from ultrainteract.config import RunConfig
from ultrainteract.dataset.about import About, ModelUsed, Source
from ultrainteract.journal import Journal
from ultrainteract.seeds import Provenance
from ultrainteract.select.record import Compared, Removed, SelectionRecord
from ultrainteract.types import StopReason, adapter


def about_run(journal: Journal, config: RunConfig) -> About:
    """The versions are those the run was begun with; no image is named where no code ran."""
    shape = json.loads(journal.meta("shape") or "{}")
    for model in shape["models"].values():
        model["model"] = public_name(model["model"])
    recorded = journal.meta("provenance") or "[]"
    provenances = adapter(tuple[Provenance, ...]).validate_json(recorded)
    roles: dict[str, list[str]] = {name: [] for name in config.used_models()}
    for name in config.roles.actors:
        roles[name].append("actor")
    for name in config.roles.rejected:
        roles[name].append("rejected actions")
    roles[config.roles.critic].append("critic")
    if config.select.sieves:
        roles[config.filter].append("filter")
    recorded = journal.meta("selection") or "{}"
    selection = adapter(SelectionRecord).validate_json(recorded)
    return About(
        config=shape,
        sources=tuple(
            Source(
                id=one.id,
                kind=one.kind,
                licence=one.licence,
                revision=one.revision or f"sha256:{one.sha256}",
                notice=one.notice,
            )
            for one in provenances
        ),
        models=tuple(
            ModelUsed(
                _name(config, name),
                tuple(done),
                ", ".join(journal.noted(f"weights:{name}")) or config.models[name].revision,
            )
            for name, done in roles.items()
        ),
        prompts=shape["prompts"],
        image=", ".join(journal.noted("image")),
        grader=", ".join(journal.noted("grader")),
        seed=config.seed,
        self_critique=config.self_critique,
        decontamination=_decontamination(selection.compared),
        version=", ".join(journal.noted("version")),
        licences=tuple(dict.fromkeys(one.licence for one in provenances if one.licence)),
        removed=(*selection.removed, *_too_easy(journal, config)),
        compared=selection.compared,
    )


def _decontamination(compared: Sequence[Compared]) -> str:
    if not compared:
        return (
            "NOTHING was decontaminated: problems were compared with no test set "
            "(`select.decontaminate` names them)."
        )
    return (
        "a problem is left out where it has eight words in a row of an item of these test sets, "
        "or, for `substring`, quotes the whole item; where it is an item; and where it has an "
        "item's function with its parameters. Eight words may be a common phrase."
    )


def _too_easy(journal: Journal, config: RunConfig) -> Iterator[Removed]:
    """Instructions that the filter model solves too often, as the journal has them."""
    easy, select = journal.stopped(StopReason.TOO_EASY), config.select
    rule = (
        f"solved in more than {select.max_pass_rate:.0%} of {select.samples} samples, or never "
        "verified (counted for each environment)"
    )
    return (Removed(name, rule, count) for name, count in easy.items())


def _name(config: RunConfig, name: str) -> str:
    model = config.models[name]
    return "scripted" if model.kind == "scripted" else public_name(model.model)


def public_name(model: str) -> str:
    """A hub id as it is; of a folder on some machine, its last part alone."""
    path = Path(model)
    local = path.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1
    return path.name if local else model
