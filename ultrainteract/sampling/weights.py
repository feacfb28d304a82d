"""Finds or makes the folder of weights that a vLLM server is started with.

In this order: a local folder, weights made here before, the hub, what the hub left in its cache,
packaged weights. Blocking, minutes on the first call; torch never enters this process.
"""

import shutil
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import httpx2
from huggingface_hub import HfApi, ModelInfo, constants, snapshot_download
from huggingface_hub.errors import (
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from ultrainteract.config import ModelConfig
from ultrainteract.errors import SetupError, boundary
from ultrainteract.sampling.packaged import PACKAGED, fetch, origin

HUB_SECONDS = 5.0
# The same weights again, in formats that vLLM does not need.
_COPIES = ["*.gguf", "*.h5", "*.msgpack", "*.onnx", "*.pth", "*.ot", "original/*", "consolidated*"]
_COPIES_OF_SAFETENSORS = [*_COPIES, "*.bin", "*.pt"]


def ensure_weights(model: ModelConfig, cache: Path, say: Callable[[str], None]) -> Path:
    """The absolute folder with the weights of `model`; `say` hears what is being done.

    Weights made from packages stay in use once they are in `cache`, so that a resumed run has
    the model it began with. Raises `SetupError` that lists what was tried.
    """
    if local := _local(model.model):
        return local
    made = cache.absolute() / "weights" / model.model.replace("/", "--")
    packaged = PACKAGED.get(model.model) if model.weights == "packaged" else None
    if packaged and not model.revision and made.is_dir():
        say(f"weights of {model.model}: {made}")
        return made
    info, trouble = _ask_hub(model)
    if info:
        return _download(model, info, say)
    if cached := _cached(model):
        say(f"weights of {model.model}: the hub's own cache, {cached} (hub: {trouble})")
        return cached
    if packaged and not model.revision:
        say(f"weights of {model.model}: hub {trouble}; taking packaged weights")
        return fetch(model.model, packaged, made, say)
    raise SetupError(
        f"no weights for model {model.model!r}.\n"
        "  local folder: none of that name\n"
        f"  hub: {trouble}; nothing in its cache either\n"
        f"  packaged: {_why_not_packaged(model)}\n"
        "Name a folder in Hugging Face layout as the model, give the machine a way to the hub "
        "(HF_ENDPOINT, HTTPS_PROXY), or start a server yourself and set serve.base_url"
    )


def weights_origin(model: ModelConfig, folder: Path) -> str:
    """One line for the dataset's card: hub revision, packages, or a local folder (not which)."""
    if made := origin(folder):
        return made
    if folder.parent.name == "snapshots":
        return f"hub revision {folder.name}"
    return f"a local folder named {model.model.rstrip('/').rpartition('/')[2]}"


def _local(name: str) -> Path | None:
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise SetupError(
                f"{folder} holds no config.json: vLLM wants a folder in Hugging Face layout "
                "(config.json, tokenizer.json, *.safetensors)"
            )
        return folder.resolve()
    if folder.is_file() or name.startswith(("/", ".", "~")) or name.count("/") > 1:
        what = "is a file" if folder.is_file() else "does not exist"
        raise SetupError(
            f"model {name!r} {what}; name a folder in Hugging Face layout, or a hub id of the "
            "form owner/name"
        )
    return None


def _ask_hub(model: ModelConfig) -> tuple[ModelInfo | None, str]:
    """What the hub knows of the model, or why it cannot be asked."""
    try:
        info = HfApi().model_info(
            model.model,
            revision=model.revision or None,
            timeout=HUB_SECONDS,
            files_metadata=True,
        )
    except HFValidationError as error:
        raise SetupError(f"model {model.model!r} is no hub id and no local folder") from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        at = f" at revision {model.revision!r}" if model.revision else ""
        raise SetupError(
            f"the hub shows no model {model.model!r}{at}: misspelt, or gated (ask for access on "
            "its page, then `hf auth login`)"
        ) from error
    except (httpx2.HTTPError, OSError) as error:
        return None, f"not reachable ({type(error).__name__}: {error})"
    return info, ""


def _download(model: ModelConfig, info: ModelInfo, say: Callable[[str], None]) -> Path:
    files = {file.rfilename: file.size or 0 for file in info.siblings or ()}
    safe = any(name.endswith(".safetensors") for name in files)
    skip = _COPIES_OF_SAFETENSORS if safe else _COPIES
    wanted = sum(
        size for name, size in files.items() if not any(fnmatch(name, glob) for glob in skip)
    )
    if cached := _cached(model.model_copy(update={"revision": info.sha or ""})):
        return cached
    disk = Path(constants.HF_HUB_CACHE)
    free = shutil.disk_usage(_existing(disk)).free
    if free < wanted:
        raise SetupError(
            f"the weights of {model.model} are {wanted / 1e9:.1f} GB and {disk} has "
            f"{free / 1e9:.1f} GB free; free some, or set HF_HOME to a folder on a larger disk"
        )
    say(f"weights of {model.model}: downloading {wanted / 1e9:.1f} GB at revision {info.sha}")
    # By the name asked for, not by the commit: the cache then finds it by that name offline.
    revision = model.revision or None
    # The hub's client raises its transports' errors of several packages: a named boundary.
    with boundary(SetupError, f"downloading {model.model} from the hub", Exception):
        return Path(snapshot_download(model.model, revision=revision, ignore_patterns=skip))


def _cached(model: ModelConfig) -> Path | None:
    """A whole snapshot in the hub's own cache."""
    for skip in (_COPIES_OF_SAFETENSORS, _COPIES):
        try:
            found = snapshot_download(
                model.model,
                revision=model.revision or None,
                local_files_only=True,
                ignore_patterns=skip,
            )
        except LocalEntryNotFoundError:
            continue
        folder = Path(found)
        if any(folder.glob("*.safetensors")) or any(folder.glob("*.bin")):
            return folder
    return None


def _why_not_packaged(model: ModelConfig) -> str:
    known = ", ".join(sorted(PACKAGED))
    if model.weights != "packaged":
        return "not asked for (weights: packaged)"
    if model.model in PACKAGED:
        return f"they have no revision, and {model.revision!r} is asked for"
    return f"none of that name; there are {known}"


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)
