"""The command line: one module a command, listed here and imported when it is named.

Errors that the user can mend end in one message and exit code 2; faults in exit code 1.
"""

import errno
import io
import os
import sys
from collections.abc import Collection, Mapping
from importlib import import_module

import typer
from rich.console import Console

from ultrainteract.errors import UltraInteractError, UserError

# What each says of itself in its first paragraph, so that a list of them imports none.
COMMANDS = {
    "synthesize": "Grow preference trees from a seed dataset and publish them; the same again "
    "resumes.",
    "inspect": "List a run's trees, or show one.",
    "export": "Write a run's published dataset in the shape of a trainer.",
    "view": "Look at a run's trees in a browser: search, filter, read, mark what to keep and to "
    "drop.",
    "stats": "What a run came to: by task and by dataset.",
    "report": "How a run went and how good its pairs are: plots, tables and warnings in one file.",
    "status": "How a run is going: trees, pairs, models, time left, last troubles. Reads only.",
    "replicas": "Show or change the replicas of a run's models; a run under way takes it up in a "
    "second.",
    "regrade": "Judge every recorded answer again, ask no model, and say which verdicts changed.",
    "publish": "Publish a run under layers, beside its own dataset; `run.yaml` and card name the "
    "layers.",
    "push": "Upload a run's dataset in one commit, private unless you say --public.",
    "serve": "Serve runs: submit, pause, resume, cancel, watch, download. Goes on where it was "
    "killed.",
    "setup": "Install what a configuration needs: Docker engine and image, vLLM, model weights.",
    "check": "Look at this machine and, with --config, at what that configuration would start.",
    "seeds": "Seed datasets: where problems come from.",
}
CHECKS = {
    "sandbox": "Check what a sandbox promises: it runs hostile programs. Ends with one JSON line.",
    "programs": "Grade each program by its tests in the sandbox, and compare with the label.",
    "grading": "Grade labelled answers and say how often the verdict is wrong.",
    "outputs": "Compare each expected output with the actual one, and both with the label.",
    "environments": "Play each environment's cases without a model. Ends with one JSON line.",
}


_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EIO}


def application(words: Collection[str]) -> typer.Typer:
    """The command line as these words need it: what they do not name is listed, not imported."""
    app = typer.Typer(
        name="ultrainteract",
        help="Preference trees that teach language models to reason: synthesise, look at, publish.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    _add(app, COMMANDS, words)
    return app


def _add(
    app: typer.Typer, listed: Mapping[str, str], words: Collection[str], prefix: str = ""
) -> None:
    for word, about in listed.items():
        if word not in words:
            app.command(word, help=about)(_unnamed)
            continue
        module = import_module(f"ultrainteract.cli.{prefix}{word}")
        if word == "check":
            checks = typer.Typer()
            checks.callback(invoke_without_command=True)(module.check)
            _add(checks, CHECKS, words, "check_")
            app.add_typer(checks, name=word)
        elif word == "seeds":
            app.add_typer(module.app, name=word)
        else:
            app.command()(getattr(module, word))


def _unnamed() -> None:
    """Stands for a command in a list."""


def _given() -> set[str]:
    """The words of the command line, or of the one that a shell wants completed."""
    asked = (os.environ.get(name, "") for name in ("COMP_WORDS", "_TYPER_COMPLETE_ARGS"))
    return {*sys.argv[1:], *" ".join(asked).split()}


def main() -> None:
    """The entry point of the `ultrainteract` command."""
    for stream in (sys.stdout, sys.stderr):
        # Data holds any character, a terminal or pipe may take ASCII only.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        application(_given())()
    except UltraInteractError as error:
        errors.print(f"error: {error}", style="red", markup=False)
        sys.exit(2 if isinstance(error, UserError) else 1)
    except OSError as error:
        # One that names a file is no failure of the output.
        if error.errno not in _UNWRITABLE or error.filename is not None:
            raise
        # What is held back cannot be written at the end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        errors.print(f"error: the output cannot be written: {error.strerror}", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
