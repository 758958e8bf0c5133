"""Text cut into tokens: what a word is, in English and in Chinese."""

from __future__ import annotations

import marshal
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.shared.text.tokenizers import chinese, english, joined


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("A film.<br /><br/>So<BR>good", ["a", "film", ".", "so", "good"]),
        ("Don't, he said: it’s Peter's", ["don't", ",", "he", "said", ":", "it's", "peter's"]),
        ("'quoted' o'clock'", ["quoted", "o'clock"]),
        ("A naïve café, Zoë's fiancée", ["a", "naive", "cafe", ",", "zoe's", "fiancee"]),
        ("nai\u0308ve İstanbul", ["naive", "istanbul"]),
        ("10/10, 7.5 of 1,000!", ["10", "10", ",", "7", ".", "5", "of", "1", ",", "000", "!"]),
        ("well-made (really) “good” — ok…", ["well", "-", "made", "(", "really", ")", "good", "ok", ".", ".", "."]),
        ("Ｆｕｌｌ　ｗｉｄｔｈ！ ﬁne", ["full", "width", "!", "fine"]),
        ("<i>very</i> br", ["i", "very", "i", "br"]),
        ("", []),
        (" \t\n<br />", []),
        ("電影 ٣", []),
    ],
)
def test_english(text: str, tokens: list[str]) -> None:
    assert english(text) == tokens


@given(st.text(max_size=40))
def test_english_tokens_are_words_numbers_or_single_marks_and_come_again(text: str) -> None:
    tokens = english(text)
    assert all(re.fullmatch(r"[a-z]+('[a-z]+)?|[0-9]+|[!?.,;:()\"*$%-]", token) for token in tokens)
    assert english(" ".join(tokens)) == tokens  # the imdb reader keeps them so


@given(st.text("aeiouncyAEIOUNCY", min_size=1, max_size=8), st.sampled_from("\u0301\u0308\u0327\u0303"))
def test_an_accent_changes_nothing(word: str, accent: str) -> None:
    accented = "".join(letter + accent for letter in word)
    assert english(accented) == english(unicodedata.normalize("NFC", accented)) == [word.lower()]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("热水器很好", ["热水器", "很", "好"]),
        ("这 本\n书\u3000很\t好", ["这", "本", "书", "很", "好"]),
        ("ＡＢＣ，１２！", ["abc", ",", "12", "!"]),
        ("Windows10真快", ["windows10", "真快"]),
        ("", []),
        (" \u3000\r\n", []),
    ],
)
def test_chinese(text: str, tokens: list[str]) -> None:
    assert chinese(text) == tokens


@pytest.mark.parametrize("text", ["等了三天，水温和描述的不一样[red]", "ThinkPad 的键盘没得说......"])
def test_chinese_words_are_the_text_without_its_blanks(text: str) -> None:
    whole = unicodedata.normalize("NFKC", text).lower()
    assert "".join(chinese(text)) == "".join(whole.split())


@pytest.mark.parametrize("cache", ["cache", "file/cache"], ids=["", "cannot be written"])
def test_jieba_starts_silently_and_from_the_users_own_cache_alone(tmp_path: Path, cache: str) -> None:
    (tmp_path / "file").write_text("")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    (temporary / "jieba.cache").write_bytes(marshal.dumps(({"水果很甜": 9}, 9)))  # anyone could have put it there
    own = {"WORKBENCH_CACHE": str(tmp_path / cache), "TMPDIR": str(temporary)}
    code = "from tasks.shared.text.tokenizers import chinese; print(*chinese('水果很甜'))"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **own}, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("水果 很甜\n", "")
    assert [path.name for path in temporary.iterdir()] == ["jieba.cache"]


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (
            ["don't", ",", "he", "said", ":", "it", "(", "really", ")", "is", "good", "!"],
            "don't, he said: it (really) is good!",
        ),
        (["$", "5", ",", "50", "%"], "$5, 50%"),
        (["很", "好", ",", "不错", "iphone", "6", "plus", "的", "<unk>"], "很好,不错iphone 6 plus的<unk>"),
        (["", "a", "", "b"], "a b"),
        ([], ""),
    ],
)
def test_tokens_are_joined_as_a_person_reads_them(tokens: list[str], text: str) -> None:
    assert joined(tokens) == text
