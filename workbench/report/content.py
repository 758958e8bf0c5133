"""Content of a report: sections made from the runs' folders, the study's table and the lab's published figures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import workbench
from workbench.render.metrics import heading
from workbench.report import commands, pictures, remarks
from workbench.report.document import (
    Block,
    Code,
    Document,
    Equations,
    Facts,
    Format,
    Grid,
    Paragraph,
    Picture,
    Points,
    Section,
)
from workbench.report.equations import equations
from workbench.report.run_sections import ReportedRun, run_section
from workbench.report.words import Language, headline, say
from workbench.report.writing import PICTURES, ReportError, sentence
from workbench.runs import comparison
from workbench.runs.comparison import ResultFigure
from workbench.runs.history import read_history
from workbench.runs.run import Run
from workbench.runs.summary import UNREADABLE, summarize
from workbench.studies import differences, published, table
from workbench.studies.plan import Section as Shown
from workbench.studies.study import Member, Study

MOST_IN_FULL = 4  # settings that are shown each in a section of its own


class Passage(NamedTuple):
    """A text that a run's network wrote for the report."""

    run: str
    text: str
    note: str = ""


class Subject(NamedTuple):
    """Runs that a report is on, and the study that they are of."""

    runs: Sequence[Run]
    study: Study | None = None
    passages: Sequence[Passage] = ()


class Artist:
    """Draws the pictures that a format needs into a folder; a picture that cannot be drawn leaves a sentence."""

    def __init__(self, folder: Path, form: Format, language: Language) -> None:
        self._folder, self._form, self._language = folder, form, language
        self.notes: dict[str, None] = {}

    def draw(self, name: str, runs: Sequence[Run], kind: pictures.Kind, caption: str) -> Sequence[Block]:
        """Return a picture as a block; none, and a note, where the runs do not hold what it shows."""
        drawn: dict[tuple[str, str], Path] = {}
        for theme, suffix in PICTURES[self._form]:
            path = self._folder / f"{name}{'-dark' * (theme == 'dark')}{suffix}"
            style = pictures.Style(language=self._language, theme=theme, shares=True)  # type: ignore[arg-type]
            try:
                told = pictures.draw(runs, kind, style, path)
            except pictures.PictureError as error:
                self.notes[sentence("no_picture", self._language, reason=str(error))] = None
                return []
            self.notes |= dict.fromkeys(note for note in told if "font" in note)
            drawn[theme, suffix] = path
        return [Picture(name, caption, drawn)]


def build(subject: Subject, form: Format, language: Language, folder: Path) -> Document:
    """Return a report.

    Args:
        folder: where its pictures are drawn.

    Raises:
        ReportError: none of the runs can be shown.
        RunError, OSError: a run cannot be read.
    """
    members = subject.study.members() if subject.study else []
    reported = [_reported(run) for run in subject.runs]
    if not reported:
        raise ReportError(f"Study {subject.study.id if subject.study else ''} has no run yet: let it train first.")
    artist = Artist(folder, form, language)
    plan = subject.study.content.plan if subject.study else None
    shows = set(plan.shows) if plan and plan.shows else None

    def wanted(part: Shown) -> bool:
        return shows is None or part in shows

    sections = [_opening(subject, reported, language)]
    if len(reported) > 1:
        sections.append(_results(subject, members, reported, artist, language))
    if subject.study and plan and plan.published:
        sections.append(_published(subject.study, members, language))
    full = _in_full(subject, members, reported)
    for number, one in enumerate(full, 1):
        level = 2 if len(reported) == 1 else 3
        title = headline("results", language) if level == 2 else one.label
        blocks = run_section(one, f"run-{number}", artist.draw, wanted, language)
        if level == 3 and number == 1:
            sections.append(Section(headline("the runs in full", language), _chosen(full, members, language)))
        sections.append(Section(title, blocks, level))
    if subject.passages:
        sections.append(_passages(subject.passages, language))
    if wanted("equations"):
        sections += _equations(reported, language)
    sections.append(_again(subject, reported, language))
    made = sentence("made", language, version=workbench.__version__, time=time.strftime("%Y-%m-%d %H:%M"))
    sections[-1] = sections[-1]._replace(blocks=[*sections[-1].blocks, Points([*artist.notes]), Paragraph(made)])
    return Document(
        _title(subject, reported, language),
        language,
        remarks.remarks(subject.study, members, reported, language),
        sections,
    )


def _reported(run: Run) -> ReportedRun:
    history = read_history(run.events_file)
    summary = summarize(run, history)
    if summary.status == UNREADABLE:
        raise ReportError(summary.message)
    return ReportedRun(run, history, summary, run.id)


def _title(subject: Subject, reported: Sequence[ReportedRun], language: Language) -> str:
    if subject.study:
        plan = subject.study.content.plan
        title = (plan.title_zh if language == "zh" else "") or plan.title or subject.study.id
        return title + (f" ({say('quick form', language)})" if subject.study.content.quick else "")
    tasks = " · ".join(dict.fromkeys(one.run.spec.task for one in reported))
    cells = " · ".join(dict.fromkeys(one.run.spec.cell for one in reported))
    return f"{tasks}: {cells}"


def _opening(subject: Subject, reported: Sequence[ReportedRun], language: Language) -> Section:
    """Return question, source, data and environment."""
    blocks: list[Block] = []
    plan = subject.study.content.plan if subject.study else None
    if plan:
        asked = (plan.question_zh if language == "zh" else "") or plan.question
        source = (plan.source_zh if language == "zh" else "") or plan.source
        blocks += [Paragraph(text) for text in (asked, source) if text]
    for task in dict.fromkeys(one.run.spec.task for one in reported):
        blocks += _data(next(one for one in reported if one.run.spec.task == task), language)
    blocks.append(_environment(reported, language))
    title = "question and data" if plan and plan.question else "data and environment"
    return Section(headline(title, language), blocks)


def _data(one: ReportedRun, language: Language) -> list[Block]:
    from tasks.shared.datasets import registry

    described, started, ended = one.run.spec, one.history.started, one.finished
    about = described.settings.title
    dataset = (
        registry.DATASETS.get(described.task) if described.data == "full" and not described.settings.own_data else None
    )
    test = ended.correctness.count if ended and ended.correctness else 0
    sizes = (
        sentence("sizes", language, train=f"{started.train_size:,}", test=f"{test:,}" if test else "")
        if started
        else ""
    )
    rows = [
        (say("task", language), sentence("subject", language, task=described.task, about=about)),
        (
            say("data", language),
            dataset.title if dataset else described.settings.own_data or say(described.data, language),
        ),
        (say("source", language), dataset.home if dataset else ""),
        (say("licence", language), dataset.licence if dataset else ""),
        (say("citation", language), dataset.citation if dataset else ""),
        (say("examples", language), sizes),
        (say("notes", language), " ".join(started.notes) if started else ""),
    ]
    return [Facts(rows)]


def _environment(reported: Sequence[ReportedRun], language: Language) -> Facts:
    started = [one.history.started for one in reported if one.history.started]
    versions = dict.fromkeys(", ".join(f"{name} {v}" for name, v in each.versions.items()) for each in started)
    devices = dict.fromkeys(f"{each.device}, {each.precision}" for each in started)
    return Facts([(say("device", language), " · ".join(devices)), (say("versions", language), " · ".join(versions))])


def _results(
    subject: Subject, members: Sequence[Member], reported: Sequence[ReportedRun], artist: Artist, language: Language
) -> Section:
    """Return the table over several runs, with their curves over one another."""
    blocks: list[Block] = []
    if subject.study:
        plan, of = subject.study.content.plan, table.task_settings(subject.study)
        metric = table.main_metric(subject.study)
        found = table.pivot(members, metric, of, plan.rows, plan.columns)
        split, _, name = metric.partition(".")
        caption = f"{say(split, language)}: {say(heading(name, of), language)}"
        whole = table.metric_heading(metric, of)
        heads = [caption if head == whole else say(head, language) for head in found.heads]
        blocks.append(Grid(heads, found.rows, caption if whole not in found.heads else ""))
        pairs = differences.against_best(members, differences.ACCURACY, of)
        blocks.append(Points([remarks.difference_sentence(pair, of, language) for pair in pairs]))
    else:
        heads, rows = comparison.comparison_table([one.summary for one in reported])
        blocks.append(Grid(heads, rows))
        blocks.append(Points(comparison.comparison_notes([one.summary for one in reported])))
    if len({one.run.spec.task for one in reported}) == 1:
        evaluated = [one.run for one in reported if one.history.evals]
        count = len({tuple(table.words(dict(one.coordinates))) for one in table.settings(members)}) or len(evaluated)
        if evaluated:
            blocks += artist.draw("curves", evaluated, "curves", sentence("overlaid", language, count=count))
    return Section(
        say("results", language), [block for block in blocks if not isinstance(block, Points) or block.sentences]
    )


def _published(study: Study, members: Sequence[Member], language: Language) -> Section:
    """Return the figures that the report printed beside those of the runs."""
    of = table.task_settings(study)
    rows: list[list[ResultFigure]] = []
    notes: dict[str, None] = {}
    for one in published.beside(study.content.plan, members):
        split, _, name = one.published.metric.partition(".")
        protocol = (one.published.protocol_zh if language == "zh" else "") or one.published.protocol
        here = table.as_text(one.spread, one.published.metric, of)
        texts = [
            one.label,
            f"{say(split, language)} {say(heading(name, of), language)}",
            one.printed(of),
            here,
            protocol,
        ]
        rows.append([ResultFigure(text) for text in texts])
    for group in study.content.plan.runs:
        note = (group.note_zh if language == "zh" else "") or group.note
        label = (group.label_zh if language == "zh" else "") or group.label or ", ".join(group.cells)
        if note:
            notes[f"{label}: {note}"] = None
    heads = [say(head, language) for head in ("run", "figure", "published", "here", "published protocol")]
    blocks: list[Block] = [Grid(heads, rows)]
    return Section(headline("published and reproduced", language), [*blocks, *([Points([*notes])] if notes else [])])


def _in_full(subject: Subject, members: Sequence[Member], reported: Sequence[ReportedRun]) -> list[ReportedRun]:
    """Return the runs that are shown each in a section: of each setting the first finished one; of many the best."""
    by_path = {one.run.path: one for one in reported}
    if not subject.study:
        return list(reported[:MOST_IN_FULL])
    every = table.settings(members)
    found = []
    for one in every:
        mine = sorted((m for m in one.members if m.run.path in by_path), key=lambda m: m.state != "finished")
        if mine:
            found.append((one, by_path[mine[0].run.path]._replace(label=one.label)))
    if len(found) <= MOST_IN_FULL:
        return [run for _, run in found]
    of, metric = table.task_settings(subject.study), table.main_metric(subject.study)
    sign = -1 if table.higher_is_better(metric, of) is False else 1
    scored = [(sum(v) / len(v), run) for one, run in found if (v := one.values(metric))]
    best = max(scored, key=lambda pair: sign * pair[0], default=None)
    return [best[1]] if best else [found[0][1]]


def _chosen(full: Sequence[ReportedRun], members: Sequence[Member], language: Language) -> list[Block]:
    count = len(table.settings(members))
    if count <= len(full):
        return []
    return [Paragraph(sentence("only_best", language, label=full[0].label, count=count))]


def _passages(passages: Sequence[Passage], language: Language) -> Section:
    blocks = [Code(one.text, f"{one.run}. {one.note}".strip()) for one in passages]
    return Section(headline("written texts", language), blocks)


def _equations(reported: Sequence[ReportedRun], language: Language) -> list[Section]:
    found = {cell: lines for cell in dict.fromkeys(one.run.spec.cell for one in reported) if (lines := equations(cell))}
    blocks = [Equations(lines, cell) for cell, lines in found.items()]
    return [Section(headline("equations", language), blocks)] if blocks else []


def _again(subject: Subject, reported: Sequence[ReportedRun], language: Language) -> Section:
    """Return the commands that make the runs again."""
    lines: list[str] = []
    if subject.study and (lab := subject.study.content.lab):
        lines.append(f"workbench lab run {lab}{' --quick' * subject.study.content.quick}")
    lines += dict.fromkeys(commands.train_command(one.run.spec) for one in reported)
    return Section(headline("commands", language), [Code("\n".join(lines))])
