"""The command line: one module a command, registered here.

Errors that the user can mend end in one message and exit code 2; faults in exit code 1.
"""

import io
import sys

import typer
from rich.console import Console

from ultrainteract.cli import (
    check,
    check_environments,
    check_grading,
    check_outputs,
    check_programs,
    check_sandbox,
    export,
    inspect,
    publish,
    push,
    regrade,
    replicas,
    report,
    seeds,
    serve,
    setup,
    stats,
    status,
    synthesize,
    view,
)
from ultrainteract.errors import UltraInteractError, UserError

app = typer.Typer(
    name="ultrainteract",
    help="Preference trees that teach language models to reason: synthesise, look at, publish.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
checks = typer.Typer()
checks.callback(invoke_without_command=True)(check.check)
checks.command()(check_sandbox.sandbox)
checks.command()(check_programs.programs)
checks.command()(check_grading.grading)
checks.command()(check_outputs.outputs)
checks.command()(check_environments.environments)
app.command()(synthesize.synthesize)
app.command()(inspect.inspect)
app.command()(export.export)
app.command()(view.view)
app.command()(stats.stats)
app.command()(report.report)
app.command()(status.status)
app.command()(replicas.replicas)
app.command()(regrade.regrade)
app.command()(publish.publish)
app.command()(push.push)
app.command()(serve.serve)
app.command()(setup.setup)
app.add_typer(checks, name="check")
app.add_typer(seeds.app, name="seeds")


def main() -> None:
    """The entry point of the `ultrainteract` command."""
    for stream in (sys.stdout, sys.stderr):
        # Data holds any character, a terminal or pipe may take ASCII only.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        app()
    except UltraInteractError as error:
        errors.print(f"error: {error}", style="red", markup=False)
        sys.exit(2 if isinstance(error, UserError) else 1)


if __name__ == "__main__":
    main()
