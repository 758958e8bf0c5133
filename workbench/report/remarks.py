"""Honest remarks of a report, made from the figures: what must be known before they are read."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.base import Settings
from workbench.render.metrics import formatted, heading
from workbench.report.run_sections import ReportedRun
from workbench.report.words import Language, say
from workbench.report.writing import sentence
from workbench.runs.figures import best_baseline
from workbench.runs.run import LIVE
from workbench.studies import table
from workbench.studies.differences import Difference
from workbench.studies.study import Member, Study


def remarks(
    study: Study | None, members: Sequence[Member], reported: Sequence[ReportedRun], language: Language
) -> list[str]:
    """Return the sentences: data and form first, then what is unfinished, then how the figures stand."""
    found: list[str] = []
    if study and study.content.quick:
        found.append(sentence("quick", language))
    tasks = list(dict.fromkeys(one.run.spec.task for one in reported))
    if any(one.run.spec.data == "starter" for one in reported):
        found.append(sentence("starter", language, task=", ".join(tasks)))
    if len(tasks) > 1:
        found.append(sentence("mixed", language, tasks=", ".join(tasks)))
    found += _states(members, reported, language)
    protocols = dict.fromkeys(one.history.started.protocol for one in reported if one.history.started)
    found += [sentence("protocol", language, text=protocol) for protocol in protocols if protocol]
    if study and len(table.settings(members)) > 1:
        seeds = max(len(one.members) for one in table.settings(members))
        found.append(sentence("seeds", language, count=seeds) if seeds > 1 else sentence("one_seed", language))
    best = _best(reported)
    return [*found, *_baselines([best] if best else [], language)]


def difference_sentence(pair: Difference, of: Settings, language: Language) -> str:
    """Return a difference with its interval, and whether it is clear."""
    figures = {
        "first": pair.first,
        "second": pair.second,
        "difference": formatted("accuracy", pair.mean, of),
        "low": formatted("accuracy", pair.low, of),
        "high": formatted("accuracy", pair.high, of),
        "rows": f"{pair.rows:,}",
    }
    return sentence("clear" if pair.low > 0 or pair.high < 0 else "unclear", language, **figures)


def _states(members: Sequence[Member], reported: Sequence[ReportedRun], language: Language) -> list[str]:
    found = []
    finished = sum(member.state == "finished" for member in members)
    if members and finished < len(members):
        found.append(sentence("unfinished", language, finished=finished, planned=len(members)))
    for one in reported:
        status = one.summary.status
        if status == "failed":
            found.append(sentence("failed", language, run=one.run.id, message=one.summary.message))
        elif status != "finished" and (status in LIVE or not members):
            found.append(sentence("as_of", language, run=one.run.id, status=status, step=f"{one.summary.step:,}"))
    return found


def _best(reported: Sequence[ReportedRun]) -> ReportedRun | None:
    """Return the tested run with the best main metric, where all are of one task."""
    if len({one.run.spec.task for one in reported}) != 1:
        return None
    settings: Settings = reported[0].run.spec.settings
    sign = 1 if settings.higher_is_better else -1
    tested = [(value, one) for one in reported if (value := one.summary.test.get(settings.metric)) is not None]
    return max(tested, key=lambda pair: sign * pair[0])[1] if tested else None


def _baselines(runs: Sequence[ReportedRun], language: Language) -> list[str]:
    """Return for each run whether it is ahead of the strongest baseline on the test rows."""
    found = []
    for one in runs:
        settings = one.run.spec.settings
        level, value = best_baseline(one.history, settings, "test"), one.summary.test.get(settings.metric)
        if level is None or value is None:
            continue
        ahead = value > level.value if settings.higher_is_better else value < level.value
        figures = {"run": one.run.id, "metric": say(heading(settings.metric, settings), language)}
        figures |= {"value": formatted(settings.metric, value, settings), "baseline": level.name}
        figures |= {"level": formatted(settings.metric, level.value, settings)}
        found.append(sentence("above" if ahead else "below", language, **figures))
    return found
