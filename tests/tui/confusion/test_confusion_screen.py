"""The confusion matrix on the whole screen, and its keys."""

from __future__ import annotations

import shutil
import time
from typing import Any

import pytest
from confusion_screen import fill, three
from fake_worker import LABELS, confusion

from tasks.names.settings import LANGUAGES
from tasks.views import Confusion, Text
from workbench.runs import metadata
from workbench.runs.events import Finished
from workbench.runs.metadata import RunMetadata
from workbench.tui.confusion.screen import ConfusionScreen
from workbench.tui.help.palette import entries
from workbench.tui.keys import ACTIONS
from workbench.tui.run.screen import RunScreen
from workbench.tui.widgets.confusion_grid import CellGrid
from workbench.tui.widgets.dialogs import ChoiceDialog


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ConfusionScreen, "EVERY", 0.03)


async def test_f_fills_the_screen_and_b_leads_back_to_where_the_run_was_opened_from(screen, worker) -> None:
    one = three(worker)
    async with screen.open() as pilot:
        await pilot.press("2")
        await screen.until(pilot, one.run.id)
        await pilot.press("enter")
        await fill(screen, pilot, "evaluation 3 of 3, step 60, live")
        await pilot.press("b")
        await screen.until(pilot, "Next view")
        assert isinstance(pilot.app.screen, RunScreen)
        await fill(screen, pilot)
        await pilot.press("3")
        await screen.until(pilot, "Next view")
        await pilot.press("b")
        await screen.until(pilot, "60 / 200", "status")


async def test_without_a_matrix_there_is_nothing_to_fill(screen, worker) -> None:
    one = worker(task="poems").start(methods={"unigram": {"nll": 6.5}})
    one.train(10, 60, [Text(title="poem", text="月")])
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "poem")
        await pilot.press("f")
        assert isinstance(pilot.app.screen, RunScreen)
        assert "Confusion" not in screen.text
        pilot.app.open_confusion(one.run)
        await screen.until(pilot, "no confusion matrix to show")


async def test_a_matrix_that_has_not_come_yet_shows_when_it_comes(screen, worker) -> None:
    one = worker().start()
    async with screen.open(one.run) as pilot:
        await screen.until(pilot, "running")
        pilot.app.open_confusion(one.run)
        await screen.until(pilot, "The first evaluation has not come yet")
        await pilot.press("enter", "n", "o", "d", "c", "left_square_bracket", "right_square_bracket")
        one.train(10, 20)
        await screen.until(pilot, "evaluation 1 of 1, step 20, live", "true Arabic named rightly: 5 of 11, 45 %")


async def test_arrows_mark_a_cell_that_is_said_in_words(screen, worker) -> None:
    one = three(worker)
    async with screen.open(one.run) as pilot:
        await fill(screen, pilot, "true Arabic named rightly: 6 of 12, 50 %")
        await pilot.press("right", "down", "up", "right", "left", "up")
        await screen.until(pilot, "true Arabic taken for Chinese: 1 of 12, 8 %")
        await pilot.press("left", "left", "left", "down")
        await screen.until(pilot, "true Chinese taken for Arabic")
        grid = pilot.app.screen.query_one(CellGrid)
        await pilot.click(CellGrid, offset=(grid._label + 2 + grid._column, 1 + grid._lines))
        await screen.until(pilot, "true Chinese named rightly")


async def test_brackets_step_through_the_evaluations_and_the_last_is_live(screen, worker) -> None:
    one = three(worker)
    async with screen.open(one.run) as pilot:
        await fill(screen, pilot, "evaluation 3 of 3, step 60, live", "6 of 12")
        await pilot.press("left_square_bracket")
        text = await screen.until(pilot, "evaluation 2 of 3, step 40", "5 of 11")
        assert "live" not in text
        one.train(70, 80, [confusion(9)])
        await screen.until(pilot, "evaluation 2 of 4")  # it stays where it was put
        await pilot.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
        await screen.until(pilot, "evaluation 1 of 4, step 20")
        await pilot.press(*["right_square_bracket"] * 4)
        await screen.until(pilot, "evaluation 4 of 4, step 80, live", "9 of 15")
        one.train(90, 100, [confusion(2)])
        await screen.until(pilot, "evaluation 5 of 5, step 100, live", "2 of 8")
        one.finish(100)
        await screen.until(pilot, "finished", "test, with the best weights (step 100, by accuracy)")
        await pilot.press("left_square_bracket")
        await screen.until(pilot, "evaluation 5 of 5, step 100")


async def test_a_resumed_run_forgets_the_evaluations_that_were_in_vain(screen, worker) -> None:
    one = three(worker)
    async with screen.open(one.run) as pilot:
        await fill(screen, pilot, "evaluation 3 of 3")
        one.start(from_step=20)
        await screen.until(pilot, "evaluation 1 of 1, step 20")


async def test_n_shows_shares_and_o_orders_and_the_mark_stays_on_its_cell(screen, worker) -> None:
    one = three(worker)
    async with screen.open(one.run, (80, 24)) as pilot:
        await fill(screen, pilot, "counts, as given")
        await pilot.press("right", "n")
        await screen.until(pilot, "percent of the row, as given", "true Arabic taken for Chinese: 1 of 12, 8 %")
        grid = pilot.app.screen.query_one(CellGrid)
        assert grid._display.texts[0][:2] == ["50", "8"]
        await pilot.press("o")
        await screen.until(pilot, "by error")
        assert grid._display.classes == [0, 3, 2, 5, 1, 4]
        await pilot.press("o")
        await screen.until(pilot, "by neighbours", "true Arabic taken for Chinese")
        assert [grid._display.classes[at] for at in grid._at] == [0, 1]
        await pilot.press("o", "n")
        await screen.until(pilot, "counts, as given")


async def test_d_shows_the_difference_to_an_evaluation_until_it_is_pressed_again(screen, worker) -> None:
    one = three(worker)
    async with screen.open(one.run) as pilot:
        await fill(screen, pilot)
        await pilot.press("left_square_bracket", "d")
        await screen.until(pilot, "this is the reference")
        await pilot.press("right_square_bracket")
        text = await screen.until(pilot, "difference to evaluation 2: % points (the rows are others)")
        assert "true Arabic named rightly: 6 of 12, 50 %; evaluation 2: 5 of 11, 45 %: +5 points, of other rows" in text
        grid = pilot.app.screen.query_one(CellGrid)
        assert grid._display.texts[0][0] == "+5"
        await pilot.press("d")
        await screen.until(pilot, "counts, as given. Rows true")
        assert grid._display.texts[0][0] == "6"


async def test_c_compares_with_another_run_of_the_same_labels(screen, worker) -> None:
    one, two = three(worker), worker("gru", values={"cell.hidden": 64}).start().train(10, 30, [confusion(2)])
    strange = Confusion(title="confusion", labels=["x", "y"], counts=[[1, 0], [0, 1]])
    worker("rnn").start().train(10, 30, [strange])
    worker(task="reviews").start().train(10, 30, [confusion(2)])
    (one.run.path.parent / "broken").mkdir()
    (one.run.path.parent / "broken" / "spec.json").write_text("{")
    async with screen.open(one.run) as pilot:
        await fill(screen, pilot)
        await pilot.press("c")
        text = await screen.until(pilot, "Show the difference to which run?", two.run.id, "cell.hidden 64")
        assert "best accuracy" in text
        assert isinstance(pilot.app.screen, ChoiceDialog)
        assert len(pilot.app.screen._entries) == 1
        await pilot.press("b")
        await screen.until(pilot, "counts, as given")
        metadata.write(two.run, RunMetadata(name="[b]deep", study="grid"))
        await pilot.press("c")
        await screen.until(pilot, "to which run?", "grid: [b]deep")
        await pilot.press("enter")
        await screen.until(pilot, "difference to grid: [b]deep (step 30)", "2 of 8, 25 %: +25 points, of other rows")
        await pilot.press("d")
        await screen.until(pilot, "counts, as given")


async def test_without_another_run_that_is_said(screen, worker) -> None:
    one = three(worker)
    async with screen.open(one.run) as pilot:
        await fill(screen, pilot)
        await pilot.press("c")
        await screen.until(pilot, "No other run in")


@pytest.mark.parametrize("no_color", [False, True])
async def test_digits_and_words_stay_in_any_colours(screen, worker, monkeypatch, no_color) -> None:
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    one = three(worker)
    async with screen.open(one.run) as pilot:
        await fill(screen, pilot, "true Arabic named rightly", "live")
        grid = pilot.app.screen.query_one(CellGrid)
        for theme, colours in (
            ("textual-light", "blue right, orange wrong"),
            ("ansi-dark", "cyan right, yellow wrong"),
        ):
            pilot.app.theme = theme
            await screen.until(pilot, "Rows true, columns predicted." if no_color else colours)
            for y in range(1, 1 + 6 * grid._lines):
                for text, style, _ in grid.render_line(y):
                    same = style is not None and style.color is not None and style.color == style.bgcolor
                    assert not same or not text.strip() or style.color.is_default


async def test_it_reflows_and_never_refuses(screen, worker) -> None:
    one = three(worker)
    async with screen.open(one.run, (80, 24)) as pilot:
        await fill(screen, pilot)
        for size in ((40, 15), (120, 36), (60, 20), (24, 8)):
            await pilot.resize_terminal(*size)
            await pilot.press("down", "right", "n", "o", "d", "left_square_bracket")
        await pilot.resize_terminal(80, 24)
        await screen.until(pilot, "running", "evaluation 1 of 3")


async def test_eighteen_classes_fit_80_by_24_and_no_figure_is_cut(screen, worker) -> None:
    counts = [[900 if i == j else 12 for j in range(18)] for i in range(18)]
    one = worker().start().train(10, 60, [Confusion(title="c", labels=list(LANGUAGES), counts=counts)])
    async with screen.open(one.run, (80, 24)) as pilot:
        await fill(screen, pilot)
        for shown in ("900", "82"):
            assert all(any(language[:5] in line for line in screen.text.splitlines()) for language in LANGUAGES)
            assert screen.text.count(shown) >= 18
            await pilot.press("n")
        await pilot.resize_terminal(60, 20)
        grid = pilot.app.screen.query_one(CellGrid)
        grid.action_move(17, 17)
        await screen.until(pilot, "true Vietnamese named rightly: 900 of 1,104, 82 %", "Vietnamese")
        figures = {segment.text.strip() for y in range(1, 10) for segment in list(grid.render_line(y))[1:]}
        assert figures == {"", "1", "82"}


async def test_chinese_labels_line_up(screen, worker) -> None:
    labels = ["书籍", "平板", "热水器", "蒙牛"]
    counts = [[90 if i == j else (i + j) % 3 for j in range(4)] for i in range(4)]
    one = worker(task="reviews").start().train(10, 60, [Confusion(title="c", labels=labels, counts=counts)])
    async with screen.open(one.run, (80, 24)) as pilot:
        await fill(screen, pilot)
        grid = pilot.app.screen.query_one(CellGrid)
        lines = [grid.render_line(y) for y in range(1 + 4 * grid._lines)]
        assert {line.cell_length for line in lines} == {grid.size.width}
        assert lines[0].text.split() == labels  # two-letter heads are for narrow columns


async def test_two_classes_have_large_cells_with_count_and_share(screen, worker) -> None:
    view = Confusion(title="c", labels=["negative", "positive"], counts=[[11_097, 1_403], [1_327, 11_173]])
    one = worker(task="imdb").start().train(10, 60, [view])
    async with screen.open(one.run) as pilot:
        await fill(screen, pilot, "11,097", "89 %", "1403", "11 %")
        assert pilot.app.screen.query_one(CellGrid)._lines == 5


async def test_help_and_palette_know_the_matrix(screen, worker) -> None:
    one = three(worker)
    async with screen.open(one.run, (120, 60)) as pilot:
        await fill(screen, pilot)
        offered = {command.title for command in entries(screen.app, screen.app.screen)}
        assert {"Examples", "Back", "Earlier", "Difference", "Shares", "Order", "Compare"} <= offered
        assert "Later" not in offered  # the last one is shown
        await pilot.press("question_mark")
        for action in ACTIONS:
            if action.place == "confusion":
                assert action.help[:30] in screen.text


async def test_a_folder_deleted_under_us_is_a_state(screen, worker) -> None:
    one = three(worker)
    async with screen.open(one.run) as pilot:
        await fill(screen, pilot)
        shutil.rmtree(one.run.path)
        await screen.until(pilot, "gone", "evaluation 3 of 3", LABELS[0])


async def test_starter_data_and_another_protocol_are_said(screen, worker) -> None:
    view = Confusion(title="c", note="training [red] pool", labels=["x", "y"], counts=[[1, 0], [0, 1]])
    one = worker(data="starter").start().train(10, 60, [view])
    async with screen.open(one.run) as pilot:
        await fill(screen, pilot, "evaluation 1 of 1, step 60, live, training [red] pool, starter data")


async def test_a_test_without_a_matrix_is_no_stop(screen, worker) -> None:
    one = three(worker)
    assert one.best is not None
    facts: dict[str, Any] = {"epochs": 1.0, "reason": "done", "wall_s": 1.0, "examples_per_s": 1.0}
    one.write(Finished(time=time.time(), step=60, best=one.best, test={"loss": 0.5}, views=[], **facts))
    async with screen.open(one.run) as pilot:
        await fill(screen, pilot, "evaluation 3 of 3, step 60")
