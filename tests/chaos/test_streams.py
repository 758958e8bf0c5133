"""Closed, full and broken standard streams, and those that cannot encode: every command, a right exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from chaos.commands import words
from chaos.living import holders
from chaos.programs import LIMIT, Program, Told, plain
from chaos.tally import Tally, amount, some, whole
from waiting import until

from workbench.runs import store
from workbench.runs.run import Run

PROGRAM = str(Path(sys.executable).with_name("workbench"))
LISTS = (["tasks"], ["cells"], ["cells", "lstm"], ["data"], ["doctor"], ["--help"], ["train", "--help"], ["--version"])
ON_RUNS = ("runs", "runs --json", "show", "show --json", "watch", "watch --headless", "predict", "eval", "poem")
TRAIN = ["train", "toy", "--headless", "--max-steps", "3"]
FULL = "/dev/full"


def main_without(*closed: int) -> None:
    """The command line as an interpreter starts that was given closed descriptors."""
    from workbench.cli import main

    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if number in closed:
            os.close(number)
            setattr(sys, name, None)
            setattr(sys, f"__{name}__", None)
    main()


def without_stdin() -> None:
    main_without(0)


def without_stdout() -> None:
    main_without(1)


def without_stderr() -> None:
    main_without(2)


def without_any() -> None:
    main_without(0, 1, 2)


def encoded() -> None:
    """The command line on streams of the encoding in CHAOS_ENCODING."""
    from workbench.cli import main

    name = os.environ["CHAOS_ENCODING"]
    sys.stdin = open(0, encoding=name, errors="strict", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding=name, errors="strict", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, encoding=name, errors="backslashreplace", closefd=False)  # noqa: SIM115
    main()


def commands(run: Run) -> list[list[str]]:
    return [*LISTS, *(words(one, run) for one in ON_RUNS), TRAIN, ["show", "nobody"], ["stop", run.id]]


def trained_well(told: Told, folder: Path) -> None:
    """Check that a training that was asked for did not fail for its streams, nor goes on unseen."""
    until(lambda: not holders(folder), "the training ends", seconds=LIMIT)
    assert told.code == 0, str(told)
    assert store.listing(folder)[0].status() == "finished", str(told)


CLOSED: tuple[Callable[[], None], ...] = (without_stdin, without_stdout, without_stderr, without_any)


@pytest.mark.parametrize(
    "closed", some(list(CLOSED), 1) if amount(0, 1) else [without_stdout], ids=lambda f: f.__name__
)
def test_closed_streams(
    tally: Tally, program: Program, finished: Run, runs_folder: Path, closed: Callable[[], None]
) -> None:
    every = commands(finished)
    for command in every if amount(0, 1) else [TRAIN]:
        with tally.attempt(f"{closed.__name__.replace('_', ' ')}", " ".join(command)):
            told = program.call(*command, function=f"{__name__}:{closed.__name__}")
            assert told.code in (0, 1, 2), str(told)
            assert "Traceback" not in told.both, str(told)
            assert "defect of Workbench" not in told.both, str(told)
            if command == TRAIN:
                trained_well(told, runs_folder)
            elif command[-1] != "nobody" and command[0] not in ("poem", "stop"):
                assert told.code == 0 or closed is not without_stdin, str(told)


@pytest.mark.skipif(not Path(FULL).exists(), reason="no /dev/full")
@pytest.mark.parametrize("full", some(["stdout", "stderr"], 1))
def test_full_streams(
    tally: Tally, program: Program, finished: Run, runs_folder: Path, full: str, tmp_path: Path
) -> None:
    every = commands(finished)
    for number, command in enumerate(every if amount(0, 1) else [TRAIN]):
        with tally.attempt(f"full {full}", " ".join(command)):
            paths = {name: tmp_path / f"{name}-{number}" for name in ("stdout", "stderr")} | {full: Path(FULL)}
            with paths["stdout"].open("wb") as out, paths["stderr"].open("wb") as err:
                child = program.start(*command, files={"stdout": out.fileno(), "stderr": err.fileno()})
                code = child.wait(LIMIT)
            texts = ["" if path == Path(FULL) else path.read_text(errors="backslashreplace") for path in paths.values()]
            told = Told(" ".join(command), code, *texts)
            assert code in (0, 1, 2), str(told)
            assert "Traceback" not in told.both, str(told)
            assert "defect of Workbench" not in told.both, str(told)
            if command == TRAIN:
                until(lambda: not holders(runs_folder), "the training ends", seconds=LIMIT)
                assert store.listing(runs_folder)[0].status() == "finished", str(told)
            if full == "stdout" and "--help" not in command and code:
                assert told.err.count("workbench: ") == 1, str(told)


def test_a_broken_pipe(tally: Tally, program: Program, finished: Run, runs_folder: Path) -> None:
    every = commands(finished)
    for command in every if amount(0, 1) else [["runs"]]:
        for broken in ("stdout", "stderr")[: amount(1, 2)]:
            with tally.attempt(f"a broken pipe at {broken}", " ".join(command)):
                reader, writer = os.pipe()
                os.close(reader)
                kept = "stderr" if broken == "stdout" else "stdout"
                child = program.start(*command, files={broken: writer, kept: subprocess.PIPE})
                os.close(writer)
                out, err = child.communicate(LIMIT)
                told = Told(" ".join(command), child.returncode, out, err)
                assert told.code in (0, 1, 2, -signal.SIGPIPE, 141), str(told)
                assert "Traceback" not in told.both, str(told)
                assert "defect of Workbench" not in told.both, str(told)
                if command == TRAIN:
                    until(lambda: not holders(runs_folder), "the training ends", seconds=LIMIT)


@pytest.mark.parametrize("encoding", some(["latin-1", "gbk", "ascii", "cp437"], 0) or ["latin-1"])
def test_an_encoding_that_lacks_characters(
    tally: Tally, program: Program, finished: Run, runs_folder: Path, encoding: str
) -> None:
    every = [*commands(finished), ["poem", "pretrained/poems-lstm", "--start", "月", "--seed", "1"]]
    few = [["tasks"]]
    for command in every if amount(0, 1) else few:
        with tally.attempt(f"a terminal in {encoding}", " ".join(command)):
            told = plain(program.call(*command, function=f"{__name__}:encoded", CHAOS_ENCODING=encoding))
            if command == TRAIN:
                trained_well(told, runs_folder)
            elif command[-1] != "nobody" and command[0] != "stop" and command[:2] != ["poem", finished.id]:
                assert told.code == 0, str(told)


_SHELL = {
    "closed stdin": "<&-",
    "closed stdout": ">&-",
    "closed stderr": "2>&-",
    "all closed": "<&- >&- 2>&-",
    "full stdout": ">/dev/full",
    "an ASCII locale": "",
}


@whole
@pytest.mark.parametrize("how", list(_SHELL))
def test_in_a_shell(tally: Tally, finished: Run, runs_folder: Path, tmp_path: Path, how: str) -> None:
    env = dict(os.environ)
    if how == "an ASCII locale":
        env |= {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for command in (["runs"], ["show", finished.id], ["tasks"], TRAIN):
        with tally.attempt(f"{how}, in a shell", " ".join(command)):
            line = f'exec "$0" "$@" {_SHELL[how]}'
            done = subprocess.run(
                ["sh", "-c", line, PROGRAM, *command],
                cwd=tmp_path,
                env=env,
                capture_output=True,
                timeout=120,
                check=False,
            )
            texts = [text.decode(errors="backslashreplace") for text in (done.stdout, done.stderr)]
            told = Told(" ".join(command), done.returncode, *texts)
            unwritable = how == "full stdout" or (command != TRAIN and how in ("closed stdout", "all closed"))
            assert told.code == int(unwritable), str(told)
            assert "Traceback" not in told.both, str(told)
            assert "Exception ignored" not in told.both, str(told)
            assert "defect of Workbench" not in told.both, str(told)
            if command == TRAIN:
                until(lambda: not holders(runs_folder), "the training ends", seconds=LIMIT)
                assert store.listing(runs_folder)[0].status() == "finished", str(told)
