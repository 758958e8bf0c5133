from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tasks.shared.baselines.kneser_ney import KneserNey, unigram

START, A, B, END = 0, 1, 2, 3
Sequences = list[list[int]]


def flat(sequences: Sequences) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([np.array(s) for s in sequences]), np.array([len(s) for s in sequences])


def model(sequences: Sequences, order: int, size: int = 4) -> KneserNey:
    return KneserNey(*flat(sequences), order=order, size=size, never=[START])


def after(found: KneserNey, context: list[int]) -> list[float]:
    """p(w | context) for every w."""
    return [float(found.probabilities(*flat([[*context, w]]))[-1]) for w in range(found.size)]


def by_hand(sequences: Sequences, order: int, size: int, context: tuple[int, ...], word: int) -> float:
    """The same, straight from the definition, with the fixed discounts that so few n-grams get."""
    if len(context) >= order:
        context = context[1 - order :] if order > 1 else ()

    def count(gram: tuple[int, ...]) -> int:
        k = len(gram)
        places = [(tuple(s), i) for s in sequences for i in range(len(s) - k + 1) if tuple(s[i : i + k]) == gram]
        if k == order or (gram[0] == START and k > 1):
            return len(places)
        return len({s[i - 1] for s, i in places if i > 0})

    total = sum(count((*context, w)) for w in range(size) if w != START)
    shorter = by_hand(sequences, order, size, context[1:], word) if context else (word != START) / (size - 1)
    if not total:
        return shorter
    taken = {w: min(count((*context, w)), 3) / 2 for w in range(size) if w != START}
    own = (count((*context, word)) - taken[word]) / total if word != START else 0
    return own + sum(taken.values()) / total * shorter


def test_a_bigram_model_computed_by_hand() -> None:
    # bigrams: SA×2 AB AE BE, so after A: B and E once each. Seen before: A after 1 token, B after 1, E after 2.
    found = model([[START, A, B, END], [START, A, END]], 2)
    uniform = 1 / 3
    left = (0.5 + 0.5 + 1) / 4  # D(1) + D(1) + D(2) of the unigrams' 4
    unigrams = {A: 0.5 / 4 + left * uniform, B: 0.5 / 4 + left * uniform, END: 1 / 4 + left * uniform}
    expected = [0, 0.5 * unigrams[A], 0.25 + 0.5 * unigrams[B], 0.25 + 0.5 * unigrams[END]]
    assert after(found, [START, A]) == pytest.approx(expected)
    assert after(found, [START])[A] == pytest.approx(1 / 2 + 1 / 2 * unigrams[A])


sequences = st.lists(
    st.lists(st.integers(1, 3), min_size=1, max_size=6).map(lambda s: [START, *s]), min_size=1, max_size=6
)


@given(sequences, st.integers(1, 4), st.lists(st.integers(1, 4), max_size=4))
@settings(deadline=None, max_examples=60)
def test_it_is_its_definition_and_sums_to_one(seen: Sequences, order: int, context: list[int]) -> None:
    assume(max(Counter(token for s in seen for token in s[1:]).values()) < 4)  # too few to estimate discounts from
    found = model(seen, order, size=5)
    probabilities = after(found, [START, *context])
    assert sum(probabilities) == pytest.approx(1)
    assert probabilities == pytest.approx([by_hand(seen, order, 5, (START, *context), w) for w in range(5)])


def test_with_estimated_discounts_it_sums_to_one_too_and_shorter_contexts_help() -> None:
    random = np.random.default_rng(0)
    steps = random.dirichlet(np.full(12, 0.3), size=12)  # a Markov chain
    seen = []
    for _ in range(400):
        s = [START]
        for _ in range(12):
            s.append(1 + int(random.choice(12, p=steps[s[-1] - 1])))
        seen.append(s)
    train, held = seen[:300], seen[300:]
    nats = {}
    for order in (1, 2, 3):
        found = model(train, order, size=13)
        for context in ([START], held[0][:4], [START, 7, 7, 7, 7]):
            assert sum(after(found, context)) == pytest.approx(1)
        nats[order] = -np.log(found.probabilities(*flat(held))).mean()
    assert nats[2] < nats[1] - 0.3
    assert nats[3] < nats[2] + 0.1  # a longer memory than the chain has costs little


def test_every_token_but_the_first_is_scored_in_order() -> None:
    found = model([[START, A, B, END], [START, A, END]], 3)
    together = found.probabilities(*flat([[START, A, END], [START, B]]))
    assert together.shape == (3,)
    apart = [found.probabilities(*flat([s])) for s in ([START, A, END], [START, B])]
    assert together == pytest.approx(np.concatenate(apart))


def test_unigrams_count_plus_one_and_never_the_start() -> None:
    shares = unigram(*flat([[START, A, A, END], [START, A, END]]), size=4, never=[START])
    assert shares == pytest.approx([0, 4 / 8, 1 / 8, 3 / 8])
