"""``workbench note`` and ``train --name``: what people call runs, in lists, in print and as JSON."""

from __future__ import annotations

import msgspec
import pytest

from workbench.runs import locations, metadata, store
from workbench.runs.metadata import RunMetadata
from workbench.runs.run import Run

HOSTILE = "\x1b[31mred\x1b]0;t\x07 [bold]"


def decoded(result) -> dict:
    assert result.returncode == 0, result.stderr
    return msgspec.json.decode(result.stdout)


def test_a_note_is_written_printed_and_taken_away(workbench, finished: Run) -> None:
    none = workbench("note", "last")
    assert (none.returncode, none.stdout) == (0, "")
    assert none.stderr == f"Run {finished.id} has no note. `workbench note RUN TEXT` writes one.\n"
    written = workbench("note", "last", "two\nlines", "--name", "wide", "--tag", "draft", "--tag", "gpu")
    assert (written.returncode, written.stdout) == (0, "")
    assert written.stderr == f"Run {finished.id}: name 'wide', tags draft, gpu, a note of 9 characters.\n"
    assert metadata.read(finished) == RunMetadata(name="wide", note="two\nlines", tags=("draft", "gpu"))
    assert workbench("note", "wide").stdout == "two\nlines\n"  # by its name
    assert decoded(workbench("note", "wide", "--untag", "draft", "--tag", "late", "--json")) == {
        **{"run": finished.id, "name": "wide", "study": "", "tags": ["gpu", "late"], "note": "two\nlines"}
    }
    workbench("note", "wide", "", "--clear", "--name", "")
    assert metadata.read(finished) == RunMetadata(tags=("gpu", "late"))


def test_what_no_run_can_be_called_is_wrong_usage(workbench, finished: Run) -> None:
    for words, sentence in {
        ("--name", "n" * 201): "The name has 201 characters: a run's name has 200 at most.",
        ("--tag", "two words"): "The tag 'two words' is no single word: a tag has no blanks, commas or line breaks.",
        ("--untag", "draft"): f"Run {finished.id} has no tag 'draft': there are none.",
        ("text", "--clear"): "--clear takes the note away and TEXT writes another: choose one.",
    }.items():
        refused = workbench("note", "last", *words)
        assert (refused.returncode, refused.stdout, refused.stderr) == (2, "", f"workbench: {sentence}\n")
    assert not finished.metadata_file.exists()


def test_where_nothing_may_be_changed_a_note_can_be_read(workbench, finished: Run) -> None:
    metadata.write(finished, RunMetadata(note="as published"))
    assert workbench("--readonly", "note", "last").stdout == "as published\n"
    refused = workbench("--readonly", "note", "last", "other")
    assert (refused.returncode, metadata.read(finished).note) == (2, "as published")
    assert refused.stderr.startswith("workbench: --readonly only shows: ")
    (model, *_) = [run for run in store.pretrained(finished.path.parent) if run.path.parent == locations.shipped()]
    shipped = workbench("note", model.id, "mine")
    assert (shipped.returncode, model.metadata_file.exists()) == (1, False)
    assert shipped.stderr == f"workbench: {model.id} came with the program: it can be asked, not changed.\n"


def test_lists_show_names_where_there_are_any(workbench, finished: Run, stopped: Run) -> None:
    assert " name" not in workbench("runs").stdout.splitlines()[0]
    metadata.write(finished, RunMetadata(name="layers 2, seed 1", study="grid", tags=("draft",)))
    heads, *lines = workbench("runs").stdout.splitlines()
    assert heads.split()[-1] == "name"
    assert [line.rstrip().endswith("grid: layers 2, seed 1") for line in lines].count(True) == 1
    narrow = workbench("runs", "--filter", "name:layers tag:draft study:grid").stdout
    assert [line.split()[0] for line in narrow.splitlines()] == ["run", finished.id]
    told = {run["run"]: run for run in msgspec.json.decode(workbench("runs", "--json").stdout)}
    assert (told[finished.id]["name"], told[finished.id]["study"]) == ("layers 2, seed 1", "grid")
    assert (told[stopped.id]["name"], told[stopped.id]["tags"]) == ("", [])


def test_show_prints_what_a_run_is_called(workbench, finished: Run) -> None:
    assert "\nname" not in workbench("show", "last").stdout
    metadata.write(finished, RunMetadata(name="wide", note="two\nlines", tags=("a", "b"), study="grid"))
    lines = [line.split() for line in workbench("show", "last").stdout.splitlines()]
    for line in (["name", "wide"], ["study", "grid"], ["tags", "a,", "b"], ["note", "two"], ["lines"]):
        assert line in lines
    told = decoded(workbench("show", "last", "--json"))
    assert (told["name"], told["note"], told["tags"], told["study"]) == ("wide", "two\nlines", ["a", "b"], "grid")


@pytest.mark.parametrize("words", [("runs",), ("show", "last"), ("note", "last"), ("runs", "--json")], ids=" ".join)
def test_a_name_is_never_obeyed_by_the_terminal(workbench, finished: Run, words: tuple[str, ...]) -> None:
    content = {"name": HOSTILE, "note": HOSTILE, "tags": ["\x1b[31m"], "study": HOSTILE}  # a stranger's file
    finished.metadata_file.write_bytes(msgspec.json.encode(content))
    said = workbench(*words)
    assert said.returncode == 0, said.stderr
    assert "\x1b" not in said.stdout + said.stderr
    assert "[bold]" in said.stdout


def test_a_training_is_called_as_asked(workbench, runs_folder) -> None:
    wrong = workbench("train", "toy", "--headless", "--tag", "a,b")
    assert (wrong.returncode, runs_folder.exists()) == (2, False)
    done = workbench("train", "toy", "--headless", "--max-steps", 1, "--name", "first", "--tag", "a", "--tag", "b")
    assert done.returncode == 0, done.stderr
    (run,) = store.listing(runs_folder)
    assert metadata.read(run) == RunMetadata(name="first", tags=("a", "b"))
