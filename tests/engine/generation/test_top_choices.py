"""The most probable tokens reported beside each sampled one."""

from __future__ import annotations

import math

import pytest
from engine.toy_runs import trained

from tasks.scribe.task import CIRCLE
from workbench.config import spec
from workbench.engine import trained_run
from workbench.engine.generation import best_of
from workbench.engine.generation.decoding import generate
from workbench.engine.generation.sampling import Sampler
from workbench.inference.protocol import Character, Generate
from workbench.inference.service import InferenceService
from workbench.runs import store
from workbench.runs.run import Run


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory):
    run = store.create(tmp_path_factory.mktemp("scribe"), spec.make("scribe", "gru", {"train.epochs": 3}))
    trained(run)
    return run


@pytest.fixture(scope="module")
def scribe(described: Run):
    return trained_run.load_trained(described, threads=1)


def test_the_likeliest_come_first_with_the_networks_own_probabilities(scribe) -> None:
    for token in generate(*scribe, "月", temperature=3.0, seed=2, limit=30, choices=20):
        shares = dict(token.choices)
        assert list(shares.values()) == sorted(shares.values(), reverse=True)
        assert set(shares) == {*CIRCLE, ""}  # never what is never_sampled; the end is empty
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
        assert shares[token.text] == pytest.approx(math.exp(token.log_probability), rel=1e-4)


def test_reported_choices_change_no_text(scribe) -> None:
    plain = list(generate(*scribe, seed=5, temperature=2.0, limit=30))
    asked = list(generate(*scribe, seed=5, temperature=2.0, limit=30, choices=3))
    assert [token._replace(choices=()) for token in asked] == plain
    assert {len(token.choices) for token in asked} == {3}


def test_each_of_several_texts_has_its_own(scribe) -> None:
    task, model = scribe
    sampler = Sampler(temperature=2.0, choices=2)
    found: dict[int, list] = {0: [], 1: []}
    for number, token in best_of.generate_candidates(task, model, "月", sampler, best_of.seeds(5, 2), limit=30):
        found[number].append(token)
    for number, seed in enumerate(best_of.seeds(5, 2)):
        alone = list(generate(task, model, "月", temperature=2.0, seed=seed, limit=30, choices=2))
        assert [token.text for token in found[number]] == [token.text for token in alone]
        for token, single in zip(found[number], alone, strict=True):
            assert [text for text, _ in token.choices] == [text for text, _ in single.choices]
            assert [share for _, share in token.choices] == pytest.approx([share for _, share in single.choices])


@pytest.mark.parametrize("candidates", [1, 2])
def test_the_inference_server_reports_them_with_each_character(described, scribe, candidates) -> None:
    service = InferenceService(described, *scribe)
    for choices in (0, 3):
        asked = Generate(id=1, start="月", temperature=0, length=8, best_of=candidates, choices=choices)
        told = [reply for reply in service.respond(asked, set()) if isinstance(reply, Character)]
        assert {len(reply.choices) for reply in told} == {choices}
