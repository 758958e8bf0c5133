"""Every command that reads a run, in an order in which the last ones change it."""

from __future__ import annotations

from chaos.tally import WHOLE

from workbench.runs.run import Run

READING = ("runs", "show", "watch", "watch --headless", "predict", "eval", "poem")
CHANGING = ("stop", "resume", "rm")
ALL = (*READING, *CHANGING) if WHOLE else ("runs", "show", "predict", "resume")


def words(command: str, run: Run | str) -> list[str]:
    """A command's words, for one run."""
    name = run if isinstance(run, str) else run.id
    return {
        "runs": ["runs"],
        "runs --json": ["runs", "--json"],
        "show": ["show", name],
        "show --json": ["show", name, "--json"],
        "watch": ["watch", name, "--once"],
        "watch --headless": ["watch", name, "--headless"],
        "predict": ["predict", name, "012"],
        "eval": ["eval", name],
        "eval --json": ["eval", name, "--json"],
        "poem": ["poem", name, "--start", "0"],
        "stop": ["stop", name],
        "resume": ["resume", name, "--headless"],
        "rm": ["rm", name, "--yes"],
    }[command]
