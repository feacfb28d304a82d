"""The configuration that command-line options ask for."""

from pathlib import Path

from ultrainteract.config import RunConfig
from ultrainteract.config_file import load_config, parse_config
from ultrainteract.errors import ConfigError


def configured(
    config: Path, overrides: list[str], *, limit: int | None = None, model: str = ""
) -> RunConfig:
    """`config` with `--set`, `--limit` and `--model` applied. Raises `ConfigError`."""
    bounds = [f"pace.limit={limit}"] if limit else []
    loaded = load_config(config, [*overrides, *bounds])
    if not model:
        return loaded
    if model != "scripted":
        raise ConfigError(
            f"unknown --model {model!r}; only 'scripted' can be named here, models come from the "
            "configuration: --config FILE, or --set models.NAME.model=..."
        )
    data = loaded.model_dump()
    for name in data["models"]:
        data["models"][name]["kind"] = "scripted"
    return parse_config(data, str(config))


def notices(config: RunConfig) -> list[str]:
    """What a user must know before a run starts."""
    lines = []
    if config.self_critique:
        lines.append(
            "NOTICE: the critic also writes actions (roles.allow_self_critique); the paper keeps "
            "them apart, and the card says so"
        )
    if any(model.kind == "scripted" for model in config.models.values()):
        lines.append("NOTICE: scripted replies, no model is asked: the data is for trying only")
    return lines
