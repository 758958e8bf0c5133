"""Poems laid out and checked: rows of wide characters, tones under them, rhymes, the verdict of the rules."""

from __future__ import annotations

import pytest
from fake_network import rhyme_book
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tasks.poems.annotation import annotate
from workbench.inference.protocol import Character
from workbench.render.text import printable
from workbench.tui.poem.poem_layout import render_text, rows
from workbench.tui.poem.poem_text import PoemText

SPRING = "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。"
SNOW = "山飞鸟尽绝，人踪万径灭。舟翁独钓前，寒江一天雪。"


_MARKS = {"天": "○", "雪": "●", "看": "◎", "思": "◎", "鹤": " ", "x": " "}


def verse(text: str, given_: str = "", prosody=None) -> PoemText:
    made = PoemText(given_, None if prosody is None else lambda raw, ended: annotate(raw, prosody, ended=ended))
    for character in text:
        made.add(Character(text=character, log_probability=-1.0))
    return made


def laid(text: str, width: int) -> list[str]:
    return ["".join(text[number] for number in row) for row in rows(text, width)]


def test_two_lines_stand_beside_each_other_where_they_fit_else_a_line_a_row() -> None:
    couplets = ["春眠不觉晓，处处闻啼鸟。", "夜来风雨声，花落知多少。"]
    assert laid(SPRING, 24) == couplets
    assert laid(SPRING, 80) == couplets
    assert laid(SPRING, 23) == [line for couplet in couplets for line in (couplet[:6], couplet[6:])]


def test_a_line_that_grows_stays_where_it_is() -> None:
    for end in range(1, len(SPRING)):
        grown, whole = laid(SPRING[:end], 24), laid(SPRING, 24)
        assert grown[:-1] == whole[: len(grown) - 1]
        assert whole[len(grown) - 1].startswith(grown[-1])


def test_a_line_without_an_end_goes_on_in_the_next_row() -> None:
    assert laid("月" * 7, 6) == ["月月月", "月月月", "月"]
    assert laid("ab\ncd", 10) == ["ab\n", "cd"]
    assert laid("", 10) == [""]


@given(st.text("月明，。\nx\x1b\u0301", max_size=40), st.integers(0, 30))
def test_every_character_stands_in_one_row_in_its_order_and_no_row_is_too_wide(text: str, width: int) -> None:
    found = rows(text, width)
    assert [number for row in found for number in row] == list(range(len(text)))
    for row in found:
        shown = "".join(text[number] for number in row).strip("\n")
        assert cell_len(printable(shown)) <= max(width, 2)


@settings(max_examples=40, deadline=None)
@given(st.text("天雪看思，。鹤x\n", max_size=30), st.integers(2, 30))
def test_marks_stand_exactly_under_their_characters(text: str, width: int) -> None:
    written = verse(text, prosody=rhyme_book())
    written.end()
    lines = iter(render_text(written, width, marks=True).plain.split("\n"))
    for row in rows(text, width):
        shown = [text[number] for number in row if text[number] != "\n"]
        assert next(lines) == "".join(shown)
        marks = next(lines).replace("韵", "韵 ") if shown else ""  # the one mark that is two cells wide
        for character in shown:
            assert marks[0] in _MARKS.get(character, " 韵")
            marks = marks[cell_len(character) :] if marks[0] != "韵" else marks[2:]
        assert marks == ""
    assert next(lines, None) is None


def test_without_marks_or_a_book_there_is_only_the_text() -> None:
    for written, marks in ((verse(SNOW, prosody=rhyme_book()), False), (verse(SNOW), True)):
        assert render_text(written, 24, marks=marks).plain == "山飞鸟尽绝，人踪万径灭。\n舟翁独钓前，寒江一天雪。"


def test_rhymes_are_told_as_soon_as_there_are_two() -> None:
    grown = verse("", prosody=rhyme_book())
    found = []
    for character in SNOW:
        grown.add(Character(text=character, log_probability=-1.0))
        found.append({grown.positions[number].text for number in grown.annotation.linked})
    assert found[:11] == [set()] * 11
    assert found[11:23] == [{"绝", "灭"}] * 12
    assert found[23] == {"绝", "灭", "雪"}
    assert "韵" in render_text(grown, 24, marks=True).plain


def test_what_does_not_rhyme_is_not_marked() -> None:
    assert verse("山飞鸟尽天，人踪万径灭。舟翁独钓前，寒江一天月。", prosody=rhyme_book()).annotation.linked == []
    assert verse(SNOW).annotation.linked == []
    assert verse("，。，。", prosody=rhyme_book()).annotation.linked == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SNOW, "五绝 · rhymed on 屑, the first line too · "),
        (SPRING, "五绝 · not rhymed · "),
        ("月月明。", "free form · not rhymed · 月 twice in line 1"),
        ("月月明，雪月天。", "free form · not rhymed · "),
        ("月月天，雪月前。", "free form · rhymed on 先, the first line too · "),
        ("天天，天天。月，雪前前烟烟。", "前 烟 twice in line 4"),
    ],
)
def test_a_poem_is_judged_in_a_line(text: str, said: str) -> None:
    one = verse(text, prosody=rhyme_book())
    assert one.annotation.verdict == ""
    one.end()
    assert said in one.annotation.verdict


def test_where_a_poem_is_not_regulated_is_said_and_marked() -> None:
    broken = verse("雪月烟天月，天烟雪月前。烟天泉月雪，日天雪烟天。", prosody=rhyme_book())
    broken.end()
    said, faults = broken.annotation.verdict, broken.annotation.faults
    assert faults
    assert all(f"{broken.positions[number].text} in line " in said for number in faults[:3])
    assert render_text(broken, 24, marks=True).plain.count("!") == len(faults)


def test_a_regulated_poem_is_said_to_be() -> None:
    good = verse("雪月烟天月，天烟雪月前。烟天泉月雪，日月雪烟天。", prosody=rhyme_book())
    good.end()
    assert "rhymed on 先 · regulated" in good.annotation.verdict
    assert "!" not in render_text(good, 24, marks=True).plain


def test_without_a_book_form_and_repeated_characters_are_said() -> None:
    one = verse(SPRING, prosody=rhyme_book(empty=True))
    one.end()
    assert one.annotation.verdict == "五绝 · rhyme and tones unknown · 处 twice in line 2"


def test_what_was_given_is_bold_and_the_cursor_is_reversed() -> None:
    shown = render_text(verse("光", given_="月明", prosody=rhyme_book()), 20, marks=False, cursor=1)
    spans = {(span.start, span.end): str(span.style) for span in shown.spans}
    assert spans[0, 1] == "bold"
    assert spans[1, 2] == "bold reverse"
