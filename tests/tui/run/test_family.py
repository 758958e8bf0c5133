"""A run and what was branched from it: one tree, one curve, and a key to branch."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from engine.toy_runs import toy, trained
from textual.widgets import Input
from waiting import eventually

from workbench.config import spec
from workbench.config.spec import Parent
from workbench.runs import lineage, store
from workbench.runs.run import Run
from workbench.tui.run.chart_panel import ChartPanel
from workbench.tui.run.family import entries
from workbench.tui.widgets.branch_dialog import BranchDialog
from workbench.tui.widgets.chart import Chart


@pytest.fixture
def branch_of(folder: Path) -> Callable[..., Run]:
    """Makes a run that is described as a branch of another."""

    def make(parent: Run, step: int, **values: object) -> Run:
        described = spec.make("names", "lstm", values)
        before = {key: spec.value(parent.spec, key) for key in values}
        about = Parent(run=parent.id, step=step, before=before)
        return store.create(folder, msgspec.structs.replace(described, parent=about))

    return make


async def test_a_branch_shows_its_parents_curve_up_to_where_it_begins(screen, worker, branch_of) -> None:
    old = worker().start().train(10, 60).train(70, 120).finish()
    child = worker(run=branch_of(old.run, 60)).start(from_step=60)
    child.evaluate(60)
    child.train(70, 100)
    async with screen.open(child.run) as pilot:
        text = await screen.until(pilot, f"branch of {old.run.id} at step 60", "k: the tree", "━ parent", "step 100 of")
        assert "siblings" not in text
        charts = pilot.app.screen.query_one(ChartPanel)
        parents = next(curve for curve in charts.query_one("#loss", Chart).curves if curve.name == "parent")
        assert parents.ends == [10, 60]
        assert charts.train.ends == [70, 100]
        assert charts.validation.ends == [60, 100]
        assert charts.timeline.at("epoch", 30) == 1.5
        assert charts.timeline.first == 10
        metric = next(curve for curve in charts.query_one("#metric", Chart).curves if curve.name == "parent")
        assert metric.ends == [60, 60]


async def test_the_tree_leads_to_parent_siblings_and_branches(screen, worker, branch_of) -> None:
    old = worker().start().train(10, 120).finish()
    child = worker(run=branch_of(old.run, 60)).start(from_step=60).train(70, 100)
    other = worker(run=branch_of(old.run, 60)).start(from_step=60).train(70, 100)
    below = worker(run=branch_of(child.run, 100)).start(from_step=100).train(110, 120)
    async with screen.open(child.run) as pilot:
        await screen.until(pilot, "1 sibling", "1 branch ", "k: the tree")
        await pilot.press("k")
        text = await screen.until(
            pilot, "The run's family", "this run, branched off at step 60", "a branch, branched off"
        )
        assert re.findall(r"└ (names\S+)", text) == [other.run.id, child.run.id, below.run.id]
        await pilot.press("enter")  # the first: the parent
        await screen.until(pilot, "2 branches", "at step 120")
        assert pilot.app.screen.run.id == old.run.id


async def test_a_parent_that_is_gone_is_told_and_the_branch_is_shown(screen, worker, branch_of) -> None:
    old = worker().start().train(10, 120).finish()
    child = worker(run=branch_of(old.run, 60)).start(from_step=60).train(70, 100)
    shutil.rmtree(old.run.path)
    async with screen.open(child.run) as pilot:
        await screen.until(pilot, f"branch of {old.run.id} at step 60 (deleted or moved)", "step 100 of")
        await pilot.press("k")
        await screen.until(pilot, "parent, deleted or moved")
        await pilot.press("enter")
        await screen.until(pilot, f"{old.run.id} was deleted or moved.")


async def test_a_run_without_relatives_has_no_line(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "step 60 of")
        await pilot.press("k")
        assert "k: the tree" not in screen.text
        assert not pilot.app.screen.query_one("#family").display


def test_the_tree_in_lines(worker, branch_of) -> None:
    old = worker().start().train(10, 120).finish()
    child = branch_of(old.run, 1200)
    assert entries(lineage.family(child)) == [
        (old.run.id, "  parent"),
        (f"└ {child.id}", "    this run, branched off at step 1,200"),
    ]


@pytest.fixture
def whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that was really trained, with what a branch begins with."""
    run = toy(folder, {"train.epochs": 2, "train.keep": 3})
    trained(run)
    return run


async def test_a_branch_is_begun_from_the_run(screen, whole, started) -> None:
    async with screen.open(whole) as pilot:
        await screen.until(pilot, "finished", "step 24 of 24")
        await pilot.press("B")
        await screen.until(pilot, f"branch {whole.id}", "begin with (best, last, 12, 24)")
        dialog = pilot.app.screen
        assert isinstance(dialog, BranchDialog)
        await screen.until(pilot, "is the last of train.epochs=2")
        dialog.query_one("#changes", Input).value = "epochs=4 cell.hidden=3"
        await screen.until(pilot, "cell.hidden cannot change in a branch")
        dialog.query_one("#changes", Input).value = "epochs=4 lr"
        await screen.until(pilot, "lr has no value: write KEY=VALUE.")
        dialog.query_one("#changes", Input).value = "epochs=4 lr=0.002"
        dialog.query_one("#at", Input).value = "12"
        await screen.until(pilot, "From step 12; changed: train.lr, train.epochs.")
        await pilot.press("enter")
        await eventually(pilot, lambda: started)
        await screen.until(pilot, f"branch of {whole.id} at step 12")
    (child,) = started
    assert (child.spec.parent.run, child.spec.parent.step) == (whole.id, 12)
    assert child.spec.train.lr == 0.002


async def test_a_branch_is_begun_from_the_list(screen, whole, started) -> None:
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, whole.id)
        await pilot.press("B")
        await screen.until(pilot, "settings to change")
        await pilot.press("escape")
        await screen.until(pilot, "newest first")
    assert not started


async def test_the_list_says_what_a_run_is_a_branch_of(screen, worker, branch_of) -> None:
    old = worker().start().train(10, 120).finish()
    worker(run=branch_of(old.run, 60)).start(from_step=60).train(70, 100)
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, f"branch of {old.run.id} at step 60")
