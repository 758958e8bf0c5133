"""Commands on clusters: ``clusters list`` and ``clusters check``."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated, NoReturn

import msgspec
import typer

from workbench.cli import completion
from workbench.cli.options import Json, Runs
from workbench.executors import clusters, jobs
from workbench.executors.clusters import PROJECT_FILE, ClusterError, Named
from workbench.render.streams import narrate, print_json
from workbench.runs.locations import root

ClusterName = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="A cluster's name; `workbench clusters list` shows them.", autocompletion=completion.remote
    ),
]
_DEFAULTS = "defaults"
group = typer.Typer(
    help="Clusters of Slurm and Ray on which runs may be trained (`--on NAME`).",
    epilog="Example: workbench clusters check slurm",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    group.command("list", epilog="Example: workbench clusters list --json")(listing)
    group.command(epilog="Example: workbench clusters check slurm")(check)
    app.add_typer(group, name="clusters")


def listing(json: Json = False) -> None:
    """List the clusters: what each one's jobs ask for, and the files that say so."""
    every = clusters.every()
    if json:
        print_json([_facts(named) for named in every])
        return
    from workbench.render import console

    rows = [
        [named.name, named.cluster.executor, _asked(named), ", ".join(map(str, named.files)) or "–"] for named in every
    ]
    console.listing(("cluster", "executor", "asks for", "described in"), rows, spare=("described in",))
    narrate(f"Clusters are described in {clusters.user_file()} and in a project's {PROJECT_FILE}.")


def check(name: ClusterName, runs_folder: Runs = None, json: Json = False) -> None:
    """Try a cluster with a probe job: can it be submitted, and what does its node find.

    Each answer is a line. Ctrl-C takes the job back.
    """
    named = clusters.find(name)
    bad = 0
    answers = jobs.of(named).check(str(root(runs_folder)))
    with _ended_by_signals(), closing(answers):
        for finding in answers:
            bad += not finding.good
            if json:
                print_json(finding._asdict())
            else:
                print(f"{'ok ' if finding.good else 'BAD'}  {finding.question:<12} {finding.answer}", flush=True)
    if bad:
        raise ClusterError(f"Cluster {name} is not ready: {bad} answer{'s are' if bad > 1 else ' is'} bad.")


def _asked(named: Named) -> str:
    """Return the settings that a description gives, as they are written; ``defaults`` where it gives none."""
    plain = type(named.cluster)()
    given = {
        field: value
        for field in plain.__struct_fields__
        if (value := getattr(named.cluster, field)) != getattr(plain, field)
    }
    words = (f"{key}={', '.join(value) if isinstance(value, tuple) else value}" for key, value in given.items())
    return " ".join(" ".join(words).split()) or _DEFAULTS


def _facts(named: Named) -> dict[str, object]:
    return {
        "cluster": named.name,
        "executor": named.cluster.executor,
        "settings": msgspec.to_builtins(named.cluster),
        "files": [str(file) for file in named.files],
    }


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a request to end the program unwind it, so that the probe job is taken back."""

    def end(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
