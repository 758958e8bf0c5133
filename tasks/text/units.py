"""Unit that a step reads of a text, told by its script: words (Chinese, English, others), or characters."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Unit = Literal["chinese", "english", "words", "characters"]
Wanted = Literal["auto", "words", "characters"]  # the setting
_LETTER, _LATIN = re.compile(r"[^\W\d_]"), re.compile("[a-zA-Z]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_UNPARTED = re.compile("[\u3040-\u30ff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")  # kana, Thai, Lao, Burmese, Khmer
_CHINESE, _NO_BLANKS, _ENGLISH = 0.3, 0.1, 0.99  # shares of the letters


class Scripts:
    """Letters of some texts, counted by script."""

    def __init__(self) -> None:
        self._letters = self._latin = self._han = self._unparted = 0

    def count(self, text: str) -> None:
        """Take in a text; accents do not count: ``é`` is a Latin letter."""
        plain = unicodedata.normalize("NFKD", text)
        letters = len(_LETTER.findall(plain))
        self._letters += letters
        self._latin += letters if plain.isascii() else len(_LATIN.findall(plain))
        if not text.isascii():
            self._han += len(_HAN.findall(text))
            self._unparted += len(_UNPARTED.findall(text))

    def unit(self, wanted: Wanted) -> tuple[Unit, list[str]]:
        """Return what a step reads, and a sentence on it where nobody said."""
        letters = max(1, self._letters)
        if wanted == "characters":
            return "characters", []
        unparted = self._unparted >= _NO_BLANKS * letters
        if self._han >= _CHINESE * letters and not unparted:
            share = f"{self._han / letters:.0%} of the letters are Chinese characters"
            note = f"{share}: the texts are cut into words by jieba (task.unit=characters reads characters)."
            return "chinese", [note]
        if unparted and wanted == "auto":
            return "characters", ["The texts' words are not parted by blanks: they are read by characters (task.unit)."]
        return ("english" if self._latin >= _ENGLISH * letters else "words"), []
