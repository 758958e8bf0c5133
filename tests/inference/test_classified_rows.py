"""Classified rows: the examples that a server lists, beside the probabilities of every row by hand."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from engine.toy_runs import toy

from tasks import load as load_task
from tasks.shared.datasets import locations
from workbench.config import spec
from workbench.engine import checkpoint, data, network, trained_run
from workbench.inference.client import Client
from workbench.inference.protocol import End, Examples, Judged, Listed
from workbench.inference.service import InferenceService
from workbench.runs import store
from workbench.runs.folder import RunError
from workbench.runs.run import Run

SMALL = {"cell.hidden": 8, "task.embedding": 8}


def untrained(folder: Path, task: str, values: dict[str, Any], **described: Any) -> Run:
    """A run with its data read and random weights: all that a server needs."""
    run = store.create(folder, spec.make(task, "torch-gru", {**SMALL, **values}, **described))
    learner, examples = data.load(run.spec)
    run.task_file.write_bytes(msgspec.json.encode(examples.state))
    torch.manual_seed(3)
    checkpoint.save_best(run.best_file, network.build(run.spec, learner), {})
    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("examples")


@pytest.fixture(scope="module")
def names(folder: Path) -> Iterator[tuple[Run, Client]]:
    """A run on names in a folder of the user's, which is gone once they are encoded, and its child."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_CACHE", str(folder / "cache"))
        source = shutil.copytree(locations.starter("names"), folder / "names")
        run = untrained(folder / "runs", "names", {}, data_dir=str(source))
        shutil.rmtree(source)
        with Client(run) as client:
            yield run, client


@pytest.fixture(autouse=True)
def cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_CACHE", str(folder / "cache"))


def by_hand(run: Run, split: Any, true: str, guess: str) -> list[tuple[str, float, float]]:
    """Text, probability of the class and of the guess: every row of a split asked one by one."""
    task, model = trained_run.load_trained(run, threads=1, device="cpu")
    _, examples = data.load(run.spec, task.state)
    found = []
    with torch.inference_mode():
        for row in examples.rows[split]:
            scores, labels = task.scores(model, examples, row[None])
            shares = scores[0].softmax(0)
            if task.labels[int(labels)] == true and task.labels[int(shares.argmax())] == guess:
                [text] = task.texts(examples, row[None])
                found.append((text, float(shares[task.labels.index(true)]), float(shares.max())))
    return found


def told(client: Client, asked: Examples) -> Listed:
    *steps, last = client.examples(asked)
    assert all(isinstance(step, Judged) for step in steps)
    assert isinstance(last, Listed)
    return last


def guesses(run: Run, true: str) -> list[str]:
    task, model = trained_run.load_trained(run, threads=1, device="cpu")
    _, examples = data.load(run.spec, task.state)
    rows = torch.cat(task.batches_of(examples, "test", task.labels.index(true), 99))
    with torch.inference_mode():
        found = [task.shares(model, examples, row[None]).argmax().item() for row in rows]
    return [task.labels[k] for k in found]


def test_the_surest_mistakes_come_first_with_their_names_and_probabilities(names: tuple[Run, Client]) -> None:
    run, client = names
    guess = max({*guesses(run, "Korean")} - {"Korean"}, key=guesses(run, "Korean").count)
    expected = sorted(by_hand(run, "test", "Korean", guess), key=lambda row: -row[2])
    listed = told(client, Examples(split="test", true="Korean", guess=guess))
    assert listed.total == len(expected) > 0
    assert [row.text for row in listed.examples] == [text for text, *_ in expected]
    assert [row.true for row in listed.examples] == pytest.approx([right for _, right, _ in expected], rel=1e-4)
    assert [row.guess for row in listed.examples] == pytest.approx([wrong for *_, wrong in expected], rel=1e-4)
    few = told(client, Examples(split="test", true="Korean", guess=guess, most=1))
    assert (few.total, few.examples) == (listed.total, listed.examples[:1])


def test_right_ones_are_listed_the_least_sure_first(names: tuple[Run, Client]) -> None:
    run, client = names
    task, _ = trained_run.load_trained(run, threads=1, device="cpu")
    own = [told(client, Examples(split="val", true=label, guess=label)) for label in task.labels]
    right = next(listed for listed in own if listed.total)
    shares = [row.true for row in right.examples]
    assert shares == sorted(shares) == [row.guess for row in right.examples]


def test_the_network_is_asked_about_a_class_once(names: tuple[Run, Client]) -> None:
    _, client = names
    asked = Examples(split="test", true="Scottish", guess="Czech")
    assert [type(reply) for reply in client.examples(asked)] == [Judged, Listed]
    assert [type(reply) for reply in client.examples(asked)] == [Listed]
    asked = Examples(split="test", true="Scottish", guess="Greek")
    assert [type(reply) for reply in client.examples(asked)] == [Listed]


def test_an_unknown_class_is_a_sentence_and_ends_nothing(names: tuple[Run, Client]) -> None:
    _, client = names
    with pytest.raises(ValueError, match=r"knows no class 'Klingon'\."):
        list(client.examples(Examples(split="test", true="Klingon", guess="Dutch")))
    with pytest.raises(ValueError, match=r"knows no class 'Klingon'\."):
        list(client.examples(Examples(split="test", true="Dutch", guess="Klingon")))
    assert told(client, Examples(split="test", true="Dutch", guess="Dutch"))


def test_a_search_is_cancelled_and_goes_on_where_it_was(names: tuple[Run, Client], monkeypatch) -> None:
    from workbench.inference import examples

    monkeypatch.setattr(examples, "_BATCH", 2)
    run, _ = names
    service = InferenceService(run, *trained_run.load_trained(run, threads=1))
    cancelled: set[int] = set()
    search = service.respond(Examples(id=1, split="test", true="Irish", guess="Irish"), cancelled)
    assert next(search) == Judged(id=1, done=2, total=8)
    cancelled.add(1)
    assert list(search) == [End(id=1, reason="cancelled")]
    again = list(service.respond(Examples(id=2, split="test", true="Irish", guess="Irish"), cancelled))
    assert [reply.done for reply in again if isinstance(reply, Judged)] == [4, 6, 8]
    assert list(service.respond(Examples(id=1, split="test", true="Irish", guess="Irish"), cancelled)) == [
        End(id=1, reason="cancelled")
    ]


def test_a_child_that_is_asked_for_reviews_answers_in_plain_text(folder: Path) -> None:
    run = untrained(folder / "runs", "imdb", {"task.init": "random", "task.min_count": 1}, data="starter")
    with Client(run) as client:
        found = [told(client, Examples(split="test", true="negative", guess=g)) for g in ("negative", "positive")]
        assert sum(listed.total for listed in found) == 40
        texts = [row.text for listed in found for row in listed.examples]
        assert all(30 < len(text) <= 600 and " ," not in text for text in texts)
        with closing(client.examples(Examples(split="test", true="positive", guess="positive"))) as search:
            next(search)
        assert client.describe().parameters > 100  # leaving early leaves nothing behind
        threading.Timer(0.1, client.end).start()
        client._child.wait()
        with pytest.raises(RunError, match="is gone"):
            client.describe()


def test_data_that_are_gone_are_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = shutil.copytree(locations.starter("names"), folder / "others")
    run = untrained(folder / "runs", "names", {"task.split_seed": 5}, data_dir=str(source))
    shutil.rmtree(source)
    monkeypatch.setenv("WORKBENCH_CACHE", str(folder / "another"))
    service = InferenceService(run, *trained_run.load_trained(run, threads=1))
    [error] = service.respond(Examples(id=4, split="test", true="Dutch", guess="Dutch"), set())
    assert (error.id, "others" in error.message, error.message[-1]) == (4, True, ".")


def test_a_task_without_classes_says_so(runs_folder: Path) -> None:
    run = toy(runs_folder)
    service = InferenceService(
        run, load_task("toy")(run.spec.settings, {"labels": ["a", "b", "c"]}), torch.nn.Identity()
    )
    [error] = service.respond(Examples(split="test", true="zero", guess="one"), set())
    assert error.message == "This network names no classes: it has no examples to list."


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    from workbench.inference.examples import _shortened

    assert _shortened("short") == "short"
    cut = _shortened("a" * 500 + "b" * 500)
    assert len(cut) <= 600
    assert (cut[0], cut[-1], " … " in cut) == ("a", "b", True)
