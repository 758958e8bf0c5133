"""Studies of strangers and damaged ones: sentences, no escape sequence, and never the end of the program."""

from __future__ import annotations

import os
from unicodedata import category

import msgspec
import pytest
from fake_studies import begun, planned
from rich.cells import cell_len

from workbench.studies.study import Study

pytestmark = pytest.mark.usefixtures("bare_lab")
EVIL = "é\x1b]52;c;ZXZpbA==\x07\x9b31m\x7f\r\u202eabc\u2066\u200b\x85\x1b[2J中\u2028z"
KEYS = ["down", "m", "w", "l", "x", "escape", "e", "c", "b", "v", "v", "tab", "down", "down", "v", "v", "tab", "enter"]


def obeyed(text: str) -> set[str]:
    """Characters that a terminal would obey, or that turn a line."""
    return {letter for letter in text if not letter.isprintable() and category(letter) != "Zs"}


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20)], ids=str)
async def test_no_line_holds_what_a_terminal_obeys(screen, folder, worker, size, monkeypatch) -> None:
    monkeypatch.setattr("workbench.tui.services.reports.write", lambda study: study.path / EVIL)
    study = planned(folder, title=EVIL, lab=EVIL, label=EVIL)
    content = msgspec.json.decode(study.study_file.read_bytes())
    content["plan"] |= {"metric": f"test.{EVIL}", "rows": [EVIL], "columns": [EVIL]}  # a plan of ours names what it has
    study.study_file.write_bytes(msgspec.json.encode(content))
    path = study.path.with_name(f"s{EVIL}")
    study.path.rename(path)
    study = Study(path)
    begun(study, 1).start(device=EVIL, notes=[EVIL]).train(10, 60).fail(60, EVIL)
    one = begun(study, 2).start().train(10, 60)
    broken = folder / "studies" / f"broken{EVIL}"
    broken.mkdir()
    (broken / "study.json").write_text('{"schema": 1, "plan": "\\u001b[2J"}')
    os.utime(broken / "study.json", (1, 1))  # the other is the newest, which is chosen
    seen = []
    async with screen.open(size=size) as pilot:
        await pilot.press("5")
        await screen.until(pilot, " failed ", " running ")
        for key in KEYS:
            await pilot.press(key)
            await pilot.pause(0.03)
            seen.append(text := screen.text)
            assert not obeyed(text.replace("\n", "")), (key, text)
            assert {cell_len(line) for line in text.splitlines()} == {size[0]}, key
    assert any("[2J" in text for text in seen)
    one.close()


async def test_a_damaged_study_is_one_bad_line_and_says_why(screen, folder) -> None:
    planned(folder)
    bad = folder / "studies" / "bad"
    bad.mkdir()
    (bad / "study.json").write_text("{}")
    os.utime(bad / "study.json", (1, 1))
    async with screen.open() as pilot:
        await pilot.press("5")
        text = await screen.until(pilot, "0 of 4 finished", "bad  ")
        assert "unreadable" in next(line for line in text.splitlines() if " bad " in line)
        screen.app.screen._studies_list.focus()
        await pilot.press("down")
        await screen.until(pilot, "missing required field")
        await pilot.press("s", "x", "c", "m", "w", "l", "e", "enter", "enter")
        await pilot.pause(0.1)
        assert pilot.app.return_code is None


async def test_a_link_or_a_pipe_in_place_of_a_study_holds_up_nothing(screen, folder, tmp_path) -> None:
    planned(folder)
    for name in ("pipe", "link"):
        (folder / "studies" / name).mkdir()
    os.mkfifo(folder / "studies" / "pipe" / "study.json")
    (folder / "studies" / "link" / "study.json").symlink_to(tmp_path / "elsewhere")
    async with screen.open() as pilot:
        await pilot.press("5")
        text = await screen.until(pilot, " pipe ", " link ", " grid ")
        assert sum("unreadable" in line for line in text.splitlines()) >= 2


async def test_a_study_of_a_task_that_is_not_here_lists_its_runs(screen, folder) -> None:
    study = planned(folder)
    content = msgspec.json.decode(study.study_file.read_bytes())
    for run in content["runs"]:
        run["spec"]["task"] = "absent"
    study.study_file.write_bytes(msgspec.json.encode(content))
    async with screen.open() as pilot:
        await pilot.press("5")
        await screen.until(pilot, "0 of 4 finished", "lstm, layers 2", "absent")
        await pilot.press("m", "w", "l", "c", "e", "enter")
        await pilot.pause(0.1)
        assert pilot.app.return_code is None


async def test_a_file_in_place_of_the_folder_is_told(screen, folder) -> None:
    folder.mkdir()
    (folder / "studies").write_text("")
    async with screen.open() as pilot:
        await pilot.press("5")
        await screen.until(pilot, "The studies in", "cannot be read")


async def test_a_run_that_cannot_be_read_is_one_bad_line(screen, folder) -> None:
    study = planned(folder)
    one = begun(study, 1).start()
    one.close()
    one.run.spec_file.write_text("{")
    async with screen.open() as pilot:
        await pilot.press("5")
        text = await screen.until(pilot, "1 unreadable", "lstm, layers 2")
        assert "unreadable" in next(line for line in text.splitlines() if "rnn, layers 1" in line)
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert screen.app.screen.place == "studies"
