"""A stranger's run folder with something else in place of a file: no harm outside, no hang, one sentence."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from chaos.commands import ALL, words
from chaos.programs import Program, one_sentence, plain
from chaos.tally import Tally, some

from workbench.runs.run import Run

FILES = (
    *("spec.json", "task.json", "task.safetensors", "network.txt", "events.jsonl", "lock", "worker.log"),
    *("best.safetensors", "last.pt", "kept-12.pt", "start.pt", "start.safetensors", "STOP", "reserve"),
)
DIARY = b"Dear diary, nobody may write here.\n" * 100
OPENING = ("show", "watch", "predict", "eval", "resume")  # commands that refuse a run with a link in it


def link(file: Path, diary: Path) -> None:
    if file.exists():
        diary.write_bytes(file.read_bytes())  # what a reader would like
    file.unlink(missing_ok=True)
    file.symlink_to(diary)


def dangling_link(file: Path, diary: Path) -> None:
    file.unlink(missing_ok=True)
    file.symlink_to(diary.with_name("nothing"))


def link_to_zeros(file: Path, _: Path) -> None:
    file.unlink(missing_ok=True)
    file.symlink_to("/dev/zero")


def fifo(file: Path, _: Path) -> None:
    file.unlink(missing_ok=True)
    os.mkfifo(file)


def unix_socket(file: Path, _: Path) -> None:
    file.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as one:
        here = Path.cwd()
        os.chdir(file.parent)  # a socket's path may be no longer than 108 bytes
        try:
            one.bind(file.name)
        finally:
            os.chdir(here)


def folder(file: Path, _: Path) -> None:
    file.unlink(missing_ok=True)
    file.mkdir()


def device(file: Path, _: Path) -> None:
    file.unlink(missing_ok=True)
    try:
        os.mknod(file, 0o666 | 0o020000, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        file.symlink_to("/dev/zero")


KINDS = (link, dangling_link, link_to_zeros, fifo, unix_socket, folder, device)
PAIRS = [(name, kind) for kind in KINDS for name in FILES]
FEW = [("events.jsonl", fifo), ("reserve", link)]


@pytest.mark.parametrize(
    ("name", "put"), some(PAIRS, 0) or FEW, ids=lambda value: value if isinstance(value, str) else value.__name__
)
def test_something_else_in_place_of_a_file(
    tally: Tally,
    program: Program,
    stopped: Run,
    good: Run,
    tmp_path: Path,
    name: str,
    put: Callable[[Path, Path], None],
) -> None:
    diary = tmp_path / "diary.txt"
    diary.write_bytes(DIARY)
    put(stopped.path / name, diary)
    content = diary.read_bytes()
    commands = ALL
    kind = put.__name__.replace("_", " ")
    answers = program.each([words(command, stopped) for command in commands])
    for command, told in zip(commands, answers, strict=True):
        with tally.attempt(f"{kind} in place of a run's file", f"{kind} as {name}: {command}"):
            plain(told)
            if command == "runs":
                assert told.code == 0, str(told)
                assert good.id in told.out, str(told)
            elif "link" in put.__name__ and command in OPENING:
                sentence = one_sentence(told).sentences[0]
                assert "link" in sentence or (name == "spec.json" and "no run" in sentence), str(told)
    with tally.attempt("a link to a file outside: its bytes stay", f"{kind} as {name}"):
        assert diary.read_bytes() == content
        assert not diary.with_name("nothing").exists()


def test_a_run_folder_that_is_a_link_loses_the_link_alone(
    tally: Tally, program: Program, finished: Run, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    finished.path.rename(elsewhere)
    finished.path.symlink_to(elsewhere)
    with tally.attempt("a run folder that is a link", "rm"):
        told = plain(program.call("rm", finished.id, "--yes"), 0)
        assert not finished.path.is_symlink(), str(told)
        assert (elsewhere / "best.safetensors").exists(), str(told)
        assert "link" in told.err, str(told)
