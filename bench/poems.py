"""Rules checked on poems: people's, their lines shuffled, a run's, sampled freely and guided by all rules.

    python bench/poems.py RUN [--poems 1000] [--human-only] [--runs DIR] [--json FILE]

- *form*: the share that ended in the requested form.
- *rhymed*, *rhyme twice* (重韵: a character rhymed on twice), *regulated* (and of one of the four forms), *strictly*
  (without the substitute 平平仄平仄 for 平平平仄仄), *no repeats* (no character twice in a line): the share by
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
    sys.path.append(sys.path.pop(0))  # this file's folder last: ``cells`` and ``climate`` are packages too

import torch
from machine import ended_by_signals, tell_load
from torch import Tensor, nn

from tasks.poems import checker, forms, tone_patterns
from tasks.poems.task import Task
from tasks.shared.text.vocabulary import UNKNOWN
from tasks.writer import Guide
from workbench.config import generation
from workbench.engine import data, trained_run
from workbench.engine.generation import best_of
from workbench.engine.generation.sampling import Sampler
from workbench.runs import store
from workbench.runs.locations import root
from workbench.runs.run import Run, task_state

ALL_RULES = {"tones": True, "distinct": True, "novel": True}
DEFAULTS = generation.DEFAULTS
SAMPLER = Sampler(temperature=DEFAULTS.temperature, top_p=DEFAULTS.top_p, repetition=DEFAULTS.repetition)
BATCH = 250
_COLUMNS = 10  # of shares


class Corpus:
    """The poems of a run's dataset by form, and the lines and 5-grams of its training rows."""

    def __init__(self, run: Run) -> None:
        task, examples = data.load(run.spec, task_state(run))
        assert isinstance(task, Task)
        self.by_form: dict[str, list[str]] = {form: [] for form in forms.FORMS}
        self.lines: set[str] = set()
        for split, rows in examples.rows.items():  # type: ignore[attr-defined]
            for codes in examples.poems.lists(rows):  # type: ignore[attr-defined]
                tokens = task.vocabulary.decode(codes)
                poem = "".join("□" if token == UNKNOWN else token for token in tokens[2:-1])
                if tokens[1] in self.by_form:  # else it is longer than the network writes, and only learnt from
                    self.by_form[tokens[1]].append(poem)
                if split == "train":
                    self.lines.update(forms.bare(poem))
        self.fives = {line[at : at + 5] for line in self.lines for at in range(len(line) - 4)}


class FormGuide(Guide):
    """A guide that constrains the form and nothing else."""

    def __init__(self, task: Task, form: str) -> None:
        self._first = torch.from_numpy(task.lexicon.mask_of([task.lexicon.forms[form]]))
        self._any = torch.ones_like(self._first)

    def allowed(self, codes: Sequence[int]) -> Tensor:
        return self._first if len(codes) == 1 else self._any


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--poems", type=int, default=1000, help="of each row")
    parser.add_argument("--human-only", action="store_true")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--json", type=Path, help="the model's poems are kept here")
    given = parser.parse_args()
    ended_by_signals()
    tell_load()
    run = store.find(given.run, root(given.runs))
    corpus = Corpus(run)
    task, model = trained_run.load_trained(run, threads=1, device="cpu")
    assert isinstance(task, Task)
    print(
        "| | form | rhymed | rhyme twice | regulated | strictly | no repeats | distinct-1 | distinct-2 "
        "| lines copied | 5-grams copied | seconds |"
    )
    print("| --- |" + " --- |" * _COLUMNS + " --- |")
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
            guide = task.guide("", {"form": form, **ALL_RULES}) if held else FormGuide(task, form)
            candidates = generated(task, model, given.poems, guide)
            name = f"{run.spec.cell}, {form}{', held' if held else ''}"
            seconds = time.perf_counter() - began
            row(name, [one.text if one.ended else "" for one in candidates], form, task, corpus, seconds)
            kept[name] = [one.text for one in candidates]
    if given.json:
        given.json.write_text(json.dumps(kept, ensure_ascii=False, indent=1))


def shuffled(poems: list[str], chance: random.Random) -> list[str]:
    """Shuffle the lines of poems into as many others, each with the marks of its place."""
    lines = [line for poem in poems for line in forms.bare(poem)]
    chance.shuffle(lines)
    size = len(forms.lines(poems[0]))
    marks = "，。" * (size // 2)
    return ["".join(map("".join, zip(lines[at : at + size], marks, strict=True))) for at in range(0, len(lines), size)]


def generated(task: Task, model: nn.Module, count: int, guide: Guide | None) -> list[best_of.Candidate]:
    candidates: list[best_of.Candidate] = []
    for first in range(0, count, BATCH):
        seeds = range(first, min(first + BATCH, count))
        stream = best_of.generate_candidates(task, model, "", SAMPLER, seeds, guide=guide, limit=100)
        candidates += best_of.collect(stream)[0]
    return candidates


def row(
    name: str, poems: list[str], form: str, task: Task, corpus: Corpus | None, seconds: float | None = None
) -> None:
    checked = [checker.check(poem, task.lexicon.book) if poem else None for poem in poems]  # none: it did not end
    lines = [line for poem in poems for line in forms.bare(poem)]
    fives = [ngram for poem in poems for ngram in checker.ngrams(poem, 5)]
    shares = [
        mean([one is not None and one.form == form for one in checked]),
        mean([one is not None and one.rhymed for one in checked]),
        mean([one is not None and bool(one.repeated_rhymes) for one in checked]),
        mean([one is not None and one.regulated and one.form in tone_patterns.SIZES for one in checked]),
        mean([one is not None and one.strict and one.form in tone_patterns.SIZES for one in checked]),
        mean([one is not None and one.distinct for one in checked]),
        checker.distinct_ngrams(poems, 1),
        checker.distinct_ngrams(poems, 2),
    ]
    if corpus:
        shares += [mean([line in corpus.lines for line in lines]), mean([ngram in corpus.fives for ngram in fives])]
    cells = [f"{share:.3f}" if share else "0" for share in shares] + ["–"] * (_COLUMNS - len(shares))
    print(f"| {name} | " + " | ".join(cells) + f" | {f'{seconds:.0f}' if seconds else '–'} |", flush=True)


def mean(values: list[bool]) -> float:
    return sum(values) / max(len(values), 1)


if __name__ == "__main__":
    main()
