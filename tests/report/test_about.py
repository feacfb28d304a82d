"""What a dataset says of its making comes from the journal, and names no place on a machine."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from ultrainteract.config import RunConfig
from ultrainteract.config_file import parse_config
from ultrainteract.dataset.about import About, run_yaml
from ultrainteract.journal import Journal
from ultrainteract.report.about import about_run, public_name
from ultrainteract.seeds import Provenance, load
from ultrainteract.types import adapter

HUB = Provenance("math", "hub", "org/math", "abc123", licence="mit")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path)
    yield opened
    opened.close()


def begun(journal: Journal, config: RunConfig, provenance: Provenance = HUB, **facts: str) -> About:
    """What is said of a run whose journal holds these facts."""
    seeds = {"dataset": provenance.dataset, "environments": [], "source": provenance.id}
    journal.set_meta(
        shape=json.dumps({**config.shape(), "seeds": seeds}),
        provenance=adapter(tuple[Provenance, ...]).dump_json((provenance,)).decode(),
    )
    for key, value in facts.items():
        journal.note(key, value)
    return about_run(journal, config)


def configured(*actors: str, critic: str = "org/critic", **model: object) -> RunConfig:
    models = {f"actor{place}": {"model": name} for place, name in enumerate(actors)}
    return parse_config(
        {
            "models": {**models, "critic": {"model": critic, **model}},
            "roles": {"actors": [*models], "rejected": ["actor0"], "critic": "critic"},
        },
        "test",
    )


def published(about: About) -> str:
    """All that is said, and what `run.yaml` holds of it."""
    return json.dumps(asdict(about)) + run_yaml(about, 0.0)


@pytest.mark.parametrize("start", ["/", "./", "../", "~/"])
def test_no_folder_of_a_model_gets_out(start: str, journal: Journal) -> None:
    folder = f"{start}secret-place"
    serve = {"base_url": "http://inner-host:8000/v1", "vllm_args": ["--x", folder]}
    config = configured(f"{folder}/mine", "org/b", critic=f"{folder}/critic", serve=serve)
    about = begun(journal, config)
    assert {model.name for model in about.models} == {"mine", "org/b", "critic"}
    for place in ("secret-place", "inner-host"):
        assert place not in published(about)


def test_no_folder_of_a_source_gets_out(journal: Journal, tmp_path: Path) -> None:
    place = tmp_path / "secret-place"
    place.mkdir()
    rows = place / "rows.jsonl"
    rows.write_text(json.dumps({"problem": "What is 6 times 7?", "solution": r"\boxed{42}"}) + "\n")
    provenance = load("math", source=str(rows), limit=1, draw=0).provenance
    about = begun(journal, configured("org/a"), provenance)
    assert "secret-place" not in published(about)
    (source,) = about.sources
    assert (source.id, source.kind) == ("rows.jsonl", "file")
    assert source.revision == f"sha256:{provenance.sha256}"
    assert len(provenance.sha256) == 64


def test_a_hub_source_keeps_its_revision_and_licence(journal: Journal) -> None:
    about = begun(journal, configured("org/a"))
    (source,) = about.sources
    assert (source.id, source.revision, source.licence) == ("org/math", "abc123", "mit")
    assert about.licences == ("mit",)
    assert begun(journal, configured("org/a"), Provenance("d", "hub", "o/d", "1")).licences == ()


def test_every_role_of_a_model_is_said_once(journal: Journal) -> None:
    about = begun(journal, configured("org/a", "org/b", revision="v1"))
    said = {model.name: (model.roles, model.revision) for model in about.models}
    assert said == {
        "org/a": (("actor", "rejected actions"), ""),
        "org/b": (("actor",), ""),
        "org/critic": (("critic",), "v1"),
    }
    assert not about.self_critique


def test_versions_are_those_of_the_journal_and_empty_where_none_is(journal: Journal) -> None:
    config = configured("org/a")
    about = begun(journal, config)
    assert (about.image, about.grader, about.version) == ("", "", "")
    about = begun(journal, config, image="sha256:1", grader="2", version="3")
    assert (about.image, about.grader, about.version) == ("sha256:1", "2", "3")
    assert about.prompts == config.shape()["prompts"]


def test_scripted_models_are_called_so(journal: Journal) -> None:
    about = begun(journal, configured("org/a", kind="scripted"))
    assert [model.name for model in about.models] == ["org/a", "scripted"]


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("org/name", "org/name"),
        ("gpt-4o", "gpt-4o"),
        ("/mnt/weights/name", "name"),
        ("/mnt/weights/name/", "name"),
        ("./name", "name"),
        ("~/weights/name", "name"),
    ],
)
def test_a_hub_id_stays_and_a_path_becomes_its_last_part(model: str, name: str) -> None:
    assert public_name(model) == name


def test_a_run_that_went_on_elsewhere_names_all_it_used(journal: Journal) -> None:
    config = configured("org/actor")
    begun(journal, config, image="sha256:1", grader="2, patched")
    about = begun(journal, config, image="sha256:9", grader="2, patched")
    assert about.image == "sha256:1, sha256:9"
    assert about.grader == "2, patched"
