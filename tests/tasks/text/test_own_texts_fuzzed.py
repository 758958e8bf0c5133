"""Damaged tables: a preview, or one plain sentence that names the file; nothing else is ever raised."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from own_texts import ROWS, preview

from tasks.base import DataError

WHOLE = (
    "text,label\n" + "".join(f'"{text}, été",{label}\n' for text, label in ROWS),
    "\n".join(json.dumps({"text": f"{text} 书", "label": label}, ensure_ascii=False) for text, label in ROWS),
)
_MARKS = [b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b", b"PK\x03\x04"]
PIECES = st.sampled_from([b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"\t", b"{", b"[", b"\\", *_MARKS])


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(WHOLE),
    st.sampled_from(["utf-8", "utf-16", "gb18030", "cp1252"]),
    st.lists(st.tuples(st.integers(0, 900), st.one_of(PIECES, st.binary(max_size=4))), max_size=4),
    st.integers(0, 900),
)
@example(WHOLE[0], "utf-16", [], 61)
@example(WHOLE[1], "utf-8", [(0, b"[" * 4)], 900)
def test_damage_gives_one_sentence(
    tmp_path: Path, text: str, encoding: str, damage: list[tuple[int, bytes]], length: int
) -> None:
    content = text.encode(encoding, errors="replace")[:length]
    for place, piece in damage:
        content = content[:place] + piece + content[place + len(piece) // 2 :]
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    try:
        shown = preview(path)
    except DataError as error:
        said = str(error)
    else:
        assert sum(shown.splits.values()) == sum(shown.counts.values()) > 0
        return
    assert str(path) in said
    assert said.endswith(".")
    assert "\n" not in said
