"""One configuration object: YAML, then dotted overrides (`sampling.waves=[4,8,8]`).

It has two parts. What shapes trees (models, roles, sampling, tree, sandbox limits, seed,
prompts) makes a journal's identity: `RunConfig.shape`. What paces or bounds (`pace`, and each
model's `serve`) may change between two runs on one journal. Secrets are named, never held.
"""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ultrainteract.errors import ConfigError
from ultrainteract.prompts import prompts_hash
from ultrainteract.resources import folder
from ultrainteract.types import JSON, Limits

# ValueError: undecodable text, a date that is none, an integer beyond the limit of digits.
_NO_YAML = (yaml.YAMLError, ValueError, RecursionError)


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServeConfig(_Frozen):
    """Where a model is and how fast it is asked; may change on resume."""

    base_url: str = ""
    """An endpoint that exists, `http://host:port/v1`. Empty: a vLLM server is started."""
    api_key_env: str = "OPENAI_API_KEY"
    """Name of the environment variable with the key; local servers need none."""
    host: str = ""
    """Where a started server listens; empty: its node's address, on the CPU the loopback one."""
    replicas: Annotated[int, Field(ge=1)] = 1
    """vLLM servers to start for this model."""
    tensor_parallel: Annotated[int, Field(ge=1)] = 1
    """GPUs each vLLM server spans."""
    device: Literal["cuda", "cpu"] = "cuda"
    """What vLLM runs on."""
    vllm_args: tuple[str, ...] = ()
    """Further words of the vLLM command line, as they are."""
    vllm_env: dict[str, str] = Field(default_factory=dict)
    """Further environment variables of the vLLM server."""
    start_seconds: Annotated[float, Field(gt=0)] = 1800.0
    """How long a vLLM server may take until it answers."""
    in_flight: Annotated[int, Field(ge=1)] = 64
    """Requests under way at once, for each TreeWorker."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 600.0
    """How long one request may take before it is asked again."""
    price_in: Annotated[float, Field(ge=0)] = 0.0
    """Money for a million prompt tokens."""
    price_out: Annotated[float, Field(ge=0)] = 0.0
    """Money for a million completion tokens."""


class ModelConfig(_Frozen):
    """One model."""

    model: str
    """The name the endpoint knows, a hub id, or the path of local weights."""
    revision: str = ""
    """Hub revision; empty means the newest, which the card then cannot name."""
    weights: Literal["hub", "packaged"] = "hub"
    """`packaged`: when neither a local path nor the hub has them, weights shipped as packages."""
    kind: Literal["openai", "scripted"] = "openai"
    """`scripted` answers from a deterministic script, without any model."""
    serve: ServeConfig = Field(default_factory=ServeConfig)
    """Pace and place."""


class RolesConfig(_Frozen):
    """Which models do what; names of `models`."""

    actors: Annotated[tuple[str, ...], Field(min_length=1)]
    """The ladder, cheapest first."""
    rejected: tuple[str, ...] = ()
    """Other models that write the incorrect actions; empty: the actors' own."""
    critic: str
    """Locates the error in an incorrect action, with the reference at hand."""
    allow_self_critique: bool = False
    """Lets one model be actor and critic; start-up and card say so."""


class SamplingConfig(_Frozen):
    """How actions are drawn."""

    waves: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (4, 8, 8)
    """Samples a wave; a rung ends when a correct and an incorrect action are there."""
    guided_samples: Annotated[int, Field(ge=0)] = 4
    """Samples on the ground-truth-guided rung; 0 leaves it out."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 1.0
    """Of actors."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Of every role."""
    max_tokens: Annotated[int, Field(ge=1)] = 1024
    """Of an action."""
    critic_temperature: Annotated[float, Field(ge=0, le=2)] = 0.7
    """Of the critic: above 0, so that a leaking critique can be drawn again."""
    critic_max_tokens: Annotated[int, Field(ge=1)] = 512
    """Of a critique."""
    critic_draws: Annotated[int, Field(ge=1)] = 3
    """Critiques drawn before a leaking one is masked."""


class TreeConfig(_Frozen):
    """The shape of a tree."""

    max_turns: Annotated[int, Field(ge=1, le=5)] = 5
    """Turns at most; the paper has 5."""


class SandboxConfig(_Frozen):
    """Limits of one execution: they shape outputs, so they shape trees."""

    seconds: Annotated[float, Field(gt=0)] = 10.0
    """Wall time."""
    memory_mb: Annotated[int, Field(ge=64)] = 1024
    """Memory."""
    pids: Annotated[int, Field(ge=16)] = 128
    """Processes and threads of one execution."""
    output_chars: Annotated[int, Field(ge=200)] = 4000
    """Output kept, head and tail."""

    def limits(self) -> Limits:
        """As the sandbox takes them."""
        return Limits(**self.model_dump())


class PaceConfig(_Frozen):
    """What paces or bounds a run; may change on resume."""

    limit: Annotated[int, Field(ge=1)] | None = None
    """Problems at most; None takes all."""
    workers: Annotated[int, Field(ge=1)] = 1
    """TreeWorker actors."""
    trees_in_flight: Annotated[int, Field(ge=1)] = 64
    """Trees under way at once, for each worker."""
    containers: Annotated[int, Field(ge=1)] = 2
    """Sandbox containers, for each worker."""
    image: str = "ultrainteract-sandbox:latest"
    """The sandbox image."""
    graders: Annotated[int, Field(ge=1)] = 1
    """Grader processes, for each worker."""
    test_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of problems published as split `test`."""


class RunConfig(_Frozen):
    """Everything a run needs besides the seed datasets."""

    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Every random choice derives from it."""
    models: dict[str, ModelConfig]
    """By the name that roles and `--set` use; without a dot."""
    roles: RolesConfig
    sampling: SamplingConfig = SamplingConfig()
    tree: TreeConfig = TreeConfig()
    sandbox: SandboxConfig = SandboxConfig()
    pace: PaceConfig = PaceConfig()

    @field_validator("models")
    @classmethod
    def _names_hold_no_dot(cls, models: dict[str, ModelConfig]) -> dict[str, ModelConfig]:
        for name in models:
            if "." in name:
                raise ValueError(
                    f"{name!r} holds a dot, and an override like --set models.NAME.serve.base_url "
                    f"splits at dots: call it {name.replace('.', '-')!r}"
                )
        return models

    @model_validator(mode="after")
    def _roles_name_models(self) -> Self:
        roles = self.roles
        for role, name in [
            *(("actors", name) for name in roles.actors),
            *(("rejected", name) for name in roles.rejected),
            ("critic", roles.critic),
        ]:
            if name not in self.models:
                raise ValueError(
                    f"roles.{role} names {name!r}, which is not among models: "
                    f"{', '.join(sorted(self.models))}"
                )
        if self.self_critique and not roles.allow_self_critique:
            raise ValueError(
                f"model {self.models[roles.critic].model!r} is critic and also writes actions; a "
                "model does not criticise itself. Name another critic, or set "
                "roles.allow_self_critique=true: start-up and card will say so"
            )
        return self

    @property
    def self_critique(self) -> bool:
        """Whether the critic also writes actions, perhaps under another name."""
        writers = (self.models[name] for name in (*self.roles.actors, *self.roles.rejected))
        critic = self.models[self.roles.critic]
        return (critic.model, critic.revision) in {(one.model, one.revision) for one in writers}

    def shape(self) -> dict[str, JSON]:
        """What shapes trees, as JSON: the journal refuses a change of it."""
        data = self.model_dump(mode="json", exclude={"pace": True})
        for model in data["models"].values():
            del model["serve"]
        return {**data, "prompts": prompts_hash()}

    def used_models(self) -> tuple[str, ...]:
        """Names of the models that have a role, in order of first use."""
        return tuple(dict.fromkeys((*self.roles.actors, *self.roles.rejected, self.roles.critic)))


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
