"""The ``workbench`` program: its commands, its errors and exit codes."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

import workbench
from tasks.base import PlainError, UsageError
from workbench.cli import (
    branch,
    catalog,
    clusters,
    compare,
    completion,
    data,
    export,
    inspect,
    note,
    plot,
    poem,
    predict,
    race,
    replay,
    report,
    runs,
    serve,
    study,
    train,
    write,
)
from workbench.cli import lab as labs
from workbench.cli.options import Ascii, Data, ReadOnly, Runs, data_folder, need_terminal, refuse_readonly
from workbench.config.environment import DEBUG, unexpected
from workbench.render import output
from workbench.render.output import Unwritable
from workbench.runs.locations import root

_ACTING = ("train", "resume", "branch", "stop", "rm")  # commands that --readonly refuses
app = typer.Typer(
    name="workbench",
    help="A terminal laboratory for recurrent networks: train, watch, compare, predict, write.\n\n"
    "Without a command it opens the screen.",
    epilog=f"{catalog.OWN} Example: workbench train names --cell lstm --headless",
    rich_markup_mode=None,
    no_args_is_help=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMMANDS = (
    *(train, branch, poem, write, runs, replay, note, compare, race, study, labs),
    *(report, plot, export, predict, inspect, data, serve, clusters, catalog),
)
for module in _COMMANDS:
    module.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        print(workbench.__version__)
        raise typer.Exit


@app.callback(invoke_without_command=True)
def lab(
    context: typer.Context,
    runs: Runs = None,
    data: Data = None,
    readonly: ReadOnly = False,
    ascii_only: Ascii = False,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    for name, given in (("WORKBENCH_RUNS", runs), ("WORKBENCH_DATA", data)):
        if given is not None:
            os.environ[name] = str(given.absolute())  # for the command that follows, and its worker
    if context.invoked_subcommand in _ACTING:
        output.do_without_stdout()
        refuse_readonly(context, context.invoked_subcommand)
    if context.invoked_subcommand is None:
        from workbench import tui

        need_terminal()
        raise typer.Exit(tui.open_screen(root(runs), data_folder(data), readonly=readonly))


def run() -> None:
    """Run a command line; an error is one plain sentence on stderr and an exit code (1 failed, 2 wrong usage)."""
    completion.join_assignments()
    try:
        code = app(standalone_mode=False)
        output.finish()
    except typer.Abort:
        code = _fail("Nothing was done.", 130)
    except typer.TyperException as error:
        where = getattr(error, "ctx", None)
        hint = f" See `{where.command_path} --help`." if where else ""
        sentence = error.format_message().replace("Value error, ", "").rstrip(".")
        code = _fail(f"{sentence}.{hint}", error.exit_code)
    except UsageError as error:
        code = _fail(str(error), 2)
    except (PlainError, Unwritable) as error:
        code = _fail(str(error), 1)
    except KeyboardInterrupt:
        code = 130
    except (BrokenPipeError, SystemExit) as leaving:  # `workbench runs | head`; click and Rich make an exit of it
        if isinstance(leaving, SystemExit) and not isinstance(leaving.__context__, BrokenPipeError):
            code = leaving.code
        else:
            output.discard()
            code = 0
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        code = _fail(unexpected(error), 1)
    output.leave(code if isinstance(code, int) else 0)


def _fail(sentence: str, code: int) -> int:
    """Print an error on stderr and return its exit code."""
    print(f"workbench: {sentence}", file=sys.stderr)
    return code
