"""Standings of a race made of its events."""

from __future__ import annotations

import math

import msgspec
import pytest
from races.race_events import begun, turn, whole

from workbench.races.budget import Budget
from workbench.races.events import Event, Out, decode, encode
from workbench.races.standings import Race, parity_words, start_words


def after(*events: Event) -> Race:
    race = Race()
    for event in events:
        race.add(event)
    return race


@pytest.mark.parametrize("event", whole(), ids=lambda event: type(event).__name__)
def test_an_event_survives_its_line(event: Event) -> None:
    assert decode(encode(event)) == event


def test_a_line_that_is_no_event_is_none() -> None:
    for line in (b"", b"{", b"[]", b'{"event":"other"}', b'{"event":"turn"}', b"\xff", b"[" * 100_000):
        assert decode(line) is None


def test_nothing_has_begun() -> None:
    race = Race()
    assert race.share == 0
    assert race.standings() == []
    assert race.facts() == {"race": None, "ended": None, "cells": []}


def test_a_whole_race() -> None:
    race = after(*whole())
    one, other = race.standings()
    assert (one.cell, one.steps, one.examples, one.seconds, one.wall_s) == ("lstm", 40, 400, 4.0, 8.0)
    assert (one.examples_per_s, other.examples_per_s) == (100.0, 200.0)
    assert other.ratio is not None
    assert (other.ratio.median, other.ratio.low, other.ratio.high, other.ratio.blocks) == (2.0, 2.0, 2.0, 3)
    assert one.difference is None
    assert other.difference is not None
    assert other.difference.largest == pytest.approx(2e-7)
    assert (other.difference.steps, other.difference.lost_at) == (40, None)
    assert parity_words(other.difference, 1e-4) == "parity holds to 2.0e-07 over 40 steps"
    assert one.loss == pytest.approx(sum(3.0 / (1 + at) + 0.5 for at in range(40)) / 40)
    assert one.metrics["accuracy"] == 0.8125
    assert race.share == 1
    facts = race.facts()
    assert facts["ended"] == "all steps done"
    assert [cell["losses"] == race.cells[cell["cell"]].losses for cell in facts["cells"]] == [True, True]  # type: ignore[attr-defined]
    assert facts["race"]["task"] == "names"  # type: ignore[index]


def test_ratio_and_quartiles_leave_out_the_first_block() -> None:
    race = after(begun("a", "b"))
    for block, seconds in enumerate((50.0, 2.0, 1.0, 4.0, 0.5, 1.0)):
        race.add(turn("a", block, [1.0], 2.0))
        race.add(turn("b", block, [1.0], seconds))
    found = race.ratio("b")
    assert found is not None
    assert (found.low, found.median, found.high, found.blocks) == (1.0, 2.0, 2.0, 5)  # of 0.5 1 2 2 4
    first = race.ratio("a")
    assert first is not None
    assert (first.median, first.low, first.high) == (1.0, 1.0, 1.0)


def test_ratio_needs_a_block_of_both() -> None:
    race = after(begun("a", "b"), turn("b", 0, [1.0]))
    assert race.ratio("b") is None
    race.add(turn("a", 0, [1.0], 3.0))
    found = race.ratio("b")
    assert found is not None
    assert (found.median, found.low, found.high, found.blocks) == (3.0, 3.0, 3.0, 1)


def test_twins_are_compared_at_the_steps_of_both() -> None:
    race = after(begun("a", "b"), turn("a", 0, [1.0, 1.0, 1.0]))
    assert race.difference("b") is None
    race.add(turn("b", 0, [1.0, 1.5]))
    found = race.difference("b")
    assert found is not None
    assert (found.largest, found.at_step, found.steps, found.lost_at) == (0.5, 2, 2, 2)
    race.add(turn("b", 1, [1.25, 9.0], before=2))
    found = race.difference("b")
    assert found is not None
    assert (found.largest, found.at_step, found.steps, found.lost_at) == (0.5, 2, 3, 2)
    assert parity_words(found, 1e-4) == (
        "parity is lost at step 2: the losses differ by more than 0.0001, by 5.0e-01 at step 2"
    )


def test_no_difference_at_all_is_said_so() -> None:
    race = after(begun("a", "b"), turn("a", 0, [1.0, 2.0]), turn("b", 0, [1.0, 2.0]))
    found = race.difference("b")
    assert found is not None
    assert (found.largest, found.at_step) == (0.0, 1)
    assert parity_words(found, 1e-4) == "parity holds exactly over 2 steps"


def test_parity_is_lost_where_one_loss_alone_is_no_number() -> None:
    race = after(begun("a", "b"), turn("a", 0, [1.0, None, None]), turn("b", 0, [1.0, None, 2.0]))
    found = race.difference("b")
    assert found is not None
    assert (found.largest, found.steps, found.lost_at) == (0.0, 3, 3)
    assert parity_words(found, 1e-4) == "parity is lost at step 3: the loss of one of the two is no number there"


def test_a_loss_that_is_no_number_has_no_difference() -> None:
    race = after(begun("a", "b"), turn("a", 0, [1.0, None]), turn("b", 0, [1.0, 2.0]), Out(cell="a", message="Gone."))
    found = race.difference("b")
    assert found is not None
    assert found.largest == 0
    assert [one.loss for one in race.standings()] == [None, 1.5]
    assert [one.out for one in race.standings()] == ["Gone.", ""]


def test_the_share_is_that_of_the_slowest_that_is_left() -> None:
    race = after(begun("a", "b", budget=Budget(by="time", seconds=8.0)), turn("a", 0, [1.0], 6.0))
    assert race.share == 0
    race.add(turn("b", 0, [1.0], 2.0))
    assert race.share == 0.25
    race.add(Out(cell="b", message="Gone."))
    assert race.share == 0.75
    race.add(Out(cell="a", message="Gone."))
    assert race.share == 1


def test_the_beginning_in_words() -> None:
    twins = start_words(begun("lstm", "torch-lstm").contenders, 3)
    assert twins == ["torch-lstm starts from lstm's weights (outputs differ by 1.0e-07 at most)."]
    others = start_words(begun("lstm", "gru", "rnn", twins=False).contenders, 3)
    assert others == ["lstm, gru and rnn are no twins: each starts from weights of its own, drawn from seed 3."]
    lone = [*begun("lstm", "torch-lstm").contenders, *begun("gru").contenders]
    assert start_words(lone, 3)[1:] == ["gru has no twin here: it starts from weights of its own, drawn from seed 3."]


def test_the_kernels_are_told() -> None:
    ours, theirs = begun("lstm", "torch-lstm").contenders
    computed = [msgspec.structs.replace(ours, kernel="native"), msgspec.structs.replace(theirs, kernel="torch")]
    assert start_words(computed, 3)[-1] == "Kernels: lstm by native, torch-lstm by torch."


def test_numbers_stay_finite() -> None:
    race = after(begun("a", "b"), turn("a", 0, [1.0], 0.0), turn("b", 0, [1.0], 0.0))
    assert race.ratio("b") is None
    assert [one.examples_per_s for one in race.standings()] == [None, None]
    assert math.isfinite(race.share)
