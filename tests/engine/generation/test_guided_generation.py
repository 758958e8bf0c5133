"""Poems guided by constraints, of a network of random weights: one at a time, in a batch, with backtracking."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from engine.generation.poem_books import BOOK, CHARACTERS
from engine.generation.poem_writers import random_writer
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tasks.poems import checker, forms
from tasks.poems.task import Task
from workbench.engine.generation import best_of
from workbench.engine.generation.best_of import Candidate
from workbench.engine.generation.decoding import GeneratedToken, generate
from workbench.engine.generation.sampling import Sampler

SAMPLER = Sampler(temperature=1.0)
Shown = dict[int, list[GeneratedToken]]
constraints = st.fixed_dictionaries(
    {"form": st.sampled_from(forms.FORMS[:4])},
    optional={
        "acrostic": st.text(CHARACTERS, max_size=8),
        "rhyme": st.sampled_from(["天", "雪", "先"]),
        "tones": st.booleans(),
        "distinct": st.booleans(),
        "novel": st.booleans(),
    },
)


@pytest.fixture(scope="module")
def writer() -> tuple[Task, Any]:
    return random_writer(known=["天天天天月", "月雪月雪天"])


def text(written: list[GeneratedToken]) -> str:
    return "".join(token.text for token in written)


@given(constraints, st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.filter_too_much])
def test_all_constraints_hold_together(writer, constraints: dict[str, Any], seed: int) -> None:
    task, model = writer
    try:
        guide = task.guide("", constraints)
    except ValueError:
        assume(False)
    poem = text(list(generate(task, model, seed=seed, guide=guide)))
    found = checker.check(poem, BOOK)
    assert found.form == constraints["form"]
    assert [line[0] for line in forms.lines(poem)][: len(constraints.get("acrostic", ""))] == [
        *constraints.get("acrostic", "")
    ]
    assert found.regulated or not constraints.get("tones")
    assert found.rhymed or "rhyme" not in constraints
    assert found.distinct or not constraints.get("distinct")
    if constraints.get("novel"):
        assert not {"天天天天月", "月雪月雪天"} & {line.rstrip("，。") for line in forms.lines(poem)}


def test_a_seed_writes_the_same_poem_and_probabilities_are_the_networks_own(writer) -> None:
    task, model = writer
    guide = task.guide("天", {"form": "五绝", "tones": True, "distinct": True})
    asked: dict[str, Any] = {"seed": 5, "temperature": 0.7, "repetition": 1.0, "guide": guide}
    first = list(generate(task, model, "天", **asked))
    assert first == list(generate(task, model, "天", **asked))
    poem = "天" + text(first)
    codes = [*task.prompt(poem, "五绝"), task.end]
    with torch.inference_mode():
        outputs, _ = model(torch.tensor([codes[:-1]]))
        scores = model.scores(outputs[0])
        scores[:, [*task.never_sampled, *task.vocabulary.encode(forms.FORMS)]] = -torch.inf
        expected = scores.log_softmax(1)[range(len(codes) - 1), codes[1:]][2:]
    torch.testing.assert_close(torch.tensor([w.log_probability for w in first]), expected, rtol=1e-4, atol=1e-4)


def test_tokens_that_may_be_taken_back_are_held_until_their_line_is_final() -> None:
    """Every line of the alphabet but those of one character is known: most lines are left by going back."""
    alphabet = CHARACTERS[:2]
    every = [
        f"{a}{b}{c}{d}{e}" for a in alphabet for b in alphabet for c in alphabet for d in alphabet for e in alphabet
    ]
    task, model = random_writer(characters=alphabet, known=[line for line in every if len(set(line)) > 1])
    guide = task.guide("", {"form": "五绝", "novel": True})
    for seed in range(8):
        poem = text(list(generate(task, model, seed=seed, guide=guide)))
        assert all(len(set(line)) == 2 for line in forms.lines(poem))  # one character and the mark
    batch, _ = written(task, model, "", SAMPLER, range(8), guide)
    assert all(forms.form(one.text) == "五绝" and len(set(one.text)) <= 4 for one in batch)
    task, model = random_writer(characters=alphabet, known=every)
    with pytest.raises(ValueError, match=r"^Nothing can be written that keeps to all that was asked"):
        list(generate(task, model, guide=task.guide("", {"form": "五绝", "novel": True})))


def written(task, model, start, draw, seeds, guide=None, limit=0, stopped=None) -> tuple[list[Candidate], Shown]:
    """The candidates, and what was given out on the way, which must be what they are."""
    stream = best_of.generate_candidates(task, model, start, draw, seeds, guide=guide, limit=limit, stopped=stopped)
    found, tokens = best_of.collect(stream)
    shown = dict(enumerate(tokens))
    for number, one in enumerate(found):
        assert text(shown[number]) == one.text
        assert one.ended == any(token.ends for token in shown[number])
    return found, shown


@pytest.mark.parametrize(
    "constraints", [{}, {"form": "七绝", "tones": True}, {"distinct": True, "novel": True, "form": "五律"}]
)
def test_a_batch_writes_what_each_seed_writes_alone(writer, constraints: dict[str, Any]) -> None:
    task, model = writer
    guide = task.guide("月", constraints)
    draw = Sampler(temperature=0.8, repetition=0.5)
    _, shown = written(task, model, "月", draw, range(6), guide, limit=60)
    for seed, one in shown.items():
        alone = list(generate(task, model, "月", temperature=0.8, repetition=0.5, seed=seed, guide=guide, limit=60))
        assert text(one) == text(alone)
        nats = [token.log_probability for token in alone]
        assert [token.log_probability for token in one] == pytest.approx(nats, rel=1e-4, abs=1e-4)


def test_the_best_candidate_is_likely_and_repeats_little(writer) -> None:
    task, _ = writer
    codes = task.vocabulary.encode("天月雪，")
    assert best_of.score(task, codes, [-1.0] * 4) == pytest.approx(-1)
    assert best_of.score(task, [*codes, *codes], [-1.0] * 8) == pytest.approx(-1.5)
    assert best_of.score(task, [], []) == 0
    made = [Candidate("", True, score) for score in (-2.0, -1.0, -1.0)]
    assert best_of.best(made) == 1
    assert len({*best_of.seeds(1, 256), *best_of.seeds(2, 256)}) == 512
    firsts = [torch.rand(1, generator=torch.Generator().manual_seed(seed)) for seed in best_of.seeds(7, 16)]
    assert len({float(first) for first in firsts}) == 16


def test_repetition_costs_but_punctuation_does_not(writer) -> None:
    task, model = writer
    cheap, _ = written(task, model, "", Sampler(), range(12), limit=40)
    dear, _ = written(task, model, "", Sampler(repetition=50.0), range(12), limit=40)
    letters = len(CHARACTERS)
    for one in dear:
        characters = [c for c in one.text if c not in "，。"]
        assert len(set(characters)) == min(len(characters), letters)
    assert sum(len(set(one.text)) / max(len(one.text), 1) for one in cheap) < sum(
        len(set(one.text)) / max(len(one.text), 1) for one in dear
    )
    with pytest.raises(ValueError, match="cost must be 0 or more"):
        Sampler(repetition=-1.0)


def test_a_poem_is_explained(writer) -> None:
    task, model = writer
    poem = "月日天天月，天天月日天。天天天月日，月日月年前。"
    characters, rules = task.explain(model, poem)
    assert [row[1] for row in characters.rows] == [c for c in poem if c not in "，。"]
    assert all(0 <= row[2] <= 1 for row in characters.rows)
    assert characters.rows[0][3:] == ["仄", "月", "中", "yes"]
    assert {row[0]: row[1] for row in rules.rows} == {
        "form": "met",
        "rhyme": "met",
        "no rhyme twice (重韵)": "met",
        "tones (对, 粘, line types)": "met",
        "level rhymes": "met",
        "regulated": "met",
        "no character twice in a line": "broken",
    }
    for opening in ("天月", "天天天天月，月日天天"):
        loose = task.explain(model, opening)[1]
        assert loose.rows[:2] == [["form", "–", "free"], ["rhyme", "–", "too few lines yet"]]
    with pytest.raises(ValueError, match="no poem to explain"):
        task.explain(model, "")
    assert task.checks(poem)["regulated"]
