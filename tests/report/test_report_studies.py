"""Reports of studies: labels, sections and languages of a plan, and runs that are damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from made_reports import report
from runs import event_makers
from studies.made_studies import append, correctness, group, made, toy_plan

from workbench.report import study_sections
from workbench.report.content import Subject
from workbench.report.document import Grid
from workbench.report.words import say, say_label
from workbench.report.writing import ReportError
from workbench.runs.run import Run
from workbench.studies import differences, space, table
from workbench.studies.differences import Difference
from workbench.studies.plan import Published
from workbench.studies.space import Dimension, Search
from workbench.studies.study import Study

pytestmark = pytest.mark.usefixtures("undrawn")


def labelled(runs_folder: Path, trained_run: Run, **more: Any) -> Study:
    """A study of two labelled groups, whose runs are copies of a trained one."""
    groups = [
        group("rnn", label="small, slow", label_zh="小而慢", note="No clipping.", note_zh="不裁剪。"),
        group("rnn", label="wide", set={"cell.hidden": 12}),
    ]
    study = made(runs_folder, toy_plan(*groups, **more), "labelled")
    for number in (1, 2):
        started = study.begin(number)
        started.events_file.write_bytes(trained_run.events_file.read_bytes())
    return study


def runs_of(study: Study) -> Subject:
    return Subject([member.run for member in study.members()], study)


def test_labels_and_notes_of_a_study_are_in_the_language_of_the_report(
    runs_folder: Path, trained_run: Run, tmp_path: Path
) -> None:
    published = [
        Published(
            where={"label": "small, slow"},
            metric="test.accuracy",
            value=0.75,
            about=True,
            protocol="p",
            protocol_zh="协议一",
        )
    ]
    study = labelled(
        runs_folder,
        trained_run,
        published=published,
        title="A title",
        title_zh="题目",
        question="Why?",
        source="S",
        source_zh="来源一",
    )
    english = report(runs_of(study), tmp_path / "en", "markdown")
    chinese = report(runs_of(study), tmp_path / "zh", "markdown", "zh")
    accuracy = next(m.summary.test["accuracy"] for m in study.members() if m.summary)
    assert f"| small, slow | test accuracy | ≈ 0.7500 | {accuracy:.4f} | p |" in english
    assert f"| 小而慢 | 测试准确率 | ≈ 0.7500 | {accuracy:.4f} | 协议一 |" in chinese
    assert "- small, slow: No clipping." in english
    assert "- 小而慢: 不裁剪。" in chinese
    assert chinese.startswith("# 题目\n")
    assert "来源一" in chinese
    assert "Why?" in chinese  # no other is given
    assert "small" not in chinese
    assert "### wide" in chinese
    assert "| rnn |" in chinese  # a cell's name stays
    assert "已完成" in chinese
    assert "| setting | test accuracy |" in english
    assert "| 设置 | 测试准确率 |" in chinese
    assert "| wide | 0.0000 | \\[0.0000, 0.0000\\] | no | 64 |" in english  # the same run twice
    assert "| wide | 0.0000 | \\[0.0000, 0.0000\\] | 否 | 64 |" in chinese
    assert "Test accuracy of small, slow minus that of each other setting" in english
    assert "小而慢 的测试准确率减去其他各设置的" in chinese
    assert "| 设置 | 差异 | 95 % 区间 | 明显 | 测试行数 |" in chinese


def test_runs_that_tested_other_rows_are_counted_beside_a_difference(runs_folder: Path) -> None:
    of = table.task_settings(made(runs_folder))
    pair = Difference("a", "b", 0.5, 0.25, 0.75, 40, (1, 2))
    for language, words in (("en", ["yes", "40 (1 and 2 runs)"]), ("zh", ["是", "40 (1 与 2 次训练)"])):
        (grid,) = study_sections._differences([pair], of, language)
        assert [cell.text for cell in grid.rows[0]] == ["b", "0.5000", "[0.2500, 0.7500]", *words]


def test_two_groups_with_one_chinese_label_stay_two(runs_folder: Path, trained_run: Run, tmp_path: Path) -> None:
    groups = [group("rnn", label=f"l{n}", label_zh="同", set={"cell.hidden": 9 + n}) for n in range(2)]
    study = made(runs_folder, toy_plan(*groups))
    for number in (1, 2):
        study.begin(number).events_file.write_bytes(trained_run.events_file.read_bytes())
    text = report(runs_of(study), tmp_path, "markdown", "zh")
    assert "| l0 |" in text
    assert "| l1 |" in text


def test_a_plan_chooses_the_sections(runs_folder: Path, trained_run: Run, tmp_path: Path) -> None:
    study = labelled(runs_folder, trained_run, shows=["table"])
    text = report(runs_of(study), tmp_path, "markdown")
    assert "| setting | test accuracy |" in text
    assert "![" not in text
    assert "## Equations" not in text
    assert "precision" not in text
    assert "SequenceClassifier" not in text


def test_settings_in_words_are_translated_and_names_stay(runs_folder: Path, trained_run: Run, tmp_path: Path) -> None:
    study = made(
        runs_folder, toy_plan(group("rnn", "gru", grid={"cell.layers": [1, 2], "cell.bidirectional": [False, True]}))
    )
    for member in study.members():
        study.begin(member.number).events_file.write_bytes(trained_run.events_file.read_bytes())
    text = report(runs_of(study), tmp_path, "markdown", "zh")
    assert "| 层数 · 方向 | rnn | gru |" in text
    assert "| 层数 2, 双向 |" in text


def test_a_study_whose_cell_is_gone_is_still_reported(runs_folder: Path, trained_run: Run, tmp_path: Path) -> None:
    study = labelled(runs_folder, trained_run)
    study.study_file.write_bytes(
        study.study_file.read_bytes()
        .replace(b'"cell":"rnn"', b'"cell":"gone"')
        .replace(b'"cell": "rnn"', b'"cell": "gone"')
    )
    for member in study.members():
        member.run.spec_file.write_bytes(member.run.spec_file.read_bytes().replace(b'"cell": "rnn"', b'"cell": "gone"'))
    fresh = Study(study.path)
    text = report(runs_of(fresh), tmp_path, "markdown")
    assert "--cell gone" in text
    assert "## Equations" not in text


def test_a_run_that_cannot_be_read_costs_the_study_nothing_but_itself(
    runs_folder: Path, trained_run: Run, tmp_path: Path
) -> None:
    study = labelled(runs_folder, trained_run)
    study.run(2).spec_file.write_text("{")
    text = report(runs_of(study), tmp_path / "one", "markdown")
    assert "> A run is left out: Run labelled-02: spec.json is damaged" in text
    assert "small, slow" in text
    study.run(1).spec_file.write_text("{")
    with pytest.raises(ReportError, match=r"^No run of the study can be read: Run labelled-01: spec.json is damaged"):
        report(runs_of(study), tmp_path / "none")


def test_words_of_labels_are_translated_by_setting_and_names_stay() -> None:
    assert say_label("lstm, layers 2, both ways", "zh") == "lstm, 层数 2, 双向"
    assert say_label("form 七绝, rhymed no, first rhymes yes", "zh") == "体裁 七绝, 不押韵, 首句入韵"
    assert say_label("test, best · forecast", "zh") == "test, best · forecast"  # cells may be called so
    assert say_label("lstm, layers 2", "en") == "lstm, layers 2"
    assert say("test accuracy", "zh") == "测试准确率"
    assert say("val NLL", "zh") == "验证 NLL"
    assert say("test rows", "zh") == "测试行数"  # not a metric of the test split


def test_trials_of_a_search_are_not_ranked_by_their_test_rows(runs_folder: Path) -> None:
    study = made(runs_folder, toy_plan(group("lstm")), "search")
    hidden = Dimension(key="cell.hidden", kind="int", low=4, high=8)
    study.set_search(Search(space=[hidden], trials=2, metric="accuracy", maximize=True))
    for number, right in ((1, [1, 1, 1, 0]), (2, [0, 0, 0, 1])):
        run = study.begin(number, space.chosen(study.content.runs[0].described, {"cell.hidden": 3 + number}))
        test = msgspec.structs.replace(
            event_makers.finished(10), test={"accuracy": sum(right) / 4}, correctness=correctness(right)
        )
        append(run, event_makers.started(), event_makers.evaluation(10, number / 10), test)
    assert differences.of_study(study, study.members()) == []
    (grid,) = study_sections.study_table(study, study.content.plan, study.members(), [], "en")
    assert isinstance(grid, Grid)
    assert [[one.text + "*" * one.best for one in row] for row in grid.rows] == [
        ["hidden 4", "0.1000"],
        ["hidden 5", "0.2000*"],
    ]


def test_a_method_with_details_is_translated_and_its_figures_stay() -> None:
    assert say("naive Bayes (α = 0.0001, the grid's edge)", "zh") == "朴素贝叶斯 (α = 0.0001, 网格边缘)"
    assert say("naive Bayes (α = 0.0001, the grid's edge)", "en") == "naive Bayes (α = 0.0001, the grid's edge)"
    assert say("persistence (1 day)", "zh") == "persistence (1 day)"
