"""Fonts of pictures: the first Chinese one that the machine has, and labels where it has none."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

from workbench.render.text import printable

INSTALL = "install one, such as Debian's fonts-noto-cjk, or copy a .ttf or .otf file into ~/.fonts"
_REPLACED, _LONGEST = "?", 40  # characters of a label at most
_NO_FONT = "lastresort"  # of matplotlib: it draws each character as a box
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_SAMPLE = "的书酒"  # a font that has them has the usual characters
_PREFERRED = (
    "noto sans cjk",
    "source han sans",
    "noto sans sc",
    "wqy",
    "wenquanyi",
    "microsoft yahei",
    "pingfang",
    "simhei",
)


def has_chinese(texts: Iterable[str]) -> bool:
    """Return whether a text holds Chinese characters."""
    return any(_HAN.search(text) for text in texts)


@cache
def chinese_font() -> str:
    """Return the name of a font with Chinese characters; empty where the machine has none.

    Fontconfig's list is asked where there is one, then matplotlib's own.
    """
    for path in _ranked([*_listed_by_fontconfig(), *(entry.fname for entry in font_manager.fontManager.ttflist)]):
        with suppress(OSError, RuntimeError):  # no font after all
            if all(FT2Font(path).get_char_index(ord(character)) for character in _SAMPLE):
                font_manager.fontManager.addfont(path)
                return font_manager.FontProperties(fname=path).get_name()
    return ""


def drawable(labels: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return labels as they can be drawn, and a key to those that are numbers instead.

    Returns:
        the labels; for each number a text such as ``1 书籍``, none where the labels are drawn as they are.
    """
    labels = [printable(label, _LONGEST) for label in labels]
    if chinese_font() or not has_chinese(labels):
        return labels, []
    drawn = [str(number) if has_chinese([label]) else label for number, label in enumerate(labels, 1)]
    return drawn, [f"{mark} {label}" for mark, label in zip(drawn, labels, strict=True) if mark != label]


def replace_undrawable(figure: Figure) -> int:
    """Replace the Chinese characters that no font can draw; return how many texts held any."""
    if chinese_font():
        return 0
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text) and has_chinese([text.get_text()])]
    for text in texts:
        text.set_text(_HAN.sub(_REPLACED, text.get_text()))
    return len(texts)


def _listed_by_fontconfig() -> list[str]:
    if not shutil.which("fc-list"):
        return []
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            ["fc-list", ":lang=zh", "file"], capture_output=True, text=True, timeout=20, check=True, errors="replace"
        )
        return [line.rstrip(": ") for line in done.stdout.splitlines()]
    return []


def _ranked(paths: Iterable[str]) -> list[str]:
    """Return font files, those of the preferred families first, by name as fonts are called on disk."""

    def rank(path: str) -> tuple[int, str]:
        name = re.sub(r"[-_]", " ", Path(path).stem.lower())
        joined = name.replace(" ", "")
        found = (at for at, family in enumerate(_PREFERRED) if family.replace(" ", "") in joined)
        bold = any(weight in joined for weight in ("bold", "black", "light", "thin", "heavy"))
        return next(found, len(_PREFERRED)) + (len(_PREFERRED) + 1) * bold, path

    return sorted({path for path in paths if _NO_FONT not in Path(path).stem.lower()}, key=rank)
