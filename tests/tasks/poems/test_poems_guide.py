"""Guides of poems: constraints hold together by construction; those that cannot be met are one sentence each."""

from __future__ import annotations

import numpy as np
import pytest
from engine.generation.poem_books import BOOK, CHARACTERS, LEVEL, LEXICON, OBLIQUE, by_chance, planned
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tasks.poems import checker, forms, guide_building
from tasks.poems.constraints import PoemConstraints
from tasks.poems.lexicon import Lexicon
from tasks.poems.line_filter import LineFilter
from tasks.poems.prosody import GROUPS, LEVEL_GROUPS, Prosody
from tasks.shared.text.vocabulary import Vocabulary

constraints = st.fixed_dictionaries(
    {},
    optional={
        "form": st.sampled_from(forms.FORMS),
        "start": st.text(CHARACTERS, max_size=3),
        "acrostic": st.text(CHARACTERS, max_size=13),
        "rhyme": st.sampled_from(["天", "先", "东", "雪", "屑韵", "风", "any"]),
        "tones": st.booleans(),
        "distinct": st.booleans(),
        "novel": st.booleans(),
    },
)
NOTHING = LineFilter(np.zeros(0, np.uint32))


def lines(poem: str) -> list[str]:
    return forms.bare(poem)


def corpus(*known: str) -> LineFilter:
    flat = np.array(LEXICON.vocabulary.encode("".join(f"{line}。" for line in known)), dtype=np.int64)
    return LineFilter.from_tokens(flat, ~LEXICON.characters, 1)


def world(**groups: str) -> Lexicon:
    """Another one, whose rhyme book holds these alone."""
    characters = dict.fromkeys([*CHARACTERS, *"".join(groups.values())])
    book = Prosody([groups.get(name, "") for name in GROUPS])
    return Lexicon(Vocabulary([*"，。", *characters], LEXICON.vocabulary.specials), book)


@given(constraints, st.integers(0, 1000))
@settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_all_constraints_hold_together_in_every_poem(asked: dict, seed: int) -> None:
    try:
        plan = planned(NOTHING, **asked)
    except ValueError:
        assume(False)
    poem = by_chance(plan, seed, asked.get("start", ""))
    found = checker.check(poem, BOOK)
    cut = lines(poem)
    assert found.form in plan.forms
    assert found.form == asked.get("form", found.form)
    assert poem.startswith(asked.get("start", ""))
    assert [line[0] for line in cut][: len(asked.get("acrostic", ""))] == [*asked.get("acrostic", "")]
    if asked.get("tones"):
        assert found.regulated
    if rhyme := asked.get("rhyme"):
        name = rhyme[0]
        wanted = {name} if name in GROUPS else {GROUPS[number] for number in BOOK.groups(name)}
        wanted = {*GROUPS} if rhyme == "any" else wanted
        assert found.rhymed
        assert wanted & set(found.rhyme)
    if rhyme or asked.get("tones"):
        assert found.repeated_rhymes == []
    if asked.get("distinct"):
        assert found.distinct
    assert len(poem) <= 80


@given(st.sampled_from(forms.FORMS), st.lists(st.text(CHARACTERS, min_size=5, max_size=7)), st.integers(0, 99))
@settings(deadline=None)
def test_no_known_line_is_written(form: str, known: list[str], seed: int) -> None:
    poem = by_chance(planned(corpus(*known), form=form, novel=True), seed)
    assert not set(lines(poem)) & set(known)


def test_a_line_that_every_character_would_complete_is_left_by_going_back() -> None:
    known = corpus(*(f"天天天天{last}" for last in CHARACTERS), *(f"月月月月{last}" for last in CHARACTERS[:-1]))
    plan = planned(known, form="五绝", novel=True)
    begun = [LEXICON.start, LEXICON.forms["五绝"], *LEXICON.vocabulary.encode("天天天天")]
    assert not plan.mask(begun).any()
    assert not plan.is_final(begun)
    assert LEXICON.text(plan.mask([*begun[:2], *LEXICON.vocabulary.encode("月月月月")]).nonzero()[0]) == CHARACTERS[-1]
    for seed in range(20):
        by_chance(plan, seed)


def test_the_network_chooses_the_form_among_those_that_can_be() -> None:
    assert planned().forms == [*forms.FORMS]
    assert planned(acrostic="天月").forms == ["五绝", "七绝"]
    assert planned(acrostic="天月东风看").forms == ["五律", "七律"]
    assert planned(acrostic="天月东风看思日水草夜").forms == [forms.FREE]
    assert planned(tones=True).forms == [*forms.FORMS[:4]]
    assert planned(start="天月东风看，").forms == ["五绝", "五律", forms.FREE]
    assert planned(start="天月东").forms == [*forms.FORMS]
    assert planned(start="天月东风看思").forms == ["七绝", "七律", forms.FREE]
    assert planned(start="天月，").forms == [forms.FREE]


def test_a_free_poem_is_none_of_the_four_forms_and_ends_in_time() -> None:
    plan = planned(form=forms.FREE)
    for seed in range(30):
        poem = by_chance(plan, seed)
        assert forms.form(poem) == forms.FREE
        assert poem.endswith("。")
        assert len(poem) <= 80
    whole = planned(form=forms.FREE, start="天月东风看，天月东风看。天月东风看，天月东风看。")
    codes = LEXICON.vocabulary.encode("天月东风看，天月东风看。天月东风看，天月东风看。")
    assert not whole.mask([LEXICON.start, LEXICON.forms[forms.FREE], *codes])[LEXICON.end]


def test_a_poem_that_may_be_of_several_lengths_ends_at_a_lines_end() -> None:
    plan = planned(form=forms.FREE, tones=True)
    for seed in range(20):
        poem = by_chance(plan, seed)
        assert poem.endswith("。")
        assert len(lines(poem)) in (6, 10, 12)


def test_the_beginning_of_a_longer_line_is_no_line_where_it_breaks_the_tones() -> None:
    plan = planned(form=forms.FREE, tones=True)
    begun = [LEXICON.start, LEXICON.forms[forms.FREE], *LEXICON.vocabulary.encode("东月烟烟年")]  # 平仄平平平
    assert plan.mask(begun).any()
    assert not plan.mask(begun)[LEXICON.comma]


def test_the_last_rhyming_character_is_kept_for_the_lines_end() -> None:
    start = "天月夜日水，东风同"
    plan = planned(form="五绝", rhyme="东", distinct=True, start=start)
    begun = [LEXICON.start, LEXICON.forms["五绝"], *LEXICON.vocabulary.encode(start)]
    assert LEXICON.vocabulary.number("中") not in plan.mask(begun).nonzero()[0]
    assert plan.is_final(begun)  # nothing has to be taken back
    assert {lines(by_chance(plan, seed, start))[1][-1] for seed in range(20)} == {"中"}


def test_a_group_whose_name_is_read_otherwise_too() -> None:
    lexicon = world(豪="号高毛涛", 号="号帽报到")
    for asked, ends in (({}, "号帽报到"), ({"tones": True}, "号高毛涛")):
        plan = guide_building.build_guide(
            PoemConstraints(form="五绝", rhyme="号", **asked), lexicon, None, simplify=True
        )  # type: ignore[arg-type]
        groups = [group for _, groups in plan.remaining(lexicon.forms["五绝"], ()) for group in groups]
        assert {lexicon.text(lexicon.members[group].nonzero()[0]) for group in groups} == {ends}


@pytest.mark.parametrize(
    ("ends", "left"), [("", "天年"), ("平", "天年"), ("天", "年"), ("天年", "平行生"), ("天年平", "行生")]
)
def test_a_character_of_two_level_groups_ends_a_line_where_no_other_is_left(ends: str, left: str) -> None:
    lexicon = world(先="天年平行生", 庚="平行生")
    start = "".join(f"月日水草夜，月日水草{end}。" for end in ends) + "月日水草夜，月日水草"
    plan = guide_building.build_guide(
        PoemConstraints(form="五律", rhyme="天", start=start), lexicon, None, simplify=True
    )
    begun = [lexicon.start, lexicon.forms["五律"], *lexicon.vocabulary.encode(start)]
    assert lexicon.text(plan.mask(begun).nonzero()[0]) == left


def test_a_traditional_character_is_converted_and_said() -> None:
    assert planned(rhyme="東韻").notes == ["Read in simplified characters: 東 as 东."]
    assert planned(rhyme="邊", start="東").notes[1] == "Read in simplified characters: 邊 as 边."
    plan = planned(start="東風", acrostic="東")
    assert plan.notes[0] == "Read in simplified characters: 東 as 东, 風 as 风."
    assert planned(form="五絕").forms == ["五绝"]


REFUSED = {
    "There is no form 词": {"form": "词"},
    "at most 13 of them: this one has 40": {"acrostic": "天" * 40},
    "A 五绝 has 4 lines, and the acrostic 5 characters: 五律 or 七律": {"form": "五绝", "acrostic": "天月东风看"},
    "A 七律 has 8 lines, and the acrostic 9 characters: free": {"form": "七律", "acrostic": "天月东风看天月东风"},
    "A 五绝 has lines of 5 characters, and the beginning's 天月东风看思 has 6": {
        "form": "五绝",
        "start": "天月东风看思",
    },
    "A 五绝 has 4 lines, and the beginning 5": {"form": "五绝", "start": "天月东风看。" * 5},
    "A 七绝 has lines of 7 characters ended by": {"form": "七绝", "start": "天月东，"},
    "this beginning has 96": {"start": "天月东风看。" * 16},
    "Poems are written in Chinese characters: a b": {"start": "ab"},
    "The network never saw 囧": {"acrostic": "囧"},
    "The acrostic wants line 1 to begin with 月, and the beginning has 天": {"start": "天", "acrostic": "月"},
    "天天天天 (平平平平) fits none of the four line types": {"start": "天天天天", "tones": True},
    "follows the lines before it by none": {"start": "天天月月天，天天月月天。", "tones": True},
    "天年 is no rhyme": {"rhyme": "天年"},
    "Chinese characters: x y cannot stand in one": {"rhyme": "xy"},
    "The network does not know 囧": {"rhyme": "囧"},
    "at most 12 of them in regulated verse: this one has 13": {"acrostic": "天月" * 6 + "天", "tones": True},
    "The rhyme book does not hold 鹤": {"rhyme": "鹤"},
    "月 is oblique": {"rhyme": "月", "tones": True},
    "The model knows 0 characters of the rhyme group 江, and such a poem needs 3: 先 东 屑": {"rhyme": "江"},
    "needs 5: 先 have enough": {"rhyme": "东", "form": "七律"},
    "Line 2 of the beginning ends with 月, which does not rhyme on 天": {
        "start": "天天天天天，月月月月月。",
        "rhyme": "天",
    },
    "Line 2 of the beginning ends with 月, which does not rhyme on any level group": {
        "start": "天天天天天，月月月月月。",
        "rhyme": "any",
    },
    "天天 has a character twice": {"start": "天天", "distinct": True},
    "The beginning's line 东风同中 holds every character left that could end it to rhyme on 东": {
        "start": "天月夜日水，东风同中",
        "rhyme": "东",
        "distinct": True,
    },
    "Nothing can follow the beginning 天月夜日水，月日夜水 as": {
        "start": "天月夜日水，月日夜水",
        "rhyme": "雪",
        "novel": True,
        "form": "五绝",
    },
    "The beginning's line 天月东风看 is one of the training corpus": {"start": "天月东风看，", "novel": True},
    "line 天月东风看 is one of the training": {"start": "天月东风看", "novel": True, "form": "五绝"},
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_constraints_that_cannot_be_met_are_one_sentence(sentence: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as error:
        planned(corpus("天月东风看", *(f"月日夜水{end}" for end in "雪绝别灭")), **REFUSED[sentence])
    assert sentence in str(error.value)


def test_without_the_book_or_the_corpus_it_is_said() -> None:
    with pytest.raises(ValueError, match="without the lines of its training corpus"):
        planned(None, novel=True)


def test_a_model_of_few_characters_cannot_write_different_ones() -> None:
    few = Lexicon(Vocabulary([*"，。天年月"], LEXICON.vocabulary.specials), BOOK)
    with pytest.raises(ValueError, match="too few characters for lines of different ones"):
        guide_building.build_guide(PoemConstraints(distinct=True), few, None, simplify=True)


def test_tones_of_the_toys() -> None:
    assert all(BOOK.tone(character) == 1 for character in LEVEL)
    assert all(BOOK.tone(character) == 2 for character in OBLIQUE)


@pytest.mark.parametrize(
    ("constraints", "length", "sentence"),
    [
        ({"form": "五绝"}, 23, "A 五绝 has 24 characters, marks counted: a length of 23 would cut it, so allow 24"),
        (
            {"form": "五绝", "start": "天月"},
            21,
            "has 22 characters after this beginning, marks counted: a length of 21",
        ),
        ({"rhyme": "天"}, 63, "A poem as it is asked for may have 64 characters"),
        ({"form": forms.FREE, "rhyme": "天"}, 71, "A poem as it is asked for may have 80 characters"),
    ],
)
def test_a_length_that_would_cut_the_poem_is_refused(constraints: dict, length: int, sentence: str) -> None:
    guide = planned(**constraints)
    with pytest.raises(ValueError, match=sentence):
        guide.check_length(constraints.get("start", ""), length)
    guide.check_length(constraints.get("start", ""), 80)


def test_constraints_that_hold_line_by_line_take_any_length() -> None:
    for constraints in ({"distinct": True}, {"form": forms.FREE}):
        planned(**constraints).check_length("", 1)


def test_no_rhyme_stands_twice_nor_where_the_first_line_ended() -> None:
    poems = [
        by_chance(planned(form="五律", rhyme="天", start="月月月月天，"), seed, "月月月月天，") for seed in range(20)
    ]
    assert all(lines(poem)[line][-1] != "天" for poem in poems for line in (1, 3, 5, 7))
    for start in ("月月月月天，月月月月天。", "月月月月月，月月月月天。月月月月月，月月月月天。"):
        with pytest.raises(ValueError, match="Two lines of the beginning end with 天, and no"):
            planned(form="五律", rhyme="天", start=start)
    assert planned(form="五律", start="月月月月天，月月月月天。")  # no rhyme is asked for


def test_any_rhyme_is_a_level_one_on_which_no_character_rhymes_twice() -> None:
    poems = [by_chance(planned(form="五律", rhyme=rhyme), seed) for seed in range(10) for rhyme in ("any", " Any ")]
    found = [checker.check(poem, BOOK) for poem in poems]
    assert all(one.rhymed and not one.repeated_rhymes for one in found)
    assert {group for one in found for group in one.rhyme} <= {*LEVEL_GROUPS}
    assert planned(rhyme="any", tones=True).forms == planned(tones=True).forms
    assert planned(rhyme="any", start="月月月月天，").notes == []
    with pytest.raises(ValueError, match=r"No level rhyme group has the 3 characters .*: leave the rhyme free"):
        guide_building.build_guide(PoemConstraints(rhyme="any"), world(东="东"), None, simplify=True)


def test_regulated_verse_may_take_the_substitute() -> None:
    start = "月日天天月，天天月日天。天年月前日，"
    poem = by_chance(planned(form="五绝", tones=True, start=start), 0, start)
    assert checker.check(poem, BOOK).substitutes == [2]
