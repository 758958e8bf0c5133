"""The poems' files: three layouts, bad input, the split, the cache, the starter set, the real corpus."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from poem_files import load, poems_of, tang

from tasks.base import DataError
from tasks.poems import cleaning, corpora, data, forms, prosody
from tasks.poems.checker import shared_groups
from tasks.poems.data import SPECIALS, PoemData
from tasks.poems.prosody import GROUPS
from tasks.poems.settings import Settings
from tasks.poems.transcription import to_simplified
from tasks.shared.datasets import locations, reading
from tasks.shared.text.vocabulary import START, Vocabulary

POEMS = ["松花落石床，涧水过云房。", "夜静钟声远，山空月色凉。", "溪夜无人语，风来竹自摇。", "短笛牛归晚，斜阳水满田。"]


def test_the_three_layouts_hold_the_same_poems(tmp_path: Path) -> None:
    tang(tmp_path, POEMS[:2], "poet.tang.1000.json")
    tang(tmp_path, POEMS[2:], "poet.tang.0.json")
    (tmp_path / "poems.txt").write_text("".join(f"题目:{poem}\n" for poem in POEMS) + "\n", "utf-8-sig")
    wrapped = "\n\n \n".join(f"{poem[:7]}\n{poem[7:]}" for poem in POEMS)
    (tmp_path / "tangshi.txt").write_text(f"\n{wrapped}\n", "utf-8")
    texts = {corpus: corpora.read(*corpora.find(tmp_path, corpus)).texts for corpus in ("tang", "poems", "tangshi")}
    assert texts["tang"] == POEMS[2:] + POEMS[:2]  # files in their numbers' order
    assert texts["poems"] == texts["tangshi"] == POEMS


def test_auto_takes_the_first_corpus_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "tangshi.txt").write_text("\n\n".join(POEMS), "utf-8")
    assert corpora.find(tmp_path, "auto")[0] == "tangshi"
    (tmp_path / "poems.txt").write_text("", "utf-8")
    assert corpora.find(tmp_path, "auto")[0] == "poems"
    assert corpora.find(tmp_path, "tangshi")[0] == "tangshi"
    tang(tmp_path, POEMS)
    assert corpora.find(tmp_path, "auto")[0] == "tang"


line = st.text(st.characters(blacklist_categories=("Cc", "Cf", "Zs", "Zl", "Zp", "Cs")), min_size=1, max_size=12)


@given(st.lists(line, min_size=1, max_size=6))
@settings(deadline=None)
def test_wrapping_loses_nothing(tmp_path_factory: pytest.TempPathFactory, poems: list[str]) -> None:
    path = tmp_path_factory.mktemp("wrapped") / "tangshi.txt"
    path.write_text("\n\n".join("\n".join(poem) for poem in poems), "utf-8")
    assert corpora.read("tangshi", [path]).texts == [
        poem.removeprefix("\ufeff") if not i else poem for i, poem in enumerate(poems)
    ]


def _cut(lost: int) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = tang(folder, POEMS)
        path.write_bytes(path.read_bytes()[:-lost])

    return spoil


def _bad(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content) and None


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        *((_cut(lost), "poet.tang.0.json is not a whole JSON list of poems") for lost in (1, 4, 40, 41, 42)),
        (_bad("poet.tang.0.json", b'{"title": 1}'), "is not a whole JSON list of poems"),
        (_bad("poet.tang.0.json", b'[{"title": "x"}]'), '"paragraphs"'),
        (_bad("poet.tang.0.json", b"[]"), "holds no poem"),
        (_bad("poet.tang.0.json", "[]".encode("utf-16")), "is not UTF-8 text"),
        (_bad("poems.txt", b""), "is empty"),
        (_bad("poems.txt", b"\n\n"), "holds no poem"),
        (_bad("poems.txt", f"题:{POEMS[0]}\n{POEMS[1]}".encode()), "line 2 has no colon: expected title:content"),
        (_bad("poems.txt", f"题:{POEMS[0]}".encode("gb18030")), "is not UTF-8 text"),
        (_bad("tangshi.txt", "月落\n\n乌啼".encode()), "No poem is left of the 2"),
        (_bad("tangshi.txt", "\n".join(POEMS).encode()), "with a blank line between poems: three are needed"),
        (_bad("poems.txt", f"题:李白:{POEMS[0]}".encode()), "holds no poem: 1 poem was left out of poems.txt"),
        (_bad("poet.tang.0.json", json.dumps([{"content": POEMS}]).encode()), "missing required field `paragraphs`"),
        (_bad("poet.tang.0.json", '[{"paragraphs": ["月"]},]'.encode()), "trailing comma"),
        (_bad("poet.tang.0.json", f'[{{"paragraphs": ["{POEMS[0]}"]}}]'.encode("gb18030")), "is not UTF-8 text"),
        (_bad("tangshi.txt", f"{POEMS[0]}\n\n{POEMS[1]}".encode()), "Only 2 poems are left"),
        (lambda folder: None, "holds no poet.tang.*.json or poems.txt or tangshi.txt"),
    ],
)
def test_bad_input_is_told_in_a_sentence(tmp_path: Path, spoil: Callable[[Path], None], says: str) -> None:
    spoil(tmp_path)
    with pytest.raises(DataError, match=re.escape(says)) as caught:
        load(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


TITLED = "".join(f"题:{poem}\n" for poem in POEMS)
APART = "\n\n".join(POEMS)
HEADINGS = "\n\n".join(f"登鹳雀楼五首\n\n作者：李白\n{poem}" for poem in POEMS)
UNCLEAR = "more than one colon, so that it is not clear where the title ends."
HEADED = "a title, or a colon before the first other mark, where a poem begins."
NO_POEM = "1 poem with anything but Chinese characters and punctuation was dropped."


@pytest.mark.parametrize(
    ("name", "content", "begins", "ends"),
    [
        (
            "poems.txt",
            f"{TITLED}送别:其一:山中相送罢，日暮。\n",
            "1 poem was left out of poems.txt, first that of line 5",
            UNCLEAR,
        ),
        (
            "poems.txt",
            f"题:君问：何日归。\n又:一:二\n{TITLED}",
            "2 poems were left out of poems.txt, first that of line 1",
            UNCLEAR,
        ),
        ("poems.txt", f"{TITLED}题:hello\n", NO_POEM, ""),
        (
            "tangshi.txt",
            f"{APART}\n\n李白：床前明月光。",
            "1 poem was left out of tangshi.txt, first that of line 9",
            HEADED,
        ),
        (
            "tangshi.txt",
            f"{APART}\n\n《静夜思》床前明。",
            "1 poem was left out of tangshi.txt, first that of line 9",
            HEADED,
        ),
        ("tangshi.txt", f"李白\n{APART}", "1 line without punctuation above poems of tangshi.txt (line 1: 李白) ", ""),
        ("tangshi.txt", HEADINGS, "8 lines without punctuation above poems of tangshi.txt (line 1: 登鹳雀楼五首) ", ""),
    ],
)
def test_what_is_no_verse_is_left_out_and_told(tmp_path: Path, name: str, content: str, begins: str, ends: str) -> None:
    for line_end in ("\n", "\r\n", "\r"):
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + content.replace("\n", line_end).encode())
        texts, notes = data.read(Settings(), *corpora.find(tmp_path, "auto"))
        assert texts == POEMS
        assert notes == [*load(tmp_path).notes][: len(notes)]
        assert any(note.startswith(begins) and note.endswith(ends) for note in notes)


def test_a_corpus_that_is_there_and_not_read_is_told(tmp_path: Path) -> None:
    tang(tmp_path, POEMS)
    assert not any("is read and not" in note for note in load(tmp_path).notes)
    (tmp_path / "poems.txt").write_text(TITLED, "utf-8")
    assert "poet.tang.*.json is read and not poems.txt: task.corpus=poems takes that." in load(tmp_path).notes
    assert not any("is read and not" in note for note in load(tmp_path, corpus="poems").notes)


def test_one_corpus_wanted_and_another_there(tmp_path: Path) -> None:
    tang(tmp_path, POEMS)
    with pytest.raises(DataError, match=r"holds no tangshi\.txt"):
        load(tmp_path, corpus="tangshi")


def test_characters_are_simplified_unless_asked_otherwise(tmp_path: Path) -> None:
    tang(tmp_path, ["遠書歸夢兩悠悠，只有空牀敵素秋。", *POEMS])
    assert "远书归梦两悠悠，只有空床敌素秋。" in poems_of(load(tmp_path))
    assert "遠書歸夢兩悠悠，只有空牀敵素秋。" in poems_of(load(tmp_path, script="original"))
    assert to_simplified([]) == [""]


def test_every_poem_begins_with_its_form(tmp_path: Path) -> None:
    five, seven = "松花落石床，涧水过云房。", "春来松花落石床，春来涧水过云房。"
    written = {"五绝": five * 2, "七绝": seven * 2, "五律": five * 4, "七律": seven * 4, "free": five + seven}
    assert [forms.form(poem) for poem in written.values()] == list(written)
    for text in ("", "。", "春，", five, five * 3, five * 2 + "春来。", "松花落石床，" * 4):
        assert forms.form(text) == forms.FREE
    tang(tmp_path, [*written.values(), *POEMS[1:]])
    found = load(tmp_path)
    vocabulary = Vocabulary(found.state["vocabulary"], SPECIALS)
    starts = [vocabulary.decode(row[:2]) for row in found.poems.lists(torch.arange(5))]
    assert starts == [[START, form] for form in written]


def test_the_state_says_what_the_rhyme_book_says_in_the_poems_script(tmp_path: Path) -> None:
    tang(tmp_path, ["東風落石床，澗水過雲房。夜靜鐘聲遠，山空月色涼。", *POEMS])
    assert load(tmp_path).state["prosody"] == []
    (tmp_path / "prosody").mkdir()
    groups = [group + {"东": "风", "月": "落"}.get(group, "") for group in GROUPS]
    for name, lines in zip(prosody.FILES, (groups[:30], groups[30:]), strict=True):
        (tmp_path / name).write_text("\n".join(lines), "utf-8")
    for chosen, east, wind in (("simplified", "东", "风"), ("original", "東", "風")):
        book = prosody.Prosody(load(tmp_path, script=chosen, split_seed=5).state["prosody"])
        assert [GROUPS[number] for number in book.groups(wind)] == ["东"]
        assert shared_groups(book, [east, wind])
        assert shared_groups(book, "月落")
        assert not book.groups("水")


def starter(**chosen: Any) -> PoemData:
    return load(locations.starter("poems"), **chosen)


def test_the_split_is_by_poem_seeded_and_90_5_5() -> None:
    found = starter()
    parts = [poems_of(found, split) for split in ("train", "val", "test")]
    assert [len(part) for part in parts] == [108, 6, 6] == [found.size(s) for s in ("train", "val", "test")]
    assert len(set.union(*parts)) == 120
    assert poems_of(starter(), "test") == parts[2]
    assert poems_of(starter(split_seed=1), "test") != parts[2]


def test_the_vocabulary_is_the_training_splits_and_rare_characters_are_unknown() -> None:
    found = starter(min_count=2)
    counts = found.state["train_counts"]
    assert len(counts) == len(SPECIALS) + len(found.state["vocabulary"])
    assert counts[len(SPECIALS) :] == sorted(counts[len(SPECIALS) :], reverse=True)
    assert min(counts[len(SPECIALS) :]) == 2
    assert counts[SPECIALS.index("<s>")] == counts[SPECIALS.index("</s>")] == 108
    text = "".join(poems_of(starter(), "train"))
    assert counts[SPECIALS.index("<unk>")] == sum(text.count(c) == 1 for c in set(text))
    assert set(found.state["vocabulary"]) == {c for c in set(text) if text.count(c) > 1}


def test_a_second_start_reads_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    first = starter()
    monkeypatch.setattr(reading, "text", None)
    again = starter()
    assert again.poems.flat.equal(first.poems.flat)
    assert again.state == first.state
    assert again.notes == first.notes
    assert data.load_cached(first.state["cache"]).poems.flat.equal(first.poems.flat)
    with pytest.raises(FileNotFoundError):
        data.load_cached("poems-never")


def test_the_starter_set_is_whole_quatrains() -> None:
    (path,) = corpora.find(locations.starter("poems"), "poems")[1]
    texts = corpora.read("poems", [path]).texts
    assert len(texts) == 120
    assert cleaning.clean(texts)[0] == texts
    assert to_simplified(texts) == texts
    assert all(forms.is_well_formed(poem) and len(forms.lines(poem)) == 4 for poem in texts)
    lines = [part for poem in texts for part in forms.lines(poem)]
    assert len(set(lines)) == len(lines)
    assert {len(part) for part in lines} == {6, 8}
    assert ["tones and rhymes stay unknown" in note for note in starter().notes] == [True]


@pytest.mark.data
def test_the_complete_tang_poems(real_data: Path) -> None:
    folder = real_data / "poems"
    found = data.load(Settings(), folder)
    sizes = [found.size(split) for split in ("train", "val", "test")]
    assert sizes[1:] == pytest.approx([sum(sizes) * 0.05] * 2, rel=0.02)
    assert any("57,607" in note and f"{sum(sizes):,}" in note for note in found.notes)
    assert any(note.startswith("4,097 poems share half their lines or more with another") for note in found.notes)
    texts = to_simplified(corpora.read(*corpora.find(folder, "tang")).texts)
    whole = [text for text in texts if not re.search(r"[（\[{〖□○●]", text)]
    poems, _ = cleaning.clean(whole)
    assert len(poems) == pytest.approx(44_314, rel=0.01)  # counted elsewhere, with other words for what a note is
    assert sum(map(len, poems)) == pytest.approx(2.01e6, rel=0.02)
    assert len(poems) < sum(sizes) < len(poems) + 4_600  # those that had notes


@pytest.mark.data
def test_no_line_of_the_starter_set_is_a_line_of_the_corpus(real_data: Path) -> None:
    own = {
        part[:-1]
        for text in corpora.read(*corpora.find(locations.starter("poems"), "poems")).texts
        for part in forms.lines(text)
    }
    for corpus in ("tang", "tangshi"):
        texts = to_simplified(corpora.read(*corpora.find(real_data / "poems", corpus)).texts)
        theirs = {part.rstrip("，。") for text in texts for part in forms.lines(cleaning.fold(text))}
        assert not own & theirs
