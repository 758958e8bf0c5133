"""What is known of a network before it is asked: its rhyme book, and what it cannot be held to."""

from __future__ import annotations

import pytest
from fake_pen import able

from workbench.tui.poem import capabilities
from workbench.tui.poem.capabilities import WISHES


def test_a_network_with_all_it_needs_lacks_nothing(writer) -> None:
    found = capabilities.of(writer.run)
    assert found.lacking == {}
    assert found.said == ""
    assert found.book is not None
    assert found.book.groups("天") == found.book.groups("年") != ()


@pytest.mark.parametrize(
    ("state", "off", "said"),
    [
        ({"prosody": []}, ["rhyme", "tones"], "Off: rhyme, tones. This network was trained without the rhyme book."),
        ({"prosody": None}, WISHES, "trained before forms were known: train anew."),
    ],
)
def test_what_is_off_is_said_with_the_reason(worker, state, off, said: str) -> None:
    found = capabilities.of(able(worker(task="poems"), **state).run)
    assert sorted(found.lacking) == sorted(off)
    assert said in found.said
    assert not found.book


def test_without_the_lines_of_its_corpus_novel_is_off(writer) -> None:
    writer.run.tensors_file.unlink()
    assert capabilities.of(writer.run).said == "Off: novel. The lines of its training corpus are not at hand."


def test_two_reasons_are_two_sentences(worker) -> None:
    one = able(worker(task="poems"), prosody=[])
    one.run.tensors_file.unlink()
    assert capabilities.of(one.run).said.count("Off: ") == 2


def test_a_network_that_writes_no_poems_knows_no_wish(worker) -> None:
    found = capabilities.of(able(worker(task="names")).run)
    assert list(found.lacking) == WISHES
    assert found.book is None


def test_a_run_without_its_state_says_why(worker) -> None:
    one = worker(task="poems")
    assert f"Run {one.run.id} has no task.json yet" in capabilities.of(one.run).said
    one.run.task_file.write_bytes(b"{")
    assert "task.json is damaged" in capabilities.of(one.run).said
