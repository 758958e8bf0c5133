"""Remarks before a report: each is made from the figures, and stands only where it is true."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from engine.toy_runs import toy
from runs import event_makers
from runs.event_makers import evaluation, failed, started, step
from studies.made_studies import append, finish, group, made, toy_plan

from tasks.base import Metrics
from workbench.report import remarks, run_sections
from workbench.report.content import _read
from workbench.report.words import LANGUAGES, Language
from workbench.report.writing import sentence
from workbench.runs.events import Baseline
from workbench.runs.run import Run
from workbench.runs.summary import State
from workbench.studies import table
from workbench.studies.differences import Difference
from workbench.studies.study import Study

TEMPLATES = Path(remarks.__file__).parent / "templates"
MACRO = re.compile(r"{% macro (\w+)\(([^)]*)\) %}(.*?){% endmacro %}")


def told(*runs: Run, study: Study | None = None, language: Language = "en", quick: bool = False) -> list[str]:
    members = study.members() if study else []
    reported, unread = _read(runs or [m.run for m in members if m.summary], alone=study is None)
    metric = table.main_metric(study) if study else ""
    return remarks.remarks(members, reported, unread, language, quick=quick, metric=metric)


def finished(
    folder: Path,
    test: Mapping[str, float | None],
    baselines: dict[str, Metrics] | None = None,
    *,
    validated: float = 0.5,
    **more: Any,
) -> Run:
    """A run of the toy with these test figures, a validation accuracy, and baselines on the test rows."""
    run = toy(folder)
    methods = {"val": {"guess": {"accuracy": 0.99}}, "test": baselines or {}}
    ended = msgspec.structs.replace(event_makers.finished(10), test=dict(test))
    begun = msgspec.structs.replace(started(), **more)
    append(run, begun, Baseline(time=1.0, methods=methods), step(10), evaluation(10, validated), ended)
    return run


@pytest.mark.parametrize(("accuracy", "ahead"), [(0.91, True), (0.9, False), (0.89, False)])
def test_a_network_is_told_ahead_of_the_strongest_baseline_or_not(
    runs_folder: Path, accuracy: float, ahead: bool
) -> None:
    run = finished(
        runs_folder, {"accuracy": accuracy}, {"majority": {"accuracy": 0.1}, "linear SVM": {"accuracy": 0.9}}
    )
    (sentence,) = told(run)
    joint = (
        "; the strongest baseline, linear SVM, has"
        if ahead
        else ", and is not ahead of the strongest baseline, linear SVM, with"
    )
    assert sentence == f"{run.id} reaches accuracy {accuracy:.4f} on the test rows{joint} 0.9000 on the same rows."
    (chinese,) = told(run, language="zh")
    assert f"准确率为 {accuracy:.4f}" in chinese
    assert ("未胜过" not in chinese) is ahead
    assert "线性 SVM" in chinese


def test_without_a_baseline_of_the_test_rows_nothing_is_said(runs_folder: Path) -> None:
    assert told(finished(runs_folder, {"accuracy": 0.9})) == []
    assert told(finished(runs_folder, {"accuracy": None}, {"a": {"accuracy": 0.1}})) == []


def test_of_several_runs_the_best_on_validation_stands_against_the_baseline(runs_folder: Path) -> None:
    baselines: dict[str, Metrics] = {"a": {"accuracy": 0.7}}
    runs = [
        finished(runs_folder, {"accuracy": value}, baselines, validated=validated)
        for value, validated in ((0.9, 0.5), (0.8, 0.7), (0.75, 0.6))
    ]
    (sentence,) = told(*runs)
    assert sentence.startswith(f"{runs[1].id}, the best on validation, reaches accuracy 0.8000")
    (chinese,) = told(*runs, language="zh")
    assert chinese.startswith(f"{runs[1].id} (验证集上最好的) 在测试集上的准确率为 0.8000")


def test_starter_data_of_all_runs_or_of_some(runs_folder: Path) -> None:
    full, starter = finished(runs_folder, {"accuracy": 0.5}), finished(runs_folder, {"accuracy": 0.4})
    starter.spec_file.write_bytes(starter.spec_file.read_bytes().replace(b'"data": "full"', b'"data": "starter"'))
    starter = Run(starter.path)
    assert told(full) == []
    assert told(starter)[0].startswith(
        "Trained on the small starter data that come with Workbench, not on the full toy data"
    )
    assert told(full, starter)[0].startswith("1 of 2 runs were trained on the small starter data")


def test_a_protocol_is_told_once(runs_folder: Path) -> None:
    runs = [finished(runs_folder, {"accuracy": 0.5}, protocol="on the training rows") for _ in range(2)]
    assert told(*runs) == ["Measured by another protocol than a held-out split: on the training rows."]


def test_runs_that_are_not_finished_are_told_as_of_their_step(runs_folder: Path) -> None:
    lost, broken = toy(runs_folder), toy(runs_folder)
    append(lost, started(), step(1_234))
    append(broken, started(), failed(3, "The disk is full."))
    assert told(lost, broken) == [
        f"Run {lost.id} is lost: this report shows it as of step 1,234.",
        f"Run {broken.id} failed: The disk is full.",
    ]
    assert told(lost, language="zh") == [f"训练 {lost.id} 的状态为 中断: 本报告显示其第 1,234 步时的情况。"]


def test_many_that_failed_are_counted(runs_folder: Path) -> None:
    runs = [toy(runs_folder) for _ in range(9)]
    for run in runs:
        append(run, started(), failed(3))
    sentences = told(*runs)
    assert len(sentences) == 7
    assert sentences[-1] == "3 more runs failed or are not finished."


def test_a_study_says_its_seeds_and_how_far_it_is(runs_folder: Path) -> None:
    study = made(runs_folder, toy_plan(seeds=1))
    finish(study, 1, {"accuracy": 0.6})
    assert told(study=study) == [
        "1 of 2 runs is finished: the tables show it alone.",
        "Each setting was trained with one seed: the differences hold no spread over seeds.",
    ]
    finish(study, 2, {"accuracy": 0.5})
    assert told(study=study, quick=True) == [
        "This is the quick form of the lab, which takes minutes: its figures are not those of the full one.",
        "Each setting was trained with one seed: the differences hold no spread over seeds.",
    ]
    several = made(runs_folder, toy_plan(group("rnn"), seeds=3), "seeds")
    for number in (1, 2, 3):
        finish(several, number, {"accuracy": 0.5})
    assert told(study=several) == ["Figures are mean ± standard deviation over 3 seeds."]
    begun = made(runs_folder, toy_plan(seeds=1), "begun")
    append(begun.begin(1), started(), step(10), evaluation(10))
    assert told(study=begun)[0] == "None of 2 runs is finished: the tables of test figures are empty."
    alone = made(runs_folder, toy_plan(group("rnn"), seeds=1), "alone")
    finish(alone, 1, {"accuracy": 0.5})
    assert told(study=alone) == []


@pytest.mark.parametrize("metric", ["val.accuracy", "train.loss"])
def test_a_table_with_figures_of_runs_that_are_not_finished_is_told(runs_folder: Path, metric: str) -> None:
    study = made(runs_folder, toy_plan(metric=metric))
    finish(study, 1, {"accuracy": 0.6})
    append(study.begin(2), started())
    assert told(study=study)[0] == "1 of 2 runs is finished: the tables show it alone."
    append(study.run(2), step(10), evaluation(10))
    assert told(study=study)[0] == "1 of 2 runs is finished: the table also holds what the others have reached so far."


def test_a_run_of_a_study_that_cannot_be_read_is_told_beside_the_others(runs_folder: Path) -> None:
    study = made(runs_folder)
    finish(study, 1, {"accuracy": 0.6})
    study.begin(2).spec_file.write_text("{")
    first, second, _ = told(study=study)
    assert first.startswith("1 of 2 runs is finished")
    assert second == "A run is left out: Run grid-02: spec.json is damaged: it is not a run's description."


def test_settings_that_the_best_is_not_clearly_ahead_of_are_told(runs_folder: Path) -> None:
    study = made(runs_folder, toy_plan(group("rnn"), seeds=1))
    run = finish(study, 1, {"accuracy": 0.5})
    pairs = [Difference("lstm", label, 0.1, low, 0.2, 40) for label, low in (("rnn", 0.05), ("gru, layers 2", -0.1))]
    reported, unread = _read([run], alone=True)
    english, chinese = (remarks.remarks([], reported, unread, language, pairs=pairs) for language in LANGUAGES)
    assert english == [
        "lstm has the best test accuracy, and is not clearly ahead of gru, layers 2: "
        "the interval of the difference holds zero."
    ]
    assert chinese == ["lstm 的测试准确率最高, 但并未明显优于 gru, 层数 2: 差异的区间包含零。"]
    assert remarks.remarks([], reported, unread, "en", pairs=pairs[:1]) == []


def macros(language: str) -> dict[str, tuple[str, str]]:
    """Arguments and text of every sentence of a language."""
    text = (TEMPLATES / f"sentences.{language}.j2").read_text(encoding="utf-8")
    found = {name: (arguments, body) for name, arguments, body in MACRO.findall(text)}
    assert len(found) == text.count("{% macro ")
    return found


def test_both_languages_have_the_same_sentences_with_the_same_figures_and_no_typed_ones() -> None:
    english, chinese = map(macros, LANGUAGES)
    assert [(name, arguments) for name, (arguments, _) in english.items()] == [
        (name, arguments) for name, (arguments, _) in chinese.items()
    ]
    for name, (arguments, _) in english.items():
        for body in (english[name][1], chinese[name][1]):
            plain = re.sub(r"{[{%].*?[%}]}", "", body).replace("95 %", "").replace("F1", "")
            assert not re.search(r"\d", plain), body
            used = {word for inner in re.findall(r"{[{%](.*?)[%}]}", body) for word in re.findall(r"\w+", inner)}
            assert {word for word in arguments.replace(" ", "").split(",") if word} <= used, (name, body)


def test_every_sentence_is_said_somewhere() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.parent.glob("*.py"))
    unsaid = [name for name in macros("en") if f'"{name}"' not in code]
    assert unsaid == []


def test_every_state_has_a_chinese_word() -> None:
    states = [state for kind in get_args(State) for state in get_args(kind) or [kind]]
    assert "finished" in states
    assert [state for state in states if run_sections.say(state, "zh") == state and state != "unreadable"] == []


def test_counts_of_one_are_in_the_singular() -> None:
    assert sentence("overlaid", "en", count=1, seeds=False) == "Loss and validation curves of 1 setting."
    assert sentence("overlaid", "en", count=2, seeds=False) == "Loss and validation curves of 2 settings."
    assert sentence("sizes", "en", train="192", test="64") == "192 training examples, 64 test examples."
