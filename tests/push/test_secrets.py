"""What looks like a secret does not go to the hub, and no configuration holds one."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.push.hub import Hub
from tests.push.test_push import push
from ultrainteract.config import ServeConfig
from ultrainteract.config_file import parse_config
from ultrainteract.errors import ConfigError, PushError
from ultrainteract.secrets import held_secrets, secrets_in

# Of the hub's client, for the HTTP library that it uses.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
TOKENS = {
    "a Hugging Face token": "hf_" + "aB3d" * 9,
    "an API key (sk-...)": "sk-proj-" + "x7Yz" * 8,
    "a GitHub token": "ghp_" + "a1B2" * 9,
    "a fine-grained GitHub token": "github_pat_" + "a1B2" * 9,
    "an AWS access key": "AKIA" + "Q7RS" * 4,
    "a temporary AWS access key": "ASIA" + "Q7RS" * 4,
    "a private key": "-----BEGIN RSA PRIVATE KEY-----",
    "a bearer token": "Authorization: Bearer abc.def-123456789xyz",
    "an address with a password": "http://user:pass@host/v1",
}
PLAIN = (
    "a task-oriented answer with sk-learn-like names, the bearer of responsibilities, "
    "hf_hub_download(), https://host:8000/path?x=a@b, AKIA is short, ratio 3:4@5 and ghp_x"
)


@pytest.mark.parametrize(("what", "token"), TOKENS.items())
@pytest.mark.parametrize("place", ["README.md", "run.yaml", "column"])
def test_a_known_format_is_found_wherever_it_is_and_its_place_is_named(
    what: str, token: str, place: str, run: Path, hub: Hub
) -> None:
    named = put(run, place, f"words before {token} words after")
    with pytest.raises(PushError) as refused:
        push(run)
    said = str(refused.value)
    assert f"{named}: {what}" in said
    assert token not in said
    assert not hub.seen
    push(run, "--allow", what)


@pytest.mark.parametrize(
    "place", ["the file's metadata", "a field's", "a dictionary", "deep below"]
)
def test_no_corner_of_a_parquet_file_is_passed_over(place: str, run: Path, hub: Hub) -> None:
    token = TOKENS["a Hugging Face token"]
    words = pa.array(["word", token, "word"])
    deep = pa.array([{"a": [{"b": word}]} for word in words.to_pylist()])
    columns = {"a dictionary": words.dictionary_encode(), "deep below": deep}
    long = {"about": "x" * 5000 + f" {token}"}
    field = pa.field("text", pa.string(), metadata=long if place == "a field's" else None)
    table = pa.table({"text": ["word"]}, schema=pa.schema([field]))
    if place == "the file's metadata":
        table = table.replace_schema_metadata(long)
    if place in columns:
        table = pa.table({"text": columns[place]})
    pq.write_table(table, run / "dataset/more.parquet", compression="zstd")
    with pytest.raises(PushError, match=r"more\.parquet, .*: a Hugging Face token"):
        push(run)
    assert not hub.seen


@pytest.mark.parametrize("place", ["README.md", "column"])
def test_the_value_of_a_secret_variable_is_found(
    place: str, run: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SERVICE_PASSWORD", "correct horse battery")
    named = put(run, place, "xcorrect horse batteryx")
    with pytest.raises(PushError, match=f"{named}: the value of MY_SERVICE_PASSWORD") as refused:
        push(run, "--dry-run")
    assert "horse" not in str(refused.value)


def put(run: Path, place: str, text: str) -> str:
    """Write into the dataset; returns how the place is called."""
    folder = run / "dataset"
    if place != "column":
        with (folder / place).open("a") as file:
            file.write(f"\n# {text}\n")
        return place
    path = next(folder.glob("preference/*.parquet"), None) or next(folder.rglob("*.parquet"))
    table = pa.table({"prompt": [[{"role": "user", "content": word}] for word in ("a", text, "b")]})
    pq.write_table(table, path, compression="zstd")
    return f"{path.relative_to(folder).as_posix()}, column prompt"


def test_ordinary_words_are_no_secret() -> None:
    assert not [*secrets_in(PLAIN.encode(), {})]


@given(st.text())
def test_any_text_is_searched(text: str) -> None:
    assert not [*secrets_in(text.encode(errors="replace"), {"one": b"\x00never\xff"})]


def test_variables_are_secret_by_name_not_by_chance() -> None:
    held = held_secrets(
        {
            "HF_TOKEN": "hf_0123456789",
            "DB_PASSWORD": "12345678901",
            "SHORT_KEY_TOKEN": "abc",
            "TOKENIZERS_PARALLELISM": "false",
            "HTTPS_PROXY": "http://me:proxypass@proxy:3128",
            "PATH": "/usr/bin:/bin",
            "MY_OWN": "named-by-configuration",
        },
        ["MY_OWN"],
    )
    assert held == {
        "the value of HF_TOKEN": b"hf_0123456789",
        "the value of HTTPS_PROXY": b"proxypass",
        "the value of MY_OWN": b"named-by-configuration",
    }


@pytest.mark.parametrize(
    "serve",
    [
        {"base_url": "http://user:s3cretpass@host/v1"},
        {"base_url": "http://:s3cretpass@host/v1"},
        {"base_url": ["http://host/v1", "http://host/v1?api_key=s3cretpass"]},
        {"api_key_env": TOKENS["an API key (sk-...)"]},
        {"vllm_env": {"HF_TOKEN": "s3cretpass"}},
        {"vllm_env": {"EXTRA": TOKENS["an API key (sk-...)"]}},
        {"vllm_args": ["--api-key", "s3cretpass"]},
        {"vllm_args": ["--api-key=s3cretpass"]},
        {"vllm_args": ["--api_ke=s3cretpass"]},
        {"vllm_args": ["--hf-token", "s3cretpass"]},
    ],
)
def test_a_configuration_that_holds_a_secret_is_refused_and_does_not_say_it(
    serve: dict[str, object],
) -> None:
    data = {
        "models": {"m": {"model": "m", "serve": serve}},
        "roles": {"actors": ["m"], "critic": "m", "allow_self_critique": True},
    }
    with pytest.raises(ConfigError, match="written into the run's folder") as refused:
        parse_config(data, "my.yaml")
    assert "s3cretpass" not in str(refused.value)
    assert TOKENS["an API key (sk-...)"] not in str(refused.value)


def test_addresses_without_a_login_are_as_they_are() -> None:
    urls = ("http://127.0.0.1:8000/v1", "https://api.example.org/v1")
    assert ServeConfig(base_url=urls).base_url == urls


def test_what_only_sounds_like_a_secret_may_be_set_for_vllm() -> None:
    variables = {"TOKENIZERS_PARALLELISM": "false", "VLLM_MAX_TOKENS_PER_EXPERT_FUSED_MOE": "65536"}
    assert ServeConfig(vllm_env=variables).vllm_env == variables
