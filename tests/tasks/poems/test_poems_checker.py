"""Rules checked on poems that people wrote, and on some that break them."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine.generation.poem_books import BOOK

from tasks.poems import annotation, checker, explanation, prosody, tone_patterns
from tasks.poems.checker import check
from tasks.poems.prosody import GROUPS, Prosody, Tone

READ_TWICE = Prosody([{"寒": "看寒", "翰": "看", "先": "天", "月": "月", "质": "日"}.get(name, "") for name in GROUPS])
STORKS = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"  # 王之涣, 登鹳雀楼
MOON = "床前明月光，疑是地上霜。举头望明月，低头思故乡。"  # 李白, 静夜思: an old-style one
SPRING = (
    "国破山河在，城春草木深。感时花溅泪，恨别鸟惊心。烽火连三月，家书抵万金。白头搔更短，浑欲不胜簪。"  # 杜甫, 春望
)
EMPEROR = "朝辞白帝彩云间，千里江陵一日还。两岸猿声啼不住，轻舟已过万重山。"  # 李白, 早发白帝城
RIVER = "千山鸟飞绝，万径人踪灭。孤舟蓑笠翁，独钓寒江雪。"  # 柳宗元, 江雪: oblique rhymes


@pytest.mark.data
def test_poems_that_everyone_knows(real_data: Path) -> None:
    book, _ = prosody.read(real_data / "poems")
    storks = check(STORKS, book)
    assert (storks.form, storks.regulated, storks.rhyme, storks.first_rhymes) == ("五绝", True, "尤", False)
    assert storks.scheme == ["仄仄平平仄", "平平仄仄平", "平平平仄仄", "仄仄仄平平"]
    spring = check(SPRING, book)
    assert (spring.form, spring.regulated, spring.rhyme, spring.repeated) == ("五律", True, "侵", [])
    emperor = check(EMPEROR, book)
    assert (emperor.form, emperor.regulated, emperor.rhyme, emperor.first_rhymes) == ("七绝", True, "删", True)
    assert emperor.scheme == ["平平仄仄仄平平", "仄仄平平仄仄平", "仄仄平平平仄仄", "平平仄仄仄平平"]
    moon = check(MOON, book)
    assert (moon.form, moon.regulated, moon.rhymed, moon.rhyme) == ("五绝", False, True, "阳")
    assert moon.misfits
    river = check(RIVER, book)
    assert (river.regulated, river.rhymed, river.rhyme) == (False, True, "屑")


def test_a_first_line_that_may_be_read_to_rhyme_is() -> None:
    found = check("月日日天看，天天月日寒。天天天月日，月日月天看。", READ_TWICE)
    assert (found.regulated, found.first_rhymes, found.rhyme) == (True, True, "寒")
    assert found.scheme[0] == "仄仄仄平平"


def test_regulated_verse_rhymes_on_level_groups_alone() -> None:
    found = check("月日天天月，天天月日看。天天天月日，月日月天看。", READ_TWICE)
    assert (found.regulated, found.rhyme) == (True, "寒")  # not on 翰, where 看 may be read as well


def test_misfits_are_found_at_their_places() -> None:
    right = "月日天天月，天天月日天。天天天月日，月日月年前。"
    found = check(right, BOOK)
    assert (found.misfits, found.regulated, found.rhyme) == ([], True, "先")
    assert found.repeated == [0, 1, 2, 3]
    wrong = check("月日天天月，天月月日天。天天天月日，月日月年前。", BOOK)
    assert (wrong.misfits, wrong.regulated) == ([(1, 1)], False)
    assert check(right[:-2] + "东。", BOOK).rhymed is False
    assert check(right[:-2] + "鹤。", BOOK).regulated is False  # nobody knows what it rhymes with


def test_the_taboos_are_none_of_the_freedoms() -> None:
    lonely = [Tone.OBLIQUE, Tone.LEVEL, Tone.OBLIQUE, Tone.OBLIQUE, Tone.LEVEL]
    assert tone_patterns.nearest(lonely, "平平仄仄平", 5)[1]
    rescued = [Tone.OBLIQUE, Tone.LEVEL, Tone.LEVEL, Tone.OBLIQUE, Tone.LEVEL]
    assert not tone_patterns.nearest(rescued, "平平仄仄平", 5)[1]
    three = [Tone.OBLIQUE, Tone.OBLIQUE, Tone.LEVEL, Tone.LEVEL, Tone.LEVEL]
    assert tone_patterns.nearest(three, "仄仄仄平平", 5)[1] == [2]
    assert not tone_patterns.nearest([Tone.FREE, Tone.UNKNOWN] * 2 + [Tone.FREE], "仄仄仄平平", 5)[1]


@pytest.mark.parametrize("lines", [4, 8])
def test_schemes_answer_and_stick(lines: int) -> None:
    found = tone_patterns.schemes(lines)
    assert len(set(found)) == 4
    for scheme in found:
        seconds = [kind[1] for kind in scheme]
        assert all(seconds[line] != seconds[line + 1] for line in range(0, lines, 2))
        assert all(seconds[line] == seconds[line + 1] for line in range(1, lines - 1, 2))
        assert tone_patterns.rhymes(scheme) in ([*range(1, lines, 2)], [0, *range(1, lines, 2)])
        for kind in scheme:
            for pattern in tone_patterns.patterns(kind, 7):
                assert len(pattern) == 7
                assert pattern[1] != pattern[3]


def test_a_poem_without_a_form_and_without_a_book() -> None:
    assert check("天地，天。", BOOK).form == "free"
    assert check("", BOOK).form == "free"
    assert check("天。", BOOK).rhyme == ""
    assert not check(STORKS, prosody.Prosody()).rhymed


def test_any_equal_lines_in_couplets_can_be_regulated() -> None:
    scheme = tone_patterns.schemes(6)[0]
    level, oblique = "天年前边烟泉眠弦", "月雪绝别灭夜日水"
    lines = ["".join((level if tone == "平" else oblique)[place] for place, tone in enumerate(kind)) for kind in scheme]
    lines = [line[:-1] + level[-1 - number] if line[-1] in level else line for number, line in enumerate(lines)]
    poem = "".join(f"{odd}，{even}。" for odd, even in zip(lines[::2], lines[1::2], strict=True))
    found = check(poem, BOOK)
    assert (found.form, found.regulated, found.scheme, found.misfits) == ("free", True, [*scheme], [])
    assert not check(poem.replace(lines[3][1], "东" if lines[3][1] in oblique else "月", 1), BOOK).regulated
    assert check("".join(f"{line}。" for line in lines[:5]), BOOK).scheme == []  # no couplets


def test_one_line_rhymes_with_nothing() -> None:
    alone, both = check("天月，月天。", BOOK), check("月天，月年。", BOOK)
    assert (check("月月，月天。", BOOK).rhymed, alone.rhymed, alone.rhyme) == (False, False, "")
    assert (both.rhymed, both.rhyme, both.first_rhymes) == (True, "先", True)
    assert check("月月，月天。月月，月年。", BOOK).rhymed


def test_distinct_runs_do_not_cross_lines() -> None:
    assert checker.ngrams("天地人，地人。", 2) == ["天地", "地人", "地人"]
    assert checker.distinct_ngrams(["天地人，地人。"], 2) == pytest.approx(2 / 3)
    assert checker.distinct_ngrams([], 1) == 0


LEVEL_LINE, SUBSTITUTED = "天天天月日", "天年月前日"  # 平平平仄仄, 平平仄平仄


def test_the_substitute_is_regulated_and_not_strictly() -> None:
    right = "月日天天月，天天月日天。{}，月日月年前。"
    plain, substituted = check(right.format(LEVEL_LINE), BOOK), check(right.format(SUBSTITUTED), BOOK)
    assert (plain.regulated, plain.strict, plain.substitutes) == (True, True, [])
    assert (substituted.regulated, substituted.strict, substituted.substitutes) == (True, False, [2])
    assert substituted.scheme == plain.scheme
    for wrong in ("月年月前日", "天年月前天", "天月月前日"):  # its first character is level, its last oblique
        assert not check(right.format(wrong), BOOK).regulated
    seven = "天天月日天天月，月日天天月日天。{}，天天月日月年前。"
    assert check(seven.format("月日天年月前日"), BOOK).substitutes == [2]
    assert check(seven.format("天日天年月前日"), BOOK).regulated  # the first of seven is free
    assert not check(seven.format("月日月年月前日"), BOOK).regulated


def test_a_line_that_can_be_read_without_the_substitute_is() -> None:
    either = check("月日天天月，天天月日天。天年看看日，月日月年前。", BOOK)  # 看 is level or oblique
    assert (either.regulated, either.substitutes) == (True, [])


def test_a_character_rhymed_on_twice_is_told_and_rhymes_all_the_same() -> None:
    twice = check("月日天天月，天天月日天。天天天月日，月日月年天。", BOOK)
    assert (twice.rhymed, twice.regulated, twice.repeated_rhymes) == (True, True, [3])
    first = check("月日月年前，天天月日天。天天天月日，月日月年前。", BOOK)
    assert (first.first_rhymes, first.repeated_rhymes) == (True, [3])
    unrhymed = check("月日天天月，天天月日月。天天天月日，月日月年天。", BOOK)
    assert (unrhymed.rhymed, unrhymed.repeated_rhymes) == (False, [])
    assert check("，月天，月年。", BOOK).repeated_rhymes == []
    verdict = annotation.annotate("月日天天月，天天月日天。天天天月日，月日月年天。", BOOK, ended=True)
    assert "rhymed on 先 · 天 rhymes twice (重韵) · regulated" in verdict.verdict
    assert 22 in verdict.faults
    (_, rules) = explanation.explain("月日天天月，天天月日天。天天天月日，月日月年天。", [0.1] * 24, BOOK)
    assert ["no rhyme twice (重韵)", "broken", "天 in line 4 again"] in rules.rows  # type: ignore[union-attr]
    assert (
        "regulated with 平平仄平仄 in line 3"
        in annotation.annotate("月日天天月，天天月日天。天年月前日，月日月年前。", BOOK, ended=True).verdict
    )
