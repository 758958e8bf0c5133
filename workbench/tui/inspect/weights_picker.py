"""Pickers of the weights that are inspected: a run, a second network beside it, and weights of a run's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from workbench.render.text import printable
from workbench.runs.run import Run
from workbench.tui.inspect.weights import Weights, WeightsFolder, moments
from workbench.tui.services.threads import run_in_thread
from workbench.tui.services.unreadable import UNREADABLE, unreadable
from workbench.tui.widgets.dialogs import ChoiceDialog
from workbench.tui.widgets.page import Page

Take = Callable[[Weights], object]


async def pick_run(page: Page, folder: WeightsFolder, take: Take) -> None:
    """Ask for a run with weights, whichever its task."""
    await _pick(page, "Inspect which run?", folder, take)


async def pick_second(page: Page, folder: WeightsFolder, first: Weights, take: Take) -> None:
    """Ask for weights to stand beside the first ones: of the same run, offered first, or of another of its task."""
    others = [Weights(first.run, at) for at, _ in moments(first.run) if at != first.at]
    await _pick(page, "Compare with which network?", folder, take, first.run, others)


async def _pick(
    page: Page, question: str, folder: WeightsFolder, take: Take, beside: Run | None = None, own: Sequence[Weights] = ()
) -> None:
    """Ask for weights.

    Args:
        beside: runs of its task alone are offered, and not this one; none: all runs.
        own: weights of that run, offered first.
    """
    task = beside.spec.task if beside else ""
    try:
        rows = await run_in_thread(partial(folder.scan, task))
    except UNREADABLE as error:
        sentence = unreadable(f"The runs in {page.session.runs_folder}", error)
        page.app.notify(sentence, severity="error", markup=False)
        return
    rows = [row for row in rows if beside is None or row.run.path != beside.path]
    if not rows and not own:
        what = f"other {task} run" if task else "run"
        page.app.notify(f"No {what} here has weights yet: train one in the Lab.", markup=False)
        return
    offered = [*own, *(Weights(row.run) for row in rows)]

    def chosen(index: int | None) -> None:
        if index is not None and page.is_attached:
            take(offered[index])

    entries = [(f"the same run, weights {one.at}", one.run.id) for one in own]
    entries += [(printable(row.label), f"{row.task} with {row.cell}, {row.standing}") for row in rows]
    if page.is_current:
        page.app.push_screen(ChoiceDialog(question, entries), chosen)


def pick_moment(page: Page, weights: Weights, take: Take) -> None:
    """Ask which weights of a run are inspected."""
    found = moments(weights.run)

    def chosen(index: int | None) -> None:
        if index is not None:
            take(weights._replace(at=found[index][0]))

    page.app.push_screen(ChoiceDialog(f"Which weights of {weights.run.id}?", found), chosen)
