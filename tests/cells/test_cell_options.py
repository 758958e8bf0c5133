"""A cell's own options: read without torch, bounded, and at hand before the parameters are made."""

from __future__ import annotations

from pathlib import Path

import pytest
from own_cells import HEAD, write
from test_cell_names import fresh

import cells
from cells import _options
from workbench.config.options import CellOptions

OWN = '''
MOST = 8


class Heads(Cell):
    class Options(msgspec.Struct, frozen=True, kw_only=True):
        """Number and kind of heads."""

        heads: Annotated[int, Meta(ge=1, le=MOST, description="heads side by side")] = 2
        kind: Annotated[Literal["sum", "mean"], Meta(description="their combination")] = "sum"
        decay: Annotated[float, Meta(gt=0, lt=1)] = 0.5
        gated: bool = False

    def make_parameters(self):
        self.add_parameters(self.options.heads * self.hidden_size, 0.1)

    def step(self, projected, state):
        h = (projected + state.h @ self.weight_hh.t()).tanh().unflatten(1, (self.options.heads, -1))
        h = h.mean(1) if self.options.kind == "mean" else h.sum(1)
        return h, Hidden(h)
'''


def test_options_are_read_without_torch(tmp_path: Path) -> None:
    (tmp_path / "heads.py").write_text(HEAD + OWN)
    seen = fresh(
        "import json, sys\nimport cells\nfields = cells.options('heads').__struct_fields__\n"
        "print(json.dumps([fields, cells.options('gru'), 'torch' in sys.modules]))",
        tmp_path,
        str(tmp_path),
    )
    assert seen == [["heads", "kind", "decay", "gated"], None, False]


def test_options_reach_the_cell_before_its_parameters(folder: Path) -> None:
    write(folder, "own_heads", OWN)
    usual, other = (cells.build("own-heads", 3, 4, layers=2, options=given) for given in ({}, {"heads": 5}))
    assert usual.cells[0].weight_ih.shape == (8, 3)
    assert other.cells[1].weight_ih.shape == (20, 4)
    assert "heads=5, kind=sum" in str(other)
    assert cells.load("own-heads")(3, 4).options.heads == 2  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"heads": 9}, r"Heads's options cannot be so: Expected `int` <= 8 - at `\$.heads`\."),
        ({"tails": 1}, "Heads has no option tails"),
        ({"kind": "max"}, "Invalid enum value 'max'"),
    ],
)
def test_values_out_of_bounds_are_refused(folder: Path, options: dict[str, object], sentence: str) -> None:
    write(folder, "own_heads", OWN)
    with pytest.raises(ValueError, match=sentence):
        cells.build("own-heads", 3, 4, options=options)


def test_a_cell_without_options_takes_none() -> None:
    with pytest.raises(ValueError, match="GRU has no options of its own: heads cannot be set"):
        cells.build("gru", 3, 4, options={"heads": 1})


@pytest.mark.parametrize(
    "body",
    [
        "from cells.own_heads import Heads\n\n\nclass Own(Heads): ...\n",
        "class Values(msgspec.Struct, frozen=True):\n    heads: int = 3\n\n\n"
        "from cells.rnn import RNN\n\n\nclass Own(RNN):\n    Options = Values\n",
    ],
    ids=["inherited", "named"],
)
def test_options_are_found_where_the_class_has_them(folder: Path, body: str) -> None:
    write(folder, "own_heads", OWN)
    write(folder, "own_other", body)
    struct = cells.options("own-other")
    assert struct is not None
    assert "heads" in struct.__struct_fields__
    assert cells.build("own-other", 3, 4, options={"heads": 4}).cells[0].options.heads == 4  # type: ignore[union-attr]


def test_options_that_are_no_struct_are_refused(folder: Path) -> None:
    write(folder, "own_heads", OWN)
    body = "from cells.own_heads import Heads\nfrom cells.rnn import RNN\n\n\nclass Own(RNN):\n    Options = Heads\n"
    write(folder, "own_other", body)
    assert "its Options cannot be read (NameError: name 'Cell' is not defined)" in cells.unreadable()["own-other"]


def test_no_option_may_have_the_name_of_a_setting_of_every_cell() -> None:
    assert CellOptions.__struct_fields__ == _options.TAKEN
