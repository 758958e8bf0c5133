"""What is handed to the compiled kernels: any layout in memory, any network, and nothing that they cannot read."""

from __future__ import annotations

import copy
import pickle
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
import torch
from cell_oracles import agree, network, parameters, some_state
from native_oracles import NAMES, Case, draw, near, passes, results
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.utils import parametrizations, parametrize
from torch.utils._python_dispatch import TorchDispatchMode

from cells._kernels.native import library
from cells._kernels.native.library import Level
from cells._recurrent import Recurrent
from cells.lstm import LSTM, LSTMState
from cells.rnn import RNN

__all__ = ["passes"]
LENGTHS = torch.tensor([3, 6, 1, 4])
B, T, I, H = 4, 6, 3, 9  # noqa: E741
EACH = pytest.mark.parametrize("name", NAMES)


def net_of(name: str, **options: Any) -> Any:
    return network(name, I, H, dtype=torch.float32, kernel="native", **options)


def layouts() -> dict[str, Tensor]:
    """Return batches (B,T,I) that lie in memory in other ways."""
    wide = draw(B, T, 2 * I)
    return {
        "steps first": draw(T, B, I).transpose(0, 1),
        "features first": draw(I, T, B).permute(2, 1, 0),
        "every other feature": wide[..., ::2],
        "a part of the features": wide[..., 1 : 1 + I],
        "every other step": draw(B, 2 * T, I)[:, ::2],
        "one row for all": draw(1, T, I).expand(B, T, I),
        "one step for all": draw(B, 1, I).expand(B, T, I),
        "one number": torch.ones(1, 1, 1).expand(B, T, I),
        "at an odd place": draw(B * T * I + 1)[1:].view(B, T, I),
        "negated in name alone": torch._neg_view(draw(B, T, I)),
    }


@pytest.mark.parametrize("layout", layouts())
@EACH
def test_x_in_any_layout(name: str, layout: str, passes: list[Level]) -> None:
    net, found = net_of(name), []
    for x in (layouts()[layout], layouts()[layout].clone().contiguous()):
        leaf = x.detach().requires_grad_()
        outputs, last = net(leaf, LENGTHS, return_state=True)
        found.append(results(outputs, last, {"x": leaf} | parameters(net)))
    if layout == "negated in name alone":  # by the Python cell
        near(*found)
        assert len(passes) == 2
    else:
        assert all(torch.equal(found[0][key], found[1][key]) for key in found[0])
        assert len(passes) == 4


@EACH
def test_gradients_of_outputs_in_any_layout(name: str, passes: list[Level]) -> None:
    net, found = net_of(name), []
    for given in (
        torch.ones(1, 1, 1).expand(B, T, H),  # as a sum's are
        torch.ones(B, T, H),
        torch.ones(H, T, B).permute(2, 1, 0),
        torch.ones(T, B, H).transpose(0, 1),
        torch.ones(B, 2 * T, 2 * H)[:, ::2, ::2],
    ):
        x = draw(B, T, I).requires_grad_()
        found.append(torch.autograd.grad(net(x, LENGTHS)[0], [x, *net.parameters()], given))
    for other in found[1:]:
        assert all(map(torch.equal, found[0], other))
    assert len(passes) == 10


@EACH
def test_weights_and_states_in_any_layout(name: str, passes: list[Level]) -> None:
    net = net_of(name)
    state, x = some_state(net, B), draw(B, T, I)
    expected = net(x, LENGTHS, state, return_state=True)
    turned = copy.deepcopy(net)
    for weight in turned.parameters():
        weight.data = weight.data.t().contiguous().t() if weight.dim() == 2 else weight.data.repeat_interleave(2)[::2]
        assert not weight.is_contiguous()
    other = type(state)(*(part.transpose(1, 2).contiguous().transpose(1, 2) for part in state))
    outputs, last = turned(x, LENGTHS, other, return_state=True)
    assert torch.equal(outputs, expected[0])
    assert all(map(torch.equal, last, expected[1]))
    results(outputs, last, parameters(turned))
    for weight in turned.parameters():
        outputs, _ = turned(x, LENGTHS)
        (gradient,) = torch.autograd.grad(outputs.sum(), weight)
        assert gradient.shape == weight.shape


@pytest.mark.parametrize("same", [1, T])
@EACH
def test_lengths_that_are_all_the_same(name: str, same: int, passes: list[Level]) -> None:
    net, x = net_of(name, bidirectional=True), draw(B, T, I)
    outputs, last = net(x, torch.full((B,), same), return_state=True)
    alone, after = net(x[:, :same], return_state=True)
    assert torch.equal(outputs[:, :same], alone)
    assert not outputs[:, same:].any()
    assert all(map(torch.equal, last, after))


@pytest.mark.parametrize("wrong", ["features", "rows of the state", "units of the state", "a weight's kind"])
@EACH
def test_what_does_not_fit_is_refused_as_by_the_python_cell(name: str, wrong: str, passes: list[Level]) -> None:
    """The kernels would read past the end of it."""
    said = []
    for kernel in ("native", "reference"):
        net = net_of(name)
        net.kernel = kernel
        state, x = some_state(net, B), draw(B, T, I)
        if wrong == "features":
            x = draw(B, T, I - 1)
        elif wrong == "rows of the state":
            state = type(state)(*(part[:, :2] for part in state))
        elif wrong == "units of the state":
            state = type(state)(*(part[..., :-1] for part in state))
        else:
            net.cells[0].weight_hh.data = net.cells[0].weight_hh.data.half()
        with pytest.raises((RuntimeError, IndexError)) as caught:
            net(x, LENGTHS, state)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert passes == []


def test_an_empty_batch_is_the_python_cell_s(passes: list[Level]) -> None:
    said = []
    for kernel in ("native", "reference"):
        net = net_of("gru")
        net.kernel = kernel
        try:
            said.append(str(net(draw(0, T, I))[0].shape))
        except (RuntimeError, IndexError) as error:
            said.append(str(error))
    assert said[0] == said[1]
    assert passes == []


class Halved(LSTM):
    """Another step, with the same parameters."""

    def step(self, projected: Tensor, state: LSTMState) -> tuple[Tensor, LSTMState]:
        output, after = super().step(projected, state)
        return output / 2, after


def test_a_cell_with_a_step_of_its_own_is_not_taken_for_another(passes: list[Level]) -> None:
    torch.manual_seed(0)
    own = Recurrent(Halved, I, H)
    assert own.choice(torch.device("cpu")).kernel == "reference"
    plain = Recurrent(LSTM, I, H)
    plain.load_state_dict(own.state_dict())
    x = draw(B, T, I)
    agree(own(x)[0], plain(x)[0] / 2, 1e-6)
    assert len(passes) == 1


def test_what_is_changed_after_the_first_pass_counts(passes: list[Level]) -> None:
    """The kernel is chosen once for a class, and one cell of it may be changed later."""
    torch.manual_seed(0)
    net = Recurrent(RNN, I, H)
    x = draw(B, T, I)
    before, _ = net(x)
    cell: Any = net.cells[0]
    step = cell.step
    cell.step = lambda projected, state: (step(projected, state)[0] * 3, step(projected, state)[1])
    agree(net(x)[0], before * 3, 1e-6)
    assert len(passes) == 1
    del cell.step
    net(x)
    assert len(passes) == 2


@pytest.mark.parametrize("form", ["parametrized", "weight norm", "old weight norm"])
def test_weights_that_are_computed(form: str, passes: list[Level]) -> None:
    net, x = net_of("gru"), draw(B, T, I)
    net(x)  # its kernel is chosen
    if form == "parametrized":
        parametrize.register_parametrization(net.cells[0], "weight_hh", torch.nn.Tanh())
    elif form == "weight norm":
        parametrizations.weight_norm(net.cells[0], "weight_hh")
    else:
        torch.nn.utils.weight_norm(net.cells[0], "weight_hh")
    passes.clear()
    found = []
    for kernel in ("native", "reference"):
        net.kernel = kernel
        found.append(net(x, LENGTHS)[0])
    assert torch.equal(*found)
    assert passes == []
    found[0].sum().backward()
    assert all(weight.grad is not None for weight in net.parameters())


@EACH
def test_a_copy_and_a_pickled_network_compute_the_same(name: str, passes: list[Level]) -> None:
    net, x = net_of(name, layers=2), draw(B, T, I)
    expected, _ = net(x)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert torch.equal(other(x)[0], expected)
    assert len(passes) == 6


@pytest.mark.filterwarnings("ignore")
def test_torch_compile(passes: list[Level]) -> None:
    net, x, found = net_of("lstm", layers=2, bidirectional=True), draw(B, T, I), []
    for call in (torch.compile(net, backend="eager"), net):
        outputs, last = call(x, return_state=True)
        found.append(results(outputs, last, parameters(net)))
    near(*found)
    torch._dynamo.reset()


class Names(TorchDispatchMode):
    """Keeps the names of the operations."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        self.names.add(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


def test_who_wants_to_see_each_operation_sees_the_python_cell_s(passes: list[Level]) -> None:
    net, x = net_of("rnn"), draw(B, T, I)
    with Names() as seen:
        outputs, _ = net(x)
    assert {"addmm", "tanh"} <= seen.names
    with torch.no_grad():
        graph: Any = make_fx(lambda one: net(one)[0])(x)
    assert passes == []
    agree(graph(2 * x), net(2 * x)[0], 1e-6)
    assert len(passes) == 1
    agree(outputs, net(x)[0], 1e-6)


def test_tensors_without_memory_are_never_read(passes: list[Level]) -> None:
    net, x = net_of("lstm"), draw(B, T, I)
    with FakeTensorMode(allow_non_fake_inputs=True):
        assert type(net(x)[0]) is FakeTensor
    with pytest.raises(RuntimeError):
        net.to("meta")(x)
    assert passes == []


def test_a_tensor_of_a_class_of_its_own_keeps_its_ways(passes: list[Level]) -> None:
    class Own(Tensor):
        pass

    net, x = net_of("gru"), draw(B, T, I)
    agree(net(x.as_subclass(Own))[0].as_subclass(Tensor), net(x)[0], 1e-6)
    assert len(passes) == 1


def test_where_there_is_no_memory_it_is_told(monkeypatch: pytest.MonkeyPatch, passes: list[Level]) -> None:
    found = library.load()
    assert found
    real = found.c

    poor = SimpleNamespace(workbench_kept=real.workbench_kept, workbench_pass=Mock(argtypes=(object,), return_value=-1))
    monkeypatch.setattr(library, "_found", lambda: found._replace(c=poor))
    with pytest.raises(MemoryError, match="no memory for the recurrence's kernels"):
        net_of("gru")(draw(B, T, I))


def test_case_uses_the_kernels(passes: list[Level]) -> None:
    """A guard for the other tests: what they call native is."""
    Case("lstm", (2, 2, 2, 2)).values("reference")
    assert passes == []
    Case("lstm", (2, 2, 2, 2)).values("native")
    assert len(passes) == 2
