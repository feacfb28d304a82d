"""Where weights come from: a small hub of our own, and one real model from its package."""

import http.server
import importlib.util
import json
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from ultrainteract.config import ModelConfig
from ultrainteract.errors import SetupError
from ultrainteract.resources import default_cache
from ultrainteract.sampling.packaged import PACKAGED
from ultrainteract.sampling.weights import ensure_weights, weights_origin

QWEN = "Qwen/Qwen2.5-Coder-1.5B-Instruct"
SMOL = "HuggingFaceTB/SmolLM2-135M-Instruct"
SHA = "0123456789abcdef0123456789abcdef01234567"
FILES = {"config.json": b"{}", "model.safetensors": b"weights", "pytorch_model.bin": b"again"}


class Hub(http.server.BaseHTTPRequestHandler):
    """Knows the one repository `owner/small`, as much of it as a snapshot asks for."""

    asked: list[str]

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        path = self.path.partition("?")[0]
        name = path.rpartition("/")[2]
        if "owner/small" not in path:
            self._send(404, b"{}", X_Error_Code="RepoNotFound")
        elif path.startswith("/api/models/owner/small/tree/"):
            tree = [
                {"type": "file", "path": key, "size": len(value), "oid": key}
                for key, value in FILES.items()
            ]
            self._send(200, json.dumps(tree).encode())
        elif path.startswith("/api/"):
            siblings = [{"rfilename": key, "size": len(value)} for key, value in FILES.items()]
            info = {"id": "owner/small", "sha": SHA, "siblings": siblings}
            self._send(200, json.dumps(info).encode())
        else:
            self._send(200, FILES[name], ETag=f'"{name}"', X_Repo_Commit=SHA)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache, empty."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def offline(hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No hub, as HF_HUB_OFFLINE=1 makes it; its cache."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return hub_cache


@pytest.fixture
def hub(hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A hub that answers, with an empty cache; the paths it is asked for."""
    asked: list[str] = []
    handler = type("Listening", (Hub,), {"asked": asked})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    yield asked
    server.shutdown()
    thread.join()
    server.server_close()


def quiet(_: str) -> None: ...


def test_a_local_folder_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    for name in ("mine", "./mine", str(tmp_path / "mine")):
        model = ModelConfig(model=name)
        folder = ensure_weights(model, tmp_path, quiet)
        assert folder == tmp_path / "mine"
        assert weights_origin(model, folder) == "a local folder named mine"


@pytest.mark.parametrize(
    ("name", "message"),
    [("empty", "no config.json"), ("file.gguf", "is a file"), ("./nothing", "does not exist")],
)
def test_a_wrong_path_says_what_is_wanted(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.gguf").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SetupError, match=message) as caught:
        ensure_weights(ModelConfig(model=name), tmp_path, quiet)
    assert "Hugging Face layout" in str(caught.value)


def test_the_hub_gives_a_snapshot_without_copies_in_other_formats(
    hub: list[str], tmp_path: Path
) -> None:
    said: list[str] = []
    model = ModelConfig(model="owner/small", revision="main")
    folder = ensure_weights(model, tmp_path, said.append)
    assert {path.name for path in folder.iterdir()} == {"config.json", "model.safetensors"}
    assert weights_origin(model, folder) == f"hub revision {SHA}"
    assert any("/revision/main" in path for path in hub)
    assert len(said) == 1


@pytest.mark.usefixtures("hub")
def test_a_snapshot_in_the_hubs_cache_serves_without_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ModelConfig(model="owner/small", revision="main")
    folder = ensure_weights(model, tmp_path, quiet)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert ensure_weights(model, tmp_path, quiet) == folder


@pytest.mark.usefixtures("hub")
def test_a_model_that_the_hub_does_not_show_is_no_reason_for_another(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="misspelt, or gated"):
        ensure_weights(ModelConfig(model=SMOL, weights="packaged"), tmp_path, quiet)


@pytest.mark.usefixtures("offline")
def test_weights_made_before_stay_in_use(tmp_path: Path) -> None:
    made = tmp_path / "weights" / QWEN.replace("/", "--")
    made.mkdir(parents=True)
    assert ensure_weights(ModelConfig(model=QWEN, weights="packaged"), tmp_path, quiet) == made


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (ModelConfig(model=QWEN), "not asked for (weights: packaged)"),
        (ModelConfig(model=QWEN, weights="packaged", revision="abc"), "they have no revision"),
        (
            ModelConfig(model="owner/other", weights="packaged"),
            f"none of that name; there are {SMOL}",
        ),
    ],
)
def test_without_any_source_the_message_lists_what_was_tried(
    model: ModelConfig, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(SetupError) as caught:
        ensure_weights(model, tmp_path, quiet)
    message = str(caught.value)
    assert reason in message
    assert "hub: not reachable" in message
    assert "local folder: none of that name" in message
    assert "serve.base_url" in message


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULTRAINTERACT_HOME", "/somewhere")
    assert default_cache() == Path("/somewhere")
    monkeypatch.delenv("ULTRAINTERACT_HOME")
    assert default_cache() == Path.home() / ".cache" / "ultrainteract"


def test_torch_stays_out_of_the_process_that_asks() -> None:
    check = "import sys, ultrainteract.sampling.weights; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


@pytest.mark.vllm
@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("gguf") is None, reason="the extra `weights`")
@pytest.mark.usefixtures("offline")
def test_a_real_model_becomes_a_folder_that_vllm_reads(tmp_path: Path) -> None:
    model = ModelConfig(model=SMOL, weights="packaged")
    said: list[str] = []
    folder = ensure_weights(model, tmp_path, said.append)
    assert ensure_weights(model, tmp_path, quiet) == folder
    config = json.loads((folder / "config.json").read_text())
    assert "quantization_config" not in config
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert config["tie_word_embeddings"] is True
    assert config["rope_parameters"]["rope_theta"] == 100_000
    assert config["max_position_embeddings"] == 8192
    generation = json.loads((folder / "generation_config.json").read_text())
    assert generation["eos_token_id"] == [2]
    assert "temperature" not in generation
    assert "<|im_start|>" in (folder / "chat_template.jinja").read_text()
    with (folder / "model.safetensors").open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        tensors = json.loads(file.read(length))
    del tensors["__metadata__"]
    assert {tensor["dtype"] for tensor in tensors.values()} == {"BF16"}
    assert len(tensors) == 272
    assert "lm_head.weight" not in tensors
    assert PACKAGED[SMOL].sha256 in weights_origin(model, folder)
    assert len(said) == 4
    assert {path.name for path in folder.parent.iterdir()} == {folder.name, f".{folder.name}.lock"}
