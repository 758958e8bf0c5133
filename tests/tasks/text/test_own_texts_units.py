"""Units of texts of one's own: English tokens, jieba's words, words of other scripts, or characters."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from own_texts import examples, load, table

import cells
from tasks.shared.text import tokenizers
from tasks.text.settings import Settings
from tasks.text.task import Task

CHINESE = [
    (f"{thing}很好，下次还来{number}", kind)
    for number in range(10)
    for thing, kind in (("房间", "酒店"), ("苹果", "水果"))
]
RUSSIAN = [(f"Хороший {word} {k}", word) for k in range(10) for word in ("дом", "лес")]
JAPANESE = [(f"この{word}はとても{k}", word) for k in range(10) for word in ("家", "森")]


@pytest.mark.parametrize(
    ("rows", "more", "unit", "first"),
    [
        (CHINESE, {}, "chinese", "<s> 房间 很 好 , 下次 还来 0 </s>"),
        (CHINESE, {"unit": "words"}, "chinese", "<s> 房间 很 好 , 下次 还来 0 </s>"),
        (CHINESE, {"unit": "characters"}, "characters", "房 间 很 好 , 下 次 还 来 0"),
        (RUSSIAN, {}, "words", "хороший дом 0"),
        (JAPANESE, {}, "characters", "こ の 家 は と て も 0"),
        ([(f"I don't {w} Café{k}", w) for k in range(9) for w in ("go", "stay")], {}, "english", "i don't go cafe 0"),
    ],
)
def test_the_texts_script_tells_the_unit(
    tmp_path: Path, rows: list[tuple[str, str]], more: dict[str, str], unit: str, first: str
) -> None:
    data = load(table(tmp_path / "t.csv", rows), **more)
    assert data.state["unit"] == unit
    assert examples(data)[0] == (first, rows[0][1])


def test_chinese_texts_are_told_to_be_cut_by_jieba(tmp_path: Path) -> None:
    notes = load(table(tmp_path / "t.csv", CHINESE)).notes
    assert any("100% of the letters are Chinese characters: the texts are cut into words by jieba" in n for n in notes)


def test_a_text_of_which_no_word_is_known_is_one_unknown_word_and_told(tmp_path: Path) -> None:
    rows = [(f"A good long English sentence {'abcdefghij'[k % 10]}", "ab"[k % 2]) for k in range(60)] + [("Да", "a")]
    data = load(table(tmp_path / "t.csv", rows))
    assert examples(data)[60] == ("<unk>", "a")
    assert data.notes[-1] == "Texts of which no word is known, read as one unknown word: 1."


def test_other_scripts_tokens() -> None:
    assert " ".join(tokenizers.words("L’été, c'est «beau»!<br />Да 12")) == "l'été , c'est « beau » ! да 12"
    assert tokenizers.characters(" A  b\nç ") == ["a", " ", "b", " ", "ç"]


@pytest.mark.parametrize("rows", [CHINESE, RUSSIAN, JAPANESE], ids=["chinese", "words", "characters"])
def test_a_network_answers_and_reads_by_the_same_unit(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    data = load(table(tmp_path / "t.csv", rows))
    task = Task(Settings(embedding=4, init="random"), data.state)
    torch.manual_seed(0)
    model = task.build(lambda width: cells.build("gru", width, 5)).eval()
    batch = torch.tensor([0])
    with torch.no_grad():
        assert torch.equal(task.scores(model, data, batch)[0], model(*task._read(model, rows[0][0])[1:]))
        reading = task.reading_of_row(model, data, 0)
        asked = task.reading(model, rows[0][0])
        (answer,) = task.predict(model, rows[0][0])
    assert reading.symbols == asked.symbols
    assert answer.columns == ["class", "probability"]
    assert {row[0] for row in answer.rows} == {label for _, label in rows}


@pytest.mark.parametrize("rows", [CHINESE, RUSSIAN, JAPANESE], ids=["chinese", "words", "characters"])
def test_the_baselines_read_it_too(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    data = load(table(tmp_path / "t.csv", rows))
    found = Task(Settings(), data.state).measure_baselines(data)
    assert found["test"]["majority"]["accuracy"] == 0.5
    assert found["test"]["linear SVM"]["accuracy"] == 1.0


def test_the_baselines_of_many_texts_learn_from_a_sample_and_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.text import task

    monkeypatch.setattr(task, "_BASELINE_TOKENS", 30)
    data = load(table(tmp_path / "t.csv", RUSSIAN))
    found = Task(Settings(), data.state).measure_baselines(data)
    assert found["val"].keys() == {"majority of 10 texts", "linear SVM of 10 texts"}


def test_word2vec_reads_a_sample_of_many_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.text import task

    data = load(table(tmp_path / "t.csv", RUSSIAN))
    learner = Task(Settings(), data.state)
    whole = learner.sentences(data)
    assert len(whole) == 16
    monkeypatch.setattr(task, "_WORD2VEC_TOKENS", 15)
    some = learner.sentences(data)
    assert len(some) == 5
    assert all(sentence in whole for sentence in some)


def test_word2vec_starts_the_embedding_where_there_are_words_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.text import task

    data = load(table(tmp_path / "t.csv", RUSSIAN))
    assert not Task(Settings(), data.state).starts_from_word2vec(data)
    assert Task(Settings(init="word2vec"), data.state).starts_from_word2vec(data)
    monkeypatch.setattr(task, "ENOUGH_FOR_WORD2VEC", 48)
    assert Task(Settings(), data.state).starts_from_word2vec(data)
    assert not Task(Settings(init="random"), data.state).starts_from_word2vec(data)
