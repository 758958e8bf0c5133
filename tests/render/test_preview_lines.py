"""A preview as lines: nothing is wider than the room, and nothing in it is obeyed by a terminal."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger import SEEN
from rich.cells import cell_len

from tasks.preview import Preview
from workbench.render.preview import Span, lines, summary
from workbench.render.text import is_printable


def drawn(preview: Preview, room: int = 100) -> list[str]:
    return ["".join(span.text for span in line) for line in lines(preview, room)]


def test_all_of_a_preview() -> None:
    bar = "━" * 24
    assert [line.rstrip() for line in drawn(SEEN)] == [
        "source      /home/ada/sales/ledger.csv",
        "split       train 160 · val 20 · test 20",
        "characters  shortest 4, median 12.5, 95 % 40, longest 61",
        "guessed     The accounts stand in the second column: task.account=NAME takes another.",
        "left out    3 empty entries are left out.",
        "note        200 entries are few: the preset small is made for them.",
        "",
        "entry                       account",
        "bread �[31mand [red]butter  food",
        "咖啡馆的早餐和午餐都很好吃  food",
        "taxi                        travel",
        "",
        "3 classes",
        f"food        {bar}  120   60%",
        f"travel [b]  {bar[:12]}{' ' * 12}   60   30%",
        f"娱乐        {bar[:4]}{' ' * 20}   20   10%",
    ]
    assert summary(SEEN) == "train 160, val 20, test 20 · 3 classes · 1 guessed · 1 left out or changed"


def test_many_classes_are_counted_and_small_ones_keep_a_mark() -> None:
    counts = {"all": 10_000, **{f"c{number}": 1 for number in range(20)}}
    found = drawn(Preview(source="x", counts=counts))
    assert found[2] == "21 classes"
    assert found[4].startswith("c0   " + "━ ")
    assert found[-1] == "and 9 more, 9 examples in all"
    assert len(found) == 2 + 1 + 12 + 1


def test_cells_are_cut_and_columns_that_have_no_room_are_counted() -> None:
    wide = Preview(source="x", columns=[f"column {n}" for n in range(9)], rows=[["的" * 30] * 9, ["short"]])
    *_, head, first, second, rest = drawn(wide, 40)
    assert head == "colum…  colum…  colum…  column…  column…"
    assert first == "的的…   的的…   的的…   的的的…  的的的…"
    assert second.rstrip() == "short"
    assert rest == "and 4 more columns"


def test_an_empty_preview_has_its_source() -> None:
    assert drawn(Preview(source="x")) == ["source      x"]
    assert summary(Preview(source="x")) == ""


TEXTS = st.text(max_size=30)


@given(
    st.builds(
        Preview,
        source=TEXTS,
        columns=st.lists(TEXTS, max_size=8),
        rows=st.lists(st.lists(TEXTS, max_size=8), max_size=3),
        counts=st.dictionaries(TEXTS, st.integers(0, 10**9), max_size=15),
        splits=st.fixed_dictionaries({"train": st.integers(0, 10**6)}),
        lengths=st.dictionaries(st.sampled_from(["shortest", "longest"]), st.floats(0, 10**6)),
        length_unit=st.sampled_from(["", "characters"]),
        guessed=st.lists(TEXTS, max_size=2),
    ),
    st.integers(40, 120),
)
def test_no_line_is_wider_than_the_room_or_holds_what_a_terminal_obeys(preview: Preview, room: int) -> None:
    for line in drawn(preview, room):
        assert cell_len(line) <= room
        assert all(map(is_printable, line))
        assert not {"\x1b", "\n", "\r", "\u202e"} & set(line)


@pytest.mark.parametrize("field", ["guessed", "dropped", "notes"])
def test_long_sentences_are_wrapped_under_their_beginning(field: str) -> None:
    found = lines(msgspec.structs.replace(Preview(source="x"), **{field: ["word " * 20 + "汉" * 40]}), 40)
    assert all(cell_len("".join(span.text for span in line)) <= 40 for line in found)
    assert all(line[0].text == " " * 12 for line in found[2:])
    assert isinstance(found[1][0], Span)
    assert "".join(line[1].text for line in found[1:]).count("汉") == 40
