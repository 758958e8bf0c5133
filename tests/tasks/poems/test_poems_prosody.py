"""The rhyme book: read from its files, asked, and kept as a table of a vocabulary's characters."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.poems import prosody
from tasks.poems.checker import shared_groups
from tasks.poems.prosody import GROUPS, LEVEL_GROUPS, Prosody, Tone

CHARACTERS = "东冬风天年看日月水疏剑"
books = st.lists(st.text(CHARACTERS, max_size=6), min_size=len(GROUPS), max_size=len(GROUPS))


def lines(**groups: str) -> list[str]:
    """A book whose groups hold their own names and what is given."""
    return [name + groups.get(name, "") for name in GROUPS]


def put(folder: Path, level: str, oblique: str) -> Path:
    (folder / "prosody").mkdir()
    for name, text in zip(prosody.FILES, (level, oblique), strict=True):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_character_is_level_oblique_free_or_unknown() -> None:
    book = Prosody(lines(先="天年", 寒="看", 翰="看", 质="日"))
    assert [book.tone(c) for c in "天看日鹤"] == [Tone.LEVEL, Tone.FREE, Tone.OBLIQUE, Tone.UNKNOWN]
    assert [GROUPS[number] for number in book.groups("看")] == ["寒", "翰"]
    assert [GROUPS[number] for number in shared_groups(book, "天年先")] == ["先"]
    assert not shared_groups(book, "天看")
    assert not shared_groups(book, "鹤鹤")


def test_a_variant_character_is_found_by_its_usual_form() -> None:
    book = Prosody(lines(质="日", 鱼="疏"))
    assert (book.tone("一"), book.groups("疎")) == (Tone.OBLIQUE, book.groups("疏"))
    assert Prosody(book.lines("疎")).groups("疎") == book.groups("疏")


@given(books, st.text(CHARACTERS + "疎劒鹤"))
def test_a_vocabularys_table_says_of_its_characters_what_the_book_says(book: list[str], kept: str) -> None:
    whole = Prosody(book)
    table = whole.lines(kept)
    assert not set("".join(table)) - set(kept)
    part = Prosody(table)
    for character in kept:
        groups = part.groups(character)
        assert groups == whole.groups(character) == tuple(sorted(set(groups)))
        assert part.tone(character) == whole.tone(character)
        level = {number < len(LEVEL_GROUPS) for number in groups}
        assert (len(level) == 2) == (part.tone(character) is Tone.FREE)


def test_the_files_are_read_and_a_missing_or_broken_book_refuses_nothing(tmp_path: Path) -> None:
    nothing, note = prosody.read(tmp_path)
    assert not nothing
    assert nothing.tone("天") is Tone.UNKNOWN
    assert nothing.lines("天") == []
    assert note.endswith("has no prosody/pingsheng.txt and no prosody/zesheng.txt: tones and rhymes stay unknown.")
    ends = len(LEVEL_GROUPS)
    put(tmp_path, "\r\n".join(lines()[:ends]), "\n".join([*lines()[ends:], ""]))
    book, note = prosody.read(tmp_path)
    assert not note
    assert book.tone("东") is Tone.LEVEL
    (tmp_path / prosody.FILES[1]).write_text("董\n", encoding="utf-8")
    book, note = prosody.read(tmp_path)
    assert not book
    assert "31" in note
    (tmp_path / prosody.FILES[1]).write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in prosody.read(tmp_path)[1]
    with pytest.raises(ValueError, match="105 groups"):
        Prosody(["东"])


@pytest.mark.data
def test_the_book_itself(real_data: Path) -> None:
    book, note = prosody.read(real_data / "poems")
    assert not note
    assert all(number in book.groups(name) for number, name in enumerate(GROUPS))
    assert shared_groups(book, "天年前边")
    assert [book.tone(c) for c in "春月看一"] == [Tone.LEVEL, Tone.OBLIQUE, Tone.FREE, Tone.OBLIQUE]
