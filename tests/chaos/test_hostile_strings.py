"""Escape sequences, C1 and bidirectional controls in every string of a run: none reaches the terminal raw."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from chaos import spoiled_runs
from chaos.commands import words
from chaos.programs import Program, plain
from chaos.spoiled_runs import STRINGS
from chaos.tally import SEED, WHOLE, Tally

from workbench.runs import export
from workbench.runs.run import Run
from workbench.runs.summary import read_summary

PLACES: dict[str, Callable[[Run, str], object]] = {
    "events": spoiled_runs.spoil_events,
    "events that fail": lambda run, evil: spoiled_runs.spoil_events(run, evil, ending="failed"),
    "events of a lost run": lambda run, evil: spoiled_runs.spoil_events(run, evil, ending="lost"),
    "labels, printout, log": spoiled_runs.spoil_files,
    "the run's name": spoiled_runs.named,
    **{
        f"spec: {field}": lambda run, evil, field=field: spoiled_runs.spoil_spec(run, evil, field)
        for field in ("task", "cell", "preset", "data", "data_dir", "unknown key", "unknown setting", "optimizer")
    },
}
JSON = ("runs --json", "show --json", "eval --json")
COMMANDS = ("runs", "show", "watch", "watch --headless", "predict", "eval", "resume", "stop", "rm")
CASES = random.Random(SEED).sample([(place, evil) for place in PLACES for evil in STRINGS], 65)
TRIED = (*JSON, *COMMANDS) if WHOLE else ("show --json", "runs", "show", "watch --headless")


@pytest.mark.parametrize(("place", "evil"), CASES if WHOLE else [("events that fail", "C1")])
def test_a_hostile_string(
    tally: Tally, program: Program, finished: Run, stopped: Run, good: Run, place: str, evil: str
) -> None:
    for base in (finished, stopped) if WHOLE and place == "events that fail" else (finished,):
        made = PLACES[place](base, STRINGS[evil])
        run = made if isinstance(made, Run) else base
        answers = program.each([words(command, run) for command in TRIED])
        for command, told in zip(TRIED, answers, strict=True):
            row = "a hostile string, --json" if command in JSON else "a hostile string"
            with tally.attempt(row, f"{place}, {evil}: {command}"):
                plain(told)
                if command == "runs":
                    assert good.id in told.out, str(told)
                if evil == "markup" and place == "events that fail" and command == "show":
                    assert "[bold red]" in told.both, f"was taken for markup\n{told}"


def test_an_exported_cell_that_is_no_formula(tally: Tally, finished: Run) -> None:
    for start in "=+-@":
        spoiled_runs.spoil_events(finished, f"{start}cmd|' /C calc'!A0,", ending="failed")
        renamed = spoiled_runs.named(finished, "x")
        made = Run(renamed.path.rename(renamed.path.with_name(f"{start}1+1")))
        with tally.attempt("a formula in an exported cell", start):
            text = export.to_csv([read_summary(made)])
            assert f"\n{start}1+1" not in text, text[-300:]
        finished = made
