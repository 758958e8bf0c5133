"""Splits of texts of one's own: seeded, stratified, equal texts together; what is left out is counted and told."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from own_texts import ROWS, WORDS, examples, load, preview, split_of, table

from tasks.text.survey import LONGEST

MANY = [(f"{text} {number}", label) for number in range(10) for text, label in ROWS]  # 200, half of each class


def split_by_text(path: Path, **more: Any) -> dict[str, str]:
    data = load(path, **more)
    return dict(zip([text for text, _ in examples(data)], split_of(data), strict=True))


def test_the_split_is_a_tenth_each_of_every_class_and_seeded(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", MANY)
    data = load(path)
    of = Counter(zip(split_of(data), [label for _, label in examples(data)], strict=True))
    assert of == {
        (split, label): count
        for split, count in (("train", 80), ("val", 10), ("test", 10))
        for label in ("animal", "machine")
    }
    assert split_by_text(path) == split_by_text(path, split_seed=0)
    assert split_by_text(path) != split_by_text(path, split_seed=1)


def test_shares_can_be_set(tmp_path: Path) -> None:
    data = load(table(tmp_path / "t.csv", MANY), val_share=0.2, test_share=0.3)
    assert [data.size(split) for split in ("train", "val", "test")] == [100, 40, 60]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from("ab")), min_size=20, max_size=60), st.integers(0, 9))
def test_equal_texts_share_a_split(tmp_path: Path, rows: list[tuple[str, str]], seed: int) -> None:
    rows += [(f"x{number}", "ab"[number % 2]) for number in range(8)]
    data = load(table(tmp_path / "t.csv", rows), split_seed=seed)
    found: dict[tuple[int, ...], set[str]] = {}
    for text, split in zip(data.words.lists(torch.arange(len(rows))), split_of(data), strict=True):
        found.setdefault((*text,), set()).add(split)
    assert all(len(of) == 1 for of in found.values())
    assert len(data.labels) == len(rows)


def test_repeats_and_contrary_classes_are_counted_and_told(tmp_path: Path) -> None:
    rows = [*MANY, ("A red  cat 0", "machine"), ("a red cat 0", "animal"), ("a blue car 3", "machine")]
    notes = load(table(tmp_path / "t.csv", rows)).notes
    assert "Texts that repeat another, which share its split: 3." in notes
    assert "Texts that stand there under several classes, all kept: 1 (3 rows)." in notes


def test_a_text_whose_first_letter_is_cut_off_keeps_its_class_and_its_place(tmp_path: Path) -> None:
    rows = [("-" * LONGEST + "late", "machine"), *MANY]
    data = load(table(tmp_path / "t.csv", rows))
    assert len(data.labels) == len(rows)
    assert examples(data)[1:] == examples(load(table(tmp_path / "other.csv", MANY)))
    assert examples(data)[0][1] == "machine"
    assert f"Texts cut to their first {LONGEST:,} characters: 1." in data.notes


def test_rows_without_text_or_class_are_left_out_and_told(tmp_path: Path) -> None:
    rows = [("", "animal"), (" ", "machine"), ("one", ""), ("?!", "animal"), *MANY]
    path = table(tmp_path / "t.csv", rows)
    told = [
        "Rows with an empty text, left out: 2 of 204.",
        "Rows without a class, left out: 1 of 204.",
        "Rows without a letter or digit, left out: 1 of 204.",
    ]
    assert preview(path).dropped == told
    data = load(path)
    assert len(data.labels) == 200
    assert [note for note in data.notes if note in told] == told


def test_a_class_of_one_row_trains_and_is_told(tmp_path: Path) -> None:
    data = load(table(tmp_path / "t.csv", [*MANY, ("alone", "plant"), ("two", "stone"), ("three", "stone")]))
    assert split_of(data)[200:] == ["train"] * 3
    assert "Classes with too few texts to be tested, which train only: plant, stone." in data.notes


def test_a_class_that_no_training_text_has_is_told(tmp_path: Path) -> None:
    rows = [(*row, "train" if at < 180 else "val") for at, row in enumerate(MANY)]
    rows += [(f"{text} of the test", label, "test") for text, label in MANY[:10]]
    data = load(table(tmp_path / "t.csv", [*rows, ("new", "plant", "test")], head="text,label,split"))
    assert "Classes without a training text, which cannot be learnt: plant." in data.notes


def test_texts_in_two_of_the_datas_own_splits_are_told(tmp_path: Path) -> None:
    rows = [(*row, ("train", "val", "test")[at % 3]) for at, row in enumerate(MANY)]
    rows += [(MANY[0][0], "animal", "test"), (MANY[3][0], "machine", "val")]
    notes = load(table(tmp_path / "t.csv", rows, head="text,label,split")).notes
    assert "1 of the 67 test texts also stand in train." in notes
    assert "1 of the 68 val texts also stand in train." in notes


def test_the_previews_facts_are_the_datas(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", MANY)
    shown, data = preview(path), load(path)
    assert shown.splits == {split: data.size(split) for split in ("train", "val", "test")}
    assert shown.counts == {"animal": 100, "machine": 100}
    assert shown.lengths == {"shortest": 11, "median": 13, "95 %": 14, "longest": 14}
    assert shown.length_unit == "characters"
    assert [*shown.guessed, *shown.dropped, *shown.notes] == [*data.notes]


def test_a_preview_ends_early_in_a_long_table_and_says_so(tmp_path: Path, monkeypatch: Any) -> None:
    from tasks.text import data

    monkeypatch.setattr(data, "_PREVIEWED", 50)
    shown = preview(table(tmp_path / "t.csv", MANY))
    assert sum(shown.counts.values()) == 50
    assert "These are the first 50 rows: there are more." in shown.notes
    ordered = sorted(MANY, key=lambda row: row[1])
    assert preview(table(tmp_path / "u.csv", ordered)).counts == {"animal": 100, "machine": 1}
