"""The poems task: its loss by the definition, its metrics, the poems sampled from it and its answers."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from small_poems import HANZI, POEMS, encoded, made, some, task
from torch import Tensor, nn

import cells
from tasks.base import DataError
from tasks.poems import forms
from tasks.poems.model import PoemNetwork
from tasks.poems.settings import Settings
from tasks.poems.task import Task
from tasks.shared.sequences.sampling import choose
from tasks.shared.text.vocabulary import END, PAD, START, UNKNOWN
from tasks.views import Table, Text
from tasks.writer import SampleRequest
from workbench.engine.generation import samples

ONE_WAY = [cell for cell in cells.available() if not cells.about(cell).bidirectional]


@torch.no_grad()
def surprise(model: PoemNetwork, codes: list[int]) -> list[float]:
    """The NLL of each token after the first, one prefix at a time."""
    found = []
    for i in range(1, len(codes)):
        outputs, _ = model(torch.tensor([codes[:i]]))
        found.append(-float(model.scores(outputs[0, -1:]).double().log_softmax(1)[0, codes[i]]))
    return found


@pytest.mark.parametrize("cell", ["lstm", "torch-gru"])
def test_the_loss_is_the_mean_over_real_tokens_whatever_the_padding(cell: str) -> None:
    its, model = made(cell)
    data = some(its, POEMS)
    nats = [n for poem in POEMS for n in surprise(model, encoded(its, poem))]
    with torch.no_grad():
        assert float(its.loss(model, data, torch.arange(3))) == pytest.approx(sum(nats) / len(nats), rel=1e-5)


def test_the_metrics_count_tokens_over_all_batches_and_characters_apart() -> None:
    its, model = made()
    codes = [encoded(its, poem) for poem in POEMS]
    tokens = [token for poem in POEMS for token in (forms.form(poem), *poem, END)]
    every = list(zip(tokens, (n for row in codes for n in surprise(model, row)), strict=True))
    hanzi = [n for c, n in every if c not in ("，", "。", END, *forms.FORMS)]
    mean = sum(n for _, n in every) / len(every)
    for size in (1, 2, 3):
        with torch.no_grad():
            metrics = samples.evaluate(its, model, some(its, POEMS), "val", size).metrics
        assert metrics["loss"] == metrics["nll"] == pytest.approx(mean, rel=1e-5)
        assert metrics["nll_hanzi"] == pytest.approx(sum(hanzi) / len(hanzi), rel=1e-5)
        assert metrics["perplexity"] == pytest.approx(math.exp(mean), rel=1e-5)
        assert set(metrics) == {"loss", "nll", "nll_hanzi", "perplexity", "well_formed"}


class Reciter(nn.Module):
    """A network that knows one poem by heart, wherever it is asked."""

    directions, input_size, output_size = 1, 1, 1

    def forward(self, x: Tensor, lengths: Any = None, state: Any = None, *, return_state: bool = False) -> Any:
        start = state or 0
        steps = torch.arange(start, start + x.shape[1], dtype=torch.float)
        return steps.expand(len(x), -1)[..., None], start + x.shape[1]


def reciting(its: Task, text: str) -> PoemNetwork:
    form = its.vocabulary.number(forms.form(text) if text else forms.FREE)
    codes = [form, *its.vocabulary.encode(text), its.end] if text else [form, *its.vocabulary.encode("月" * 99)]
    tokens, classes = nn.Embedding(len(its.vocabulary), 1), torch.zeros(len(its.vocabulary), 1)
    network = PoemNetwork(tokens, Reciter(), classes=classes, breaks=[], tied=False, dropout=0.0)

    def scores(outputs: Tensor) -> Tensor:
        found = torch.zeros(len(outputs), len(its.vocabulary))
        for row, step in enumerate(outputs[:, 0].long().tolist()):
            found[row, codes[step % len(codes)]] = 100
        return found

    network.scores = scores  # type: ignore[method-assign]
    return network


QUATRAIN = "松风山夜月，水鹤月山风。夜月松山水，风松鹤夜山。"


def test_well_formed_poems_are_counted_and_one_without_end_is_none() -> None:
    its = task()
    data = some(its, POEMS)
    for text, share in ((QUATRAIN, 1), (QUATRAIN[:-6], 0), ("", 0)):
        metrics = samples.evaluate(its, reciting(its, text), data, "val", 3).metrics
        assert metrics["well_formed"] == share


def test_the_sample_goes_on_from_the_prompt_and_is_shown_by_lines() -> None:
    its = task(prompt="松")
    view = samples.sample(its, reciting(its, QUATRAIN))
    assert isinstance(view, Text)
    assert view.text == QUATRAIN.replace("。夜", "。\n夜")
    assert not view.note


def test_the_sample_is_the_same_for_the_same_seed_and_leaves_torchs_generator_alone() -> None:
    its, model = made()
    before = torch.get_rng_state()
    assert samples.sample(its, model) == samples.sample(its, model)
    assert torch.get_rng_state().equal(before)
    assert samples.sample(made(sample_seed=1)[0], model) != samples.sample(its, model)


def test_the_form_and_what_follows_are_drawn_with_one_run_of_numbers() -> None:
    its, model = made(prompt="")
    generator = torch.Generator().manual_seed(its.settings.sample_seed)
    temperature, codes, state = its.settings.temperature, its.prompt(""), None
    (codes,) = its.prepare_prompt(model, codes, [generator], temperature=temperature)
    unread = codes
    with torch.inference_mode():
        while codes[-1] != its.end and len(codes) < 83:
            scores, state = its.read(model, torch.tensor([unread]), state)
            tokens, _ = choose(scores, temperature=temperature, generator=generator, never_sampled=its.never_sampled)
            unread = tokens.tolist()
            codes = codes + unread
    view = samples.sample(its, model)
    assert isinstance(view, Text)
    assert view.text == forms.with_line_breaks("".join(map(its.token, codes)))


def test_a_prompt_outside_the_vocabulary_is_told_and_the_sample_begins_freely() -> None:
    its, model = made(prompt="雪夜")
    view, free = samples.sample(its, model), samples.sample(made(prompt="")[0], model)
    assert isinstance(view, Text)
    assert isinstance(free, Text)
    assert "雪" in view.note
    assert view.text == free.text
    with pytest.raises(ValueError, match=r"never saw 雪 \(or too seldom"):
        its.prompt("月雪")
    with pytest.raises(ValueError, match="雪"):
        samples.predict(its, model, "雪")


def test_a_run_from_before_poems_had_a_form_is_refused() -> None:
    with pytest.raises(DataError, match="train anew"):
        Task(Settings(), {"vocabulary": list(HANZI), "train_counts": [1] * 13, "cache": "none"})


def test_a_prompt_is_folded_like_the_poems() -> None:
    its = task()
    assert its.prompt("") == its.prompt(" \n") == its.vocabulary.encode([START])
    assert its.prompt("月", "七绝") == its.vocabulary.encode([START, "七绝", "月"])
    assert its.prompt("松風、\n鶴！") == its.vocabulary.encode([START, *"松风，鹤。"])
    with pytest.raises(ValueError, match=r"Chinese characters: a U\+DC80 cannot stand in one"):
        its.prompt("風a\udc80")
    with pytest.raises(ValueError, match="風"):
        task(script="original").prompt("松風")


@pytest.mark.parametrize("cell", ONE_WAY)
def test_reading_step_by_step_gives_the_scores_of_the_whole(cell: str) -> None:
    its, model = made(cell)
    drawn = torch.randint(its.vocabulary.number("，"), len(its.vocabulary), (4, 30), generator=torch.Generator())
    codes = torch.cat([torch.tensor([encoded(its, text)[:2] for text in (*POEMS, QUATRAIN)]), drawn], 1)
    with torch.inference_mode():
        outputs, _ = model(codes)
        whole = [model.scores(outputs[:, t]) for t in range(codes.shape[1])]
        state = None
        for start, t in ((0, 0), (1, 4), *((t, t) for t in range(5, codes.shape[1]))):
            found, state = its.read(model, codes[:, start : t + 1], state)
            there = found > -torch.inf
            assert there.equal(
                torch.tensor([(token in forms.FORMS) == (t == 0) for token in its.vocabulary.tokens]).expand(4, -1)
            )
            torch.testing.assert_close(found[there], whole[t][there], rtol=1e-4, atol=1e-5)


def test_a_sampled_poem_ends_or_reaches_the_limit() -> None:
    its, model = made()
    written = samples.sample_batch(its, model, SampleRequest(start="月", limit=80, count=50))
    assert len({poem for poem, _ in written}) > 40
    for poem, ended in written:
        assert poem.startswith("月")
        assert set(poem) <= set(HANZI)
        assert len(poem) <= 81
        assert ended or len(poem) == 81
    assert any(ended for _, ended in written)


def test_the_writers_tokens() -> None:
    its = task()
    assert its.token(its.end) == its.token(its.vocabulary.number(UNKNOWN)) == ""
    assert its.token(its.vocabulary.number("鹤")) == "鹤"
    assert its.never_sampled == its.vocabulary.encode(
        [PAD, UNKNOWN, START]
    )  # a form is scored where one may stand only


def test_predict_goes_on_and_says_how_surprising_each_character_was() -> None:
    its, model = made()
    with torch.inference_mode():
        poem, table = samples.predict(its, model, "月 山，")
        assert isinstance(poem, Text)
        assert isinstance(table, Table)
        assert poem.text.startswith("月山，")
        form, *rows = [row[0] for row in table.rows]
        assert rows == ["月", "山", "，", "mean"]
        assert form in forms.FORMS
        nats = surprise(model, its.prompt("月山，", str(form)))
        assert [row[1] for row in table.rows] == pytest.approx([*nats, sum(nats) / 4], rel=1e-4)
        assert len(samples.predict(its, model, "")) == 1


def test_the_form_is_drawn_from_what_the_beginning_leaves_probable() -> None:
    its, model = made()
    codes = its.prompt("月山水鹤松，")
    with torch.inference_mode():
        nats = {form: sum(surprise(model, its.prompt("月山水鹤松，", form))) for form in forms.FORMS}
        shares = torch.tensor([-value for value in nats.values()]).softmax(0)
        generator = torch.Generator().manual_seed(0)
        drawn = its.prepare_prompt(model, codes, [generator] * 400)
        (best,) = its.prepare_prompt(model, codes, [generator], temperature=0)
    counts = torch.tensor([sum(its.vocabulary[row[1]] == form for row in drawn) for form in forms.FORMS]) / 400
    torch.testing.assert_close(counts, shares, rtol=0, atol=0.08)
    assert best == its.prompt("月山水鹤松，", min(nats, key=lambda form: nats[form]))
    assert its.prepare_prompt(model, best, [generator]) == [best]


def test_the_guesses_stand_beside_the_truth() -> None:
    its = task()
    (view,) = its.evaluate(reciting(its, QUATRAIN), some(its, [QUATRAIN.replace("鹤月", "鹤夜")]), "val", 1).views
    assert isinstance(view, Table)
    assert [row[0] for row in view.rows] == forms.lines(QUATRAIN.replace("鹤月", "鹤夜"))
    assert [row[1] for row in view.rows] == forms.lines(QUATRAIN)
    assert "25 of 26 guessed right" in view.note
    assert view.title == "a held-out poem (五绝)"


def test_batches_hold_each_poem_once_those_of_like_length_together() -> None:
    its = task()
    data = some(its, [HANZI[2:] * k for k in range(1, 9)] * 6)
    batches = its.batches(data, "train", 6, torch.Generator().manual_seed(0))
    assert sorted(torch.cat(list(batches)).tolist()) == list(range(48))
    assert all(len(data.poems.lengths[rows].unique()) == 1 for rows in batches)


def test_it_learns_a_poem_by_heart() -> None:
    its, model = made(dropout=0.0)
    model.recurrent.dropout = 0.0
    data = some(its, [QUATRAIN] * 4)
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(150):
        optimizer.zero_grad()
        its.loss(model.train(), data, torch.arange(4)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.inference_mode():
        metrics = samples.evaluate(its, model.eval(), data, "val", 4).metrics
    assert (metrics["nll"] or 0) < 0.3
    assert (metrics["well_formed"] or 0) > 0.5
