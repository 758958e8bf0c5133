"""Poems in files: what is kept is never lost, what is saved never takes another's place unasked."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.tui.poem import kept_poems


def test_what_was_kept_comes_back_in_its_order_and_once(tmp_path: Path) -> None:
    folder = tmp_path / "runs"  # not there yet
    assert kept_poems.read(folder) == []
    one, other = (
        kept_poems.format_entry("月明。\n光。", "poems-lstm · seed 1"),
        kept_poems.format_entry("雪。", "poems-lstm · seed 2"),
    )
    assert [kept_poems.keep(folder, each) for each in (one, other, one)] == [True, True, False]
    assert kept_poems.read(folder) == [one, other]
    assert (folder / kept_poems.NAME).read_text() == f"{one}\n\n{other}\n\n"


@settings(max_examples=60, deadline=None)
@given(st.text("月。\n \t—x", min_size=1, max_size=12))
def test_a_poem_with_empty_lines_is_one_entry(tmp_path_factory, text: str) -> None:
    folder = tmp_path_factory.mktemp("kept")
    one = kept_poems.format_entry(text, "made")
    kept_poems.keep(folder, one)
    assert kept_poems.read(folder) == [one]


@pytest.mark.parametrize("left", ["my own words", "my own words\n", "my own words\n\n", "\n\n"])
def test_what_a_person_wrote_into_the_file_stays(tmp_path: Path, left: str) -> None:
    (tmp_path / kept_poems.NAME).write_text(left)
    one = kept_poems.format_entry("雪。", "made")
    kept_poems.keep(tmp_path, one)
    assert (tmp_path / kept_poems.NAME).read_text().startswith(left)
    assert kept_poems.read(tmp_path) == [*(["my own words"] if left.strip() else []), one]


def test_two_windows_keep_at_the_same_time_and_lose_nothing(tmp_path: Path) -> None:
    def many(who: str) -> None:
        for number in range(30):
            kept_poems.keep(tmp_path, kept_poems.format_entry(f"月{number}。", who))

    threads = [threading.Thread(target=many, args=(who,)) for who in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept_poems.read(tmp_path)) == 60
    assert len(set(kept_poems.read(tmp_path))) == 60


def test_a_full_disk_leaves_what_was_kept_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_poems.keep(tmp_path, "雪。\n— made")
    before = (tmp_path / kept_poems.NAME).read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        kept_poems.keep(tmp_path, "月。\n— made")
    assert (tmp_path / kept_poems.NAME).read_bytes() == before


def test_a_file_that_is_there_gives_way_only_where_it_is_to(tmp_path: Path) -> None:
    path = tmp_path / "poem.txt"
    kept_poems.save(path, "雪。", replace=False)
    with pytest.raises(FileExistsError):
        kept_poems.save(path, "月。", replace=False)
    assert path.read_text() == "雪。\n"
    kept_poems.save(path, "月。", replace=True)
    assert path.read_text() == "月。\n"
    assert [file.name for file in tmp_path.iterdir()] == ["poem.txt"]
