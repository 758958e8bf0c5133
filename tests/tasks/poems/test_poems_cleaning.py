"""Poems made plain: what is removed, folded, dropped, and that it is counted."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.poems import cleaning, forms

QUATRAIN = "松花落石床，涧水过云房。夜静钟声远，山空月色凉。"


def one(text: str) -> str:
    (poem,), _ = cleaning.clean([text])
    return poem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("夜静钟声远（一作「近」），山空月色凉。", "夜静钟声远，山空月色凉。"),
        ("夜静钟声远，山空月色凉。（见《记》〖卷二〗，（按：存疑）。）。", "夜静钟声远，山空月色凉。"),
        ("夜静(一作深)钟声远，山空月色凉。", "夜静钟声远，山空月色凉。"),
        ("〖1〗夜静钟声远【注】，山空月色凉〔又〕。", "夜静钟声远，山空月色凉。"),
    ],
)
def test_notes_in_brackets_are_removed_however_deep(text: str, expected: str) -> None:
    assert one(text) == expected
    assert cleaning.clean([text])[1]["noted"] == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("夜静钟[声]远，《山空》月色凉。", "夜静钟声远，山空月色凉。"),
        ("问：“夜静钟声远？”「山空」！月色凉；", "问，夜静钟声远。山空。月色凉。"),
        ("夜静、钟声远,山空 月色凉.", "夜静，钟声远，山空月色凉。"),
        ("，夜静钟声远，，山空。。月色凉，。", "夜静钟声远，山空。月色凉。"),
        ("夜静钟声远，山空月色凉", "夜静钟声远，山空月色凉。"),
        ("夜静钟声远，山空月色凉，", "夜静钟声远，山空月色凉。"),
        ("夜静\r\n钟声远，\u3000山空月色凉。", "夜静钟声远，山空月色凉。"),
        ("\ufeff夜静钟\u200b声远，山空\u2060月色\u200d凉。", "夜静钟声远，山空月色凉。"),
        ("㸌㸌𢬵声远，山空月色凉〇。", "㸌㸌𢬵声远，山空月色凉〇。"),
    ],
)
def test_marks_go_and_punctuation_is_folded(text: str, expected: str) -> None:
    assert one(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("夜静□声远，山空月色凉。", "holes"),
        ("夜静○声远，山空[□]色凉。", "holes"),
        ("夜静●声远，山空月色凉。", "holes"),
        ("夜静abc远，山空月色凉。", "foreign"),
        ("夜静{钅/中}声远，山空月色凉。", "foreign"),
        ("夜静钟声远，山空（月色凉。", "foreign"),
        ("夜静钟。", "short"),
        ("（夜静钟声远，山空月色凉。）", "short"),
        ("", "short"),
        ("夜静钟声远，" * 14, "long"),
    ],
)
def test_unusable_texts_are_dropped_and_counted(text: str, reason: str) -> None:
    poems, done = cleaning.clean([text, QUATRAIN])
    assert poems == [QUATRAIN]
    assert done[reason] == 1
    assert done["kept"] == 1
    assert done["read"] == 2


def test_the_bounds_count_punctuation() -> None:
    assert one("夜静钟声") == "夜静钟声。"
    assert len(one("夜" * 79)) == 80
    assert cleaning.clean(["夜静钟", "夜" * 80])[1]["kept"] == 0


def test_a_poem_stands_once_though_its_notes_and_marks_differ() -> None:
    poems, done = cleaning.clean([QUATRAIN, QUATRAIN.replace("。", "！"), QUATRAIN + "（又见卷三）"])
    assert poems == [QUATRAIN]
    assert done["duplicate"] == 2


def test_the_summary_has_a_sentence_for_each_change_and_none_without_one() -> None:
    texts = [QUATRAIN, QUATRAIN, "夜静□声远。", "a夜静钟声远。", "夜。", "夜" * 99, "夜静钟声远（注）。"]
    said = cleaning.summarize(cleaning.clean(texts)[1])
    assert [sentence.split()[0] for sentence in said] == ["1"] * 6 + ["2"]
    assert said[-1] == "2 of 7 poems are left."
    assert not cleaning.summarize(cleaning.clean([QUATRAIN])[1])


texts = st.text(st.sampled_from("月山水鹤，。、！？（）()〖〗[]《》「」□a \n"), max_size=90)


@given(st.lists(texts, max_size=5))
def test_cleaned_poems_are_plain_and_every_text_is_counted(given_texts: list[str]) -> None:
    poems, done = cleaning.clean(given_texts)
    assert done["read"] == len(given_texts) == sum(done[k] for k in done if k not in ("read", "noted"))
    assert len(set(poems)) == len(poems) == done["kept"]
    for poem in poems:
        assert cleaning.SHORTEST <= len(poem) <= cleaning.LONGEST
        assert re.fullmatch("[月山水鹤][月山水鹤，。]*。", poem)
        assert not re.search("[，。][，。]", poem)
    assert cleaning.clean(poems)[0] == poems


@pytest.mark.parametrize(
    ("poem", "well_formed"),
    [
        (QUATRAIN, True),
        (QUATRAIN * 2, True),
        (QUATRAIN.replace("床，", "床。"), True),
        ("松花开落石床前，涧水长流绕竹边。夜静钟声来古寺，山空月色满寒川。", True),
        (QUATRAIN[:12], False),  # a couplet
        (QUATRAIN + "松花落石床。", False),
        (QUATRAIN.replace("夜静", "夜"), False),
        (QUATRAIN[:-1], False),
        (QUATRAIN.replace("房。", "房，"), False),
        (QUATRAIN[:12] + "夜静钟声来古寺，山空月色满寒川。", False),
        ("", False),
    ],
)
def test_well_formed(poem: str, well_formed: bool) -> None:
    assert forms.is_well_formed(poem) is well_formed


@given(st.text("月山，。", max_size=40))
def test_lines_are_the_poem_cut(poem: str) -> None:
    assert "".join(forms.lines(poem)) == poem == forms.with_line_breaks(poem).replace("\n", "")


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("夜静钟声远，山空。", []),
        ("  夜静\n", []),
        ("《夜静》 钟[声", ["Left out: 《 (1), 》 (1), [ (1), blanks (1)."]),
        ("“夜静”？“山空”！月：", ["Left out: “ (2), ” (2).", "Read as ， or 。: ？ (1), ！ (1), ： (1)."]),
        ("，夜静，，山空。，", ["Left out: marks of punctuation before the first character or beside others (3)."]),
        ("夜\u200b静\ufeff\u200b", ["Left out: U+200B (2), U+FEFF (1)."]),
    ],
)
def test_what_is_left_out_of_a_beginning_is_counted(text: str, notes: list[str]) -> None:
    assert cleaning.fold_notes(text) == notes


beginnings = st.text(st.sampled_from("月山，。、！《》「」[ \u200b\u3000"), max_size=20)


@given(beginnings)
def test_every_character_left_out_is_counted(text: str) -> None:
    told = sum(map(int, re.findall(r"\((\d+)\)", " ".join(n for n in cleaning.fold_notes(text) if "Left out" in n))))
    assert told == len(text.strip()) - len(cleaning.fold(text))
