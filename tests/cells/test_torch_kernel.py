"""Kernel ``torch``: the Python cell's outputs, states and gradients by its own weights; and which cells have it."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from cell_oracles import agree, everything, network, noise, parameters, some_state

from cells._kernels.choice import choose
from cells._kernels.recurrences import recurrence
from cells._recurrent import Recurrent
from cells.gru import GRU
from cells.lstm import LSTM, LSTMState
from cells.rnn import RNN

CPU, GPU = torch.device("cpu"), torch.device("cuda")
NAMES = ("lstm", "bilstm", "gru", "rnn")
LENGTHS = {
    "none": None,
    "ragged": torch.tensor([3, 6, 1, 4]),
    "short": torch.tensor([5, 5, 5, 5]),
}
B, T = 4, 6


class Slower(LSTM):
    """Another step, with the same parameters."""

    def step(self, projected: torch.Tensor, state: LSTMState) -> tuple[torch.Tensor, LSTMState]:
        output, after = super().step(projected, state)
        return output / 2, after


class Learned(GRU):
    """The same recurrence from a learned start."""

    def make_parameters(self) -> None:
        super().make_parameters()
        self.start = torch.nn.Parameter(torch.ones(self.hidden_size))


class Ones(RNN):
    """The same recurrence from another start."""

    def initial_state(self, batch: int) -> Any:
        zeros = super().initial_state(batch)
        return type(zeros)(zeros.h + 1)


def by(kernel: str, net: Recurrent, lengths: Any, start: bool, last: bool) -> dict[str, torch.Tensor]:
    """Everything that a network computes with a kernel."""
    net.kernel = kernel
    assert net.choice(CPU).kernel == kernel
    dtype = next(net.parameters()).dtype
    state = some_state(net, B) if start else None
    givens = {"x": noise(B, T, net.input_size, dtype=dtype), **(state._asdict() if state else {})}
    for given in givens.values():
        given.requires_grad_()
    outputs, after = net(givens["x"], lengths, state, return_state=last)
    assert (after is not None) == last
    return everything(outputs, after, givens | parameters(net))


@pytest.mark.parametrize("last", [False, True], ids=["outputs", "outputs+state"])
@pytest.mark.parametrize("start", [False, True], ids=["from-zeros", "from-state"])
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("both", [False, True], ids=["one-way", "both-ways"])
@pytest.mark.parametrize("name", NAMES)
def test_the_kernel_equals_the_python_cell(
    name: str, both: bool, layers: int, lengths: Any, start: bool, last: bool
) -> None:
    net = network(name, layers=layers, bidirectional=both)
    agree(by("torch", net, lengths, start, last), by("reference", net, lengths, start, last), 1e-10)


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("name", NAMES)
def test_the_kernel_equals_the_python_cell_in_float32(name: str, lengths: Any) -> None:
    net = network(name, 5, 37, layers=2, dtype=torch.float32)
    agree(by("torch", net, lengths, True, True), by("reference", net, lengths, True, True), 2e-5)


@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (1, 9, 5, 3), (3, 1, 2, 17)], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_one_sequence_and_one_step(name: str, sizes: tuple[int, int, int, int]) -> None:
    batch, time, features, hidden = sizes
    net = network(name, features, hidden)
    x = noise(batch, time, features)
    values = []
    for kernel in ("torch", "reference"):
        net.kernel = kernel
        values.append(everything(*net(x, return_state=True), parameters(net)))
    agree(*values)


def test_a_start_of_the_cell_s_own_is_kept() -> None:
    torch.manual_seed(0)
    net = Recurrent(Ones, 3, 4).double()
    agree(by("torch", net, LENGTHS["ragged"], False, True), by("reference", net, LENGTHS["ragged"], False, True))


def test_the_kernel_gives_no_gradient_to_frozen_weights_and_computes_in_evaluation_mode() -> None:
    net = network("lstm", kernel="torch").eval()
    frozen: Any = net.cells[0]
    frozen.weight_hh.requires_grad_(False)
    net(noise(B, T, 3))[0].sum().backward()
    assert frozen.weight_hh.grad is None
    assert bool(frozen.weight_ih.grad.any())


@pytest.mark.parametrize("name", NAMES)
def test_the_kernel_is_near_the_python_cell_in_bf16(name: str) -> None:
    net = network(name, 5, 16, layers=2, dtype=torch.float32)
    x, outputs = noise(B, T, 5, dtype=torch.float32), {}
    for kernel in ("torch", "reference"):
        net.kernel = kernel
        try:
            with torch.autocast("cpu", torch.bfloat16):
                outputs[kernel] = net(x, LENGTHS["ragged"], return_state=True)[0].float()
        except RuntimeError as error:
            if "primitive" in str(error):
                pytest.skip("torch itself does not compute this in bf16 on this CPU")
            raise
    assert float((outputs["torch"] - outputs["reference"]).detach().abs().max()) < 0.02


def test_a_copy_and_a_pickled_network_compute_the_same() -> None:
    net = network("gru", kernel="torch")
    x = noise(B, T, 3)
    expected, _ = net(x)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other.kernel == "torch"
        assert torch.equal(other(x)[0], expected)


def test_transforms_take_the_python_cell() -> None:
    net = network("lstm", kernel="torch")
    x = noise(3, B, T, 3)
    mapped = torch.func.vmap(lambda one: net(one)[0])(x)
    agree(mapped, torch.stack([net(one)[0] for one in x]))


def test_a_kernel_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="There is no kernel 'fast': it must be auto, reference, native or torch"):
        network("lstm", kernel="fast")


def test_a_recurrence_is_told_by_the_functions_of_a_cell_not_by_its_name() -> None:
    kinds = {kind: recurrence(kind(3, 4)) for kind in (Slower, Learned, Ones)}
    assert kinds == {Slower: "", Learned: "", Ones: "rnn"}
    names = ("lstm", "bilstm", "gru", "gru-textbook", "rnn", "tutorial-rnn", "torch-lstm")
    found = {name: recurrence(network(name).cells[0]) for name in names}  # type: ignore[arg-type]
    assert found == {
        "lstm": "lstm",
        "bilstm": "lstm",
        "gru": "gru",
        "gru-textbook": "gru-textbook",
        "rnn": "rnn",
        "tutorial-rnn": "",
        "torch-lstm": "",
    }


def test_a_step_that_is_set_on_one_cell_alone_is_its_own() -> None:
    cell: Any = RNN(3, 4)
    cell.step = lambda projected, state: (projected, state)
    assert recurrence(cell) == ""


@pytest.mark.parametrize(
    ("name", "wanted", "device", "kernel", "why"),
    [
        ("lstm", "auto", GPU, "torch", ""),
        ("lstm", "torch", CPU, "torch", ""),
        ("lstm", "reference", GPU, "reference", ""),
        ("gru-textbook", "auto", GPU, "reference", "torch has no function of its equations"),
        ("gru-textbook", "torch", CPU, "reference", "torch has no function of its equations"),
        ("tutorial-rnn", "reference", CPU, "reference", ""),
        ("torch-lstm", "auto", CPU, "torch", ""),
        ("torch-gru", "reference", CPU, "torch", ""),
    ],
)
def test_the_choice(name: str, wanted: str, device: torch.device, kernel: str, why: str) -> None:
    choice = choose(network(name).cells[0], wanted, device)  # type: ignore[arg-type]
    assert (choice.kernel, choice.why) == (kernel, why)
