"""``workbench report``: of runs, a study, a pretrained network; and what cannot be reported."""

from __future__ import annotations

import json
import os
from pathlib import Path

import docx
import pytest
from engine.toy_runs import copied
from sentences import says
from studies.made_studies import finish, group, made, toy_plan

from workbench.cli import report
from workbench.report.content import Passage
from workbench.report.words import Language
from workbench.runs.run import Run


def here(runs_folder: Path) -> Path:
    """The folder that commands are run in."""
    return runs_folder.parent / "here"


def test_a_run_is_reported_to_a_new_file_here(workbench, finished: Run, runs_folder: Path) -> None:
    for name in ("toy-rnn-finished-report.html", "toy-rnn-finished-report-2.html"):
        done = workbench("report", "last")
        assert (done.returncode, done.stdout) == (0, f"{name}\n"), done.stderr
        assert (here(runs_folder) / name).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "majority" in done.stderr  # the remarks are told


@pytest.mark.parametrize(
    ("form", "language", "name", "sign"),
    [
        ("markdown", "zh", "report.md", "# toy: rnn"),
        ("latex", "en", "report.tex", "% xelatex"),
        ("html", "zh", "report.html", "<!DOCTYPE"),
    ],
)
def test_every_form_in_a_folder(workbench, finished, runs_folder, form, name, sign, language) -> None:
    place = here(runs_folder) / "there"
    place.mkdir()
    done = workbench("report", finished.id, "--format", form, "--lang", language, "-o", "there", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"report": str(place / name)}
    text = (place / name).read_text(encoding="utf-8")
    assert text.startswith(sign)
    assert ("准确率" in text) is (language == "zh")
    assert {path.name for path in place.iterdir()} == {name} | {
        f"{picture}{suffix}"
        for picture in ("run-1-curves", "run-1-confusion", "run-1-classes", "gradients")
        for suffix in {"html": (), "markdown": (".png", ".svg"), "latex": (".pdf",)}[form]
    }


def test_a_word_document_is_one_file(workbench, finished: Run, runs_folder: Path) -> None:
    done = workbench("report", "last", "--format", "docx")
    assert (done.returncode, done.stdout) == (0, "toy-rnn-finished-report.docx\n"), done.stderr
    (written,) = here(runs_folder).iterdir()
    assert docx.Document(str(written)).paragraphs[0].text == "toy: rnn"


@pytest.mark.usefixtures("undrawn")
def test_the_name_of_a_file_says_its_format(workbench, finished: Run, runs_folder: Path) -> None:
    assert workbench("report", "last", "-o", "hand-in.DOCX").stdout == "hand-in.DOCX\n"
    assert docx.Document(str(here(runs_folder) / "hand-in.DOCX")).paragraphs[0].text == "toy: rnn"
    for words, sentence in (
        (("-o", "r.pdf"), "-o r.pdf: a report is no pdf; print the HTML one from a browser"),
        (("-o", "r.doc", "--format", "docx"), "-o r.doc: a report is no doc;"),
        (("-o", "r.md"), "-o r.md: that is a folder with pictures: give --format markdown, and -o its folder."),
        (
            ("-o", "r.docx", "--format", "html"),
            "-o r.docx is no name of a file with --format html: choose one of them.",
        ),
        (
            ("-o", "r.html", "--format", "docx"),
            "-o r.html is no name of a file with --format docx: choose one of them.",
        ),
    ):
        says(workbench("report", "last", *words), 2, sentence)
    assert [path.name for path in here(runs_folder).iterdir()] == ["hand-in.DOCX"]


@pytest.mark.usefixtures("undrawn")
def test_runs_that_are_stopped_failed_or_lost_are_said_to_be(workbench, finished, stopped, runs_folder) -> None:
    lost = copied(stopped, runs_folder, "toy-lost")
    failed = copied(stopped, runs_folder, "toy-failed")
    lines = stopped.events_file.read_bytes().splitlines(keepends=True)
    lost.events_file.write_bytes(b"".join(lines[:-1]))
    end = json.loads(lines[-1]) | {"event": "failed", "message": "The <b>disk</b> is full."}
    failed.events_file.write_bytes(b"".join(lines[:-1]) + json.dumps(end).encode() + b"\n")
    done = workbench("report", finished.id, stopped.id, lost.id, failed.id, finished.id, "-o", "r.docx")
    assert done.returncode == 0, done.stderr
    step = stopped_step(stopped)
    for sentence in (
        f"Run toy-lstm-stopped is stopped: this report shows it as of step {step}.",
        f"Run toy-lost is lost: this report shows it as of step {step}.",
        "Run toy-failed failed: The <b>disk</b> is full.",
    ):
        assert sentence in done.stderr
    document = docx.Document(str(here(runs_folder) / "r.docx"))
    headings = [paragraph.text for paragraph in document.paragraphs if paragraph.style.name == "Heading 2"]
    assert headings == ["toy-rnn-finished", "toy-lstm-stopped", "toy-lost", "toy-failed"]


def stopped_step(run: Run) -> int:
    return max(json.loads(line).get("step", 0) for line in run.events_file.read_bytes().splitlines())


@pytest.mark.usefixtures("undrawn")
def test_a_run_that_trains_is_reported_as_of_its_step(workbench, finished, runs_folder, tmp_path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    gated = ("--set", f"task.gate={gate}", "--set", "train.eval_every=2")
    run = workbench("train", "toy", "--cell", "rnn", "--detach", *gated).stdout.strip()
    try:
        done = workbench("report", run, "-o", "r.docx")
        assert done.returncode == 0, done.stderr
        assert f"Run {run} is " in done.stderr
        assert "this report shows it as of step " in done.stderr
        assert (here(runs_folder) / "r.docx").exists()
    finally:
        gate.unlink()
        workbench("stop", run)


@pytest.mark.usefixtures("undrawn")
def test_a_study_is_reported_as_far_as_it_is(workbench, finished: Run, runs_folder: Path) -> None:
    study = made(runs_folder, toy_plan(group("rnn", "gru", "lstm"), seeds=1), "three")
    says(workbench("report", "three"), 1, "Study three has no run yet: `workbench study run three` trains them.")
    study.begin(1).events_file.write_bytes(finished.events_file.read_bytes())
    done = workbench("report", "thr", "--format", "markdown", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert "1 of 3 runs is finished: the tables show it alone." in done.stderr
    text = (here(runs_folder) / "out" / "report.md").read_text(encoding="utf-8")
    assert "| gru | – |" in text
    made(runs_folder, toy_plan(seeds=1), "threefold")
    says(workbench("report", "thre"), 2, "'thre' is the beginning of 2 studies: ")


@pytest.mark.usefixtures("undrawn")
def test_runs_of_two_tasks(workbench, finished, runs_folder) -> None:
    done = workbench("report", finished.id, "pretrained/names-lstm", "-o", "r.docx")
    assert done.returncode == 0, done.stderr
    assert "The runs are of different tasks (toy, names)" in done.stderr


@pytest.mark.usefixtures("undrawn")
def test_a_pretrained_network_has_a_report(workbench, runs_folder) -> None:
    done = workbench("report", "pretrained/names-lstm", "--lang", "zh")
    assert (done.returncode, done.stdout) == (0, "pretrained-names-lstm-report.html\n"), done.stderr


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("nothing",), 2, "nothing"),
        (("last", "--lang", "cn"), 2, "--lang cn"),
        (("last", "--format", "htm"), 2, "--format htm: did you mean 'html'?"),
        (("last", "--width", "0"), 2, "--width 0: give 5 to 60 cm."),
        (("last", "--quick"), 2, "--quick is of a lab"),
        (("grid", "--quick"), 2, "There is no lab 'grid'"),
        (("last", "last", "--quick"), 2, "--quick is of a lab"),
        (
            ("last", "-o", "nowhere/r.html"),
            1,
            "cannot be written to nowhere/r.html: No such file or directory.",
        ),
        (("last", "-o", "a-file", "--format", "markdown"), 1, "cannot be written to a-file: File exists."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(workbench, finished, runs_folder, words, code: int, sentence: str) -> None:
    (here(runs_folder) / "a-file").touch()
    says(workbench("report", *words), code, sentence)
    assert [path.name for path in here(runs_folder).iterdir()] == ["a-file"]


def test_a_damaged_run_is_one_sentence(workbench, finished: Run) -> None:
    finished.spec_file.write_text("{")
    says(workbench("report", finished.id), 1, "spec.json is damaged")
    finished.spec_file.unlink()
    os.mkfifo(finished.spec_file)
    says(workbench("report", finished.id), 1, "spec.json is a named pipe")


@pytest.mark.parametrize(("language", "label"), [("en", "small"), ("zh", "小网络")])
def test_written_texts_are_labelled_in_the_reports_language(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch, language: Language, label: str
) -> None:
    study = made(runs_folder, toy_plan(group("rnn", label="small", label_zh="小网络"), beginnings=["日"]))
    finish(study, 1, {"accuracy": 0.5})
    monkeypatch.setattr(report, "_written", lambda run, beginnings: [(beginnings[0], "")])
    assert report._passages(study, language) == [Passage(label, "日")]
