"""vLLM's command lines: pure, and understood by vLLM's own argument parser."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ultrainteract.config import ModelConfig, ServeConfig
from ultrainteract.config_file import load_config
from ultrainteract.resources import folder
from ultrainteract.sampling.vllm_command import Command, vllm_command

CONFIGS = sorted(path.stem for path in folder("configs").glob("*.yaml"))

PARSE = """
import json, sys
from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args
from vllm.utils.argparse_utils import FlexibleArgumentParser

parser = make_arg_parser(FlexibleArgumentParser())
parsed = [parser.parse_args(line) for line in json.load(sys.stdin)]
for arguments in parsed:
    validate_parsed_serve_args(arguments)
keys = "model served_model_name host port tensor_parallel_size revision enforce_eager max_model_len"
keys += " generation_config enable_prefix_caching dtype"
print(json.dumps([{key: getattr(line, key) for key in keys.split()} for line in parsed]))
"""


def parse(commands: list[Command]) -> list[dict[str, object]]:
    """What vLLM makes of the lines. In a process of its own: importing vLLM warns and is slow."""
    lines = [command.argv[3:] for command in commands]
    done = subprocess.run(
        [sys.executable, "-c", PARSE],
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "VLLM_TARGET_DEVICE": "cpu", "VLLM_NO_USAGE_STATS": "1"},
    )
    assert done.returncode == 0, done.stderr
    parsed: list[dict[str, object]] = json.loads(done.stdout.splitlines()[-1])
    return parsed


def served(config: str) -> list[ModelConfig]:
    """The models of a configuration that vLLM serves."""
    models = load_config(Path(config)).models.values()
    return [model for model in models if not model.serve.base_url]


def command(serve: ServeConfig, weights: str = "/weights/m", **model: str) -> Command:
    return vllm_command(ModelConfig(model="owner/m", serve=serve, **model), weights, 8000)


@pytest.mark.vllm
@pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="vLLM is not installed")
def test_vllm_understands_the_lines_of_every_shipped_configuration() -> None:
    models = [model for config in CONFIGS for model in served(config)]
    assert {model.serve.device for model in models} == {"cpu", "cuda"}
    lines = parse([vllm_command(model, model.model, 8001) for model in models])
    for model, line in zip(models, lines, strict=True):
        assert line["model"] == model.model
        assert line["served_model_name"] == [model.model]
        assert (line["host"], line["port"]) == ("127.0.0.1", 8001)
        assert line["tensor_parallel_size"] == model.serve.tensor_parallel
        assert line["generation_config"] == "vllm"
        assert line["enable_prefix_caching"] is True
        assert line["enforce_eager"] is (model.serve.device == "cpu")


@pytest.mark.vllm
@pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="vLLM is not installed")
def test_the_words_of_the_configuration_win_over_those_written_here() -> None:
    serve = ServeConfig(device="cpu", vllm_args=("--max-model-len", "4096", "--dtype", "float32"))
    (line,) = parse([command(serve)])
    assert (line["max_model_len"], line["dtype"]) == (4096, "float32")


def test_the_environment_of_the_configuration_wins() -> None:
    serve = ServeConfig(device="cpu", vllm_env={"VLLM_CPU_KVCACHE_SPACE": "9", "MINE": "a b"})
    made = command(serve)
    assert made.env["VLLM_CPU_KVCACHE_SPACE"] == "9"
    assert made.env["VLLM_TARGET_DEVICE"] == "cpu"
    assert "MINE='a b' " in made.line()


def test_a_local_folder_keeps_vllm_off_the_hub_and_has_no_revision() -> None:
    made = command(ServeConfig(), revision="abc")
    assert made.env["HF_HUB_OFFLINE"] == "1"
    assert "--revision" not in made.argv


def test_a_hub_id_takes_the_revision() -> None:
    made = command(ServeConfig(), "owner/m", revision="abc")
    assert "HF_HUB_OFFLINE" not in made.env
    assert made.argv[made.argv.index("--revision") + 1] == "abc"


def test_one_gpu_needs_no_words_about_several() -> None:
    assert "--tensor-parallel-size" not in command(ServeConfig()).argv
    several = command(ServeConfig(tensor_parallel=4)).argv
    assert several[several.index("--tensor-parallel-size") + 1] == "4"


def test_the_same_model_gives_the_same_line() -> None:
    assert command(ServeConfig()) == command(ServeConfig())


@pytest.mark.parametrize("config", CONFIGS)
def test_every_shipped_configuration_loads(config: str) -> None:
    assert load_config(Path(config)).used_models()


@pytest.mark.parametrize("config", [name for name in CONFIGS if name != "cpu"])
def test_only_the_small_configuration_lets_a_model_criticise_itself(config: str) -> None:
    loaded = load_config(Path(config))
    assert not loaded.roles.allow_self_critique
    assert loaded.pace.limit is None
