"""What a run does first: its problems are read, selected and rendered into the journal.

A resumed run takes the instructions that the journal has, where all that they are made of is what
it was; else it reads again, and finds the same rows or says that it does not.
"""

import hashlib
import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ultrainteract.cluster.problems import Choosing
from ultrainteract.config import RunConfig, names_repository
from ultrainteract.environment import environments, instruct, load_environment
from ultrainteract.errors import ConfigError, unknown
from ultrainteract.resources import folder
from ultrainteract.run_folder import Beginning, RunFolder
from ultrainteract.seeds import load_plugin, load_seed, locate, named
from ultrainteract.seeds.registry import Seed
from ultrainteract.types import JSON, Instruction, canonical

_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class SynthesisRequest:
    """What the user asked for. `dataset` is a name, names with commas, or `all`; `environments`
    and `source` narrow and replace the seed's own. With `pilot`, so many problems alone are grown,
    for a forecast, and nothing is published."""

    dataset: str
    folder: Path
    config: RunConfig
    environments: tuple[str, ...] = ()
    source: str = ""
    plugins: tuple[Path, ...] = ()
    reconfigure: bool = False
    ray_address: str | None = None
    pilot: int | None = None

    @property
    def datasets(self) -> tuple[str, ...]:
        """Their names, in the order of the run. Raises `UnknownName` where there is none."""
        return named(self.dataset)

    def seeds(self) -> dict[str, JSON]:
        """The part of a run's identity that says what it is about."""
        return {
            "dataset": ",".join(self.datasets),
            "environments": list(self.environments),
            # The content is compared by provenance; where the file lies is no matter.
            "source": Path(self.source).name,
        }


def check_names(request: SynthesisRequest) -> None:
    """Load the plugins; raises `PluginError`, or `UnknownName` for a dataset or environment, or
    `ConfigError` for one file of several datasets."""
    for plugin in request.plugins:
        load_plugin(plugin)
    for name in request.datasets:
        load_seed(name)
    if len(request.datasets) > 1 and request.source not in ("", "hub", "sample"):
        raise ConfigError(
            f"--source {request.source} is a file of one dataset, not of {len(request.datasets)}: "
            "run each with its own file, or say `hub` or `sample` for all of them"
        )
    for name in request.environments:
        if name not in environments():
            raise unknown("environment", name, environments())


def begin(request: SynthesisRequest, run: RunFolder, say: Callable[[str], None]) -> None:
    """Bring the run's instructions into its journal, at the revisions that it began with.

    Raises `RunFolderError` for a run that was begun otherwise, and what `Choosing` raises.
    """
    config, again = request.config, not request.reconfigure
    if again:
        run.refuse_change(config, request.seeds())
    origin = _origin(request, run) if again else ""
    if origin and run.began_with(origin):
        run.go_on(config)
    else:
        choosing = Choosing(
            request.datasets,
            request.source,
            config,
            {one.dataset: one for one in run.provenances} if again else {},
            run.selection if again else None,
        )
        trees: Counter[str] = Counter()

        def read() -> Beginning:
            return Beginning(choosing.provenances, choosing.record, tuple(choosing.lines(trees)))

        rendered = _instructions(request, choosing, trees)
        run.begin(config, request.seeds(), rendered, read, request.datasets)
        run.write_removed(choosing.removed)
        run.made_of(_origin(request, run))
    for line in run.said:
        say(line)


def _instructions(
    request: SynthesisRequest, choosing: Choosing, trees: Counter[str]
) -> Iterator[Instruction]:
    for problem in choosing:
        for name in problem.environments:
            if not request.environments or name in request.environments:
                trees[problem.dataset] += 1
                yield instruct(problem, name)


def _origin(request: SynthesisRequest, run: RunFolder) -> str:
    """What the instructions are made of besides the run's shape; empty before they are there.

    Raises `SeedError` where a source has other rows than the run began with.
    """
    sources = {}
    for one in run.provenances:
        seed = load_seed(one.dataset)
        sources[one.dataset] = _code(_others(seed, request))
        # A commit of the hub stays what it is, and is not asked for again.
        if one.kind != "hub":
            locate(seed, request.source, one)
    files = {
        name: _sha256(Path(name))
        for name in request.config.select.decontaminate
        if not names_repository(name)
    }
    parts: dict[str, JSON] = {
        "code": [version("ultrainteract"), _code(_ours())],
        "limit": request.config.pace.limit,
        "plugins": [_sha256(path) for path in request.plugins],
        "sources": sources,
        "test sets": list(files.values()),
    }
    return canonical(parts).decode() if sources else ""


def _ours() -> Iterator[Path]:
    """Every module of this package that reads, selects and renders, with all that they import."""
    places = (_PACKAGE / "seeds", _PACKAGE / "select", _PACKAGE / "verify", folder("environments"))
    yield from _PACKAGE.glob("*.py")
    for place in places:
        yield from place.rglob("*.py")


def _others(seed: Seed, request: SynthesisRequest) -> Iterator[Path]:
    """The modules that define a dataset and its environments, and where those are part of a
    package, be it behind an entry point, all of that package; not what it imports from others."""
    kinds = (
        type(load_environment(name))
        for name in seed.environments
        if not request.environments or name in request.environments
    )
    for file in (seed.defined, *(Path(inspect.getfile(kind)).resolve() for kind in kinds)):
        yield file
        package = None
        for parent in file.parents:
            if not (parent / "__init__.py").is_file():
                break
            package = parent
        if package and package != _PACKAGE:
            yield from package.rglob("*.py")


def _code(files: Iterable[Path]) -> str:
    """One hash over them: code may change between releases."""
    hasher = hashlib.sha256()
    for path in sorted(set(files)):
        hasher.update(hashlib.sha256(path.read_bytes()).digest())
    return hasher.hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
