"""Decoding with a trained network, on the scribe: a circle of characters."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from engine.toy_runs import trained

from tasks.scribe.task import CIRCLE, END, START, V
from workbench.config import spec
from workbench.engine import trained_run
from workbench.engine.generation.decoding import generate, normalize_prompt
from workbench.runs import store


@pytest.fixture(scope="module")
def scribe(tmp_path_factory: pytest.TempPathFactory):
    run = store.create(tmp_path_factory.mktemp("scribe"), spec.make("scribe", "lstm"))
    trained(run)
    return trained_run.load_trained(run, threads=1)


def written(scribe, start: str = "", **settings) -> list:
    return list(generate(*scribe, start, limit=40, **settings))


def test_it_goes_round_the_circle_it_learned(scribe) -> None:
    for start in ("", "光", "月明光照"):
        text = start + "".join(w.text for w in written(scribe, start, temperature=0))
        assert text[:4] in CIRCLE * 3


def test_a_seed_gives_the_same_text_and_another_seed_another(scribe) -> None:
    first = written(scribe, seed=1)
    assert first == written(scribe, seed=1)
    assert len({"".join(w.text for w in written(scribe, seed=seed)) for seed in range(8)}) > 2


def test_greedy_needs_no_seed(scribe) -> None:
    assert written(scribe, "月", temperature=0, seed=1) == written(scribe, "月", temperature=0, seed=2)
    assert written(scribe, "月", temperature=0) == written(scribe, "月", top_k=1, seed=5)


def test_the_end_is_said_once_and_last(scribe) -> None:
    texts = [written(scribe, seed=seed, temperature=2.0) for seed in range(5)]
    assert any(text[-1].ends for text in texts)
    for text in texts:
        assert not any(w.ends for w in text[:-1])
        assert all(len(w.text) == 1 for w in text if not w.ends)
        assert text[-1].text == "" or not text[-1].ends


def test_a_limit_is_kept(scribe) -> None:
    assert len(list(generate(*scribe, "月", limit=3, temperature=0))) == 3


def test_one_step_a_character_and_the_prefix_is_read_once(scribe) -> None:
    task, model = scribe
    task.steps_read.clear()
    tokens = list(itertools.islice(generate(task, model, "月明光", seed=3), 5))
    assert task.steps_read == [4, *[1] * (len(tokens) - 1)]  # the start token and three characters, then one at a time


def test_log_probabilities_are_the_networks_own(scribe) -> None:
    """Against the whole text read at once: nothing is lost by going on from a state."""
    task, model = scribe
    tokens = written(scribe, "光", seed=4, temperature=1.7, top_k=5)
    codes = [START, 3 + CIRCLE.index("光"), *(END if w.ends else 3 + CIRCLE.index(w.text) for w in tokens)]
    with torch.inference_mode():
        scores, _ = model(torch.tensor([codes[:-1]]))
        scores[..., list(task.never_sampled)] = -torch.inf
        expected = scores[0].log_softmax(1)[range(len(codes) - 1), codes[1:]][1:]
    torch.testing.assert_close(torch.tensor([w.log_probability for w in tokens]), expected, rtol=1e-4, atol=1e-5)


def test_the_choices_of_a_place_are_its_most_probable_tokens(scribe) -> None:
    tokens = written(scribe, "月", seed=3, temperature=1.5, choices=3)
    for token in tokens:
        texts, shares = zip(*token.choices, strict=True)
        assert [*shares] == sorted(shares, reverse=True)
        assert len(set(texts)) == 3
        if token.text in texts:
            assert math.log(shares[texts.index(token.text)]) == pytest.approx(token.log_probability, abs=1e-4)
    assert [token[:3] for token in tokens] == [token[:3] for token in written(scribe, "月", seed=3, temperature=1.5)]


def test_banned_tokens_are_never_written(scribe) -> None:
    task, model = scribe
    for seed in range(20):
        tokens = list(generate(task, model, seed=seed, temperature=50.0, limit=V))
        assert all(w.text or w.ends for w in tokens)


def test_it_draws_nothing_from_the_trainings_generator(scribe) -> None:
    before = torch.get_rng_state()
    written(scribe, seed=9)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_mode_of_whoever_asks_is_left_alone(scribe) -> None:
    tokens = generate(*scribe, seed=0)
    next(tokens)
    assert not torch.is_inference_mode_enabled()
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"start": "月x"}, "never saw x"),
        ({"temperature": -1.0}, "temperature"),
        ({"top_k": -1}, "top-k"),
        ({"top_p": 0.0}, "top-p"),
    ],
)
def test_settings_out_of_bounds_are_refused_before_the_first_token(scribe, settings, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        generate(*scribe, **settings)


def test_a_beginning_is_shown_as_it_is_read(scribe) -> None:
    assert normalize_prompt(scribe[0], "月明") == "月明"
    assert normalize_prompt(scribe[0], "") == ""
