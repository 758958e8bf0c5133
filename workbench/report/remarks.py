"""Honest remarks of a report, made from the figures: what must be known before they are read."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.base import Settings
from workbench.render.metrics import formatted, heading
from workbench.report.run_sections import ReportedRun
from workbench.report.words import Language, say, say_label
from workbench.report.writing import sentence
from workbench.runs.figures import best_baseline
from workbench.runs.run import LIVE
from workbench.runs.summary import RunSummary
from workbench.studies import metrics, table
from workbench.studies.differences import Difference
from workbench.studies.study import Member

_MOST = 6  # runs of which it is told one by one that they are not finished


def remarks(
    members: Sequence[Member],
    reported: Sequence[ReportedRun],
    unread: Sequence[RunSummary],
    language: Language,
    *,
    quick: bool = False,
    metric: str = "",
    pairs: Sequence[Difference] = (),
) -> list[str]:
    """Return the sentences: data and form first, then what is unfinished, then how the figures stand.

    Args:
        members: of a study, where it is one that is reported on.
        unread: runs of it that cannot be read.
        quick: it is the quick form of a lab.
        metric: of the study's table, with its split.
        pairs: differences of the best setting from the others.
    """
    found: list[str] = []
    if quick:
        found.append(sentence("quick", language))
    tasks = list(dict.fromkeys(one.run.spec.task for one in reported))
    starters = sum(one.run.spec.data == "starter" for one in reported)
    if starters == len(reported):
        found.append(sentence("starter", language, task=", ".join(tasks)))
    elif starters:
        found.append(sentence("some_starter", language, count=starters, runs=len(reported)))
    if len({one.run.spec.settings.own_data for one in reported}) > 1:
        found.append(sentence("own_data", language))
    if len(tasks) > 1:
        found.append(sentence("mixed", language, tasks=", ".join(tasks)))
    if left := [member for member in members if member.state != "finished"]:
        so_far = any(metrics.figure(member, metric) is not None for member in left)
        figures = {"finished": len(members) - len(left), "planned": len(members), "so_far": so_far}
        found.append(sentence("unfinished", language, **figures))
    states = [sentence("unreadable", language, message=one.message) for one in unread]
    states += _states(reported, language, all_of_them=not members)
    found += states[:_MOST]
    if states[_MOST:]:
        found.append(sentence("more", language, count=len(states) - _MOST))
    protocols = dict.fromkeys(one.history.started.protocol for one in reported if one.history.started)
    found += [sentence("protocol", language, text=say(protocol, language)) for protocol in protocols if protocol]
    settings = table.settings(members)
    seeds = max((len(one.members) for one in settings), default=0)
    if seeds > 1:
        found.append(sentence("seeds", language, count=seeds))
    elif len(settings) > 1:
        found.append(sentence("one_seed", language))
    if unclear := [say_label(pair.second, language) for pair in pairs if not pair.clear]:
        others = "; ".join(unclear)
        found.append(sentence("unclear", language, best=say_label(pairs[0].first, language), others=others))
    best = _best(reported)
    return [*found, *(_baseline(best, language, several=len(reported) > 1) if best else [])]


def _states(reported: Sequence[ReportedRun], language: Language, *, all_of_them: bool) -> list[str]:
    """Return a sentence for each run that failed or goes on, or for each that is not finished."""
    found = []
    for one in reported:
        status = one.summary.status
        if status == "failed":
            found.append(sentence("failed", language, run=one.run.id, message=one.summary.message))
        elif status != "finished" and (status in LIVE or all_of_them):
            figures = {"run": one.run.id, "status": say(status, language), "step": f"{one.summary.step:,}"}
            found.append(sentence("as_of", language, **figures))
    return found


def _best(reported: Sequence[ReportedRun]) -> ReportedRun | None:
    """Return the tested run with the best main metric on validation, where all are of one task."""
    if len({one.run.spec.task for one in reported}) != 1:
        return None
    settings: Settings = reported[0].run.spec.settings
    sign = 1 if settings.higher_is_better else -1
    tested = [one for one in reported if one.summary.test.get(settings.metric) is not None]
    validated = [(value, one) for one in tested if (value := one.summary.val.get(settings.metric)) is not None]
    return max(validated, key=lambda pair: sign * pair[0])[1] if validated else next(iter(tested), None)


def _baseline(one: ReportedRun, language: Language, *, several: bool) -> list[str]:
    """Return whether a run is ahead of the strongest baseline on the test rows; nothing where there is none.

    Args:
        several: it is the best of several runs.
    """
    settings = one.run.spec.settings
    level, value = best_baseline(one.history, settings, "test"), one.summary.test.get(settings.metric)
    if level is None or value is None:
        return []
    ahead = value > level.value if settings.higher_is_better else value < level.value
    figures = {"run": one.run.id, "metric": say(heading(settings.metric, settings), language)}
    figures |= {"value": formatted(settings.metric, value, settings), "baseline": say(level.name, language)}
    figures |= {"level": formatted(settings.metric, level.value, settings)}
    return [sentence("above" if ahead else "below", language, several=several, **figures)]
