"""Every error this package raises.

UltraInteractError
├── UserError            something the user can mend: what was tried, what exists, what to do
│   ├── ConfigError      unreadable, unknown or contradictory configuration
│   ├── UnknownName      a dataset, environment, view or format that is not registered
│   ├── SeedError        a seed dataset that cannot be read
│   ├── PluginError      a user's plugin that raised
│   ├── RunFolderError   a run folder in use, unwritable, full, or of another configuration
│   ├── PushError        a dataset that may not go to the hub, or that the hub does not take
│   └── SetupError       Docker, image, weights or endpoint missing
├── Fault                infrastructure failed: retried or reported, never graded
│   ├── ModelFault
│   ├── SandboxFault
│   │   └── CellGone     (sandbox.base) a snapshot is gone: its path is replayed
│   ├── GraderFault
│   └── JournalFault
│       └── DiskFull     nothing is lost: what waits to be recorded is recorded once there is room
├── Draining             the run is stopping: no new effect is started
│   └── OutOfBudget      a limit of the run is reached: no request begins
├── Unrecorded           (recorder) a replay misses a record: the tree is unfinished
└── SchemaError          (dataset.schema) a row that no trainer should see
"""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class UltraInteractError(Exception):
    """Base of all errors of this package."""


class UserError(UltraInteractError):
    """Something the user can mend; the message says how."""


class ConfigError(UserError): ...


class UnknownName(UserError): ...


class SeedError(UserError): ...


class PluginError(UserError): ...


class RunFolderError(UserError): ...


class PushError(UserError): ...


class SetupError(UserError): ...


class Fault(UltraInteractError):
    """Infrastructure failed; says nothing about the model's answer."""


class ModelFault(Fault): ...


class SandboxFault(Fault): ...


class GraderFault(Fault): ...


class JournalFault(Fault): ...


class DiskFull(JournalFault): ...


class Draining(UltraInteractError):
    """Raised instead of starting a new effect while a run stops."""


class OutOfBudget(Draining):
    """Raised instead of beginning a request; says which limit is reached and how to go on."""


@contextmanager
def boundary(
    raises: type[UltraInteractError], what: str, *foreign: type[BaseException]
) -> Iterator[None]:
    """Name the boundary where `foreign` exceptions become ours: `what: Type: message`.

    Our own errors pass unchanged.
    """
    try:
        yield
    except UltraInteractError:
        raise
    except foreign as error:
        raise raises(f"{what}: {type(error).__name__}: {error}") from error


def unknown(what: str, name: str, known: Iterable[str]) -> UnknownName:
    """`unknown seed dataset 'mth'; did you mean 'math'? registered: gsm8k, math`."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
    return UnknownName(f"unknown {what} {name!r}; {hint}registered: {', '.join(names) or 'none'}")
