"""Lines of a study's table and of its runs, for whatever room there is."""

from __future__ import annotations

from pathlib import Path

from fake_studies import begun, planned
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tasks.names import settings as names
from workbench.render.text import printable
from workbench.runs.comparison import BEST, ResultFigure
from workbench.studies.differences import Difference
from workbench.studies.table import Pivot
from workbench.tui.services.owned_runs import OwnedRuns
from workbench.tui.studies.results import TableChoice, cut, next_of, study_results, table_lines
from workbench.tui.studies.results_pane import difference_lines
from workbench.tui.studies.run_list import run_lines
from workbench.tui.studies.study_catalogue import StudyCatalogue, StudyMonitor, StudySummary

_GAP = 2


def pivot(heads: list[str], firsts: list[str], figure: str = "0.8512 ± 0.0031") -> Pivot:
    """A table with the same figure in every cell, the first one the best; a cell's one run is its place."""
    rows = [
        [ResultFigure(first), *(ResultFigure(figure, best=not (y or x)) for x in range(len(heads) - 1))]
        for y, first in enumerate(firsts)
    ]
    members = [[[(y, x)] for x in range(len(heads) - 1)] for y in range(len(firsts))]
    return Pivot("test.accuracy", heads, rows, [], members)  # type: ignore[arg-type]


def width(texts: list[str]) -> int:
    return sum(map(cell_len, texts)) + _GAP * (len(texts) - 1)


def test_a_table_that_has_room_is_one_line_a_row() -> None:
    lines = table_lines(pivot(["layers", "rnn", "lstm"], ["layers 1", "layers 2"]), 60)
    assert [column.name for column in lines.columns] == ["layers", "rnn", "lstm"]
    assert lines.rows[0].texts[1] == (f"0.8512 ± 0.0031 {BEST}", "bold")
    assert lines.rows[1].texts[0] == ("layers 2", "")
    assert lines.members["1"] == [(1, 0), (1, 1)]


def test_a_table_that_has_none_is_one_line_a_figure_and_loses_none() -> None:
    lines = table_lines(pivot(["layers", "rnn", "gru", "lstm"], ["layers 1", "layers 2"]), 40)
    assert [row.texts[0][0] for row in lines.rows] == [
        f"{layers}, {cell}" for layers in ("layers 1", "layers 2") for cell in ("rnn", "gru", "lstm")
    ]
    assert lines.members["1/2"] == [(1, 2)]
    assert [row.texts[1][1] for row in lines.rows] == ["bold", *[""] * 5]


@given(st.lists(st.text("ab 中é", max_size=30), min_size=2, max_size=6), st.integers(30, 120))
def test_no_line_of_a_table_is_wider_than_its_room(heads: list[str], room: int) -> None:
    lines = table_lines(pivot(heads, ["layers 1, both ways, hidden 128", "中文"]), room)
    for row in lines.rows:
        widest = [
            max(cell_len(column.name), *(cell_len(one.texts[at][0]) for one in lines.rows))
            for at, column in enumerate(lines.columns)
        ]
        assert sum(widest) + _GAP * (len(widest) - 1) <= room, row
    assert {run for runs in lines.members.values() for run in runs} == {
        (y, x) for y in (0, 1) for x in range(len(heads) - 1)
    }


def test_a_text_is_cut_at_its_cells() -> None:
    assert cut("layers 2", 8) == "layers 2"
    assert cut("layers 12", 8) == "layers…"
    assert cell_len(cut("中文名字", 6)) <= 6


def test_the_next_of_some_names() -> None:
    assert [next_of(["", "a"], now) for now in ("", "a", "gone")] == ["a", "", ""]
    assert next_of([], "a") == "a"


def looked(study) -> StudySummary:
    return StudyMonitor(study).look()


def test_settings_of_runs_are_cut_and_no_figure_is_lost(folder: Path) -> None:
    study = planned(folder, grid={"cell.layers": [1, 2], "cell.bidirectional": [True, False], "train.lr": [0.1, 0.01]})
    begun(study, 1).start().train(10, 60).close()
    summary = looked(study)
    results = study_results(summary, TableChoice())
    assert results is not None
    columns, rows = run_lines(summary.members, results, 60)
    shown = [at for at, column in enumerate(columns) if column.name in ("state", "run", "progress", "accuracy")]
    widest = [max(cell_len(columns[at].name), *(cell_len(row.texts[at][0]) for row in rows)) for at in shown]
    assert sum(widest) + _GAP * 3 <= 60
    assert rows[0].texts[1][0].endswith("…")
    assert rows[0].texts[3][0] == "val 0.6494"


def test_counts_and_what_can_be_started(folder: Path) -> None:
    study = planned(folder)
    assert looked(study).counts == {"waiting": 4}
    assert looked(study).startable
    assert not looked(study).live
    workers = [begun(study, number).start() for number in range(1, 5)]
    summary = looked(study)
    assert (summary.counts, summary.live, summary.startable, summary.state) == ({"running": 4}, True, False, "running")
    for one in workers:
        one.train(10, 200).finish().close()
    summary = looked(study)
    assert (summary.finished, summary.live, summary.startable, summary.state) == (4, False, False, "finished")


def test_a_queue_that_works_is_seen_though_no_run_trains_yet(folder: Path) -> None:
    study = planned(folder)
    held = study.acquire_lock()
    try:
        summary = looked(study)
        assert (summary.state, summary.live, summary.startable) == ("running", True, False)
        study.request_stop()
        assert looked(study).state == "stopping"
    finally:
        held.close()


def test_other_studies_are_read_less_often_but_the_chosen_one_always(folder: Path, monkeypatch) -> None:
    for name in ("one", "two"):
        planned(folder, name)
    looks: list[str] = []
    look = StudyMonitor.look
    monkeypatch.setattr(StudyMonitor, "look", lambda self: looks.append(self.study.id) or look(self))
    catalogue = StudyCatalogue(folder)
    for _ in range(5):
        assert {summary.id for summary in catalogue.scan("two")} == {"one", "two"}
    assert looks.count("two") == 5
    assert looks.count("one") == 1
    planned(folder, "three")
    assert {summary.id: summary.planned for summary in catalogue.scan("two")} == {"one": 4, "two": 4, "three": 4}


def test_a_study_that_is_made_anew_under_its_name_is_read_anew(folder: Path) -> None:
    import shutil

    catalogue = StudyCatalogue(folder)
    study = planned(folder)
    assert [summary.planned for summary in catalogue.scan("grid")] == [4]
    shutil.rmtree(study.path)
    assert catalogue.scan("grid") == []
    planned(folder, seeds=2)
    assert [summary.planned for summary in catalogue.scan("grid")] == [8]


def test_the_queue_of_a_study_is_no_run_that_is_asked_about() -> None:
    class Process:
        polled = 0

        def poll(self) -> int:
            self.polled += 1
            return 0

    owned, queue = OwnedRuns(), Process()
    owned.add_process(queue)  # type: ignore[arg-type]
    assert owned.live() == []
    assert queue.polled == 1  # it leaves no zombie


@given(label=st.text(st.characters(codec="utf-8"), min_size=1, max_size=40), room=st.integers(20, 120))
def test_differences_are_a_table_where_it_has_room_and_lines_elsewhere(label: str, room: int) -> None:
    pairs = [Difference("best", label, 0.1, 0.05, 0.15, 400), Difference("best", "x", 0.1, -0.05, 0.15, 400)]
    shown = difference_lines(pairs, names.Settings(), room).plain
    assert shown.startswith("best: test accuracy above that of the others, paired bootstrap\n")
    assert printable(label) in shown
    assert shown.count("0.1000") == 2
    if "no clear difference" not in shown:
        assert max(map(cell_len, shown.splitlines()[1:])) <= room
        assert shown.count("400") == 2
    else:
        assert shown.splitlines()[-1] == "  0.1000 [-0.0500, 0.1500]: no clear difference"
