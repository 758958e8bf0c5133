"""The list of runs."""

from __future__ import annotations

import msgspec
import pytest
from waiting import eventually

from workbench.render.format import age
from workbench.runs import launch, metadata
from workbench.runs.metadata import RunMetadata
from workbench.tui.run.screen import RunScreen
from workbench.tui.services.catalogue import Catalogue

pytestmark = pytest.mark.usefixtures("bare_lab")


async def test_an_empty_folder_names_the_next_action(screen) -> None:
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, "There are no runs in", "for the Lab", "workbench train names --cell lstm")


async def test_every_state_is_a_word(screen, worker, folder) -> None:
    worker().start().train(10, 60)
    worker("gru").start().train(10, 200).finish()
    worker("rnn").start().train(10, 60).stop(60)
    worker("bilstm").start().train(10, 60).fail(60, "no memory [red]")
    worker("torch-gru").start().train(10, 60).vanish()
    (folder / "kept-poems.txt").write_text("no run, and no reason to show none")
    (folder / "broken").mkdir()
    (folder / "broken" / "spec.json").write_text("{")
    async with screen.open() as pilot:
        await pilot.press("f3")
        text = await screen.until(pilot, "running", "finished", "stopped", "failed", "lost", "unreadable")
        assert "60 / 200" in text
        assert "accuracy" in text


async def test_a_run_from_elsewhere_appears_moves_and_can_be_opened(screen, worker) -> None:
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, "There are no runs")
        one = worker().start().train(10, 60)
        await screen.until(pilot, one.run.id, "60 / 200")
        one.train(70, 100)
        await screen.until(pilot, "100 / 200")
        await pilot.press("enter")
        await screen.until(pilot, "step 100 of 200")
        assert isinstance(pilot.app.screen, RunScreen)
        await pilot.press("b")
        await screen.until(pilot, "100 / 200", "status")


async def test_an_unreadable_run_is_explained_and_not_opened(screen, folder) -> None:
    (folder / "broken").mkdir(parents=True)
    (folder / "broken" / "spec.json").write_text("{")
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, "unreadable", "spec.json is damaged")
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert not isinstance(pilot.app.screen, RunScreen)


async def test_a_run_whose_cell_is_no_longer_here_can_still_be_read(screen, worker) -> None:
    one = worker().start().train(10, 60)
    described = msgspec.structs.replace(one.run.spec, cell="my-cell")
    one.run.spec_file.write_bytes(described.to_json())
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, "my-cell", "running")
        await pilot.press("enter")
        await screen.until(pilot, "names with my-cell", "step 60 of 200")


async def test_a_run_opens_over_whatever_is_asked(screen, worker) -> None:
    one = worker().start().train(10, 60)
    async with screen.open() as pilot:
        await pilot.press("question_mark")
        screen.app.open_run(one.run)
        await screen.until(pilot, "step 60 of 200")
        await pilot.press("b")
        await eventually(pilot, lambda: screen.app.place == "lab" and not isinstance(screen.app.screen, RunScreen))


async def test_stop_and_resume_from_the_list(screen, worker, monkeypatch) -> None:
    one = worker().start().train(10, 60)
    resumed = []

    class Process:
        def poll(self) -> None:
            return None

    monkeypatch.setattr(launch, "start", lambda run: resumed.append(run.id) or Process())
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, "running")
        await pilot.press("x")
        await screen.until(pilot, f"Stop {one.run.id}?")
        await pilot.press("enter")
        await screen.until(pilot, "stopping")
        one.stop(60)
        await screen.until(pilot, "stopped", "Resume")
        await pilot.press("r")
        await screen.until(pilot, "goes on from its")
        assert resumed == [one.run.id]


async def test_a_deleted_run_leaves_the_list(screen, worker) -> None:
    import shutil

    one, two = worker().start(), worker("gru").start()
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, one.run.id, two.run.id)
        shutil.rmtree(one.run.path)
        while one.run.id in screen.text:
            await pilot.pause(0.05)


def test_an_unchanged_run_is_not_read_again(worker, folder) -> None:
    one, two = worker().start().train(10, 60), worker("gru").start()
    catalogue = Catalogue(folder)
    first = {row.run.id: row for row in catalogue.scan()}
    two.train(10, 60)
    second = {row.run.id: row for row in catalogue.scan()}
    assert second[one.run.id] is first[one.run.id]
    assert second[two.run.id].progress == "60 / 200"
    two.finish(200)
    ended = next(row for row in catalogue.scan() if row.run.id == two.run.id)
    assert (ended.status, ended.test["accuracy"]) == ("finished", 0.8765)
    catalogue.scan()
    two.go_on(60)
    found = [{row.run.id: row.status for row in catalogue.scan()}[two.run.id] for _ in range(2)]
    assert found[-1] == "running"  # runs that have ended are looked at every second time


def test_a_run_that_is_given_a_name_is_read_again(worker, folder) -> None:
    one, two = worker().start().train(10, 60), worker("gru").start().train(10, 200).finish()
    catalogue = Catalogue(folder)
    first = {row.run.id: row for row in catalogue.scan()}
    for run in (one.run, two.run):
        metadata.write(run, RunMetadata(name="wide"))
    for _ in range(2):  # runs that have ended are looked at every second time
        found = {row.run.id: row for row in catalogue.scan()}
    assert found == {name: row._replace(metadata=RunMetadata(name="wide")) for name, row in first.items()}
    for run in (one.run, two.run):
        metadata.write(run, RunMetadata(name="narrow"))
    for _ in range(2):
        found = {row.run.id: row for row in catalogue.scan()}
    assert {row.label for row in found.values()} == {"narrow"}


def test_age_is_said_in_its_largest_unit() -> None:
    assert [age(0, seconds) for seconds in (5, 59, 61, 7200, 200_000)] == ["now", "now", "1 min", "2 h", "2 d"]
