"""Near-duplicates among poems: groups linked by half their lines, none of which a split parts."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from poem_files import load, tang

from tasks.base import SPLITS, DataError
from tasks.poems import data, forms, near_duplicates
from tasks.poems.settings import Settings
from tasks.poems.task import Task
from tasks.shared.datasets import splits
from workbench.config import spec
from workbench.engine import data as run_data

lines = st.sampled_from(
    ["松花落石", "涧水过云", "夜静钟声", "山空月色", "溪夜无人", "风来竹摇", "短笛牛归", "斜阳满田"]
)
poems = st.lists(
    st.lists(lines, min_size=1, max_size=6).map(lambda cut: "，".join(cut) + "。"), min_size=3, max_size=40
)


def near(one: str, other: str) -> bool:
    cut, others = set(forms.bare(one)), set(forms.bare(other))
    return 2 * len(cut & others) >= min(len(cut), len(others))


def partition(found: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(found == number).tolist()) for number in found}


def linked(texts: list[str]) -> set[frozenset[int]]:
    """The groups, by merging sets until nothing changes."""
    groups = {frozenset([number]) for number in range(len(texts))}
    for a, b in combinations(range(len(texts)), 2):
        if near(texts[a], texts[b]):
            both = [group for group in groups if a in group or b in group]
            groups = groups.difference(both) | {frozenset().union(*both)}
    return groups


@given(poems)
def test_groups_are_the_connected_components(texts: list[str]) -> None:
    assert partition(near_duplicates.groups(texts)) == linked(texts)


@given(poems, st.integers(0, 9))
def test_no_two_poems_of_different_splits_share_half_their_lines(texts: list[str], seed: int) -> None:
    split = splits.stratified_groups(near_duplicates.groups(texts).tolist(), [0] * len(texts), seed, (0.2, 0.2))
    again = splits.stratified_groups(near_duplicates.groups(texts).tolist(), [0] * len(texts), seed, (0.2, 0.2))
    assert split.tolist() == again.tolist()
    for a, b in combinations(range(len(texts)), 2):
        assert split[a] == split[b] or not near(texts[a], texts[b])


def test_half_of_the_shorter_poems_lines_is_enough_and_less_is_not() -> None:
    four = "松花落石，涧水过云，夜静钟声，山空月色。"
    half, less = "松花落石，涧水过云，溪夜无人，风来竹摇。", "松花落石，短笛牛归，斜阳满田，春去不回。"
    couplet, marked = "山空月色，白云无尽。", "松花落石。涧水过云。夜静钟声。山空月色。"
    for other, together in ((half, True), (less, False), (couplet, True), (marked, True)):
        first, second = near_duplicates.groups([four, other])
        assert bool(first == second) is together
    assert near_duplicates.summarize(near_duplicates.groups([four, half, couplet, less])) == [
        "3 poems share half their lines or more with another: their group stands in one split."
    ]
    assert near_duplicates.summarize(near_duplicates.groups([half, "春去不回，月落乌啼。"])) == []


def test_more_poems_than_a_chunk_are_compared_with_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "_CHUNK", 2)
    ends = "天地玄黄宇宙洪荒日月"
    texts = [f"春风又绿{end}，江南岸上{end}。" for end in ends] + [f"明月何时照{a}，春风又绿{a}。" for a in ends]
    assert partition(near_duplicates.groups(texts)) == {frozenset([n, n + len(ends)]) for n in range(len(ends))}


def _corpus(folder: Path) -> list[str]:
    """Thirty poems, each in two versions that share a line of two."""
    texts = [f"松花落石{chr(0x4E00 + n)}，涧水{version}云{chr(0x4E00 + n)}。" for n in range(30) for version in "过映"]
    tang(folder, texts)
    return texts


def test_the_dataset_keeps_versions_of_a_poem_together_and_says_how_many(tmp_path: Path) -> None:
    texts = _corpus(tmp_path)
    found = load(tmp_path)
    assert "60 poems share half their lines or more with another: each of their 30 groups stands in one split." in (
        found.notes
    )
    parts = [[texts[row] for row in found.rows[split].tolist()] for split in SPLITS]  # rows are in the file's order
    assert [len(part) for part in parts] == [52, 4, 4]  # a twentieth of thirty groups is two
    assert {poem for part in parts for poem in part} == set(texts)
    for one, other in combinations(parts, 2):
        assert not any(near(a, b) for a in one for b in other)


def test_poems_that_are_all_near_duplicates_cannot_be_split(tmp_path: Path) -> None:
    tang(tmp_path, [f"松花落石床，{first}水过云房。" for first in "涧山江河"])
    with pytest.raises(DataError, match=r"The 4 poems in .* share half their lines .* 1 would be left, and three are"):
        load(tmp_path)


def test_an_older_run_keeps_the_split_that_it_was_trained_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _corpus(tmp_path)
    chosen = Settings(min_count=1)
    old = data.load(chosen, tmp_path, join_near_duplicates=False)
    new = data.load(chosen, tmp_path)
    assert "split_by" not in old.state
    assert old.state["cache"] != new.state["cache"]
    assert old.size("test") == 3  # by poem: a twentieth of 60
    described = spec.make("poems", "lstm", {"task.min_count": 1}, data_dir=str(tmp_path))
    kept = [msgspec.json.decode(msgspec.json.encode(one.state)) for one in (old, new)]
    for folder in (None, tmp_path / "empty cache"):  # from the cache, and read anew
        if folder:
            monkeypatch.setenv("WORKBENCH_CACHE", str(folder))
        for one, state in zip((old, new), kept, strict=True):
            task, again = run_data.load(described, state)
            assert isinstance(task, Task)
            assert all(again.rows[split].equal(one.rows[split]) for split in one.rows)  # type: ignore[attr-defined]


def test_a_model_that_came_along_is_measured_on_its_own_split_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names no folder: the user's is taken, or a sentence says that there is none."""
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "poems").mkdir()
    _corpus(tmp_path / "poems")
    described = spec.make("poems", "lstm", {"task.min_count": 1})
    old = data.load(described.settings, tmp_path / "poems", join_near_duplicates=False)
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "another"))
    monkeypatch.delenv("WORKBENCH_DATA", raising=False)
    with pytest.raises(DataError, match="The data of the task poems are not here: `workbench data get poems`"):
        run_data.load(described, old.state)
    monkeypatch.setenv("WORKBENCH_DATA", str(tmp_path))
    assert run_data.load(described, old.state)[1].size("test") == old.size("test") == 3
    with pytest.raises(DataError, match="no longer what this run was trained on"):
        run_data.load(described, {**old.state, "cache": "gone", "split_by": "near-duplicates"})
