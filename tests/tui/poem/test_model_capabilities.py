"""Capabilities of a network that writes, read from its run: its rhyme book, the constraints that it cannot meet."""

from __future__ import annotations

import pytest
from fake_network import with_weights

from tasks.views import Annotation
from workbench.tui.poem import capabilities
from workbench.tui.poem.form import CONSTRAINTS


def test_a_network_with_all_it_needs_lacks_nothing(writer) -> None:
    found = capabilities.read(writer.run, CONSTRAINTS)
    assert found.unavailable == {}
    assert found.explanation == ""
    assert found.annotate is not None
    assert found.annotate("月天，雪年。", False) == Annotation(labels=["●", "○", "", "●", "○", ""], linked=[1, 4])


@pytest.mark.parametrize(
    ("state", "off", "said"),
    [
        ({"prosody": []}, ["rhyme", "tones"], "Off: rhyme, tones. This network was trained without the rhyme book."),
        ({"prosody": None}, CONSTRAINTS, "trained before forms were known: train anew."),
    ],
)
def test_what_is_off_is_said_with_the_reason(worker, state, off, said: str) -> None:
    found = capabilities.read(with_weights(worker(task="poems"), **state).run, CONSTRAINTS)
    assert sorted(found.unavailable) == sorted(off)
    assert said in found.explanation
    assert found.annotate is not None
    assert found.annotate("月天，雪年。", False) == Annotation()


def test_without_the_lines_of_its_corpus_novel_is_off(writer) -> None:
    writer.run.tensors_file.unlink()
    assert (
        capabilities.read(writer.run, CONSTRAINTS).explanation
        == "Off: novel. The lines of its training corpus are not at hand."
    )


def test_two_reasons_are_two_sentences(worker) -> None:
    one = with_weights(worker(task="poems"), prosody=[])
    one.run.tensors_file.unlink()
    assert capabilities.read(one.run, CONSTRAINTS).explanation.count("Off: ") == 2


def test_a_network_that_writes_no_poems_knows_no_wish(worker) -> None:
    found = capabilities.read(with_weights(worker(task="names")).run, CONSTRAINTS)
    assert list(found.unavailable) == [*CONSTRAINTS]
    assert found.explanation.endswith("This network writes freely: it offers no constraints.")
    assert found.annotate is None


def test_a_run_without_its_state_says_why(worker) -> None:
    one = worker(task="poems")
    assert f"Run {one.run.id} has no task.json yet" in capabilities.read(one.run, CONSTRAINTS).explanation
    one.run.task_file.write_bytes(b"{")
    assert "task.json is damaged" in capabilities.read(one.run, CONSTRAINTS).explanation
