"""A configuration is read whole or refused with what is wrong, where, and what exists."""

from pathlib import Path

import pytest

from ultrainteract.config import RunConfig, benchmark_name
from ultrainteract.config_file import find_config, load_config, parse_config
from ultrainteract.errors import ConfigError
from ultrainteract.resources import folder
from ultrainteract.run_folder import changes

SHIPPED = sorted(path.name for path in folder("configs").glob("*.yaml"))
MINIMAL: dict[str, object] = {
    "models": {"a": {"model": "org/a"}, "c": {"model": "org/c"}},
    "roles": {"actors": ["a"], "critic": "c"},
}


def refused(data: object, *words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(data, "my.yaml")
    for word in ("my.yaml", *words):
        assert word in str(caught.value)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_configuration_loads(name: str) -> None:
    config = load_config(Path(name))
    assert config.used_models()
    assert RunConfig.model_validate(config.model_dump()) == config


def test_an_unknown_key_names_the_nearest() -> None:
    refused({**MINIMAL, "sampling": {"wave": [1]}}, "sampling.wave", "unknown key", "'waves'")
    models = {**MINIMAL, "models": {"a": {"model": "x", "sreve": {}}, "c": {"model": "y"}}}
    refused(models, "models.a.sreve", "'serve'")


def test_a_role_without_its_model_lists_the_models() -> None:
    refused({**MINIMAL, "roles": {"actors": ["b"], "critic": "c"}}, "'b'", "a, c")


@pytest.mark.parametrize("role", ["actors", "rejected"])
def test_a_critic_that_writes_actions_is_refused_even_under_another_name(role: str) -> None:
    models = {"a": {"model": "org/a"}, "alias": {"model": "org/c"}, "c": {"model": "org/c"}}
    roles = {"actors": ["a"], "critic": "c", role: ["alias"]}
    refused({"models": models, "roles": roles}, "does not criticise itself", "allow_self_critique")
    allowed = {"models": models, "roles": {**roles, "allow_self_critique": True}}
    assert parse_config(allowed, "my.yaml").self_critique


def test_a_model_name_with_a_dot_is_refused_because_no_override_reaches_it() -> None:
    models = {"gpt-3.5": {"model": "x"}, "c": {"model": "y"}}
    data = {"models": models, "roles": {"actors": ["gpt-3.5"], "critic": "c"}}
    refused(data, "models: 'gpt-3.5' holds a dot", "--set", "call it 'gpt-3-5'")


@pytest.mark.parametrize("name", SHIPPED)
def test_overrides_reach_every_model_of_a_shipped_configuration(name: str) -> None:
    for model in load_config(Path(name)).models:
        moved = load_config(Path(name), [f"models.{model}.serve.base_url=http://h/v1"])
        assert moved.models[model].serve.base_url == ("http://h/v1",)


def test_a_missing_file_lists_what_is_shipped() -> None:
    with pytest.raises(ConfigError, match=r"no configuration file 'nope\.yaml'.*cpu\.yaml"):
        load_config(Path("nope.yaml"))


@pytest.mark.parametrize("name", ["gpu", "gpu.yaml"])
def test_a_bare_name_is_a_file_here_or_a_shipped_one(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config(Path(name)) == folder("configs") / "gpu.yaml"
    (tmp_path / name).touch()
    assert find_config(Path(name)) == Path(name)


@pytest.mark.parametrize("path", ["no/such/dir/gpu.yaml", "no/gpu", "/gpu.yaml", "../gpu.yaml"])
def test_a_path_is_never_a_shipped_configuration(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=rf"no configuration file '{path}'.*gpu\.yaml"):
        find_config(Path(path))


@pytest.mark.parametrize("text", ["a: [", "- 1", "\xff\xfe"])
def test_unreadable_yaml_is_refused_with_its_path(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"broken\.yaml"):
        load_config(path)


def test_overrides_reach_into_sections_and_are_validated() -> None:
    config = load_config(Path("cpu"), ["sampling.waves=[1, 2]", "pace.limit=7", "seed=3"])
    assert (config.sampling.waves, config.pace.limit, config.seed) == ((1, 2), 7, 3)
    for bad, words in {
        "sampling.waves": "key.subkey=value",
        "pace.limit.x=1": "holds a value",
        "sampling.waves=[": "no YAML",
        "sampling.waves=[0]": "sampling.waves",
    }.items():
        with pytest.raises(ConfigError, match=words):
            load_config(Path("cpu"), [bad])


def test_pace_and_place_do_not_shape_trees() -> None:
    config = parse_config(MINIMAL, "x")
    moved = load = parse_config(
        {
            "models": {
                "a": {"model": "org/a", "serve": {"base_url": "http://h/v1", "in_flight": 2}},
                "c": {"model": "org/c"},
            },
            "roles": MINIMAL["roles"],
            "pace": {"limit": 3},
        },
        "x",
    )
    assert moved.shape() == config.shape()
    assert load != config
    other = parse_config({**MINIMAL, "seed": 1, "sampling": {"max_tokens": 9}}, "x")
    assert changes(config.shape(), other.shape()) == [
        "sampling.max_tokens: 1024 -> 9",
        "seed: 0 -> 1",
    ]


def test_a_budget_shapes_no_tree() -> None:
    config = parse_config(MINIMAL, "x")
    budget = {"tokens": 10, "tree": {"calls": 2}}
    assert parse_config({**MINIMAL, "budget": budget}, "x").shape() == config.shape()


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ({"tokens": 0}, "budget.tokens: Input should be greater"),
        ({"tree": {"seconds": -1}}, "budget.tree.seconds: Input should be greater"),
        ({"token": 5}, "budget.token: unknown key; did you mean 'tokens'"),
        ({"tree": {"tree": {}}}, "budget.tree.tree: unknown key; known: calls, money"),
        ({"money": 5}, "budget.money limits nothing: no model has a price"),
        ({"tree": {"money": 5}}, "budget.money limits nothing: no model has a price"),
    ],
)
def test_a_budget_that_cannot_hold_is_refused(budget: object, words: str) -> None:
    refused({**MINIMAL, "budget": budget}, words)


def test_no_secret_is_in_a_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    config = parse_config(MINIMAL, "x")
    assert "sk-secret" not in repr(config) + config.model_dump_json()


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_beyond_what_endpoints_take_is_refused(seed: int) -> None:
    refused({**MINIMAL, "seed": seed}, "seed: Input should be")
    assert parse_config({**MINIMAL, "seed": 2**63 - 1}, "x").seed == 2**63 - 1


@pytest.mark.parametrize("value", ["[" * 5000, "1" * 5000, "2024-99-99"])
def test_yaml_that_python_cannot_hold_is_refused(tmp_path: Path, value: str) -> None:
    path = tmp_path / "deep.yaml"
    path.write_text(f"a: {value}")
    with pytest.raises(ConfigError, match=r"cannot read .*deep\.yaml"):
        load_config(path)
    with pytest.raises(ConfigError, match="the value is no YAML"):
        load_config(Path("cpu"), [f"seed={value}"])


def test_a_folder_is_no_configuration_and_is_called_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"a folder, not a configuration file: .*cpu\.yaml"):
        find_config(tmp_path)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("owner/name", "owner/name"),
        ("owner/name-1.5:test/*.parquet", "owner/name-1.5:test/*.parquet"),
        ("data/test.jsonl", "test.jsonl"),
        ("./held", "held"),
        ("~/held.json", "held.json"),
        ("/mnt/data/held.json.gz", "held.json.gz"),
        ("held.json", "held.json"),
    ],
)
def test_a_test_set_is_called_without_its_folders(source: str, name: str) -> None:
    assert benchmark_name(source) == name
    chosen = parse_config({**MINIMAL, "select": {"decontaminate": [source]}}, "x")
    assert chosen.shape()["select"] == {**chosen.select.model_dump(), "decontaminate": [name]}


def test_selection_shapes_a_run_and_the_limit_does_not() -> None:
    config = parse_config(MINIMAL, "x")
    other = parse_config({**MINIMAL, "select": {"samples": 8, "levels": {"grade": [4, 5]}}}, "x")
    assert changes(config.shape(), other.shape()) == [
        "select.levels.grade: None -> ['4', '5']",
        "select.samples: 4 -> 8",
    ]


@pytest.mark.parametrize(
    ("select", "words"),
    [
        ({"max_pass_rate": 1.5}, "select.max_pass_rate"),
        ({"levels": {"level": "Level 5"}}, "select.levels.level: Input should be a valid tuple"),
        ({"levels": {"level": []}}, "select.levels.level"),
        ({"per_strata": 3}, "'per_stratum'"),
    ],
)
def test_a_selection_that_cannot_be_is_refused(select: object, words: str) -> None:
    refused({**MINIMAL, "select": select}, words)
