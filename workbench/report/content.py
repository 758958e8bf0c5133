"""Content of a report: sections made from the runs' folders, the study's table and the lab's published figures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import workbench
from workbench.report import commands, pictures, remarks, study_sections
from workbench.report.document import Block, Code, Document, Equations, Facts, Format, Paragraph, Picture, Section
from workbench.report.equations import equations
from workbench.report.fonts import INSTALL
from workbench.report.gradient_section import gradient_section
from workbench.report.run_sections import ReportedRun, run_section
from workbench.report.study_sections import points
from workbench.report.translation import members_in, plan_in
from workbench.report.words import Language, headline, say, say_label
from workbench.report.writing import PICTURES, ReportError, sentence
from workbench.runs.folder import RunError
from workbench.runs.history import read_history
from workbench.runs.run import Run
from workbench.runs.summary import UNREADABLE, RunSummary, read_and_summarize, unreadable_summary
from workbench.studies import differences, table
from workbench.studies.plan import Plan
from workbench.studies.plan import Section as Shown
from workbench.studies.study import Member, Study


class Passage(NamedTuple):
    """A text that a run's network wrote for the report."""

    label: str
    text: str
    note: str = ""


class Unwritten(NamedTuple):
    """Run whose network wrote no text, and why."""

    label: str
    reason: str


class Subject(NamedTuple):
    """Runs that a report is on, and the study that they are of."""

    runs: Sequence[Run]
    study: Study | None = None
    passages: Sequence[Passage | Unwritten] = ()


class Artist:
    """Draws the pictures that a format needs into a folder; a picture that cannot be drawn leaves a sentence."""

    def __init__(self, folder: Path, form: Format, language: Language, width: float) -> None:
        self._folder, self._form, self._language, self._width = folder, form, language, width
        self.notes: dict[str, None] = {}

    def draw(
        self, name: str, runs: Sequence[Run], kind: pictures.Kind, caption: str, labels: Sequence[str] = ()
    ) -> Sequence[Block]:
        """Return a picture as a block; none, and a note, where the runs do not hold what it shows."""
        drawn: dict[tuple[str, str], Path] = {}
        for theme, suffix in PICTURES[self._form]:
            path = self._folder / f"{name}{'-dark' * (theme == 'dark')}{suffix}"
            style = pictures.Style(language=self._language, theme=theme, width=self._width, shares=True)
            try:
                told = pictures.draw(runs, kind, style, path, labels)
            except pictures.PictureError as error:
                self.notes[sentence("no_picture", self._language, reason=str(error))] = None
                return []
            unfinished = [*map(pictures.unfinished, runs)]  # which the remarks tell
            self.notes |= dict.fromkeys(self._said(note) for note in told if note not in unfinished)
            drawn[theme, suffix] = path
        return [Picture(name, caption, drawn)]

    def _said(self, note: str) -> str:
        return sentence("no_font", self._language, install=INSTALL) if note == pictures.NO_CHINESE else note


def build(
    subject: Subject, form: Format, language: Language, folder: Path, width: float = pictures.Style().width
) -> Document:
    """Return a report.

    Args:
        folder: where its pictures are drawn.
        width: of the pictures, cm.

    Raises:
        ReportError: none of the runs can be shown.
        RunError, OSError: a file of a run cannot be read.
    """
    study = subject.study
    written = study.content.plan if study else None
    plan = plan_in(written, language) if written else None
    members = members_in(study.members(), written, language) if study and written else []
    reported, unread = _read(subject.runs, alone=study is None)
    artist = Artist(folder, form, language, width)

    def wanted(part: Shown) -> bool:
        return not (plan and plan.shows) or part in plan.shows

    pairs = differences.of_study(study, members) if study else []
    sections = [_opening(plan, reported, language)]
    several = max(len(reported), len(members)) > 1
    if several:
        blocks: list[Block] = []
        if wanted("table"):
            tables = study_sections.study_table(study, plan, members, pairs, language) if study and plan else None
            blocks += tables or study_sections.runs_table(reported, language)
        if wanted("curves"):
            blocks += _overlaid(members, reported, artist, language)
        sections.append(Section(headline("results", language), blocks))
    if study and plan and plan.published and wanted("published"):
        sections.append(study_sections.published_section(study, plan, members, language))
    full, left = study_sections.in_full(study, members, reported, language)
    if several:
        sections.append(Section(headline("the runs in full", language), left))
    for number, one in enumerate(full, 1):
        blocks = run_section(one, f"run-{number}", artist.draw, wanted, language)
        title, level = (one.label, 3) if several else (headline("results", language), 2)
        sections.append(Section(title, blocks, level))
    if wanted("gradients"):
        found, told = gradient_section(reported, _labels(members, language), artist.draw, language)
        sections += found
        artist.notes |= dict.fromkeys(told)
    if subject.passages:
        sections.append(_passages(subject.passages, language))
    if wanted("equations"):
        sections += _equations(reported, language)
    sections.append(_again(study, reported, language))
    made = sentence("made", language, version=workbench.__version__, time=time.strftime("%Y-%m-%d %H:%M"))
    sections.append(Section(headline("notes on this report", language), [*points([*artist.notes]), Paragraph(made)]))
    metric = table.main_metric(study) if study else ""
    quick = bool(study and study.content.quick)
    said = remarks.remarks(members, reported, unread, language, quick=quick, metric=metric, pairs=pairs)
    return Document(_title(study, plan, reported, language), language, said, sections)


def _read(runs: Sequence[Run], *, alone: bool) -> tuple[list[ReportedRun], list[RunSummary]]:
    """Return the runs as they are shown, and the summaries of those that cannot be read.

    Args:
        alone: each must be read.

    Raises:
        ReportError: one that must be read cannot, or none can.
    """
    reported, unread = [], []
    for run in runs:
        try:
            history, summary = read_and_summarize(run, partial(read_history, run.events_file))
        except (RunError, OSError) as error:
            summary = unreadable_summary(run, error)
        if summary.status != UNREADABLE:
            reported.append(ReportedRun(run, history, summary, run.id))
        elif alone:
            raise ReportError(summary.message)
        else:
            unread.append(summary)
    if not reported:
        raise ReportError(f"No run of the study can be read: {unread[0].message}")
    return reported, unread


def _title(study: Study | None, plan: Plan | None, reported: Sequence[ReportedRun], language: Language) -> str:
    if study and plan:
        return (plan.title or study.id) + f" ({say('quick form', language)})" * study.content.quick
    tasks = " · ".join(dict.fromkeys(one.run.spec.settings.subject for one in reported))
    return f"{tasks}: {' · '.join(dict.fromkeys(one.run.spec.cell for one in reported))}"


def _opening(plan: Plan | None, reported: Sequence[ReportedRun], language: Language) -> Section:
    """Return question, source, data and environment."""
    blocks: list[Block] = [Paragraph(text) for text in ((plan.question, plan.source) if plan else ()) if text]
    data: dict[tuple[str, ...], ReportedRun] = {}
    for one in sorted(reported, key=lambda one: (one.finished is None, one.history.started is None)):
        described = one.run.spec
        data.setdefault((described.task, described.data, described.settings.own_data), one)
    rows = [*(row for one in data.values() for row in _data(one, language)), *_environment(reported)]
    blocks.append(Facts([(say(name, language), value) for name, value in rows]))
    title = "question and data" if plan and plan.question else "data and environment"
    return Section(headline(title, language), blocks)


def _data(one: ReportedRun, language: Language) -> list[tuple[str, str]]:
    from tasks.shared.datasets import registry

    described, started, ended = one.run.spec, one.history.started, one.finished
    own, reads = described.settings.own_data, described.settings.files
    dataset = registry.DATASETS.get(described.task) if described.data == "full" and not own else None
    test = ended.correctness.count if ended and ended.correctness else 0
    sizes = {"train": f"{started.train_size:,}", "test": f"{test:,}" if test else ""} if started else {}
    return [
        ("task", sentence("subject", language, task=described.task, about=described.settings.subject)),
        ("data", dataset.title if dataset else own or say(described.data if reads else "made by the task", language)),
        ("source", dataset.home if dataset else ""),
        ("licence", dataset.licence if dataset else ""),
        ("citation", dataset.citation if dataset else ""),
        ("examples", sentence("sizes", language, **sizes) if sizes else ""),
        ("notes", " ".join(started.notes) if started else ""),
    ]


def _environment(reported: Sequence[ReportedRun]) -> list[tuple[str, str]]:
    started = [one.history.started for one in reported if one.history.started]
    versions = dict.fromkeys(", ".join(f"{name} {v}" for name, v in each.versions.items()) for each in started)
    devices = dict.fromkeys(f"{each.device}, {each.precision}" for each in started)
    kernels = dict.fromkeys(each.kernel for each in started if each.kernel)
    return [("device", " · ".join(devices)), ("kernel", " · ".join(kernels)), ("versions", " · ".join(versions))]


def _labels(members: Sequence[Member], language: Language) -> dict[Path, str]:
    """Return the labels of a study's settings by the folders of their runs."""
    return {m.run.path: say_label(one.label, language) for one in table.settings(members) for m in one.members}


def _overlaid(
    members: Sequence[Member], reported: Sequence[ReportedRun], artist: Artist, language: Language
) -> Sequence[Block]:
    """Return the curves of runs of one task over one another."""
    evaluated = [one.run for one in reported if one.history.evals]
    if len(evaluated) < 2 or len({one.run.spec.task for one in reported}) > 1:
        return []
    labels = _labels(members, language)
    named = [labels[run.path] for run in evaluated if run.path in labels]
    count = len({*named}) or len(evaluated)
    caption = sentence("overlaid", language, count=count, seeds=len({*named}) < len(named))
    return artist.draw("curves", evaluated, "curves", caption, named if len(named) == len(evaluated) else ())


def _passages(passages: Sequence[Passage | Unwritten], language: Language) -> Section:
    blocks: list[Block] = []
    for one in passages:
        if isinstance(one, Unwritten):
            blocks.append(Paragraph(sentence("unwritten", language, run=one.label, reason=one.reason)))
        else:
            blocks.append(Code(one.text, f"{say_label(one.label, language)}. {say_label(one.note, language)}".strip()))
    return Section(headline("written texts", language), blocks)


def _equations(reported: Sequence[ReportedRun], language: Language) -> list[Section]:
    found = {cell: lines for cell in dict.fromkeys(one.run.spec.cell for one in reported) if (lines := equations(cell))}
    blocks = [Equations(lines, cell) for cell, lines in found.items()]
    return [Section(headline("equations", language), blocks)] if blocks else []


def _again(study: Study | None, reported: Sequence[ReportedRun], language: Language) -> Section:
    """Return the commands that make the runs again."""
    lines = [command] if study and (command := commands.lab_command(study)) else []
    lines += dict.fromkeys(commands.broken(commands.train_command(one.run.spec)) for one in reported)
    return Section(headline("commands", language), [Code("\n".join(lines))])
