"""Tones and rhymes of characters by the Pingshui rhyme book (平水韵), read from its files. No torch.

The book has 30 level groups (平声) and 76 oblique ones (上声, 去声, 入声). ``prosody/pingsheng.txt`` holds a level
group a line, ``prosody/zesheng.txt`` an oblique one, 合 and 叶 in one line. A character may stand in
several groups; one that stands in level and in oblique ones has two readings and is free.

Source: THUNLP-AIPoet/Datasets, CRRD; Z. Guo et al., Jiuge: A Human-Machine Collaborative Chinese Classical Poetry
Generation System, ACL 2019. The groups' names are the book's own, in its order.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.base import DataError
from tasks.shared.datasets import reading

LEVEL_GROUPS = "东冬江支微鱼虞齐佳灰真文元寒删先萧肴豪歌麻阳庚青蒸尤侵覃盐咸"
OBLIQUE_GROUPS = (
    "董肿讲纸尾语麌荠蟹贿轸吻阮旱潸铣筱巧皓哿马养梗迥有寝感俭豏"
    "送宋绛寘未御遇霁泰卦队震问愿翰谏霰啸效号个祃漾敬径宥沁勘艳陷"
    "屋沃觉质物月曷黠屑药陌锡职缉合洽"
)
GROUPS = LEVEL_GROUPS + OBLIQUE_GROUPS  # a group's number is its name's place here; 合 holds 叶 too
FILES = ("prosody/pingsheng.txt", "prosody/zesheng.txt")  # below the poems' folder

# characters that the poems have and the book's files lack → a variant of them, or one that rhymes alike
_VARIANTS = str.maketrans(
    "一疎鴈劒猨慙櫂徧嬾堦斾蘂媿臯髪廻暎覩桮隣飜鏁罇呌逈牋檝竝隄鵶垅鸎顦顇棃鼇珪壻帬粧缾栢碁羇牓讐趂醆牕筯麤",
    "日疏雁剑猿惭棹遍懒阶旆蕊愧皋发回映睹杯邻翻锁樽叫迥笺楫并堤鸦垄莺憔悴梨鳌圭婿裙妆瓶柏棋羁榜雠趁盏窗箸粗",
)


class Tone(enum.IntEnum):
    """A character's tone class."""

    UNKNOWN = 0  # the book does not hold it
    LEVEL = 1  # 平
    OBLIQUE = 2  # 仄
    FREE = 3  # read either way


class Prosody:
    """Rhyme groups and tones of characters.

    Args:
        lines: each group's characters, in the order of ``GROUPS``; none: nothing is known of any character.

    Raises:
        ValueError: there are neither as many lines as groups, nor none.
    """

    def __init__(self, lines: Sequence[str] = ()) -> None:
        if lines and len(lines) != len(GROUPS):
            raise ValueError(f"The rhyme book has {len(GROUPS)} groups: these are {len(lines)}.")
        self._groups: dict[str, tuple[int, ...]] = {}
        for number, line in enumerate(lines):
            for character in dict.fromkeys(line):
                self._groups[character] = (*self._groups.get(character, ()), number)

    def __bool__(self) -> bool:
        return bool(self._groups)

    def groups(self, character: str) -> tuple[int, ...]:
        """The numbers of the groups that hold a character, ascending; none: it is unknown."""
        return self._groups.get(character) or self._groups.get(character.translate(_VARIANTS), ())

    def tone(self, character: str) -> Tone:
        level = {number < len(LEVEL_GROUPS) for number in self.groups(character)}
        return {frozenset(): Tone.UNKNOWN, frozenset({True}): Tone.LEVEL, frozenset({False}): Tone.OBLIQUE}.get(
            frozenset(level), Tone.FREE
        )

    def classes(self, characters: Sequence[str]) -> NDArray[np.bool_]:
        """Classes of N characters (N,C): membership in each group, then level, oblique, free."""
        size = len(GROUPS)
        classes = np.zeros((len(characters), size + 3), np.bool_)
        for row, character in enumerate(characters):
            for group in self.groups(character):
                classes[row, group] = True
        level, oblique = classes[:, : len(LEVEL_GROUPS)].any(1), classes[:, len(LEVEL_GROUPS) : size].any(1)
        classes[:, size:] = np.stack([level & ~oblique, oblique & ~level, level & oblique], 1)
        return classes

    def lines(self, characters: Sequence[str], simplified: Sequence[str] = ()) -> list[str]:
        """The groups of some characters, as lines that ``Prosody`` reads: plain JSON for a task's state.

        Args:
            simplified: the simplified form of each, looked up where the book does not hold the character itself.
        """
        lines = [""] * len(GROUPS)
        for character, form in dict(zip(characters, simplified or characters, strict=True)).items():
            for number in self.groups(character) or self.groups(form):
                lines[number] += character
        return lines if any(lines) else []


def read(folder: Path) -> tuple[Prosody, str]:
    """Read the book below the poems' ``folder`` → the book, and where that failed an empty one and a sentence.

    No poem depends on it: a missing or broken book is no error.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        return Prosody(), f"{folder} has no {' and no '.join(missing)}: tones and rhymes stay unknown."
    try:
        return Prosody([line for name in FILES for line in reading.text(folder / name).split()]), ""
    except (DataError, ValueError) as error:
        return Prosody(), f"Tones and rhymes stay unknown: {error}"
