"""``workbench lab``: listed, shown, trained in its quick form, shown beside the published figures, reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sentences import says

LAB = Path(__file__).parents[1] / "toys" / "tasks" / "toy" / "labs" / "toy-two-cells.toml"


@pytest.mark.usefixtures("undrawn")
def test_a_lab_from_the_list_to_its_report(workbench, runs_folder: Path) -> None:
    listed = {line.split()[0]: line for line in workbench("lab", "list").stdout.splitlines()}
    assert listed["toy-two-cells"].split()[1:4] == ["toy", "4", "–"]
    shown = workbench("lab", "show", "toy-two")
    assert shown.returncode == 0, shown.stderr
    assert "Which cell recalls the first symbol?" in shown.stdout
    assert "RNN, narrow" in shown.stdout
    assert "`workbench lab run toy-two-cells` trains them; `workbench lab run toy-two-cells --quick`" in shown.stderr
    early = workbench("report", "toy-two-cells")
    says(early, 1, "Nothing of the lab toy-two-cells was trained yet: `workbench lab run toy-two-cells` does it.")

    ran = workbench("lab", "run", "toy-two-cells", "--quick")
    assert ran.returncode == 0, ran.stderr
    runs = [f"toy-two-cells-quick-0{n}" for n in (1, 2)]
    assert [path.name for path in sorted(runs_folder.iterdir()) if path.name != "studies"] == runs
    told = json.loads(workbench("study", "show", "toy-two-cells-quick", "--json").stdout)
    accuracy = [member["test"]["accuracy"] for member in told["members"]]
    for printed in (ran.stdout, workbench("lab", "show", "toy-two-cells", "--quick").stdout):
        (narrow,) = [line for line in printed.splitlines() if line.startswith("RNN, narrow") and "≈" in line]
        assert narrow.split()[2:] == ["test", "accuracy", "≈", "0.6100", f"{accuracy[0]:.4f}"]
        assert "0.7925" in printed
    again = workbench("lab", "run", "toy-two-cells", "--quick")
    assert "Nothing of study toy-two-cells-quick is left to train." in again.stderr
    listed = {line.split()[0]: line for line in workbench("lab", "list").stdout.splitlines()}
    assert "2 of 2 quick" in listed["toy-two-cells"]
    set_now = workbench("lab", "run", "toy-two-cells", "--quick", "--set", "cell.hidden=9")
    says(set_now, 2, "Study toy-two-cells-quick is described already")

    done = workbench("lab", "report", "toy-two-cells", "--quick", "--lang", "zh", "--format", "markdown", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "out/report.md\n"
    text = (runs_folder.parent / "here" / "out" / "report.md").read_text(encoding="utf-8")
    assert text.startswith("# 两种单元回忆一个符号 (快速形式)\n\n> 这是实验的快速形式")
    assert f"| RNN, 窄 | 测试准确率 | ≈ 0.6100 | {accuracy[0]:.4f} | 单个种子 |" in text
    assert "workbench lab run toy-two-cells --quick\n" in text
    html = workbench("report", "toy-two-cells", "--json")  # the full form is not there: its quick one is
    assert html.returncode == 0, html.stderr
    path = Path(json.loads(html.stdout)["report"])
    assert path.name == "toy-two-cells-quick-report.html"
    assert "Two cells recall a symbol (quick form)" in path.read_text(encoding="utf-8")
    assert "This is the quick form of the lab" in html.stderr


def test_a_lab_of_ones_own_is_a_file(workbench, tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text(LAB.read_text(encoding="utf-8"), encoding="utf-8")
    ran = workbench("lab", "run", own, "--quick", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1])["study"] == "mine-quick"
    assert json.loads(workbench("lab", "show", own, "--quick", "--json").stdout)["study"] == "mine-quick"
    own.write_text(own.read_text(encoding="utf-8").replace('rows" = 200', 'rows" = 300'), encoding="utf-8")
    changed = workbench("lab", "run", own, "--quick")
    assert changed.returncode == 0
    assert f"{own} has changed: its runs stay as described; `workbench study rm mine-quick` begins" in changed.stderr


def test_a_lab_that_cannot_be_read_stops_no_other(workbench, tmp_path: Path) -> None:
    task = tmp_path / "tasks" / "own"
    (task / "labs").mkdir(parents=True)
    for name in ("__init__.py", "settings.py", "task.py"):
        toy = LAB.parents[1] / name
        (task / name).write_text(toy.read_text(encoding="utf-8").replace("tasks.toy", "tasks.own"))
    (task / "labs" / "broken.toml").write_text("title =")
    (task / "labs" / "gone.toml").write_text('task = "own"\n[[runs]]\ncells = ["gone"]\n')
    env = {"WORKBENCH_TASKS": f"{task.parent}:{LAB.parents[2]}"}
    listed = workbench("lab", "list", **env)
    assert listed.returncode == 0, listed.stderr
    assert "broken cannot be read: " in listed.stderr
    assert "gone cannot be read: There is no cell 'gone'" in listed.stderr
    assert "toy-two-cells" in listed.stdout
    told = {one["lab"]: one for one in json.loads(workbench("lab", "list", "--json", **env).stdout)}
    assert "is not TOML" in told["broken"]["error"]
    assert told["toy-two-cells"]["runs"] == 4
    assert workbench("lab", "show", "toy-two-cells", **env).returncode == 0
    says(workbench("lab", "show", "broken", **env), 2, "broken.toml is not TOML")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("show", "toy-too-cells"), 2, "There is no lab 'toy-too-cells': did you mean 'toy-two-cells'?"),
        (("run", "names"), 2, "'names' is the beginning of names-rnn-lstm, names-three-networks: type more of it."),
        (("run", "nowhere.toml"), 2, "nowhere.toml cannot be read: No such file or directory."),
        (("report", "toy-two-cells", "--lang", "fr"), 2, "--lang fr"),
        (("report", "toy-two-cells", "--format", "rtf"), 2, "--format rtf"),
        (("report", "toy-two-cells", "--width", "1"), 2, "--width 1: give 5 to 60 cm."),
        (("report", "toy-two-cells", "--quick"), 1, "`workbench lab run toy-two-cells --quick` does it."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(workbench, words, code: int, sentence: str) -> None:
    says(workbench("lab", *words), code, sentence)
