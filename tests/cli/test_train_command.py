"""``train`` and ``resume``: plain lines and a table, one JSON object, in the background, on starter data."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from processes import Start, the_run
from waiting import HANG, until

from workbench.runs import store
from workbench.runs.history import read_history
from workbench.runs.run import Run

FIELDS = {
    *("run", "status", "data", "job", "protocol", "best", "train", "test", "baseline", "epochs"),
    *("wall_s", "examples_per_s"),
}


def last_object(stdout: str) -> dict:
    return msgspec.json.decode(stdout.splitlines()[-1])


def test_in_a_pipe_a_line_an_evaluation_and_the_result_on_stdout(workbench, runs_folder: Path) -> None:
    result = workbench("train", "toy", "--cell", "torch-gru", "--headless", "--epochs", 3, "--seed", 5)
    assert result.returncode == 0, result.stderr
    (run,) = store.listing(runs_folder)
    assert run.spec.cell == "torch-gru"
    assert (run.spec.train.epochs, run.spec.train.seed) == (3, 5)
    lines = result.stderr.splitlines()
    assert lines[0].startswith("Training on CPU, 1 thread (float32): ")
    assert "192 examples, 36 steps." in lines[0]
    assert lines[1] == "made up on the spot"
    assert [re.match(r"epoch +(\S+)  step +(\d+)  train \S*\d", line).groups() for line in lines[2:-1]] == [
        ("1.00", "12"),
        ("2.00", "24"),
        ("3.00", "36"),
    ]
    assert lines[-1] == "Testing, and measuring the baselines …"
    assert "\x1b" not in result.stderr + result.stdout
    assert f"Run {run.id} finished (all steps done), trained in " in result.stdout
    assert re.search(r"torch-gru +\d\.\d{4} ", result.stdout)
    assert re.search(r"majority +– +0\.4000 +0\.2000 ", result.stdout)


def test_json_ends_with_one_object(workbench, runs_folder: Path) -> None:
    result = workbench("train", "toy", "--headless", "--json", "--preset", "tiny", "--set", "cell.layers=2")
    assert result.returncode == 0, result.stderr
    told = last_object(result.stdout)
    assert told.keys() == FIELDS
    (run,) = store.listing(runs_folder)
    assert (told["run"], told["status"], told["data"]) == (run.id, "finished", "full")
    assert (run.spec.preset, run.spec.train.max_steps, run.spec.options.layers) == ("tiny", 2, 2)
    assert told["best"].keys() == {"step", "metric", "value"}
    assert (told["best"]["step"], told["best"]["metric"]) == (2, "accuracy")
    assert told["test"].keys() == {"loss", "accuracy", "macro_f1", "weighted_f1", "balanced_accuracy"}
    assert told["train"].keys() == told["test"].keys()
    assert told["baseline"] == {"majority": {"accuracy": 0.4, "macro_f1": 0.2}}
    assert told["epochs"] == pytest.approx(2 / 12)
    assert told["wall_s"] > 0
    assert told["examples_per_s"] == pytest.approx(32 / told["wall_s"])


def test_in_the_background_watched_stopped_resumed_and_removed(
    workbench, start: Start, runs_folder: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    gate.touch()  # while it is there, the training goes on: the command comes back before its end
    result = workbench("train", "toy", "--detach", "--json", "--epochs", 100, "--set", f"task.gate={gate}")
    assert result.returncode == 0, result.stderr
    run = Run(runs_folder / last_object(result.stdout)["run"])
    assert last_object(result.stdout) == {"run": run.id}
    assert run.status() in ("starting", "running")

    watcher = start("watch", run.id, "--json")
    until(lambda: read_history(run.events_file).step > 0, "the first step")
    stop = start("stop", run.id, "--json")
    until(run.stop_file.exists, "the run is asked to stop")
    gate.unlink()
    assert last_object(stop.communicate(timeout=HANG)[0]) == {"run": run.id, "status": "stopped"}
    out, err = watcher.communicate(timeout=HANG)
    assert watcher.returncode == 0, err
    assert err.startswith("Training on CPU")
    told = last_object(out)
    assert told.keys() == FIELDS
    assert told["status"] == "stopped"

    again = workbench("resume", run.id, "--headless")
    assert again.returncode == 0, again.stderr
    assert re.search(r"^Training from step \d+ on CPU", again.stderr, re.M)
    assert f"Run {run.id} finished" in again.stdout

    kept = workbench("rm", run.id, input="n\n")
    assert (kept.returncode, run.path.exists()) == (130, True)
    assert kept.stderr.endswith("workbench: Nothing was done.\n")
    gone = workbench("rm", run.id, "--yes", "--json")
    assert last_object(gone.stdout) == {"run": run.id, "deleted": True}
    assert not list(runs_folder.iterdir())


def test_several_at_a_time_each_with_an_id_of_its_own(start: Start, workbench, runs_folder: Path) -> None:
    processes = [start("train", "toy", "--headless", "--json", "--max-steps", 3) for _ in range(3)]
    told = []
    for process in processes:
        out, err = process.communicate(timeout=HANG)
        assert process.returncode == 0, err
        told.append(last_object(out))
    assert {one["status"] for one in told} == {"finished"}
    assert len({one["run"] for one in told}) == 3
    assert {run.id for run in store.listing(runs_folder)} == {one["run"] for one in told}
    assert len({str(one["test"]) for one in told}) == 1  # the same seed, undisturbed by the others


def test_starter_data_is_said_once_and_stands_everywhere(workbench, runs_folder: Path) -> None:
    result = workbench(*("train", "names", "--cell", "gru", "--headless", "--json"), *("--max-steps", 2, "--hidden", 8))
    assert result.returncode == 0, result.stderr
    said = [line for line in result.stderr.splitlines() if "starter" in line]
    assert said == [
        "The names data could not be downloaded from http://127.0.0.1:9. Going on with the small starter set."
    ]
    told = last_object(result.stdout)
    assert told["data"] == "starter"
    assert told["baseline"].keys() >= {"majority"}
    (run,) = store.listing(runs_folder)
    assert msgspec.json.decode(run.spec_file.read_bytes())["data"] == "starter"
    assert "names (starter data)" in workbench("show", run.id).stdout
    assert re.search(r"names \(starter\) +gru", workbench("runs").stdout)
    assert "test (starter data · CPU, " in workbench("eval", run.id).stdout
    assert last_object(workbench("show", run.id, "--json").stdout)["data"] == "starter"
    asked = workbench("predict", run.id, "Satoshi", "Müller")
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.index("Satoshi") < asked.stdout.index("Müller")
    assert len(re.findall(r"^ *[A-Z][a-z]+ +0\.\d{4}", asked.stdout, re.M)) == 6  # three languages each


def test_on_a_terminal_a_bar_and_the_evaluations(terminal, runs_folder: Path) -> None:
    screen = terminal("train", "toy", "--headless", "--set", "task.pause=0.02")
    screen.expect("toy lstm")
    screen.expect("starting …")
    run = the_run(runs_folder)
    screen.expect("epoch   1.00  step     12")
    screen.expect("epoch   2.00  step     24")
    screen.expect(f"Run {run.id} finished")
    screen.expect("majority")
    assert screen.ended() == 0


def test_the_kernel_is_a_setting_and_is_shown(workbench, runs_folder: Path) -> None:
    words = ("train", "toy", "--cell", "lstm", "--headless", "--epochs", 1, "--set")
    assert workbench(*words, "cell.kernel=reference").returncode == 0
    assert re.search(r"^kernel +reference *$", workbench("show", "last").stdout, re.M)
    assert workbench(*words, "cell.kernel=torch").returncode == 0
    equal = r"^kernel +torch \(computed by torch's own function, .*the Python cell .*\)"
    assert re.search(equal, workbench("show", "last", COLUMNS="200").stdout, re.M)
    refused = workbench(*words, "cell.kernel=fast")
    assert refused.returncode == 2
    assert "cell.kernel" in refused.stderr
    assert "one of auto | reference | native | torch" in refused.stderr


@pytest.mark.parametrize(("named", "cell"), [((), "gru"), (("--cell", "rnn"), "rnn")])
def test_without_a_cell_the_tasks_own_is_trained(
    workbench, runs_folder: Path, named: tuple[str, ...], cell: str
) -> None:
    result = workbench("train", "scribe", "--headless", "--max-steps", 1, *named)
    assert result.returncode == 0, result.stderr
    assert [run.spec.cell for run in store.listing(runs_folder)] == [cell]
    made = workbench("study", "new", "one", "scribe", "--json", *(("--cells", cell) if named else ()))
    assert made.returncode == 0, made.stderr
    assert cell in (runs_folder / "studies" / "one" / "study.json").read_text(encoding="utf-8")
