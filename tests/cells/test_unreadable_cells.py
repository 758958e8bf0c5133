"""Files of cells that cannot be read: each is listed with the reason, and hides no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from own_cells import HEAD, write
from shipped import CELLS as SHIPPED

import cells
import tasks
from cells import CellError
from workbench.interruption import Interrupted

LINE = HEAD.count("\n") + 1  # the first line after the head
STEP = "    def step(self, projected, state):\n        return projected, state\n"
CELL = f"class Own(Cell):\n{STEP}"

OPTIONS = f"{CELL}    class Options(msgspec.Struct, frozen=True):\n        "

BROKEN = {
    "syntax": ("class A(:\n", HEAD, f"line {LINE}: invalid syntax."),
    "missing_import": (f"import numpyx\n{CELL}", HEAD, f"line {LINE}: ModuleNotFoundError: No module named 'numpyx'."),
    "missing_cell": (f"from cells.nope import A\n{CELL}", HEAD, f"line {LINE}: ModuleNotFoundError: No module named"),
    "no_cell": ("class Own: ...\n", HEAD, "it defines no cell: write a class that derives from cells._base.Cell."),
    "nothing": ("", "", "it defines no cell"),
    "two": (
        f"{CELL}class B(Cell):\n{STEP}",
        HEAD,
        f"line {LINE + 3}: it must define one cell, and defines 2: Own",
    ),
    "hyphen-ated": (CELL, HEAD, "a cell's file name must be a Python identifier: rename it to hyphen_ated.py."),
    "class": (CELL, HEAD, "rename it to cell_class.py."),
    "1st": (CELL, HEAD, "rename it to cell_1st.py."),
    "null": ("x = '\0'\n", HEAD, "null bytes"),
    "unfrozen": (f"{CELL}    class Options(msgspec.Struct): ...\n", HEAD, f"line {LINE + 3}: its Options must derive"),
    "torch_options": (
        f"{OPTIONS}a: float = torch.pi\n",
        HEAD,
        f"line {LINE + 3}: its Options cannot be read (NameError: name 'torch' is not defined): use only msgspec",
    ),
    "taken_option": (
        f"{OPTIONS}hidden: int = 1\n",
        HEAD,
        "every cell has",
    ),
    "no_default": (
        f"{OPTIONS}a: int\n",
        HEAD,
        "a has no default.",
    ),
    "list_option": (
        f"{OPTIONS}a: tuple[int, ...] = ()\n",
        HEAD,
        "a must be an int, a float, a bool, a str or a Literal.",
    ),
    "bad_default": (
        f"{OPTIONS}a: Annotated[int, Meta(ge=1)] = 0\n",
        HEAD,
        "a has a default that is out of its bounds",
    ),
}


@pytest.mark.parametrize("stem", BROKEN)
def test_a_broken_file_is_listed_with_file_line_and_reason(folder: Path, stem: str) -> None:
    body, head, reason = BROKEN[stem]
    file = write(folder, stem, body, head)
    name = stem.replace("_", "-")
    assert set(cells.available()) >= SHIPPED
    assert name not in cells.available()
    sentence = cells.unreadable()[name]
    assert sentence.startswith(f"cannot be read: {file}")
    assert reason in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert cells.about(name).title == sentence
    for use in (cells.load, cells.options, cells.reads_both_ways, lambda name: cells.build(name, 2, 3)):
        with pytest.raises(CellError, match=re.escape(f"Cell {name} {sentence}")):
            use(name)


def test_a_file_that_is_not_utf8_names_the_line(folder: Path) -> None:
    (folder / "latin.py").write_bytes('"""Cell\n\né"""\n'.encode("latin-1"))
    assert cells.unreadable()["latin"] == f"cannot be read: {folder}/latin.py, line 3: it is not UTF-8."


@pytest.mark.parametrize("raised", ["raise SystemExit(3)", "1 / 0", "raise BaseException('no')"])
def test_an_error_of_any_kind_at_import_names_its_line(folder: Path, raised: str) -> None:
    file = write(folder, "failing", f"{CELL}{raised}\n")
    assert "failing" in cells.available()  # its text tells nothing of it
    with pytest.raises(CellError, match=re.escape(f"Cell failing cannot be read: {file}, line {LINE + 3}: ")):
        cells.build("failing", 2, 3)


def test_a_name_that_is_taken_is_listed_by_its_file(folder: Path) -> None:
    file = write(folder, "lstm", CELL)
    assert set(cells.available()) == set(cells.available()) | SHIPPED
    assert cells.unreadable()[str(file)].startswith(f"cannot be read: {file}: the name lstm is taken by ")
    assert cells.load("lstm").__name__ == "LSTM"


def test_the_earlier_folder_keeps_a_name(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = tmp_path / "second"
    second.mkdir()
    monkeypatch.setattr(cells, "__path__", [*cells.__path__, str(second)])
    write(folder, "twice", CELL)
    later = write(second, "twice", "class A(:\n")
    assert "twice" in cells.available()
    assert list(cells.unreadable()) == [str(later)]


def test_a_folder_that_is_not_there_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere, file = tmp_path / "nowhere", tmp_path / "file.py"
    file.touch()
    monkeypatch.setattr(cells, "__path__", [*cells.__path__, str(nowhere), str(file)])
    assert set(cells.available()) >= SHIPPED
    assert cells.unreadable() == {
        str(nowhere): f"cannot be read: {nowhere}: there is no such folder (WORKBENCH_CELLS names it).",
        str(file): f"cannot be read: {file}: it is no folder (WORKBENCH_CELLS names it).",
    }


def test_a_repaired_file_is_a_cell_at_once(folder: Path) -> None:
    write(folder, "mended", "class A(:\n")
    assert "mended" in cells.unreadable()
    write(folder, "mended", CELL)
    assert "mended" in cells.available()
    assert not cells.unreadable()


@pytest.mark.parametrize(
    "body",
    [
        f"class Base(Cell):\n    gate_count = 2\n\n\nclass Own(Base):\n{STEP}",
        f"class Own(Cell):\n{STEP}\n\nclass Idea(Cell):\n    gate_count = 2\n",
        f"import cells.lstm\n\n\nclass Own(cells.lstm.LSTM):\n{STEP}",
        f"from cells import _base as base\n\n\nclass Own(base.Cell[Hidden]):\n{STEP}",
        f"from .lstm import LSTM as Memory\n\n\nclass Mixin:\n    x = 1\n\n\nclass Own(Mixin, Memory):\n{STEP}",
        f"Renamed = Cell\n\n\nclass Own(Renamed):\n{STEP}",
    ],
    ids=["base class", "abstract class", "module", "private module", "relative", "renamed"],
)
def test_helper_classes_beside_the_cell_do_no_harm(folder: Path, body: str) -> None:
    write(folder, "own_helped", body)
    assert cells.unreadable() == {}
    assert cells.load("own-helped").__name__ == "Own"


BOTH = "    bidirectional = True\n"


@pytest.mark.parametrize(
    ("body", "text_tells"),
    [
        ("from cells.bilstm import BiLSTM\n\n\nclass Own(BiLSTM): ...\n", True),
        (f"class Both(Cell):\n{BOTH}\n\nclass Own(Both):\n{STEP}", True),
        (f"class Both:\n{BOTH}\n\nclass Own(Both, Cell):\n{STEP}", True),
        (f"class A(Cell):\n{BOTH}\n\nclass B(Cell):\n    x = 1\n\n\nclass Own(B, A):\n{STEP}", True),
        (f"class Own(Cell):\n    bidirectional = not False\n{STEP}", False),
        (f"class Own(Cell):\n    if True:\n        bidirectional = True\n{STEP}", False),
        (f"Made = type('Made', (), {{'bidirectional': True}})\n\n\nclass Own(Made, Cell):\n{STEP}", False),
    ],
    ids=["other file", "base", "mixin", "diamond", "expression", "condition", "made"],
)
def test_reading_both_ways_is_inherited(folder: Path, body: str, text_tells: bool) -> None:
    write(folder, "own_both", body)
    assert cells.reads_both_ways("own-both")
    assert cells.about("own-both").bidirectional is text_tells
    assert cells.build("own-both", 2, 3).directions == 2


def test_a_stop_while_a_cell_is_imported_is_no_fault_of_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(name: str) -> None:
        raise Interrupted

    monkeypatch.setattr("cells.importlib.import_module", stopped)
    with pytest.raises(Interrupted):
        cells.load("lstm")
    monkeypatch.setattr("tasks._registry.importlib.import_module", stopped)
    with pytest.raises(Interrupted):
        tasks.load("toy")
