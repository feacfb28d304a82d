"""The command line and the environment of a vLLM server, as a pure function of a model.

Written for vLLM 0.30 and later. The module is started instead of `vllm serve`, because the CPU
build is a distribution of another name and its console script does not find itself.
"""

import shlex
import sys
from pathlib import Path
from typing import NamedTuple

from ultrainteract.config import ModelConfig

# Two cores and a small model: what a laptop holds beside a sandbox. `serve.vllm_args` and
# `serve.vllm_env` come later on the line and win.
_CPU_ARGS = [
    "--dtype",
    "bfloat16",
    "--enforce-eager",
    "--max-model-len",
    "8192",
    "--max-num-seqs",
    "32",
    # A prompt read in parts kills the engine on the CPU, where requests have seeds: it would set
    # back a random generator that cannot be (vLLM 0.32, `CPU Generator does not use offset`).
    "--no-enable-chunked-prefill",
    "--max-num-batched-tokens",
    "8192",
]
_CPU_ENV = {
    "VLLM_TARGET_DEVICE": "cpu",
    "VLLM_CPU_KVCACHE_SPACE": "2",
    # vLLM keeps a core free of OpenMP threads by default, which halves a machine of two.
    "VLLM_CPU_OMP_THREADS_BIND": "auto",
    "VLLM_CPU_NUM_OF_RESERVED_CPU": "0",
}


class Command(NamedTuple):
    """A command and what its environment gains."""

    argv: list[str]
    env: dict[str, str]

    def line(self) -> str:
        """As one would type it into a shell."""
        settings = (f"{key}={shlex.quote(value)}" for key, value in self.env.items())
        return " ".join([*settings, shlex.join(self.argv)])


def vllm_command(model: ModelConfig, weights: str, port: int, host: str = "127.0.0.1") -> Command:
    """The server of one replica of `model`.

    `weights` is an absolute folder, as `ensure_weights` gives it, or a hub id. Requests name the
    model `model.model`. Sampling defaults of the model's own `generation_config.json` are set
    aside, because a request here says all it means; its end-of-sequence tokens stay.
    """
    serve = model.serve
    argv = [sys.executable, "-m", "vllm.entrypoints.openai.api_server"]
    argv += ["--model", weights, "--served-model-name", model.model]
    argv += ["--host", host, "--port", str(port)]
    argv += ["--generation-config", "vllm", "--enable-prefix-caching"]
    argv += ["--disable-uvicorn-access-log"]
    env = {"VLLM_NO_USAGE_STATS": "1"}
    if Path(weights).is_absolute():
        env["HF_HUB_OFFLINE"] = "1"
    elif model.revision:
        argv += ["--revision", model.revision]
    if serve.device == "cpu":
        argv += _CPU_ARGS
        env |= _CPU_ENV
    else:
        argv += ["--max-model-len", "auto"]
    if serve.tensor_parallel > 1:
        # Inside a Ray worker vLLM would otherwise look for a placement group of its own.
        argv += ["--tensor-parallel-size", str(serve.tensor_parallel)]
        argv += ["--distributed-executor-backend", "mp"]
    return Command([*argv, *serve.vllm_args], env | serve.vllm_env)
