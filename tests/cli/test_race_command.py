"""``race`` on the real command line, with the toy."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import msgspec
import pytest
from waiting import until

from workbench.races.events import decode

TWINS = ("race", "toy", "--cells", "lstm,torch-lstm")


def test_twins_on_a_pipe(workbench, runs_folder: Path) -> None:
    result = workbench(*TWINS, "--steps", 40)
    assert result.returncode == 0, result.stderr
    heads, *lines = (re.split(r"  +", line.rstrip()) for line in result.stdout.splitlines())
    assert heads == ["", "A lstm", "B torch-lstm"]
    rows = {name: figures for name, *figures in lines}
    assert [*rows][:3] == ["train loss", "val loss", "val accuracy"]
    assert [*rows][-5:] == ["steps", "CPU seconds", "examples/s", "speed", "difference"]
    assert rows["val accuracy"][0] == rows["val accuracy"][1]
    assert rows["steps"] == ["40", "40"]
    assert rows["speed"][0] == "1×"
    assert re.fullmatch(r"\d+\.\d\d× \(\d+\.\d\d–\d+\.\d\d\)", rows["speed"][1])
    assert "Racing lstm, torch-lstm on toy, 40 steps each: CPU, 1 thread (float32), 192 examples" in result.stderr
    assert "torch-lstm starts from lstm's weights (outputs differ by " in result.stderr
    assert "\n 50%  step     2" in result.stderr
    assert "Parity holds " in result.stderr
    assert "over 40 steps." in result.stderr
    assert "Speeds are multiples of lstm's: median and quartiles over 9 blocks made in turns." in result.stderr
    assert not runs_folder.exists()  # no run is made


def test_json_holds_all_numbers_and_save_the_same(workbench, tmp_path: Path) -> None:
    file = tmp_path / "race.json"
    result = workbench("race", "toy", "--cells", "rnn,gru", "--steps", 20, "--json", "--save", file)
    assert result.returncode == 0, result.stderr
    told = msgspec.json.decode(result.stdout)
    assert told == msgspec.json.decode(file.read_bytes())
    assert told["race"]["budget"] == {"by": "steps", "steps": 20, "seconds": 30.0}
    assert told["ended"] == "all steps done"
    one, other = told["cells"]
    assert (one["cell"], other["cell"], other["twin_of"], other["difference"]) == ("rnn", "gru", "", None)
    assert [len(cell["losses"]) for cell in told["cells"]] == [20, 20]
    assert other["ratio"]["blocks"] == 9
    assert other["metrics"].keys() >= {"loss", "accuracy"}
    assert "rnn and gru are no twins: each starts from weights of its own, drawn from seed 0." in result.stderr


def test_events_come_line_by_line(workbench) -> None:
    result = workbench(*TWINS, "--seconds", 0.05, "--events")
    assert result.returncode == 0, result.stderr
    kinds = [type(decode(line.encode())).__name__ for line in result.stdout.splitlines()]
    assert (kinds[0], kinds[-3:]) == ("Begun", ["Evaluated", "Evaluated", "Ended"])
    assert set(kinds[1:-3]) == {"Turn"}


def test_a_loss_that_is_no_number(workbench) -> None:
    result = workbench("race", "toy", "--cells", "lstm,gru", "--steps", 20, "--set", "task.trouble=nan")
    assert result.returncode == 1
    assert "examples/s" in result.stdout  # the table all the same
    assert result.stderr.splitlines()[-1] == (
        "workbench: The loss of lstm stopped being a number at step 5: race again with a lower train.lr (it is 0.01). "
        "The loss of gru stopped being a number at step 5: race again with a lower train.lr (it is 0.01)."
    )


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("race", "toy", "--cells", "lstm"), 2, "a race needs two cells or more, such as --cells lstm,torch-lstm."),
        (("race", "toy", "--cells", "lstm,nix"), 2, "There is no cell 'nix'"),
        (("race", "poems", "--cells", "lstm,bilstm"), 2, "poems writes from left to right"),
        ((*TWINS, "--steps", 0), 2, "--steps 0: it must be a whole number"),
        ((*TWINS, "--steps", "x"), 2, "--steps"),
        ((*TWINS, "--seconds", 1, "--steps", 1), 2, "give one of them."),
        ((*TWINS, "--json", "--events"), 2, "choose one."),
        ((*TWINS, "--save", "race.txt"), 2, "--save race.txt: the name must end in .json."),
        ((*TWINS, "--save", "/nowhere/race.json"), 2, "there is no folder /nowhere."),
        ((*TWINS, "--set", "task.trouble=data"), 1, "toy.txt is missing: put it there."),
        ((*TWINS, "--set", "train.device=cuda:9"), 1, "Device cuda:9 cannot be used"),
        ((*TWINS, "--set", "train.precision=fp16"), 1, "Precision fp16 needs a GPU"),
    ],
)
def test_one_sentence_each(workbench, words: tuple[object, ...], code: int, sentence: str) -> None:
    result = workbench(*words)
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    last = result.stderr.splitlines()[-1]
    assert last.startswith("workbench: ")
    assert sentence in last
    assert "Traceback" not in result.stderr


def test_ctrl_c_ends_with_the_table_so_far(terminal) -> None:
    race = terminal(*TWINS, "--steps", 100_000, "--set", "task.pause=0.005")
    race.expect("torch-lstm starts from lstm's weights")
    race.expect("examples/s")  # a bar
    race.type("\x03")
    race.expect("CPU seconds")
    race.expect("The race was stopped before its end: the table holds what was raced.")
    assert race.ended() == 0


def test_a_terminal_shows_curves_badge_and_bars(terminal) -> None:
    race = terminal(*TWINS, "--steps", 60)
    race.expect("parity holds")
    race.expect("━")
    assert race.ended() == 0
    seen = race.read()
    assert "training loss, smoothing 0.9 · step 60 of 60" in seen
    assert any("\u2801" <= drawn <= "\u28ff" for drawn in seen)
    assert "Parity holds" in seen


def test_a_reader_that_is_gone_ends_it(start) -> None:
    race = start(*TWINS, "--steps", 1_000_000, "--events")
    race.stdout.readline()
    race.stdout.close()
    until(lambda: race.poll() is not None, "the race ends")
    assert race.wait() == 0


def test_a_term_ends_it_with_what_was_raced(start) -> None:
    race = start(*TWINS, "--steps", 1_000_000, "--events")
    while b'"turn"' not in race.stdout.readline():
        pass
    race.send_signal(signal.SIGTERM)
    rest = race.stdout.read()
    assert race.wait() == 0
    assert b'{"event":"ended","reason":"stopped on request"}' in rest
