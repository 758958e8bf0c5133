"""Files of poems written for a test, loaded, and the poems of what was loaded."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tasks.poems import data
from tasks.poems.data import SPECIALS, PoemData
from tasks.poems.settings import Settings
from tasks.shared.text.vocabulary import Vocabulary


def tang(folder: Path, poems: list[str], name: str = "poet.tang.0.json") -> Path:
    path = folder / name
    entries = [{"title": "无题", "author": "佚名", "paragraphs": re.findall("[^。]*。?", p)} for p in poems]
    path.write_text(json.dumps(entries, ensure_ascii=False), "utf-8")
    return path


def poems_of(found: PoemData, split: str = "") -> set[str]:
    vocabulary = Vocabulary(found.state["vocabulary"], SPECIALS)
    rows = [found.rows[s] for s in found.rows if s == split or not split]
    return {
        "".join(vocabulary.tokens[code] for code in codes[2:-1]) for some in rows for codes in found.poems.lists(some)
    }


def load(folder: Path, **chosen: Any) -> PoemData:
    return data.load(Settings(**{"min_count": 1, **chosen}), folder)
