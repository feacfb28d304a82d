"""One configuration object; `config_file` reads it.

It has two parts. What shapes trees (models, roles, sampling, tree, sandbox limits, selection,
seed, prompts) makes a journal's identity: `RunConfig.shape`. What paces or bounds (`pace`,
`budget`, each model's `serve`) may change between two runs on one journal. Secrets are named,
never held.
"""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ultrainteract.limits import BudgetConfig
from ultrainteract.prompts import prompts_hash
from ultrainteract.secrets import Addresses, Variable, Variables, Words
from ultrainteract.types import JSON, Limits


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServeConfig(_Frozen):
    """Where a model is and how fast it is asked; may change on resume."""

    base_url: Addresses = ()
    """An endpoint that exists, `http://host:port/v1`, or a list of such that serve the same model.
    Empty: vLLM servers are started."""
    api_key_env: Variable = "OPENAI_API_KEY"
    """Name of the environment variable with the key, or `Basic ...`; local servers need none."""
    host: str = ""
    """Where a started server listens; empty: its node's address, on the CPU the loopback one."""
    replicas: Annotated[int, Field(ge=1)] = 1
    """vLLM servers to start for this model."""
    tensor_parallel: Annotated[int, Field(ge=1)] = 1
    """GPUs each vLLM server spans."""
    device: Literal["cuda", "cpu"] = "cuda"
    """What vLLM runs on."""
    vllm_args: Words = ()
    """Further words of the vLLM command line, as they are."""
    vllm_env: Variables = Field(default_factory=dict)
    """Further environment variables of the vLLM server."""
    start_seconds: Annotated[float, Field(gt=0)] = 1800.0
    """How long a vLLM server may take until it answers."""
    in_flight: Annotated[int, Field(ge=1)] | None = None
    """Requests under way at once, for each TreeWorker and replica; None finds out how many."""
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
    judge: str = ""
    """Gates answers to problems without ground truth (SFT rows only); empty: the critic does."""
    filter: str = ""
    """Tries each problem where `select.max_pass_rate` is below 1; empty: the first actor does."""
    allow_self_critique: bool = False
    """Lets one model be actor and critic; start-up and card say so."""


class SamplingConfig(_Frozen):
    """How actions are drawn."""

    waves: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (4, 8, 8)
    """Samples a wave; a rung ends when a correct and an incorrect action are there."""
    all_correct_after: Annotated[int, Field(ge=1)] | None = None
    """So many correct actions of a turn and none incorrect end it; None: the rung is finished."""
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
    never_correct_after: Annotated[int, Field(ge=1)] | None = None
    """So many turns in a row without a correct action end a tree; None: only `max_turns` does."""


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


class SearchConfig(_Frozen):
    """What `wikipedia_search` answers from."""

    source: Literal["auto", "wikipedia", "passages"] = "auto"
    """`passages`: a dataset's own; `auto`: Wikipedia, or those where it is out of reach."""
    url: str = "https://en.wikipedia.org/w/api.php"
    """The MediaWiki API."""
    results: Annotated[int, Field(ge=1, le=20)] = 3
    """Articles a search returns at most."""


class SelectConfig(_Frozen):
    """Which problems get trees. A change could take trees away as well as add some, so all of it
    shapes the run, other than `pace.limit`, which comes after and only adds."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    levels: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(default_factory=dict)
    """Values to take, by key of a problem's meta; problems without the key stay. Where a dataset
    takes some values of a key by itself (`seeds show` names them), these take their place."""
    overlaps: bool = True
    """Leave out programming problems that the run has already: TACO's that CodeContests has."""
    decontaminate: tuple[str, ...] = ()
    """Test sets, as files or `owner/name` or `owner/name:pattern` of the hub; overlaps go."""
    per_stratum: Annotated[int, Field(ge=1)] | None = 5
    """Problems of a formula pattern at most, where the dataset annotates such (MathQA)."""
    max_pass_rate: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Problems that the filter model solves more often than this get no tree; 1 takes all."""
    samples: Annotated[int, Field(ge=1)] = 4
    """Attempts of the filter model at most."""

    @property
    def sieves(self) -> bool:
        """Whether a filter model tries the problems."""
        return self.max_pass_rate < 1


class PaceConfig(_Frozen):
    """What paces or bounds a run; may change on resume."""

    limit: Annotated[int, Field(ge=1)] | None = None
    """Problems at most; None takes all."""
    workers: Annotated[int, Field(ge=1)] = 1
    """TreeWorker actors on each node."""
    trees_in_flight: Annotated[int, Field(ge=1)] | None = None
    """Trees under way at once, for each worker; None: as many as keep the models busy."""
    containers: Annotated[int, Field(ge=1)] = 2
    """Sandbox containers, for each worker; fewer where memory holds fewer."""
    backend: Literal["docker", "bubblewrap"] = "docker"
    """What holds programs; `bubblewrap` where no Docker engine may run."""
    runtime: str = ""
    """The engine's runtime, `runsc` for gVisor; empty: the engine's default."""
    image: str = "ultrainteract-sandbox:latest"
    """The sandbox image."""
    graders: Annotated[int, Field(ge=1)] = 1
    """Grader processes, for each worker."""
    writer_seconds: Annotated[float, Field(gt=0)] = 90.0
    """Without an answer for so long the journal's writer is killed and started again."""
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
    search: SearchConfig = SearchConfig()
    select: SelectConfig = SelectConfig()
    pace: PaceConfig = PaceConfig()
    budget: BudgetConfig = BudgetConfig()

    @field_validator("models")
    @classmethod
    def _names_hold_no_dot(cls, models: dict[str, ModelConfig]) -> dict[str, ModelConfig]:
        for name in models:
            if "." in name:
                better = name.replace(".", "-")
                raise ValueError(f"{name!r} holds a dot, where --set splits it: call it {better!r}")
        return models

    @model_validator(mode="after")
    def _roles_name_models(self) -> Self:
        roles = self.roles
        for role, name in [
            *(("actors", name) for name in roles.actors),
            *(("rejected", name) for name in roles.rejected),
            ("critic", roles.critic),
            *([("judge", roles.judge)] if roles.judge else []),
            *([("filter", roles.filter)] if roles.filter else []),
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

    @model_validator(mode="after")
    def _money_has_a_price(self) -> Self:
        serves = [self.models[name].serve for name in self.used_models()]
        wanted = self.budget.money is not None or self.budget.tree.money is not None
        if wanted and not any(one.price_in or one.price_out for one in serves):
            raise ValueError(
                "budget.money limits nothing: no model has a price; set models.NAME.serve.price_in "
                "and price_out, or limit budget.tokens"
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
        data = self.model_dump(mode="json", exclude={"pace", "budget"})
        for model in data["models"].values():
            del model["serve"]
        named = self.select.decontaminate
        # Which items a file held is recorded beside it; where it lies is no matter.
        data["select"]["decontaminate"] = [benchmark_name(source) for source in named]
        return {**data, "prompts": prompts_hash()}

    def used_models(self) -> tuple[str, ...]:
        """Names of the models that have a role, in order of first use."""
        roles = self.roles
        named = (*roles.actors, *roles.rejected, roles.critic, roles.judge or roles.critic)
        return tuple(dict.fromkeys((*named, *([self.filter] if self.select.sieves else []))))

    @property
    def filter(self) -> str:
        """Name of the model that tries problems before they get trees."""
        return self.roles.filter or self.roles.actors[0]


def names_repository(source: str) -> bool:
    """Whether a test set's name is `owner/name` or `owner/name:pattern`, by its form alone."""
    matched = re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+(:.+)?", source)
    return matched is not None and bool(matched[1] or not Path(source).suffix)


def benchmark_name(source: str) -> str:
    """What a test set is called: a repository as it is, a file without its folders."""
    return source if names_repository(source) else Path(source).name
