"""A configuration out of YAML, then dotted overrides (`sampling.waves=[4,8,8]`)."""

import difflib
from collections.abc import Iterable
from pathlib import Path

import yaml
from pydantic import BaseModel, ValidationError

from ultrainteract.config import ModelConfig, RunConfig
from ultrainteract.errors import ConfigError
from ultrainteract.resources import folder

# ValueError: undecodable text, a date that is none, an integer beyond the limit of digits.
_NO_YAML = (yaml.YAMLError, ValueError, RecursionError)


def find_config(path: Path) -> Path:
    """`path`, or, for a bare name, the shipped configuration. Raises `ConfigError`."""
    shipped = folder("configs")
    candidates = [path]
    if path == Path(path.name):
        candidates += [shipped / path.name, shipped / f"{path.name}.yaml"]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    names = ", ".join(sorted(file.name for file in shipped.glob("*.yaml")))
    what = "a folder, not a configuration file:" if path.is_dir() else "no configuration file"
    raise ConfigError(f"{what} {str(path)!r}; shipped ones: {names}")


def load_config(path: Path, overrides: Iterable[str] = ()) -> RunConfig:
    """Read YAML, apply `dotted.key=value` overrides (values are YAML), validate.

    Raises `ConfigError` that names the file, the key, what was found and what exists.
    """
    path = find_config(path)
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, *_NO_YAML) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{path} holds no mapping of settings")
    for override in overrides:
        _override(data, override)
    return parse_config(data, str(path))


def parse_config(data: object, source: str) -> RunConfig:
    """Validate a mapping. Raises `ConfigError`, one line a problem, prefixed by `source`."""
    try:
        return RunConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"{source}:\n" + "\n".join(_explain(error))) from error


def _override(data: dict[str, object], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"override {override!r} is not of the form key.subkey=value")
    *parents, last = key.strip().split(".")
    place = data
    for parent in parents:
        inner = place.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"override {override!r}: {parent!r} holds a value, not a section")
        place = inner
    try:
        place[last] = yaml.safe_load(value)
    except _NO_YAML as error:
        raise ConfigError(f"override {override!r}: the value is no YAML: {error}") from error


def _explain(error: ValidationError) -> Iterable[str]:
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"]) or "configuration"
        if problem["type"] == "extra_forbidden":
            known = _fields_at(problem["loc"][:-1])
            close = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            yield f"  {where}: unknown key; {hint}known: {', '.join(known)}"
        else:
            yield f"  {where}: {problem['msg'].removeprefix('Value error, ')}"


def _fields_at(location: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = RunConfig
    for part in location:
        if part == "models" or (model is RunConfig and part not in RunConfig.model_fields):
            model = ModelConfig
        elif isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                model = annotation
    return sorted(model.model_fields)
