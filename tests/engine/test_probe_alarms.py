"""Alarms on the gradient through time and on gates: their conditions and sentences; each is raised once."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.engine.alarms import Alarms
from workbench.runs.events import Probe
from workbench.runs.probes import GateStatistics, ProbedCell


def probe(norms: Sequence[float | None], **gates: tuple[float, float, float]) -> Probe:
    """A probe of one layer; a gate is its mean and the shares of values that are shut and open."""
    cell = ProbedCell(
        layer=0,
        direction=0,
        norms={"h": [*norms]},
        gates={name: GateStatistics(mean=m, shut=s, open=o) for name, (m, s, o) in gates.items()},
        keep_gate="f" if "f" in gates else "",
    )
    return Probe(time=0, step=1, examples=2, distances=[*range(len(norms))], counts=[2] * len(norms), cells=[cell])


def test_a_gradient_that_fades_early_is_told_once_until_it_has_recovered() -> None:
    alarms = Alarms()
    faded = probe([10.0**-d for d in range(21)])
    assert alarms.check_probe(faded) == [
        "The gradient reaches no further than 3 steps back, in sequences of up to 21: beyond, it is below 0.1% of that "
        "at the last step. What stands earlier is hardly learned from; a cell with a memory (lstm, gru) may reach "
        "further."
    ]
    assert alarms.check_probe(faded) == []
    assert alarms.check_probe(probe([1.0] * 21)) == []
    assert len(alarms.check_probe(faded)) == 1


def test_of_a_cell_with_a_memory_the_gate_that_keeps_it_is_told() -> None:
    (sentence,) = Alarms().check_probe(probe([1.0, 1e-4, *[0.0] * 19], f=(0.52, 0, 0)))
    assert sentence.endswith("gate f of layer 1 keeps 52% of the memory at each step on average.")
    assert "no further than 0 steps back" in sentence


def test_short_sequences_and_far_reaches_raise_nothing() -> None:
    assert Alarms().check_probe(probe([1.0, *[1e-9] * 8])) == []
    assert Alarms().check_probe(probe([1.0] * 11 + [1e-9] * 9)) == []


def test_a_gate_that_stands_open_or_shut_is_told_once() -> None:
    alarms = Alarms()
    standing = probe([1.0] * 3, f=(0.97, 0.0, 0.93), i=(0.02, 0.95, 0.0), o=(0.5, 0.4, 0.4))
    assert alarms.check_probe(standing) == [
        "Gate f of layer 1 stands open: 93% of its values are above 0.95.",
        "Gate i of layer 1 stands shut: 95% of its values are below 0.05.",
    ]
    assert alarms.check_probe(standing) == []
    assert alarms.check_probe(probe([1.0] * 3, f=(0.5, 0.0, 0.0), i=(0.02, 0.95, 0.0))) == []
    assert alarms.check_probe(standing) == ["Gate f of layer 1 stands open: 93% of its values are above 0.95."]
