"""Language of the filters of a list of runs."""

from __future__ import annotations

import operator
from dataclasses import dataclass

import pytest
from config.plain_sentences import is_plain
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from run_summaries import record, unreadable

from workbench.runs import filters
from workbench.runs.filters import Condition, Filter, FilterError, Word, parse
from workbench.runs.metadata import RunMetadata

RUNS = [
    record("names-lstm-1", accuracy=0.85, age=3600, epochs=4.0, settings={"hidden": 300, "seed": 1}),
    record("names-gru-2", cell="gru", accuracy=0.8, status="failed", message="out of memory", age=86400 * 3),
    record("names-bilstm-3", cell="bilstm", accuracy=None, status="running", epochs=0.5, settings={"seed": 2}),
    record("imdb-lstm-4", task="imdb", val={"accuracy": 0.9, "f1": 0.7}),
    record(
        "toy-torch-lstm-5", cell="torch-lstm", status="lost", notes=("Measured on Tuesdays.",), device="CPU, 1 thread"
    ),
    unreadable("broken-6"),
]
ORDER = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


def meant(text: str) -> str:
    """The numbers of the runs that a filter means."""
    wanted = parse(text)
    return "".join(run.run.id[-1] for run in RUNS if wanted.matches(run))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", "123456"),
        ("lstm", "1345"),
        ("LSTM names", "135"),
        ("-lstm", "26"),
        ("task:names", "1235"),
        ("task:na -cell:gru", "135"),
        ("cell:lstm", "14"),
        ("cell=gru,bilstm", "23"),
        ("cell!=lstm", "2356"),
        ("cell:torch", "5"),
        ("status:run", "3"),
        ("-status:failed,lost", "1346"),
        ("acc>0.8", "14"),
        ("acc>=80%", "1245"),
        ("accuracy=0.85", "1"),
        ("-acc>0.8", "2356"),
        ("f1>0.5", "4"),
        ("epochs>3", "1"),
        ("epochs<=0.5", "3"),
        ("age<2h", "1345"),
        ("age>2d", "26"),
        ("hidden>=300", "1"),
        ("cell.hidden:300", "1"),
        ("seed=1,2", "13"),
        ("bidirectional:no", "4"),
        ("bidirectional=false", "4"),
        ("optimizer:adamw -task:imdb", "1235"),
        ("note:memory", "2"),
        ('note:"on Tuesdays"', "5"),
        ('"out of memory"', "2"),
        ("memory", "2"),
        ("id:lstm", "1345"),
        ("[red]", "6"),
        ("device:cpu", "5"),
        ("status:unreadable", "6"),
        ("lstm task:names acc>0.8 -status:failed age<2h", "1"),
    ],
)
def test_a_filter_means_the_runs_that_it_says(text: str, numbers: str) -> None:
    assert meant(text) == numbers


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tsk:names", "There is no 'tsk' to filter by: did you mean 'task'?"),
        ("qqqq:1", "There is no 'qqqq' to filter by: ask for task, cell, status,"),
        ("task:", "task: is not finished: say what, such as task:names."),
        ("acc>", "acc> is not finished: say what, such as acc>0.8."),
        ("lr<", "lr< is not finished: say what, such as lr>0.001."),
        ("acc>high", "'high' is no number: write a condition such as acc>0.8."),
        ("acc>1e999", "is too large a number"),
        ("acc>nan", "'nan' is no number"),
        ("age<2", "'2' is no age: say a number and a unit, such as 30s, 15min, 2h or 3d."),
        ("age<soon", "'soon' is no age"),
        ("task>3", "task is no number: ask for it with a colon, such as task:names."),
        ("optimizer<adam", "optimizer is no number: ask for it with a colon, such as optimizer:adamw."),
        ("bidirectional>1", "such as bidirectional:yes."),
        ("status:runing", "There is no status 'runing': did you mean 'running'?"),
        ("m>1", "m could be macro_f1, mae_c, mse_c2 or mse_norm: type more of it."),
        ("-", "- is not finished: say what is wanted, or after a minus what is not."),
        ('""', "is not finished"),
        ('"out of', "A quotation mark is open"),
        ('note:"out of', "A quotation mark is open"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(FilterError) as error:
        parse(f"lstm {text}")
    assert said in str(error.value)
    assert is_plain(str(error.value))


def test_a_metric_of_ones_own_task_can_be_asked_for() -> None:
    with pytest.raises(FilterError):
        parse("bleu>20")
    run = record(val={"bleu": 31.0})
    assert parse("bleu>20", {"bleu"}).matches(run)
    assert parse("ble>20", {"bleu"}).matches(run)


def test_every_example_that_is_shown_is_a_filter() -> None:
    assert parse(filters.EXAMPLE).parts
    for name, key in [("task", "task"), ("acc", "accuracy"), ("age", "age"), ("step", "step"), ("lr", "train.lr")]:
        assert parse(filters._example(name, key)).parts


@budget(deadline=None, max_examples=200)
@given(
    st.text(st.sampled_from('abc:<>=!-". 0159%,_hm\u4e2d\n') | st.characters(exclude_categories=["Cs"]), max_size=24)
)
def test_whatever_is_typed_is_a_filter_or_one_sentence(text: str) -> None:
    try:
        found = parse(text)
    except FilterError as error:
        said = str(error)
        assert said.endswith((".", "?"))
        assert len(said.splitlines()) == 1
    else:
        assert all(found.matches(run) in (True, False) for run in RUNS)


@dataclass(frozen=True)
class Typed:
    """A part as a person types it, and what it means."""

    text: str
    part: Word | Condition


@st.composite
def typed(draw: st.DrawFn) -> Typed:
    minus = draw(st.booleans())
    before = "-" * minus
    if draw(st.booleans()):
        word = draw(st.text(st.sampled_from("abgmnrstu中"), min_size=1, max_size=4))
        quote = '"' * draw(st.booleans())
        return Typed(f"{before}{quote}{word}{quote}", Word(word, minus))
    if draw(st.booleans()):
        key, sign = draw(st.sampled_from(["task", "cell", "preset"])), draw(st.sampled_from([":", "=", "!="]))
        words = draw(st.lists(st.sampled_from(["names", "imdb", "lstm", "gru", "b"]), min_size=1, max_size=2))
        return Typed(f"{before}{key}{sign}{','.join(words)}", Condition((key,), sign, tuple(words), minus))
    name, key = draw(st.sampled_from([("acc", "accuracy"), ("loss", "loss"), ("seed", "train.seed"), ("step", "step")]))
    sign, number = draw(st.sampled_from(sorted(ORDER))), draw(st.floats(-100, 100))
    return Typed(f"{before}{name}{sign}{number!r}", Condition((key,), sign, (number,), minus))


NAMED = [
    record("a-1", metadata=RunMetadata(name="Wide layers 2", note="clipped at 0.25", tags=("draft", "gpu"))),
    record("b-2", metadata=RunMetadata(name="layers 1", tags=("gpu2",), study="imdb-grid")),
    record("c-3", notes=("Clipped by the task.",)),
]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("name:layers", "12"),
        ('name:"layers 2"', "1"),
        ('name="layers 1"', "2"),
        ("tag:gpu", "12"),
        ("tag=gpu", "1"),
        ("tags:draft,gpu2", "12"),
        ("tag!=gpu", "23"),
        ("-tag:gpu", "3"),
        ("study:imdb", "2"),
        ("study=imdb", ""),
        ("study!=imdb-grid", "13"),
        ("note:clipped", "13"),
        ("clipped -draft", "3"),
        ("wide", "1"),
        ("imdb-grid", "2"),
        ("gpu2", "2"),
    ],
)
def test_what_people_call_runs(text: str, numbers: str) -> None:
    wanted = parse(text)
    assert "".join(run.run.id[-1] for run in NAMED if wanted.matches(run)) == numbers


@pytest.mark.parametrize("text", ["tag>2", "name<3", "study>=a"])
def test_what_people_call_runs_is_no_number(text: str) -> None:
    with pytest.raises(FilterError, match=r"is no number: ask for it with a colon, such as (tag|name|study):word"):
        parse(text)


@budget(deadline=None, max_examples=60)
@given(st.lists(typed(), max_size=4))
def test_what_is_typed_is_what_is_meant(parts: list[Typed]) -> None:
    """Each part alone, and together: all must hold."""
    whole = parse("  ".join(part.text for part in parts))
    assert whole == Filter(tuple(part.part for part in parts))
    for run in RUNS:
        assert whole.matches(run) == all(parse(part.text).matches(run) for part in parts)


@budget(deadline=None, max_examples=60)
@given(typed())
def test_a_minus_turns_a_condition_round(part: Typed) -> None:
    text = part.text.removeprefix("-")
    assert set(meant(text)) ^ set(meant(f"-{text}")) == set("123456")
    assert not set(meant(text)) & set(meant(f"-{text}"))


@budget(deadline=None, max_examples=60)
@given(st.sampled_from(sorted(ORDER)), st.floats(0, 1), st.floats(0, 1) | st.none())
def test_figures_are_compared_as_numbers(sign: str, bound: float, value: float | None) -> None:
    run = record(accuracy=value)
    expected = value is not None and ORDER[sign](value, bound)
    assert parse(f"accuracy{sign}{bound!r}").matches(run) == expected
