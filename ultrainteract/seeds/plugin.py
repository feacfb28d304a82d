"""Code of others that registers seeds and environments: the boundary it runs behind.

Whatever it raises becomes a `PluginError` that names its file and line, the exception and what
was being done.
"""

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ultrainteract.errors import PluginError, UltraInteractError


def load_plugin(path: Path) -> None:
    """Import a user's `.py`, which registers what it likes; a second time does nothing.

    Raises `PluginError`: no such file, or the file raised.
    """
    path = path.expanduser().resolve()
    if path.suffix != ".py" or not path.is_file():
        raise PluginError(f"no plugin file {path}; a plugin is an existing .py file")
    name = f"ultrainteract_plugin_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if name in sys.modules or spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with foreign(f"plugin {path}", path):
            spec.loader.exec_module(module)
    except UltraInteractError:
        del sys.modules[name]
        raise


@contextmanager
def foreign(what: str, file: Path | None = None, *passing: type[Exception]) -> Iterator[None]:
    """Run code of others: its exceptions leave as `PluginError`, `what: file:line: Type: message`.

    The line is the innermost one in `file`, or the innermost of all. Our own errors and those of
    `passing` leave as they are.
    """
    ours: tuple[type[Exception], ...] = (UltraInteractError, *passing)
    try:
        yield
    except ours:
        raise
    except (Exception, SystemExit) as error:
        place = _place(error, file)
        raise PluginError(f"{what}: {place}: {type(error).__name__}: {error}") from error


def _place(error: BaseException, file: Path | None) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if file and Path(frame.filename).resolve() == file]
    frame = (own or frames)[-1]
    return f"{frame.filename}:{frame.lineno}"
