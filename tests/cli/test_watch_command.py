"""``watch``: on the screen of a terminal, in lines without one, or a single frame."""

from __future__ import annotations

from pathlib import Path

from sentences import says

from workbench.runs.run import Run

ESCAPE = "\x1b"


def test_without_a_terminal_it_goes_in_lines_to_the_result(workbench, finished: Run) -> None:
    done = workbench("watch", finished.id)
    assert done.returncode == 0, done.stderr
    assert f"Run {finished.id} finished" in done.stdout
    assert ESCAPE not in done.stdout


def test_once_prints_one_plain_frame_and_ends(workbench, finished: Run) -> None:
    done = workbench("watch", "last", "--once")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert ESCAPE not in done.stdout
    assert lines[0].split()[0] == "finished"
    assert 20 < len(lines) <= 36
    assert max(map(len, lines)) <= 120
    assert any("loss" in line and "╭" in line for line in lines)
    assert "majority" in done.stdout
    assert "Quit" not in done.stdout  # no key does anything on it


def test_a_frame_on_a_terminal_is_coloured_and_leaves_a_line_for_the_prompt(terminal, finished: Run) -> None:
    screen = terminal("watch", finished.id, "--once")
    assert screen.ended() == 0
    assert "finished" in screen.seen
    assert f"{ESCAPE}[" in screen.seen
    assert screen.seen.count("\n") < 36


def test_on_a_terminal_it_opens_the_screen_and_leaves_with_q(terminal, finished: Run) -> None:
    screen = terminal("watch", finished.id, "--readonly")
    screen.expect("read only")
    screen.type("q")
    assert screen.ended() == 0
    assert "Traceback" not in screen.read()


def test_headless_stays_in_lines_on_a_terminal(terminal, finished: Run) -> None:
    screen = terminal("watch", finished.id, "--headless")
    screen.expect(f"Run {finished.id} finished")
    assert screen.ended() == 0


def test_the_laboratory_opens_read_only(terminal, finished: Run) -> None:
    screen = terminal("--readonly")
    screen.expect("read only")
    screen.type("q")
    assert screen.ended() == 0


def test_what_cannot_be_is_one_sentence(workbench, finished: Run, runs_folder: Path) -> None:
    assert "There is no run 'nothing'" in says(workbench("watch", "nothing", "--once"), 2, "")
    assert says(workbench("watch", finished.id, "--once", "--json"), 2, "").startswith("--once prints one frame")
    finished.spec_file.write_text("{")
    assert says(workbench("watch", finished.id, "--once"), 1, f"Run {finished.id}")
