"""Sections on several runs: the table of a study or of some runs, differences, published figures beside the reached."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.base import Settings
from workbench.report.document import Block, Grid, Paragraph, Points, Section
from workbench.report.run_sections import ReportedRun
from workbench.report.words import Language, headline, say, say_label
from workbench.report.writing import sentence
from workbench.runs import comparison
from workbench.runs.comparison import ResultFigure
from workbench.studies import differences, metrics, published, table
from workbench.studies.differences import Difference
from workbench.studies.plan import LABEL, Plan
from workbench.studies.study import Member, Study

MOST_IN_FULL = 4  # settings that are shown each in a section of its own


def study_table(
    study: Study, plan: Plan, members: Sequence[Member], pairs: Sequence[Difference], language: Language
) -> list[Block]:
    """Return the tables of a study, and the differences between the best setting and the others."""
    blocks = _pivot(study, plan, members, table.main_metric(study), language)
    for metric in plan.also:
        blocks += _pivot(study, plan, members, metric, language)
    return [*blocks, *_differences(pairs, table.task_settings(study), language)]


def _pivot(study: Study, plan: Plan, members: Sequence[Member], metric: str, language: Language) -> list[Block]:
    """Return the table of one metric."""
    of = table.task_settings(study)
    found = table.pivot(members, metric, of, plan.rows, plan.columns)
    first, *others = found.heads
    whole = metrics.heading(metric, of)
    heads = [" · ".join(say("setting" if part == LABEL else part, language) for part in first.split(" · "))]
    heads += [say(head, language) if head == whole else say_label(head, language) for head in others]
    rows = [[row[0]._replace(text=say_label(row[0].text, language)), *row[1:]] for row in found.rows]
    blocks: list[Block] = [Grid(heads, rows, "" if whole in others else say(whole, language))]
    if found.merged:
        merged = ", ".join(say(key.rpartition(".")[2].replace("_", " "), language) for key in found.merged)
        blocks += points([sentence("merged", language, settings=merged)])
    return blocks


def _differences(pairs: Sequence[Difference], of: Settings, language: Language) -> list[Block]:
    """Return the table of the differences from the best setting; none where there are none."""
    if not pairs:
        return []
    rows = []
    for pair in pairs:
        label, mean, interval, clear, tested = differences.cells(pair, of)
        if pair.runs:
            tested = sentence("rows_of_runs", language, rows=f"{pair.rows:,}", first=pair.runs[0], second=pair.runs[1])
        rows.append([*map(ResultFigure, (say_label(label, language), mean, interval, say(clear, language), tested))])
    caption = sentence("differences", language, best=say_label(pairs[0].first, language))
    return [Grid([say(head, language) for head in differences.HEADS], rows, caption)]


def runs_table(reported: Sequence[ReportedRun], language: Language) -> list[Block]:
    """Return the settings in which runs differ, and their results."""
    heads, rows = comparison.comparison_table([one.summary for one in reported])
    return [Grid([say(head, language) for head in heads], rows)]


def published_section(study: Study, plan: Plan, members: Sequence[Member], language: Language) -> Section:
    """Return the figures that the report printed beside those of the runs."""
    of = table.task_settings(study)
    rows = []
    for one in published.beside(plan, members):
        here = table.as_text(one.spread, one.published.metric, of)
        label, figure = say_label(one.label, language), say(metrics.heading(one.published.metric, of), language)
        rows.append([*map(ResultFigure, (label, figure, one.printed(of), here, one.published.protocol))])
    notes = [f"{group.label or ', '.join(group.cells)}: {group.note}" for group in plan.runs if group.note]
    heads = [say(head, language) for head in ("setting", "figure", "published", "here", "published protocol")]
    return Section(headline("published and reproduced", language), [Grid(heads, rows), *points(notes)])


def in_full(
    study: Study | None, members: Sequence[Member], reported: Sequence[ReportedRun], language: Language
) -> tuple[list[ReportedRun], list[Block]]:
    """Return the runs that have a section each, and a sentence where others have none.

    Of each setting of a study it is the first finished one; of many settings the best.
    """
    if study is None:
        full = [*reported[:MOST_IN_FULL]]
        left = len(reported) - len(full)
        return full, [Paragraph(sentence("only_first", language, count=len(full), left=left))] if left else []
    by_path = {one.run.path: one for one in reported}
    every, found = table.settings(members), []
    for one in every:
        mine = sorted((m for m in one.members if m.run.path in by_path), key=lambda m: m.state != "finished")
        if mine:
            found.append((one, by_path[mine[0].run.path]._replace(label=say_label(one.label, language))))
    if len(found) <= MOST_IN_FULL:
        return [run for _, run in found], []
    of, metric = table.task_settings(study), table.main_metric(study)
    sign = -1 if metrics.higher_is_better(metric, of) is False else 1
    scored = [(sign * sum(values) / len(values), run) for one, run in found if (values := one.values(metric))]
    chosen = max(scored, key=lambda pair: pair[0])[1] if scored else found[0][1]
    name = "only_best" if scored else "only_one"
    return [chosen], [Paragraph(sentence(name, language, label=chosen.label, count=len(every)))]


def points(sentences: Sequence[str]) -> list[Block]:
    """Return a list of sentences as blocks: none where there are none."""
    return [Points(sentences)] if sentences else []
