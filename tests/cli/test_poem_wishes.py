"""``poem`` with a network that knows forms: what is asked of a poem holds in it, or one sentence says why not."""

from __future__ import annotations

import msgspec
import pytest
from engine.poem_books import BOOK
from engine.poem_writers import random_run
from sentences import says

from tasks.poems import checker, forms
from workbench.runs import Run

KNOWN = ["天年天年天", "月雪月雪天"]


@pytest.fixture
def poet(runs_folder) -> Run:
    return random_run(runs_folder, known=KNOWN)


def objects(stdout: str) -> list[dict]:
    return [msgspec.json.decode(line) for line in stdout.splitlines()]


def test_what_is_asked_holds_in_every_poem(workbench, poet: Run) -> None:
    asked = ["--form", "七绝", "--acrostic", "天月东看", "--rhyme", "年", "--tones", "--distinct", "--novel"]
    result = workbench("poem", poet.id, *asked, "--seed", 3, "-n", 3, "--best-of", 2, "--json")
    assert result.returncode == 0, result.stderr
    told = objects(result.stdout)
    assert [one["seed"] for one in told] == [3, 4, 5]
    for one in told:
        found = checker.check(one["text"], BOOK)
        assert one["checks"] == msgspec.to_builtins(found)
        assert (found.form, found.regulated, found.distinct, found.rhyme) == ("七绝", True, True, "先")
        assert [line[0] for line in forms.lines(one["text"])] == [*"天月东看"]
        assert (one["form"], one["tones"], one["acrostic"]) == ("七绝", True, "天月东看")
    plain = workbench("poem", poet.id, *asked, "--seed", 3, "--best-of", 2)
    assert "".join(plain.stdout.split()) == told[0]["text"]


def test_beginnings_are_piped_and_the_bad_ones_said(workbench, poet: Run) -> None:
    result = workbench("poem", poet.id, "--form", "五绝", "--json", input="東\n天月月月月月月\n\n看\nab\n")
    assert result.returncode == 1
    said = result.stderr.splitlines()
    assert said[0] == "Read in simplified characters: 東 as 东."
    assert said[1].startswith("workbench: A 五绝 has lines of 5 characters, and the beginning's 天月月月月月月 has 7")
    assert said[2] == "workbench: Poems are written in Chinese characters: a b cannot stand in one."
    assert [one.get("text", "")[:1] for one in objects(result.stdout)] == ["东", "", "看", ""]


def test_what_cannot_be_is_one_sentence(workbench, poet: Run) -> None:
    for sentence, words in {
        "at most 13 of them: this one has 40": ["--acrostic", "天" * 40],
        "There is no form 词": ["--form", "词"],
        "月 is oblique": ["--rhyme", "月", "--tones"],
        "is one of the training corpus": ["--start", KNOWN[0], "--novel", "--form", "五绝"],
    }.items():
        assert sentence in says(workbench("poem", poet.id, *words, input=""), 1, "")
    assert "repetition's cost" in says(workbench("poem", poet.id, "--repetition", -1), 2, "")


def test_an_older_run_writes_and_says_that_it_knows_no_corpus(workbench, runs_folder) -> None:
    old = random_run(runs_folder)
    assert workbench("poem", old.id, "--start", "天", "--form", "五绝").returncode == 0
    sentence = says(workbench("poem", old.id, "--novel", "--start", "天"), 1, "")
    assert sentence.startswith("This model came without the lines of its training corpus")


def test_a_damaged_filter_is_one_sentence(workbench, poet: Run) -> None:
    poet.tensors_file.write_bytes(b"nothing")
    assert "is damaged" in says(workbench("poem", poet.id), 1, "")
