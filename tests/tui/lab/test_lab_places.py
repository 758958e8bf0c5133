"""Choice of the place where the Lab's run trains: asked only where clusters are described."""

from __future__ import annotations

import pytest
from fake_cluster import FakeCluster
from textual.widgets import Select
from waiting import eventually

from workbench.executors import clusters
from workbench.runs import store
from workbench.runs.run import Run
from workbench.tui.lab.place_choice import PlaceChoice


def describe_cluster(text: str = '[clusters.farm]\nexecutor = "slurm"\n') -> None:
    file = clusters.user_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No project's description is in sight."""
    monkeypatch.chdir(tmp_path)


async def test_without_clusters_there_is_nothing_to_choose(screen, data) -> None:
    async with screen.open(data=data) as pilot:
        await screen.until(pilot, "names with lstm")
        await eventually(pilot, lambda: not any(one.group == "places" for one in screen.app.workers))
        assert not screen.app.screen.query_one(PlaceChoice).display


@pytest.mark.parametrize("size", [(120, 36), (60, 20)])
async def test_a_run_is_handed_to_the_chosen_cluster(screen, folder, data, fake_cluster: FakeCluster, size) -> None:
    describe_cluster()
    async with screen.open(data=data, size=size) as pilot:
        await screen.until(pilot, "on", "local")
        choice = screen.app.screen.query_one(PlaceChoice)
        assert choice.cluster is None
        choice.query_one(Select).value = "farm"
        await screen.until(pilot, "farm")
        await pilot.press("S")
        (run,) = await eventually(pilot, lambda: store.listing(folder))
        await screen.until(pilot, "waits for farm")
        assert fake_cluster.submitted == [[run.id]]
        assert choice.cluster.name == "farm"  # remembered for the next
        await pilot.press("s")
        await screen.until(pilot, " queued ", "Slurm job 2 waits")


async def test_a_cluster_that_refuses_says_so(screen, folder, data, fake_cluster: FakeCluster) -> None:
    describe_cluster()
    fake_cluster.unreachable = True
    async with screen.open(data=data) as pilot:
        await screen.until(pilot, "on", "local")
        screen.app.screen.query_one(Select).focus()
        screen.app.screen.query_one(PlaceChoice).query_one(Select).value = "farm"
        await pilot.pause()
        screen.app.screen.query_one("#start").press()
        await screen.until(pilot, "Cluster farm cannot be reached.")


async def test_on_this_machine_a_worker_is_started(screen, data, started: list[Run], fake_cluster: FakeCluster) -> None:
    describe_cluster()
    async with screen.open(data=data) as pilot:
        await screen.until(pilot, "on", "local")
        await pilot.press("S")
        await eventually(pilot, lambda: started)
        assert not fake_cluster.submitted


async def test_a_wrong_description_is_told_of_once(screen, data) -> None:
    describe_cluster('[clusters.farm]\nexecuter = "slurm"\n')
    async with screen.open(data=data) as pilot:
        await screen.until(pilot, "names no executor")
        assert not screen.app.screen.query_one(PlaceChoice).display
        describe_cluster()
        await pilot.press("2")
        await pilot.press("1")
        await eventually(pilot, lambda: screen.app.place == "lab" and screen.app.screen.query_one(PlaceChoice).display)
