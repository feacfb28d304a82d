"""A real run whose user has secrets wherever one may have them: none is in its folder."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import MODEL, Command
from ultrainteract.testing.faults import FaultKind, FaultRule
from ultrainteract.testing.process import serve

KEY = "sk-own-key-0123456789abcdef"
SECRETS = {
    "MY_MODEL_KEY": KEY,
    "OPENAI_API_KEY": "sk-other-key-9876543210fedcba",
    "OPENAI_ORG_ID": "org-0123456789abcdef",
    "HF_TOKEN": "hf_" + "q1W2" * 9,
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIK7MDENGbPxRfiCY",
    "VLLM_API_KEY": "vllm-key-0123456789",
}
PROXY_PASSWORD = "pr0xy-passw0rd"
JOB = ("synthesize", "math", "--source", "sample", "--env", "math_cot", "--run", "r")


def said(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file, and what is compressed in one."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()
            if path.suffix == ".parquet":
                yield path, repr(pq.read_table(path).to_pylist()).encode()


@pytest.mark.ray
def test_no_secret_is_in_any_byte_of_the_run_folder_or_of_what_would_be_uploaded(
    command: Command, tmp_path: Path
) -> None:
    echo = FaultRule(kind=FaultKind.STATUS, status=400, message=f"bad key {KEY}", fraction=0.1)
    proxy = f"http://me:{PROXY_PASSWORD}@127.0.0.1:9"
    env = {**SECRETS, "HTTPS_PROXY": proxy, "HTTP_PROXY": proxy, "NO_PROXY": "127.0.0.1,localhost"}
    with serve(models=(MODEL,), api_key=KEY, faults=(echo,)) as server:
        login = server.url.replace("://", "://user:l0gin-passw0rd@")
        for url in (login, f"{server.url}?key={KEY}"):
            refused = command(*JOB, "--config", command.config(url), **env)
            assert (refused.code, "holds a login or a query" in refused.output) == (2, True)
            assert "l0gin-passw0rd" not in refused.output
            assert KEY not in refused.output
        serving = {"base_url": server.url, "api_key_env": "MY_MODEL_KEY"}
        config = command.config(
            server.url, models={"actor": {"model": MODEL, "serve": serving}}, pace={"limit": 6}
        )
        done = command(*JOB, "--config", config, **env)
        assert done.code == 0, done.output
        joined = command("replicas", "runs/r", "--add", f"actor={login}", **env)
        assert joined.code == 2, joined.output
    shown = command("push", "runs/r", "someone/trees", "--dry-run", **env)
    assert shown.code == 0, shown.output
    secrets = [*SECRETS.values(), PROXY_PASSWORD, "l0gin-passw0rd"]
    files = list(said(tmp_path / "runs"))
    assert len(files) > 10
    assert any(b"bad key ***" in data for _, data in files), "the refusal was not recorded"
    outputs = [done.output, joined.output, shown.output]
    held = [(path, one) for path, data in files for one in secrets if one.encode() in data]
    assert not held
    assert not [one for one in secrets for output in outputs if one in output]
