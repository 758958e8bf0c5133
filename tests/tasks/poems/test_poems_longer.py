"""Poems of over 80 characters, which are learnt from alone: the held-out poems and their tokens stay the same."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from poem_files import load, poems_of, tang

from tasks.base import SPLITS
from tasks.poems import artifacts, cleaning, forms
from tasks.poems.settings import Settings
from tasks.poems.task import Task
from tasks.shared.text.vocabulary import UNKNOWN
from workbench.config import spec
from workbench.engine import data as run_data
from workbench.engine import network

_HANZI = "松花落石床涧水过云房夜静钟声远山空月色凉溪无人语风来竹自摇短笛牛归晚斜阳满田"


def _lines(count: int, draw: random.Random) -> list[str]:
    return ["".join(draw.sample(_HANZI, 5)) for _ in range(count)]


def _poem(lines: list[str]) -> str:
    return "".join(line + "，。"[number % 2] for number, line in enumerate(lines))


SHORT = [_poem(_lines(4, random.Random(seed))) for seed in range(60)]
_MARKS = ["".join(map(chr, range(code, code + 5))) for code in range(0x5000, 0x5019, 5)]  # characters of no other poem
LONG = [_poem([line, *_lines(13, random.Random(100 + seed))]) for seed, line in enumerate(_MARKS)]


def _corpus(folder: Path, *more: str) -> None:
    mixed = [*SHORT[:20], LONG[0], *SHORT[20:], *LONG[1:], *more]
    tang(folder, mixed)


def test_longer_poems_are_learnt_from_and_nothing_else_changes(tmp_path: Path) -> None:
    _corpus(tmp_path)
    assert all(len(poem) == 84 for poem in LONG)
    without, found = load(tmp_path), load(tmp_path, train_longest=84)
    assert found.state["cache"] != without.state["cache"]
    assert poems_of(without) == set(SHORT)
    for split in ("val", "test"):
        assert found.rows[split].equal(without.rows[split])
        assert found.poems.lists(found.rows[split]) == without.poems.lists(without.rows[split])
    assert found.state["vocabulary"] == without.state["vocabulary"]  # the characters of longer poems alone are unknown
    assert poems_of(found, "train") > poems_of(without, "train")
    assert found.size("train") == without.size("train") + 5
    assert sum(found.state["train_counts"]) == sum(without.state["train_counts"]) + 5 * (84 + 3)
    assert "Of 5 poems longer than 80 characters, 5 are learnt from; 0 were left out" in " ".join(found.notes)
    assert "5 poems longer than 80 characters were dropped." in without.notes
    assert load(tmp_path, train_longest=83).size("train") == without.size("train")


def test_a_longer_poem_near_one_that_is_held_out_is_left_out(tmp_path: Path) -> None:
    _corpus(tmp_path)
    without = load(tmp_path)
    draw = random.Random(7)
    extended = {split: min(poems_of(without, split))[:12] + _poem(_lines(14, draw)) for split in SPLITS}
    near_that = extended["test"][12:96] + _poem(_lines(2, draw))  # near a longer poem that is near a test poem
    _corpus(tmp_path, *extended.values(), near_that)
    found = load(tmp_path, train_longest=200)
    for split in ("val", "test"):
        assert poems_of(found, split) == poems_of(without, split)
    there = poems_of(found, "train")
    assert extended["train"] in there
    assert not {extended["val"], extended["test"], near_that} & there
    assert "Of 9 poems longer than 80 characters, 6 are learnt from; 3 were left out as" in " ".join(found.notes)


def test_a_longer_poem_has_no_form_that_may_be_written_and_its_lines_are_known(tmp_path: Path) -> None:
    """A network that learnt it as of free form would write such poems on and on."""
    _corpus(tmp_path)
    found = load(tmp_path, train_longest=84)
    its = Task(Settings(min_count=1, train_longest=84), found.state)
    learnt = found.poems.lists(found.rows["train"])
    assert [its.vocabulary[codes[1]] for codes in learnt[-5:]] == [UNKNOWN] * 5
    assert its.vocabulary.number(UNKNOWN) in its.never_sampled
    assert not {codes[1] for codes in learnt[:-5]} & {its.vocabulary.number(UNKNOWN)}
    known = artifacts.line_filter(its.artifacts(found))
    assert known is not None
    longer = learnt[-1]
    spoken = forms.bare(its.lexicon.text(longer[2:-1]))
    for line in spoken[1:3]:
        assert known.contains(np.array([its.vocabulary.encode(line)])).all()
    assert not known.contains(np.array([its.vocabulary.encode(spoken[1][::-1])])).any()


def test_the_first_line_of_a_longer_poem_is_known_too(tmp_path: Path) -> None:
    longer = _poem(_lines(14, random.Random(5)))
    tang(tmp_path, [*SHORT, longer])
    found = load(tmp_path, train_longest=84)
    its = Task(Settings(min_count=1, train_longest=84), found.state)
    first = its.vocabulary.encode(longer[:5])
    assert its.vocabulary.number(UNKNOWN) not in first
    known = artifacts.line_filter(its.artifacts(found))
    assert known is not None
    assert known.contains(np.array([first])).all()


def test_a_run_finds_its_longer_poems_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _corpus(tmp_path)
    described = spec.make("poems", "lstm", {"task.min_count": 1, "task.train_longest": 100}, data_dir=str(tmp_path))
    _, first = run_data.load(described)
    state = msgspec.json.decode(msgspec.json.encode(first.state))
    for folder in (None, tmp_path / "empty cache"):  # from the cache, and read anew
        if folder:
            monkeypatch.setenv("WORKBENCH_CACHE", str(folder))
        task, again = run_data.load(described, state)
        assert all(again.rows[split].equal(first.rows[split]) for split in SPLITS)  # type: ignore[attr-defined]
        assert torch.isfinite(task.loss(network.build(described, task), again, again.rows["train"][-3:]))  # type: ignore[attr-defined]


def test_the_setting_is_off_by_default_and_starts_where_poems_are_held_out() -> None:
    assert Settings().train_longest == cleaning.LONGEST
    assert forms.form(LONG[0]) == forms.FREE
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"train_longest": 79}, Settings)
