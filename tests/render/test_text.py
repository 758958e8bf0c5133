"""Text made printable, and entered text cleaned."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.poems.forms import line_break
from workbench.render.text import printable, printable_lines, readable, stripped


@given(st.text())
def test_a_printable_text_has_no_control_characters_and_keeps_its_length(text: str) -> None:
    assert not {unicodedata.category(character) for character in printable(text)} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert len(printable(text)) == len(text)


def test_wide_and_no_break_spaces_are_shown() -> None:
    assert printable("月\u3000光\xa01") == "月\u3000光\xa01"
    assert printable("a\u202eb\x9bc\u2028") == "a�b�c�"


def test_a_text_is_cut_with_an_ellipsis() -> None:
    assert printable("床前明月光", 5) == "床前明月光"
    assert printable("床前明月光", 4) == "床前明…"


def test_line_breaks_stay_where_lines_are_made_printable() -> None:
    assert printable_lines("月\x1b[2J\n光") == "月�[2J\n光"


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    assert readable("a\udcffb") == "a�b"
    assert readable(["\udc80"]) == ["�"]
    assert readable(None) is None


def test_an_entered_text_loses_format_characters_and_blanks() -> None:
    assert stripped("\ufeff 床\u200b前 \u200d") == "床前"


@pytest.mark.parametrize(
    ("before", "character", "expected"),
    [("", "月", ""), ("。", "月", "\n"), ("，", "月", ""), ("。", "\n", ""), ("！", "？", "\n")],
)
def test_a_sentence_goes_on_a_line_of_its_own(before: str, character: str, expected: str) -> None:
    assert line_break(before, character) == expected
