"""Properties of every cell on batches of any form: padding, rows, chunks, directions."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
import torch
from cell_oracles import EVERY, ONE_WAY, agree, everything, few, network, noise, own_output, parameters, some_state
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from cells._packing import EqualLengths
from cells._recurrent import Recurrent

every_cell = pytest.mark.parametrize("name", EVERY)


class Form(NamedTuple):
    """A network and a batch for it, drawn."""

    input_size: int
    hidden_size: int
    layers: int
    both: bool
    output_size: int
    time: int
    lengths: list[int]

    def network(self, name: str) -> Recurrent:
        return network(
            name,
            self.input_size,
            self.hidden_size,
            layers=self.layers,
            bidirectional=self.both,
            output_size=self.output_size if own_output(name) else 0,
        )

    def x(self, seed: int = 1) -> Tensor:
        return noise(len(self.lengths), self.time, self.input_size, seed=seed)

    def padding(self) -> Tensor:
        """Return a mask (B,T,1) of the steps past each end."""
        return (torch.arange(self.time) >= torch.tensor(self.lengths)[:, None])[..., None]


@st.composite
def forms(draw: st.DrawFn) -> Form:
    small = st.integers(1, 3)
    time = draw(st.integers(1, 6))
    return Form(
        input_size=draw(small),
        hidden_size=draw(small),
        layers=draw(st.integers(1, 2)),
        both=draw(st.booleans()),
        output_size=draw(small),
        time=time,
        lengths=draw(st.lists(st.integers(1, time), min_size=1, max_size=4)),
    )


@every_cell
@given(form=forms())
@few
def test_outputs_past_each_end_are_zero(name: str, form: Form) -> None:
    net = form.network(name)
    for return_state in (False, True):
        outputs, _ = net(form.x(), torch.tensor(form.lengths), return_state=return_state)
        past = outputs[form.padding().expand_as(outputs)]
        agree(past, torch.zeros_like(past), within=0)


@every_cell
@given(form=forms(), filling=st.sampled_from([0.0, 1e3, float("nan")]))
@few
def test_nothing_depends_on_the_padding(name: str, form: Form, filling: float) -> None:
    net, lengths = form.network(name), torch.tensor(form.lengths)

    def read(x: Tensor) -> dict[str, Tensor]:
        x.requires_grad_()
        outputs, after = net(x, lengths, return_state=True)
        if x.isnan().any():
            return {"outputs": outputs, **after._asdict()}
        return {**after._asdict(), **everything(outputs, after, {"x": x, **parameters(net)})}

    expected = read(form.x())
    actual = read(form.x().masked_fill(form.padding(), filling))
    agree(actual, {key: expected[key] for key in actual})
    unseen = expected["gradient of x"][form.padding().expand_as(form.x())]
    agree(unseen, torch.zeros_like(unseen), within=0)


@every_cell
@given(form=forms())
@few
def test_a_batch_is_its_rows_one_at_a_time(name: str, form: Form) -> None:
    net = form.network(name)
    start = some_state(net, len(form.lengths))
    leaves = {"x": form.x().requires_grad_(), **parameters(net)}
    alone: list[tuple[Tensor, Any]] = []
    for b, length in enumerate(form.lengths):
        row = type(start)(*(part[:, b : b + 1] for part in start))
        outputs, after = net(leaves["x"][b : b + 1, :length], None, row, return_state=True)
        alone.append((F.pad(outputs, (0, 0, 0, form.time - length)), after))
    rows, states = zip(*alone, strict=True)
    last = tuple(torch.cat(parts, 1) for parts in zip(*states, strict=True))

    outputs, after = net(leaves["x"], torch.tensor(form.lengths), start, return_state=True)
    agree(everything(outputs, after, leaves), everything(torch.cat(rows), last, leaves))


@pytest.mark.parametrize("name", ONE_WAY)
@given(form=forms(), data=st.data())
@few
def test_chunks_with_the_state_carried_are_the_whole(name: str, form: Form, data: st.DataObject) -> None:
    form = form._replace(both=False)
    net = form.network(name)
    leaves = {"x": form.x().requires_grad_(), **parameters(net)}
    chunks, state, begin = [], None, 0
    while begin < form.time:
        end = begin + data.draw(st.integers(1, form.time - begin), label="steps in this chunk")
        outputs, state = net(leaves["x"][:, begin:end], None, state, return_state=True)
        chunks.append(outputs)
        begin = end

    outputs, after = net(leaves["x"], return_state=True)
    agree(everything(torch.cat(chunks, 1), state, leaves), everything(outputs, after, leaves))


@every_cell
@given(form=forms())
@few
def test_the_reverse_direction_starts_at_each_sequences_own_end(name: str, form: Form) -> None:
    net = form._replace(both=True, layers=1).network(name)
    backward: Any = net.cells[1]
    outputs, after = net(form.x(), torch.tensor(form.lengths), return_state=True)
    for b, length in enumerate(form.lengths):
        turned = form.x()[b, :length].flip(0)[:, None]  # (T,1,I), the last step first
        expected, state = backward.run(turned, EqualLengths(1, len(turned), backward=False), None, True)  # (T,1,O)
        agree(outputs[b, :length, net.output_size :], expected[:, 0].flip(0))
        agree(tuple(part[1, b] for part in after), tuple(part[0] for part in state))
