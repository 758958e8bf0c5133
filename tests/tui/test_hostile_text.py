"""Escape sequences, C1 controls and characters that turn the order of a line, in every text of a run."""

from __future__ import annotations

import base64
import time
from unicodedata import category

import msgspec
import pytest
from fake_worker import FakeWorker
from rich.cells import cell_len

from tasks.views import Confusion, Series, Table, Text
from workbench.runs.events import Alarm, Best, Eval, Finished
from workbench.runs.run import Run
from workbench.tui.gate import harmless

EVIL = "é\x1b]52;c;ZXZpbA==\x07\x9b31m\x7f\x00\r\u202eabc\u2066\u200b\x85\x9d0;x\x9c\x1b[2J中\u2028z"
SIZES = [(120, 36), (80, 24), (60, 20)]


def obeyed(text: str) -> set[str]:
    """Characters that a terminal would obey, or that turn a line."""
    return {letter for letter in text if not letter.isprintable() and category(letter) != "Zs"}


def tricky(worker) -> FakeWorker:
    """A finished run in which every string is hostile."""
    one: FakeWorker = worker().start(
        methods={EVIL: {"accuracy": 0.8, EVIL: 0.5}},
        host=EVIL,
        device=EVIL,
        precision=EVIL,
        versions={EVIL: EVIL},
        protocol=EVIL,
        notes=[EVIL, EVIL],
        settings={EVIL: EVIL},
    )
    one.train(10, 100, views := hostile_views())
    called = {"name": EVIL, "note": EVIL, "tags": ["\x1b[2J"], "study": EVIL}
    one.run.metadata_file.write_bytes(msgspec.json.encode(called))
    metrics = {"loss": 0.7, "accuracy": 0.9, "macro_f1": 0.5, EVIL: 0.1}
    best = Best(step=110, metric=EVIL, value=0.9)
    one.write(Eval(time=time.time(), step=110, epoch=5.5, metrics=metrics, views=views, best=best))
    one.write(Alarm(time=time.time(), step=120, message=EVIL))
    return one


def hostile_views() -> list:
    return [
        Confusion(title=EVIL, note=EVIL, labels=[EVIL, "b" + EVIL, "c"], counts=[[3, 1, 0], [1, 4, 1], [0, 2, 5]]),
        Table(title="t" + EVIL, note=EVIL, columns=[EVIL, "b" + EVIL], rows=[[EVIL, 0.5], ["x", EVIL]]),
        Text(title="x" + EVIL, note=EVIL, text=EVIL + "\n" + EVIL),
        Series(title="s" + EVIL, note=EVIL, x_label=EVIL, x=[0.0, 1.0, 2.0], curves={EVIL: [1.0, None, 2.0]}),
    ]


def renamed(one: FakeWorker) -> Run:
    """The run under a hostile name."""
    path = one.run.path.with_name("run" + EVIL.replace("\x00", ""))
    one.run.path.rename(path)
    return Run(path)


@pytest.mark.parametrize(("state", "size"), zip(["live", "finished", "failed"], SIZES, strict=True))
async def test_no_line_of_any_screen_holds_what_a_terminal_obeys(screen, worker, size, state: str) -> None:
    one, seen = tricky(worker), []
    if state == "finished":
        test, best = {"accuracy": 0.8, EVIL: 0.5}, Best(step=110, metric=EVIL, value=0.9)
        ended = {"epochs": 1.0, "reason": EVIL, "wall_s": 2.0, "examples_per_s": 3.0, "views": hostile_views()}
        one.write(Finished(time=time.time(), step=120, best=best, test=test, **ended))
        one.vanish()
    elif state == "failed":
        one.fail(120, EVIL)
    run = renamed(one)
    run.log_file.write_text(EVIL + "\n")
    (run.path.parent / f"bad{EVIL}".replace("\x00", "")).mkdir()
    (run.path.parent / f"bad{EVIL}".replace("\x00", "") / "spec.json").write_text('{"task": "\\u001b[2J"}')
    async with screen.open(run, size) as pilot:
        await screen.until(pilot, "step 1")
        # every pane, the matrix and its examples, the dialogs, all runs, help, the palette, the clipboard
        keys = [
            *["v"] * 6,
            "f",
            "enter",
            "b",
            "b",
            "c",
            "x",
            "escape",
            "2",
            "down",
            "y",
            "d",
            "escape",
            "n",
            "escape",
            "m",
            "up",
        ]
        for key in [*keys, "m", "c", "question_mark", "escape", "4", "1", "ctrl+p", "escape", "q", "escape"]:
            await pilot.press(key)
            await pilot.pause()
            seen.append(text := screen.text)
            assert not obeyed(text.replace("\n", "")), (key, text)
            assert {cell_len(line) for line in text.splitlines()} == {size[0]}, key
    assert any("[2J" in text for text in seen)


async def test_what_is_copied_holds_nothing_that_a_shell_obeys(screen, worker, monkeypatch) -> None:
    run = renamed(worker().start().train(10, 60).finish())
    written: list[str] = []
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, "run")
        await screen.until(pilot, "finished")
        monkeypatch.setattr(pilot.app._driver, "write", written.append)
        await pilot.press("y")
        await pilot.pause()
    (sequence,) = [one for one in written if one.startswith("\x1b]52")]
    copied = base64.b64decode(sequence.split(";")[2].rstrip("\a")).decode()
    assert copied.startswith("runé")
    assert not obeyed(copied)
    assert "\x1b" in run.id


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain 中文 ━⠿", "plain 中文 ━⠿"),
        ("a\u3000b\xa0c", "a\u3000b\xa0c"),
        ("a\x1b[2Jb", "a[2Jb"),
        ("\u202egnp.exe", "gnp.exe"),
        ("soft\xadhyphen", "soft�hyphen"),
        ("\ud800", "�"),
    ],
)
def test_the_gate_keeps_the_width(text: str, shown: str) -> None:
    assert harmless(text) == shown
    assert cell_len(shown) == cell_len(text)


def test_parts_of_a_picture_are_cut_to_its_width() -> None:
    family = "👨\u200d👩\u200d👧"
    assert cell_len(harmless(family)) == cell_len(family)
    assert not obeyed(harmless(family))
