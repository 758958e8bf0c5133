from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.shared.sequences.sampling import choose

SCORES = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
Drawn = dict[int, float]


def shares(draws: int = 20_000, **options: object) -> Drawn:
    """The share of draws of each of the four tokens."""
    generator = torch.Generator().manual_seed(1)
    tokens, _ = choose(SCORES.expand(draws, -1), generator=generator, **options)  # type: ignore[arg-type]
    return {int(token): int(count) / draws for token, count in zip(*tokens.unique(return_counts=True), strict=True)}


def test_tokens_are_drawn_as_often_as_they_are_probable() -> None:
    assert shares() == pytest.approx({0: 0.5, 1: 0.3, 2: 0.15, 3: 0.05}, abs=0.015)


def test_temperature_sharpens_and_flattens() -> None:
    squares = [0.25, 0.09, 0.0225, 0.0025]
    assert shares(temperature=0.5) == pytest.approx({k: p / sum(squares) for k, p in enumerate(squares)}, abs=0.015)
    assert shares(temperature=1e4) == pytest.approx(dict.fromkeys(range(4), 0.25), abs=0.015)
    assert shares(temperature=0) == {0: 1}
    assert shares(temperature=1e-30) == {0: 1}


def test_top_k_keeps_the_k_most_probable() -> None:
    assert shares(top_k=2) == pytest.approx({0: 0.625, 1: 0.375}, abs=0.015)
    assert shares(top_k=1) == {0: 1}
    assert set(shares(top_k=99)) == {0, 1, 2, 3}


def test_top_p_keeps_the_fewest_that_reach_it() -> None:
    assert shares(top_p=0.4) == {0: 1}
    assert shares(top_p=0.6) == pytest.approx({0: 0.625, 1: 0.375}, abs=0.015)
    assert set(shares(top_p=0.94)) == {0, 1, 2}


def test_banned_tokens_are_never_drawn_and_the_rest_share_their_part() -> None:
    assert shares(never_sampled=[0]) == pytest.approx({1: 0.6, 2: 0.3, 3: 0.1}, abs=0.015)
    assert shares(never_sampled=[0, 1], temperature=0) == {2: 1}
    with pytest.raises(ValueError, match="nothing left"):
        shares(never_sampled=range(4))


def test_the_log_probability_is_the_networks_own() -> None:
    scores = SCORES.expand(50, -1)
    tokens, logs = choose(scores, temperature=3, top_k=3, top_p=0.9, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(logs, SCORES[tokens])
    _, logs = choose(scores, temperature=0, never_sampled=[0])
    torch.testing.assert_close(logs, torch.full((50,), math.log(0.6)))


def test_the_same_seed_draws_the_same_tokens() -> None:
    scores = torch.randn(64, 100, generator=torch.Generator().manual_seed(3))
    draws = [choose(scores, generator=torch.Generator().manual_seed(seed))[0] for seed in (5, 5, 6)]
    assert draws[0].equal(draws[1])
    assert not draws[0].equal(draws[2])


@given(
    st.lists(st.floats(-60, 60, width=32), min_size=2, max_size=12),
    st.floats(0, 5),
    st.integers(0, 12),
    st.floats(1e-6, 1),
    st.integers(0, 2**31),
)
@settings(deadline=None)
def test_sampled_tokens_are_always_among_the_allowed(
    scores: list[float], temperature: float, top_k: int, top_p: float, seed: int
) -> None:
    row = torch.tensor([scores])
    generator = torch.Generator().manual_seed(seed)
    tokens, logs = choose(
        row, temperature=temperature, top_k=top_k, top_p=top_p, generator=generator, never_sampled=[0]
    )
    assert 1 <= int(tokens) < len(scores)
    better = int((row[0, 1:] > row[0, int(tokens)]).sum())
    assert not top_k or better < top_k
    assert logs.isfinite().all()


@pytest.mark.parametrize("wrong", [{"temperature": -1}, {"temperature": math.nan}, {"top_k": -1}, {"top_p": 0}])
def test_settings_out_of_bounds_are_refused_in_a_sentence(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must be .* it is"):
        choose(SCORES[None], **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_scores_that_are_no_numbers_draw_some_token(score: float) -> None:
    """A network that diverged is spoken of elsewhere; what it writes must not break the training off."""
    tokens, _ = choose(torch.full((2, 5), score), generator=torch.Generator().manual_seed(0))
    assert all(0 <= token < 5 for token in tokens.tolist())
