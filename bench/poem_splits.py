"""Figures of the poems with near-duplicates parted (the split by poem of older runs) and joined (today's).

    python bench/poem_splits.py [--data DIR] [RUN … --runs DIR] [--running]

For each split: the share of its test poems that share half their lines or more with one training poem, and the
baselines' nats per token on the test split, with and without these poems. For each RUN the same of its network, on the
split with which it was trained and on no other: the other one's test poems may be among those that it has learnt.

All figures are static, of weights that stay as training left them. With --running the networks' figures are given too
for weights that go on learning: the test poems are read in the corpus's order, poets together, and after each eight,
once they are scored, the weights take a step of gradient descent on them, its rate chosen on the validation poems.
B. Krause, E. Kahembwe, I. Murray and S. Renals, Dynamic Evaluation of Neural Sequence Models, ICML 2018.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

if not sys.flags.safe_path:
    sys.path.pop(0)  # this file's folder, where ``cells`` would be its neighbour

import torch
from torch import Tensor

from tasks.base import Metrics
from tasks.poems import baselines, corpora, data, forms, near_duplicates, scoring
from tasks.poems.data import PoemData
from tasks.poems.model import PoemNetwork
from tasks.poems.settings import Settings
from tasks.poems.task import Task
from tasks.shared.datasets import locations
from tasks.shared.sequences.batching import by_length
from tasks.shared.text.linear_nll import mean_nll
from tasks.shared.text.vocabulary import PAD, START
from workbench.engine import trained_run
from workbench.runs import store
from workbench.runs.locations import root

SPLITS = {"by poem": False, "near-duplicates joined": True}
RATES = (0.03, 0.1, 0.3, 1.0)  # of gradient descent, tried for --running


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="*")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--running", action="store_true")
    given = parser.parse_args()
    source = locations.find("poems", given.data)
    assert source, "name the data with --data"
    settings = Settings()
    poems = data.read(settings, *corpora.find(source.folder, settings.corpus)).texts
    print(*near_duplicates.summarize(near_duplicates.groups(poems)), sep="\n")
    encoded = {name: data.load(settings, source.folder, join_near_duplicates=join) for name, join in SPLITS.items()}
    alone = {name: without_near(poems, each) for name, each in encoded.items()}
    for name, each in encoded.items():
        whole, left = len(each.rows["test"]), len(alone[name])
        print(f"{name}: {whole - left:,} of {whole:,} test poems ({1 - left / whole:.1%}) are near a training poem")
    print("\n| nats per token, of them characters | test split | test poems, of which none is near a training poem |")
    print("| --- | --- | --- |")
    for name, each in encoded.items():
        never = Task(settings, each.state).vocabulary.encode((PAD, START))
        figures = [
            baselines.measure(each.poems, {**each.rows, "test": rows}, never, hanzi(settings, each).numpy())["test"]
            for rows in (each.rows["test"], alone[name])
        ]
        for method in figures[0]:
            row(f"{method}, {name}", [one[method] for one in figures])
    for run in (store.find(one, root(given.runs)) for one in given.run):
        task, model = trained_run.load_trained(run, threads=1, device="cpu")
        assert isinstance(model, PoemNetwork)
        assert run.spec.settings.split_seed == settings.split_seed
        name = list(SPLITS)[data.joins_near_duplicates(task.state)]
        found, characters = encoded[name], hanzi(settings, encoded[name])
        tests = (found.rows["test"], alone[name])
        with torch.inference_mode():
            figures = [scoring.nll_metrics(model, found.poems, batches(found, rows), characters) for rows in tests]
        row(f"{run.id}, {name}", figures)
        if given.running:
            val = {rate: running(model, found, found.rows["val"], characters, rate) for rate in RATES}
            print(*(f"rate {rate}: validation {one['nll']:.4f}" for rate, one in val.items()), sep="\n")
            best = min(val, key=lambda rate: val[rate]["nll"])
            row(f"{run.id}, {name}, running", [running(model, found, rows, characters, best) for rows in tests])


def without_near(poems: Sequence[str], encoded: PoemData) -> Tensor:
    """The test rows that share half their lines with no training poem."""
    lines = [frozenset(forms.bare(poem)) for poem in poems]
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for number in encoded.rows["train"].tolist():
        for line in lines[number]:
            holders[line].append(number)
    rows = encoded.rows["test"]
    most = [
        max(Counter(holder for line in lines[row] for holder in holders.get(line, ())).values(), default=0)
        for row in rows.tolist()
    ]
    return rows[[2 * shared < len(lines[row]) for shared, row in zip(most, rows.tolist(), strict=True)]]


def running(model: PoemNetwork, encoded: PoemData, rows: Tensor, characters: Tensor, rate: float) -> Metrics:
    """Measure a copy that takes a step of gradient descent on each eight poems once they are scored."""
    learner = copy.deepcopy(model)
    descent = torch.optim.SGD(learner.parameters(), rate)

    def scored_then_learnt() -> Iterator[Tensor]:
        for few in rows.sort().values.split(8):
            yield few
            with torch.enable_grad():
                outputs, targets = scoring.predictions(learner, encoded.poems, few)
                loss = mean_nll(outputs, targets, *learner.score_layer())
                descent.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
            descent.step()

    with torch.no_grad():
        return scoring.nll_metrics(learner, encoded.poems, scored_then_learnt(), characters)


def hanzi(settings: Settings, encoded: PoemData) -> Tensor:
    return Task(settings, encoded.state).hanzi


def batches(encoded: PoemData, rows: Tensor) -> Sequence[Tensor]:
    return by_length(rows, encoded.poems.lengths[rows], 256, None)


def row(name: str, figures: Sequence[Metrics]) -> None:
    print(
        f"| {name} | " + " | ".join(f"{one['nll']:.3f}, {one['nll_hanzi']:.3f}" for one in figures) + " |", flush=True
    )


if __name__ == "__main__":
    main()
