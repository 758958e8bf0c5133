"""The cells that torch has too, against torch: outputs, last states and every gradient."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from cell_oracles import ONE_WAY, TWINS, agree, everything, network, noise, parameters, some_state, twin_of, twin_run

FORMS = [
    (name, both, layers) for name in TWINS for both in (False, True) for layers in (1, 2, 3) if both or name in ONE_WAY
]
RAGGED = torch.tensor([3, 6, 1, 4])
B, T = 4, 6


def compare(name: str, lengths: torch.Tensor | None, start: bool, last: bool, within: float, **options: Any) -> None:
    net = network(name, **options)
    twin = twin_of(net, TWINS[name])
    twin.load_state_dict(net.to_torch())
    state = some_state(net, B) if start else None
    x = noise(B, T, net.input_size, dtype=next(net.parameters()).dtype)
    givens = {"x": x, **(state._asdict() if state else {})}
    for given in givens.values():
        given.requires_grad_()

    outputs, after = net(x, lengths, state, return_state=last)
    expected, expected_after = twin_run(twin, x, lengths, state)

    assert (after is not None) == last
    agree(
        everything(outputs, after, givens | parameters(net)),
        everything(expected, expected_after if last else None, givens | dict(twin.named_parameters())),
        within,
    )


@pytest.mark.parametrize("last", [False, True], ids=["outputs", "outputs+state"])
@pytest.mark.parametrize("start", [False, True], ids=["from-zeros", "from-state"])
@pytest.mark.parametrize("lengths", [torch.full((B,), T), RAGGED], ids=["full", "ragged"])
@pytest.mark.parametrize(("name", "both", "layers"), FORMS)
def test_agrees_with_torch(
    name: str, both: bool, layers: int, lengths: torch.Tensor | None, start: bool, last: bool
) -> None:
    compare(name, lengths, start, last, 1e-10, layers=layers, bidirectional=both)


@pytest.mark.parametrize("lengths", [None, RAGGED], ids=["no-lengths", "ragged"])
@pytest.mark.parametrize("name", TWINS)
def test_agrees_in_the_precision_of_training(name: str, lengths: torch.Tensor | None) -> None:
    compare(name, lengths, False, True, 1e-5, layers=2, bidirectional=True, hidden_size=16, dtype=torch.float32)


@pytest.mark.parametrize(("name", "both", "layers"), FORMS)
def test_takes_the_weights_of_torch_and_gives_them_back(name: str, both: bool, layers: int) -> None:
    net = network(name, layers=layers, bidirectional=both)
    twin = twin_of(net, TWINS[name])
    theirs = twin.state_dict()
    net.from_torch(theirs)
    agree(net.to_torch(), dict(theirs), within=0)
    x = noise(B, T, net.input_size)
    agree(net(x)[0], twin(x)[0])
    with torch.no_grad():
        next(twin.parameters()).zero_()  # the weights were copied, not shared
    assert not torch.equal(next(iter(net.to_torch().values())), next(twin.parameters()))


@pytest.mark.parametrize(
    "other",
    [{"hidden_size": 5}, {"input_size": 2}, {"layers": 2}, {"bidirectional": True}],
    ids=["hidden", "input", "layers", "directions"],
)
@pytest.mark.parametrize("name", [name for name in TWINS if name in ONE_WAY])
def test_refuses_the_weights_of_another_network(name: str, other: dict[str, Any]) -> None:
    net = network(name)
    before = {key: value.clone() for key, value in net.to_torch().items()}
    with pytest.raises(ValueError, match="names or shapes"):
        net.from_torch(twin_of(network(name, **other), TWINS[name]).state_dict())
    agree(net.to_torch(), before, within=0)
