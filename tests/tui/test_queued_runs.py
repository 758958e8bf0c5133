"""Runs that wait for a cluster or train on it, as the screens show them: where, why; cancelled, asked about."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from fake_cluster import put
from fake_studies import begun, planned
from textual.widgets import OptionList
from waiting import eventually

from workbench.config import spec
from workbench.executors import clusters
from workbench.runs import store
from workbench.runs.run import Run
from workbench.studies.study import Study
from workbench.tui.services import cluster_jobs

pytestmark = pytest.mark.usefixtures("bare_lab")
WAITS = {"reason": "Resources", "id": "12_3"}


@pytest.fixture(autouse=True)
def asked_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_jobs, "SECONDS", 0.02)


@pytest.fixture
def run(folder: Path) -> Run:
    return store.create(folder, spec.make("names", "lstm"), name="one")


@pytest.fixture
def study(folder: Path) -> Study:
    """A study of four runs: one waits, one trains on a node, one was refused, one is not handed over."""
    made = planned(folder)
    put(made.begin(1), **WAITS, submitted=time.time() - 330)
    one = begun(made, 2).start().train(10, 60)
    one.close()
    put(made.run(2), id="12_4", state="running", node="n1", submitted=time.time() - 1e6)
    put(made.begin(3), state="ended", reason="Slurm killed job 12_5: it used more memory than it asked for.")
    return made


async def test_the_list_of_runs_says_why_one_waits(screen, run, fake_cluster) -> None:
    put(run, **WAITS, submitted=time.time() - 330)
    async with screen.open() as pilot:
        await pilot.press("2")
        text = await screen.until(pilot, "queued: Resources", "Slurm job 12_3 waits: Resources, since 5 min.")
        assert "x Stop" in text
        assert "r Resume" not in text
        await pilot.press("slash", *"status:queued", "enter")
        await screen.until(pilot, "queued: Resources")
        await pilot.press("slash", "ctrl+u", *"status:running", "enter")
        await screen.until(pilot, "No run matches")


async def test_x_cancels_a_run_that_waits(screen, run, fake_cluster) -> None:
    put(run, **WAITS)
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, "queued: Resources")
        await pilot.press("x")
        await screen.until(pilot, "Cancel one?", "Slurm job 12_3 is cancelled")
        await pilot.press("t")
        await screen.until(pilot, "stopped", "r Resume")
        assert fake_cluster.cancelled == ["one"]


async def test_a_cluster_that_cannot_be_reached_is_told_of(screen, run, fake_cluster) -> None:
    put(run, **WAITS)
    fake_cluster.unreachable = True
    async with screen.open(run) as pilot:
        await screen.until(pilot, "Slurm job 12_3 waits: Resources.")
        await pilot.press("x")
        await screen.until(pilot, "Cancel one?")
        await pilot.press("t")
        await screen.until(pilot, "Cluster farm cannot be reached.")
        assert run.status() == "queued"


async def test_a_run_s_screen_follows_its_job(screen, run, fake_cluster) -> None:
    now = time.time()
    put(run, **WAITS, submitted=now - 330, seen=now - 700)
    fake_cluster.unreachable = True
    async with screen.open(run) as pilot:
        await screen.until(pilot, " queued ", "waits: Resources, since 5 min. Its scheduler answered last 11 min ago.")
        fake_cluster.unreachable = False
        fake_cluster.next["one"] = {"state": "running", "node": "n1", "requeues": 1, "reason": ""}
        await screen.until(pilot, " starting ", "Slurm job 12_3 on n1, requeued 1 time. The worker starts")
        fake_cluster.next["one"] = {"state": "ended", "reason": "Slurm ended job 12_3 at its time limit."}
        put(run, state="running", seen=0.0)
        await screen.until(pilot, " lost ", "Slurm ended job 12_3 at its time limit.  Resume goes on")


async def test_only_live_jobs_are_asked_about_and_only_by_the_screen_that_is_shown(screen, study, fake_cluster) -> None:
    for number in (1, 2):
        put(study.run(number), state="queued" if number == 1 else "running", seen=0.0)
    async with screen.open() as pilot:
        await pilot.press("5")
        await screen.until(pilot, "1 queued")
        await eventually(pilot, lambda: fake_cluster.asked)
        assert fake_cluster.asked[0] == ["grid-01", "grid-02"]
        await pilot.press("1")
        await eventually(pilot, lambda: screen.app.place == "lab")
        asked = len(fake_cluster.asked)
        put(study.run(1), seen=0.0)
        await pilot.pause(0.2)
        assert len(fake_cluster.asked) == asked


async def test_a_read_only_screen_asks_no_cluster(screen, run, fake_cluster) -> None:
    put(run, **WAITS, seen=time.time() - 700)
    async with screen.open(run, readonly=True) as pilot:
        await screen.until(pilot, "waits: Resources. Its scheduler answered last 11 min ago.")
        await pilot.pause(0.1)
        assert not fake_cluster.asked


async def test_a_study_says_where_its_runs_are(screen, study, fake_cluster) -> None:
    async with screen.open() as pilot:
        await pilot.press("5")
        text = await screen.until(pilot, "0 of 4 finished", "1 queued, 1 running, 1 lost, 1 waiting")
        assert "s Start" in text
        await screen.until(pilot, "Slurm job 12_3 waits: Resources, since 5 min.")
        await pilot.press("down")
        await screen.until(pilot, "Slurm job 12_4 on n1.")
        await pilot.press("down")
        await screen.until(pilot, "Slurm killed job 12_5: it used more memory than it asked for.")


async def test_x_on_a_study_cancels_what_waits(screen, study, fake_cluster) -> None:
    async with screen.open() as pilot:
        await pilot.press("5")
        await screen.until(pilot, "1 queued")
        await pilot.press("x")
        await screen.until(pilot, "Stop study grid?", "1 queued job is cancelled.")
        await pilot.press("s")
        await eventually(pilot, lambda: fake_cluster.cancelled == ["grid-01"])
        await eventually(pilot, study.run(2).stop_requested)
        await screen.until(pilot, "1 stopped")


def describe_clusters() -> None:
    file = clusters.user_file()
    file.parent.mkdir(parents=True)
    file.write_text('[clusters.farm]\nexecutor = "slurm"\npartition = "gpu"\n[clusters.lab]\nexecutor = "ray"\n')


async def test_s_asks_where_a_study_trains_and_remembers_it(screen, study, fake_cluster) -> None:
    describe_clusters()
    async with screen.open() as pilot:
        await pilot.press("5")
        await screen.until(pilot, "s Start")
        await pilot.press("s")
        await screen.until(pilot, "Where is grid to train?", "this machine", "Slurm, partition gpu", "Ray at auto")
        await pilot.press("down", "enter")
        await screen.until(pilot, "2 runs of grid are with farm", "3 queued")
        assert fake_cluster.submitted == [["grid-03", "grid-04"]]
        await screen.until(pilot, "x Stop")
        fake_cluster.cancel([study.run(4)])
        await screen.until(pilot, "s Start")
        await pilot.press("s")
        await screen.until(pilot, "Where is grid to train?")
        assert screen.app.screen.query_one(OptionList).highlighted == 1
        await pilot.press("escape")
        await screen.until(pilot, "2 queued")


async def test_a_cluster_that_refuses_a_study_says_so(screen, study, fake_cluster) -> None:
    describe_clusters()
    fake_cluster.unreachable = True
    async with screen.open() as pilot:
        await pilot.press("5")
        await screen.until(pilot, "s Start")
        await pilot.press("s")
        await screen.until(pilot, "Where is grid to train?")
        await pilot.press("down", "enter")
        await screen.until(pilot, "Cluster farm cannot be reached.")


async def test_a_wrong_description_of_clusters_is_told_of(screen, study, fake_cluster) -> None:
    describe_clusters()
    clusters.user_file().write_text("[clusters")
    async with screen.open() as pilot:
        await pilot.press("5")
        await screen.until(pilot, "s Start")
        await pilot.press("s")
        await screen.until(pilot, "is no TOML")


async def test_quitting_asks_of_no_run_that_a_cluster_has(screen, worker, fake_cluster) -> None:
    one = worker().start().train(10, 60)
    put(one.run, state="running", node="n1", submitted=time.time() - 1e6)
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "Slurm job 12 on n1.")
        await pilot.press("q")
        await eventually(pilot, lambda: screen.app._exit)
