"""``poem`` with a network that knows forms: what is asked of a poem holds in it, or one sentence says why not."""

from __future__ import annotations

import os

import msgspec
import pytest
from engine.generation.poem_books import BOOK
from engine.generation.poem_writers import random_run
from sentences import says

from tasks.poems import checker, forms
from workbench.runs.store import Run

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
        assert sentence in says(workbench("poem", poet.id, *words, input=""), 2, "")
    sentence = says(workbench("poem", poet.id, "--repetition", -1), 2, "")
    assert sentence == "--repetition cannot be -1.0: it must be a number ≥ 0, ≤ 100."


def test_an_older_run_writes_and_says_that_it_knows_no_corpus(workbench, runs_folder) -> None:
    old = random_run(runs_folder)
    assert workbench("poem", old.id, "--start", "天", "--form", "五绝").returncode == 0
    sentence = says(workbench("poem", old.id, "--novel", "--start", "天"), 2, "")
    assert sentence.startswith("This model came without the lines of its training corpus")


def test_a_damaged_filter_is_one_sentence(workbench, poet: Run) -> None:
    poet.tensors_file.write_bytes(b"nothing")
    assert "is damaged" in says(workbench("poem", poet.id), 1, "")


def test_a_length_that_would_cut_what_is_asked_is_refused(workbench, poet: Run) -> None:
    asked = [poet.id, "--start", "天年天", "--seed", 3]
    sentence = says(workbench("poem", *asked, "--form", "七绝", "--length", 5), 2, "")
    assert sentence == (
        "A 七绝 has 29 characters after this beginning, marks counted: a length of 5 would cut it, so allow 29 or more."
    )
    result = workbench("poem", *asked, "--form", "七绝", "--length", 29)
    assert len("".join(result.stdout.split())) == 32, result.stderr
    assert "may have 61 characters" in says(workbench("poem", *asked[:-2], "--rhyme", "天", "--length", 20), 2, "")
    assert workbench("poem", *asked, "--length", 5).returncode == 0


def test_a_record_holds_all_that_writes_it_again(workbench, poet: Run) -> None:
    (told,) = objects(
        workbench("poem", poet.id, "--start", "東", "--best-of", 3, "--length", 100, "--seed", 3, "--json").stdout
    )
    assert (told["best_of"], told["length"]) == (3, 100)
    assert told["notes"] == ["Read in simplified characters: 東 as 东."]
    assert "choices" not in told
    options = {"start": "--start", "seed": "--seed", "temperature": "--temperature", "top_k": "--top-k"}
    options |= {"top_p": "--top-p", "repetition": "--repetition", "best_of": "--best-of", "length": "--length"}
    words = [word for name, option in options.items() for word in (option, told[name])]
    assert objects(workbench("poem", told["run"], *words, "--json").stdout) == [told]


def test_an_acrostic_takes_beginnings_from_the_pipe(workbench, poet: Run) -> None:
    result = workbench("poem", poet.id, "--acrostic", "天月东看", "--json", input="天\n日\n")
    assert "The acrostic wants line 1 to begin with 天, and the beginning has 日" in says(result, 1, "")
    assert [one["start"] for one in objects(result.stdout)] == ["天", "日"]


def test_what_cannot_be_seen_in_a_beginning_is_left_out(workbench, poet: Run) -> None:
    result = workbench("poem", poet.id, "--json", input="\ufeff天\n\u200b月\u200d\n")
    assert [one["start"] for one in objects(result.stdout)] == ["天", "月"], result.stderr
    assert workbench("poem", poet.id, "--start", "\ufeff天\u200b", "--seed", 1).stdout.startswith("天")


@pytest.mark.parametrize("option", ["--start", "--acrostic", "--rhyme", "--form"])
def test_bytes_that_are_no_text_are_said_like_any_other_character(workbench, poet: Run, option: str) -> None:
    sentence = says(workbench("poem", poet.id, option, os.fsdecode(b"\xff\xe6\x9c\x88"), "--json"), 2, "")
    assert "�" in sentence
    assert "defect" not in sentence
