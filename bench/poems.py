"""What rules say of poems: of people's, of their lines shuffled, of a run's, left alone and held to all rules.

    python bench/poems.py RUN [--poems 1000] [--human-only] [--runs DIR] [--json FILE]

- *form*: the share that ended in the form that was asked for.
- *rhymed*, *regulated* (and of one of the four forms), *no repeats* (no character twice in a line): the share by
  ``tasks.poems.checker``; a poem that did not end is none of them.
- *distinct-1*, *distinct-2*: different characters, and pairs of neighbours, over all of them, in all poems of a row
  together. They fall with the number of poems: every row has as many.
- *lines copied*, *5-grams copied*: the share that stands in the training corpus (exactly, not by the filter).

Human poems are drawn from the whole corpus (with one seed), their lines shuffled among the poems of one form. A
model's poems: the form is given, every draw is of ``workbench poem``'s defaults, seeds 0, 1, …; *held* are held to
form, tones, no character twice and no line of the corpus.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if not sys.flags.safe_path:
    sys.path.pop(0)  # this file's folder, where ``cells`` would be its neighbour

import torch
from torch import Tensor

from tasks.poems import checker, forms, tone_patterns
from tasks.poems.task import Task
from tasks.shared.text.vocabulary import UNKNOWN
from workbench.config import generation
from workbench.engine import data, trained_run
from workbench.engine.generation import best_of
from workbench.engine.generation.sampling import Draw
from workbench.runs import store

EVAL_SPLITS = {"tones": True, "distinct": True, "novel": True}
DEFAULTS = generation.DEFAULTS
DRAW = Draw(temperature=DEFAULTS.temperature, top_p=DEFAULTS.top_p, repetition=DEFAULTS.repetition)
BATCH = 250


class Corpus:
    """The poems that a run was made of, by form, and what its training lines hold."""

    def __init__(self, run: store.Run) -> None:
        task, examples = data.load(run.spec, store.task_state(run))
        assert isinstance(task, Task)
        self.by_form: dict[str, list[str]] = {form: [] for form in forms.FORMS}
        self.lines: set[str] = set()
        for split, rows in examples.rows.items():  # type: ignore[attr-defined]
            for codes in examples.poems.lists(rows):  # type: ignore[attr-defined]
                tokens = task.vocabulary.decode(codes)
                poem = "".join("□" if token == UNKNOWN else token for token in tokens[2:-1])
                self.by_form[tokens[1]].append(poem)
                if split == "train":
                    self.lines.update(forms.bare(poem))
        self.fives = {line[at : at + 5] for line in self.lines for at in range(len(line) - 4)}


class Form:
    """A guide that says the form and nothing else."""

    notes: Sequence[str] = ()

    def __init__(self, task: Task, form: str) -> None:
        self._first = torch.from_numpy(task.lexicon.only([task.lexicon.forms[form]]))
        self._any = torch.ones_like(self._first)

    def allowed(self, codes: Sequence[int]) -> Tensor:
        return self._first if len(codes) == 1 else self._any

    def is_final(self, codes: Sequence[int]) -> bool:
        return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--poems", type=int, default=1000, help="of each row")
    parser.add_argument("--human-only", action="store_true")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--json", type=Path, help="the model's poems are kept here")
    given = parser.parse_args()
    run = store.find(given.run, store.root(given.runs))
    corpus = Corpus(run)
    task, model = trained_run.open_run(run, threads=1, device="cpu")
    assert isinstance(task, Task)
    print(
        "| | form | rhymed | regulated | no repeats | distinct-1 | distinct-2 "
        "| lines copied | 5-grams copied | seconds |"
    )
    print("| --- |" + " --- |" * 9)
    chance = random.Random(0)
    for form in tone_patterns.SIZES:
        people = chance.sample(corpus.by_form[form], min(given.poems, len(corpus.by_form[form])))
        row(f"people, {form}", people, form, task, None)
    for form in tone_patterns.SIZES:
        mixed = shuffled(corpus.by_form[form], chance)[: given.poems]
        row(f"their lines shuffled, {form}", mixed, form, task, None)
    kept: dict[str, Any] = {}
    for form in () if given.human_only else (*tone_patterns.SIZES, forms.FREE):
        for held in (False, True) if form != forms.FREE else (False,):
            began = time.perf_counter()
            guide = task.guide("", {"form": form, **EVAL_SPLITS}) if held else Form(task, form)
            found = written(task, model, given.poems, guide)
            name = f"{run.spec.cell}, {form}{', held' if held else ''}"
            seconds = time.perf_counter() - began
            row(name, [one.text if one.ended else "" for one in found], form, task, corpus, seconds)
            kept[name] = [one.text for one in found]
    if given.json:
        given.json.write_text(json.dumps(kept, ensure_ascii=False, indent=1))


def shuffled(poems: list[str], chance: random.Random) -> list[str]:
    """As many poems of the same lines, each with the marks of its place."""
    lines = [line for poem in poems for line in forms.bare(poem)]
    chance.shuffle(lines)
    size = len(forms.lines(poems[0]))
    marks = "，。" * (size // 2)
    return ["".join(map("".join, zip(lines[at : at + size], marks, strict=True))) for at in range(0, len(lines), size)]


def written(task: Task, model: Any, count: int, guide: Any) -> list[best_of.Candidate]:
    found: list[best_of.Candidate] = []
    for first in range(0, count, BATCH):
        seeds = range(first, min(first + BATCH, count))
        writing = best_of.write(task, model, "", DRAW, seeds, guide=guide, limit=100)
        while True:
            try:
                next(writing)
            except StopIteration as done:
                found += done.value
                break
    return found


def row(
    name: str, poems: list[str], form: str, task: Task, corpus: Corpus | None, seconds: float | None = None
) -> None:
    checked = [checker.check(poem, task.lexicon.book) if poem else None for poem in poems]  # none: it did not end
    lines = [line for poem in poems for line in forms.bare(poem)]
    fives = [run for poem in poems for run in checker.runs(poem, 5)]
    shares = [
        mean([one is not None and one.form == form for one in checked]),
        mean([one is not None and one.rhymed for one in checked]),
        mean([one is not None and one.regulated and one.form in tone_patterns.SIZES for one in checked]),
        mean([one is not None and one.distinct for one in checked]),
        checker.distinct(poems, 1),
        checker.distinct(poems, 2),
    ]
    if corpus:
        shares += [mean([line in corpus.lines for line in lines]), mean([run in corpus.fives for run in fives])]
    told = [f"{share:.3f}" if share else "0" for share in shares] + ["–"] * (8 - len(shares))
    print(f"| {name} | " + " | ".join(told) + f" | {f'{seconds:.0f}' if seconds else '–'} |", flush=True)


def mean(values: list[bool]) -> float:
    return sum(values) / max(len(values), 1)


if __name__ == "__main__":
    main()
