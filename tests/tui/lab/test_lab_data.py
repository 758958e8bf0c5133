"""The Lab's data: where they stand, fetched by a key, stopped by it, and started on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.file_server import FileServer, serving
from lab_steps import choose, enter, form_ready, put
from waiting import eventually

from tasks.names.settings import LANGUAGES
from tasks.shared.datasets import locations, registry, row_counts
from tasks.shared.datasets.registry import Dataset, Reader, Remote
from workbench.tui.lab import dataset_line
from workbench.tui.lab.dataset_line import DatasetLine
from workbench.tui.lab.screen import LabScreen

LARGE, SMALL = "source.example/Arabic.txt", "source.example/Chinese.txt"


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """The source of the names: one long file, then short ones."""
    content = {f"{language}.txt": f"{language}\n".encode() * 40 for language in LANGUAGES}
    content["Arabic.txt"], content["Chinese.txt"] = b"Khoury\n" * 60_000, b"Wang\n" * 1000
    remotes = {name: Remote(f"https://source.example/{name}", "", len(text)) for name, text in content.items()}
    small = Dataset("names", "https://here.example", "MIT", "nobody", [Reader("*", "lines", row_counts.lines)], remotes)
    monkeypatch.setattr(registry, "DATASETS", {"names": small})
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving({f"source.example/{name}": text for name, text in content.items()}) as served:
        monkeypatch.setenv("WORKBENCH_MIRROR", served.address)
        yield served


def line(pilot: Any) -> str:
    return str(pilot.app.screen.query_one(DatasetLine).content)


async def test_one_key_fetches_the_data_and_a_failure_is_one_sentence_in_its_place(screen, server) -> None:
    server.troubles[LARGE] = "404"
    async with screen.open() as pilot:
        await screen.until(pilot, "starter only, 1,440 rows", "g downloads all of it, 430", "Get data")
        await pilot.press("g")
        await screen.until(pilot, f"The names data could not be downloaded from {server.address}. · g tries again")
        server.troubles.clear()
        await pilot.press("g")
        await screen.until(pilot, "full, 61,640 rows, no hash known", str(locations.cached("names"))[:20])
        assert "Get data" not in screen.text
        await pilot.press("g")  # nothing is left to fetch
        assert server.asked[LARGE] == 2


async def test_a_download_is_stopped_by_the_same_key_or_by_leaving_and_the_next_is_whole(screen, server) -> None:
    server.troubles[LARGE] = "stalls"
    async with screen.open() as pilot:
        await screen.until(pilot, "starter only")
        await form_ready(pilot)
        pilot.app.screen.query_one("#form").query("Input").first().focus()
        await pilot.press("ctrl+g")  # the twin
        await screen.until(pilot, "downloading ━", "% of 430", "g stops it")
        await pilot.press("ctrl+g")
        await screen.until(pilot, "starter only")
        await pilot.press("ctrl+g")
        await screen.until(pilot, "downloading ━")
        stalled = pilot.app.screen.query_one(DatasetLine)._downloads["names"]
    assert stalled.stopped  # by leaving
    with pytest.raises(dataset_line.DownloadStopped):
        stalled.arrived(1)
    server.troubles.clear()
    async with screen.open() as pilot:
        await screen.until(pilot, "starter only")
        await pilot.press("ctrl+g")
        await screen.until(pilot, "full, 61,640 rows")
        server.released.set()
        await eventually(pilot, lambda: [p.name for p in locations.cached("names").parent.iterdir()] == ["names"])


async def test_a_download_goes_on_while_another_task_or_screen_is_looked_at(screen, server) -> None:
    server.troubles[SMALL] = "held"
    async with screen.open() as pilot:
        await screen.until(pilot, "starter only")
        await pilot.press("g")
        await screen.until(pilot, "% of 430")
        await choose(pilot, "tasks", "climate")
        await eventually(pilot, lambda: "% of 430" not in line(pilot))
        await pilot.press("2")
        await screen.until(pilot, "There are no runs")
        server.troubles.clear()
        server.released.set()
        await screen.until(pilot, "The names data is here.")
        await pilot.press("1")
        await choose(pilot, "tasks", "names")
        await screen.until(pilot, "full, 61,640 rows")


async def test_a_start_waits_for_the_download_that_is_under_way(screen, server, started) -> None:
    server.troubles[SMALL] = "held"
    async with screen.open() as pilot:
        await screen.until(pilot, "starter only")
        await pilot.press("g", "s")
        await screen.until(pilot, "starting: looking for the data")
        assert started == []
        server.released.set()
        await eventually(pilot, lambda: len(started) == 1)
        assert started[0].spec.data == "full"
        assert server.asked[LARGE] == 1


async def test_a_start_shows_its_download_and_stopping_that_starts_nothing(screen, server, started) -> None:
    server.troubles[LARGE] = "stalls"
    async with screen.open() as pilot:
        await screen.until(pilot, "starter only")
        await pilot.press("s")
        await screen.until(pilot, "% of 430", "Downloading names from https://here.example")
        await pilot.press("g")
        await screen.until(pilot, "Nothing was started", "names with lstm")
        assert started == []
        server.troubles.clear()
        await pilot.press("S")
        await eventually(pilot, lambda: len(started) == 1)
        assert started[0].spec.data == "full"


async def test_the_data_line_follows_a_file_of_ones_own_as_it_is_typed(screen, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    hours = [f"2016-07-{1 + k // 24:02d} {k % 24:02d}:00,{k % 24}" for k in range(600)]
    (tmp_path / "my.csv").write_text("\n".join(["date,y", *hours]) + "\n")
    async with screen.open() as pilot:
        await choose(pilot, "tasks", "climate")
        await form_ready(pilot, "task.csv")
        await screen.until(pilot, "starter only")
        await enter(pilot, "task.csv", "my.cs")
        await screen.until(pilot, "task.csv: there is no", "my.cs:")
        await eventually(pilot, lambda: "your own file" not in line(pilot))
        await pilot.press("v")
        await eventually(pilot, lambda: f"your own file, {tmp_path / 'my.csv'}" in line(pilot))
        await put(pilot, "train.lr", "0")  # wrong, and no matter of the data
        await put(pilot, "task.csv", "")
        await screen.until(pilot, "starter only")


async def test_a_named_folder_is_told_and_what_it_lacks_too(screen, data, tmp_path) -> None:
    async with screen.open(data=data) as pilot:
        await screen.until(pilot, f"full, {data}"[:40])
        assert pilot.app.screen.check_action("fetch", ()) is None
        await choose(pilot, "tasks", "poems")
        await screen.until(pilot, "poet.tang.*.json,", "tangshi.txt")  # a line may break between them
        assert pilot.app.screen.check_action("fetch", ()) is None
        await choose(pilot, "tasks", "toy")
        await screen.until(pilot, "none needed")


async def test_data_that_are_missing_or_cannot_be_read_are_one_sentence(screen, started, monkeypatch) -> None:
    monkeypatch.setattr(registry, "DATASETS", {})
    monkeypatch.setattr(locations, "starter", lambda task: locations.cached(task) / "nowhere")
    async with screen.open() as pilot:
        await screen.until(pilot, "data       missing")
        await form_ready(pilot)
        await pilot.press("s")
        await screen.until(pilot, "The names data has no known source")
        assert isinstance(pilot.app.screen, LabScreen)
        assert started == []
