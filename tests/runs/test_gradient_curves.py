"""Curves of the gradient through time: reach, zeros, bounds, and which probe of a run counts."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from runs import event_makers as make

from workbench.runs.evaluations import EvaluationIndex
from workbench.runs.events import Event, encode
from workbench.runs.gradients import best_probe, counterpart, curves_of, reach_words, round_distances
from workbench.runs.history import History
from workbench.runs.probes import ProbedCell


def folded(*events: Event) -> History:
    history = History()
    history.extend([*events])
    return history


def test_curves_stand_by_layer_direction_and_part() -> None:
    cells = [make.lstm_cell(layer=layer, direction=direction) for layer in (0, 1) for direction in (0, 1)]
    curves = curves_of(make.probe(10, *cells))
    assert [curve.name for curve in curves[:4]] == [
        *("layer 1, h", "layer 1, c"),
        *("layer 1 backward, h", "layer 1 backward, c"),
    ]
    assert curves[-1].key == (1, 1, "c")
    assert [curve.top for curve in curves] == [False] * 4 + [True] * 4


def test_how_far_a_gradient_reaches_and_what_is_left() -> None:
    (curve,) = curves_of(make.probe(10, make.rnn_cell()))
    assert curve.reach == 9  # 2^-9 is above a thousandth, 2^-10 is not
    assert curve.ratio(5) == pytest.approx(2**-5)
    assert curve.at(5) == pytest.approx(0.5 * 2**-5)
    assert curve.at(101) is None
    assert curve.zero_beyond is None
    assert reach_words(make.probe(10, make.rnn_cell())) == "the gradient reaches 9 of 100 steps back"


def test_of_thinned_distances_the_nearest_counts() -> None:
    (curve,) = curves_of(msgspec.structs.replace(make.probe(1, make.rnn_cell(3)), distances=[0, 10, 20]))
    assert [curve.at(distance) for distance in (0, 4, 6, 14, 20)] == [0.5, 0.5, 0.25, 0.25, 0.125]


def test_zeros_at_the_end_underflowed_and_zeros_elsewhere_did_not() -> None:
    (curve,) = curves_of(make.probe(10, make.rnn_cell(left=0.1)))
    assert curve.zero_beyond == 39
    first = make.rnn_cell(3).norms | {"h": [0.0, 0.5, 0.25]}
    (shifted,) = curves_of(make.probe(10, msgspec.structs.replace(make.rnn_cell(3), norms=first), length=3))
    assert shifted.zero_beyond is None
    assert shifted.ratio(2) == 0.5
    assert shifted.bound == pytest.approx([None, 0.5, 0.5 * 1.25])
    none = msgspec.structs.replace(make.rnn_cell(3), norms={"h": [0.0, None, 0.0]})
    (empty,) = curves_of(make.probe(10, none, length=3))
    assert (empty.reach, empty.zero_beyond, empty.bound, empty.ratio(1)) == (0, 1, [], None)


def test_the_bound_is_that_of_the_highest_layer_s_h_without_gates() -> None:
    (curve,) = curves_of(make.probe(10, make.rnn_cell()))
    assert curve.bound[:3] == pytest.approx([0.5, 0.5 * 1.25, 0.5 * 1.25**2])
    lower, upper = curves_of(make.probe(10, make.rnn_cell(), msgspec.structs.replace(make.rnn_cell(), layer=1)))
    assert lower.bound == []
    assert upper.bound
    assert all(curve.bound == [] for curve in curves_of(make.probe(10)))
    (pooled,) = curves_of(make.probe(10, make.rnn_cell(left=0.99, spectral_norm=0.5)))
    assert pooled.bound == [], "a loss that sees all states is not bounded by that of the last one"


def test_a_stranger_s_cells_that_do_not_fit_are_left_out() -> None:
    odd = ProbedCell(layer=0, direction=0, norms={"h": [0.5], "c": [0.5, 0.25, 0.1]})
    probe = make.probe(1, odd, length=3)
    assert [curve.part for curve in curves_of(probe)] == ["c"]
    for distances in ([-5, -4, -3], [2, 1, 0], [0, 0, 1]):
        assert curves_of(msgspec.structs.replace(probe, distances=distances)) == []
    assert (
        curves_of(
            msgspec.structs.replace(make.probe(1, ProbedCell(layer=0, direction=0, norms={"h": []})), distances=[])
        )
        == []
    )
    assert reach_words(msgspec.structs.replace(probe, distances=[])) == "the gradient reaches 0 of 0 steps back"


def test_a_counterpart_has_the_same_place_else_h_there_else_is_the_first() -> None:
    h, c = curves_of(make.probe(1))
    (rnn,) = curves_of(make.probe(1, make.rnn_cell()))
    assert counterpart(c, [h, c]) is c
    assert counterpart(c, [rnn]) is rnn
    assert counterpart(h, curves_of(make.probe(1, make.lstm_cell(layer=1)))).key == (1, 0, "h")
    assert counterpart(h, []) is None


def test_the_probe_of_the_best_evaluation_counts_else_the_newest() -> None:
    best = msgspec.structs.replace(make.evaluation(20), best=make.evaluation(10).best)
    both = folded(make.evaluation(10), make.probe(10), best, make.probe(20))
    assert best_probe(both).step == 10
    assert best_probe(folded(make.evaluation(10), best, make.probe(20))).step == 20
    assert best_probe(folded(make.evaluation(10))) is None


def test_round_distances() -> None:
    assert round_distances(10) == [0, 1, 5, 10]
    assert round_distances(399) == [0, 1, 5, 10, 20, 50, 100, 200, 399]
    assert round_distances(0) == [0]


def test_a_follower_keeps_the_first_probe_the_best_and_the_last() -> None:
    best = make.evaluation(20).best
    history = History()
    for step in (10, 20, 30, 40):
        event = make.evaluation(step)
        history.add(event if step < 30 else msgspec.structs.replace(event, best=best))
        history.add(make.probe(step))
        history.drop_shown()
    assert [probe.step for probe in history.probes] == [10, 20, 40]
    assert best_probe(history).step == 20


def test_probes_are_read_from_the_file_by_their_step(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    first = [make.started(), make.evaluation(10), make.probe(10), make.evaluation(20), make.probe(20)]
    path.write_bytes(b"".join(map(encode, first)))
    index = EvaluationIndex(path)
    assert (index.probe(10), index.probe(20), index.probe(30)) == (first[2], first[4], None)
    assert index.evaluation(10) == first[1]
    assert index.newest_probe() == first[4]
    again = [make.started(10), make.evaluation(15), make.probe(15, make.rnn_cell())]
    with path.open("ab") as file:
        file.write(b"".join(map(encode, again)))
    assert index.newest_probe() == again[2]
    path.write_bytes(encode(make.started()))
    assert EvaluationIndex(path).newest_probe() is None
