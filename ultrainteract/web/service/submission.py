"""What a member of the team may ask for: a run's shape and bounds, never a place, command or key.

An allow-list. The models, their addresses and keys, the sandbox's backend and image, test sets and
the search's address are the service's own configuration. Where that sets a limit (`sandbox`,
`budget`, `pace.limit`), a submission may ask for less and not for more.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ultrainteract.config import (
    PaceConfig,
    RolesConfig,
    RunConfig,
    SamplingConfig,
    SandboxConfig,
    SearchConfig,
    SelectConfig,
    TreeConfig,
)
from ultrainteract.environment import environments
from ultrainteract.errors import ConfigError, unknown
from ultrainteract.limits import BudgetConfig
from ultrainteract.seeds import named, seeds

NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"
RunName = Annotated[str, Field(pattern=NAME, max_length=64, examples=["math-first"])]
_Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class _Allowed(BaseModel):
    """A section of which a submission may set `allowed` alone; the schema shows no others."""

    allowed: ClassVar[frozenset[str]]

    @model_validator(mode="after")
    def _nothing_else(self) -> Self:
        if refused := sorted(self.model_fields_set - self.allowed):
            raise ValueError(
                f"{', '.join(refused)}: set by whoever runs the service, not by a submission; "
                f"allowed here: {', '.join(sorted(self.allowed))}"
            )
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        shown = handler.resolve_ref_schema(handler(core))
        shown["properties"] = {
            name: one for name, one in shown["properties"].items() if name in cls.allowed
        }
        return shown


class AskedRoles(_Allowed, RolesConfig):
    """Which of the service's models do what."""

    allowed = frozenset({"actors", "rejected", "critic", "judge", "filter", "allow_self_critique"})


class AskedSampling(_Allowed, SamplingConfig):
    """How actions are drawn."""

    allowed = frozenset(
        {"waves", "all_correct_after", "guided_samples", "temperature", "top_p", "max_tokens"}
        | {"critic_temperature", "critic_max_tokens", "critic_draws"}
    )


class AskedTree(_Allowed, TreeConfig):
    """The shape of a tree."""

    allowed = frozenset({"max_turns", "never_correct_after"})


class AskedSandbox(_Allowed, SandboxConfig):
    """Limits of one execution, at most the service's."""

    allowed = frozenset({"seconds", "memory_mb", "pids", "output_chars"})


class AskedSearch(_Allowed, SearchConfig):
    """What a search answers from; where Wikipedia is asked is the service's to say."""

    allowed = frozenset({"source", "results"})


class AskedSelect(_Allowed, SelectConfig):
    """Which problems get trees; test sets, which may be files, are the service's to name."""

    allowed = frozenset({"levels", "overlaps", "per_stratum", "max_pass_rate", "samples"})


class AskedPace(_Allowed, PaceConfig):
    """How many problems."""

    allowed = frozenset({"limit", "test_fraction"})


class AskedBudget(_Allowed, BudgetConfig):
    """Limits of the run and of each tree, at most the service's."""

    allowed = frozenset({"tokens", "money", "calls", "seconds", "tree"})


class AskedConfig(BaseModel):
    """Sections of a run's configuration; what is left out is as the service has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    roles: AskedRoles | None = None
    sampling: AskedSampling | None = None
    tree: AskedTree | None = None
    sandbox: AskedSandbox | None = None
    search: AskedSearch | None = None
    select: AskedSelect | None = None
    pace: AskedPace | None = None
    budget: AskedBudget | None = None


class Submission(BaseModel):
    """A run to be."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "name": "math-first",
                    "datasets": ["math"],
                    "environments": ["math_pot"],
                    "source": "sample",
                    "limit": 20,
                    "config": {"sampling": {"waves": [4, 8]}, "tree": {"max_turns": 3}},
                }
            ]
        },
    )

    name: RunName
    """Of the run and of its folder."""
    datasets: Annotated[tuple[_Word, ...], Field(min_length=1, max_length=32)]
    """Names of seed datasets, or `all`."""
    environments: Annotated[tuple[_Word, ...], Field(max_length=32)] = ()
    """Narrows the datasets' own; empty: all of them."""
    source: Literal["", "hub", "sample"] = ""
    """`hub` or the bundled `sample`; empty: the hub, or the sample where it is out of reach."""
    limit: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    """Problems at most of each dataset; another word for `config.pace.limit`, and stronger."""
    config: AskedConfig = AskedConfig()
    """What differs from the service's configuration."""

    @model_validator(mode="before")
    @classmethod
    def _text_is_text(cls, data: object) -> object:
        # JSON can say half of a surrogate pair; no file and no database takes it.
        try:
            json.dumps(data, ensure_ascii=False, default=str).encode()
        except UnicodeEncodeError as error:
            raise ValueError("a text holds half of a surrogate pair") from error
        return data


class Further(BaseModel):
    """Bounds of a run that goes on: what is given takes the place of what was asked before."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"limit": 50, "budget": {"tokens": 2_000_000}}]},
    )

    limit: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    budget: AskedBudget | None = None

    def of(self, asked: Submission) -> Submission:
        """What was asked, with these bounds."""
        config = asked.config
        if self.budget:
            config = config.model_copy(update={"budget": self.budget})
        limit = asked.limit if self.limit is None else self.limit
        return asked.model_copy(update={"config": config, "limit": limit})


def resolve(asked: Submission, base: RunConfig) -> RunConfig:
    """The whole configuration of the run. Raises `UserError` for what does not exist or exceeds
    the service's own limits."""
    known = {*seeds(), "all"}
    for name in asked.datasets:
        if name not in known:
            raise unknown("seed dataset", name, known)
    named(",".join(asked.datasets))
    for name in asked.environments:
        if name not in environments():
            raise unknown("environment", name, environments())
    wanted = asked.config.model_dump(mode="json", exclude_unset=True, exclude_none=False)
    wanted = {section: value for section, value in wanted.items() if value is not None}
    if asked.limit is not None:
        wanted["pace"] = {**wanted.get("pace", {}), "limit": asked.limit}
    # Roles name each other: they are taken whole.
    plain = base.model_dump(mode="json", exclude={"roles"} if "roles" in wanted else set())
    if above := list(_above(plain, wanted)):
        raise ConfigError("\n".join(above))
    try:
        return RunConfig.model_validate(_over(plain, wanted))
    except ValidationError as error:
        raise ConfigError("\n".join(problems(error.errors()))) from error


def problems(errors: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each of pydantic's errors, without what was sent."""
    for one in errors:
        where = ".".join(str(part) for part in one["loc"])
        yield f"{where or 'configuration'}: {one['msg'].removeprefix('Value error, ')}"


def _over(base: Mapping[str, object], wanted: Mapping[str, object]) -> dict[str, object]:
    merged = dict(base)
    for key, value in wanted.items():
        old = base.get(key)
        merged[key] = (
            _over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return merged


def _above(base: Mapping[str, object], wanted: Mapping[str, object]) -> Iterator[str]:
    """What exceeds the service's own limits."""
    for section, keys in _CEILINGS.items():
        own, asked = _section(base, section), _section(wanted, section)
        for key in keys & asked.keys():
            most, value = own.get(key), asked[key]
            if isinstance(most, int | float) and not (
                isinstance(value, int | float) and value <= most
            ):
                yield f"config.{section}.{key}: {value} is above the service's own limit, {most}"


def _section(data: Mapping[str, object], path: str) -> Mapping[str, object]:
    found: object = data
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


_LIMITS = frozenset({"tokens", "money", "calls", "seconds"})
_CEILINGS: Mapping[str, frozenset[str]] = {
    "sandbox": AskedSandbox.allowed,
    "budget": _LIMITS,
    "budget.tree": _LIMITS,
    "pace": frozenset({"limit"}),
}
