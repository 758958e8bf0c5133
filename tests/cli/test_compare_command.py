"""``workbench compare``."""

from __future__ import annotations

import json

import pytest
from studies.made_studies import made, toy_plan


def test_results_stand_beside_the_settings_that_differ(workbench, finished, stopped) -> None:
    done = workbench("compare", finished.id, stopped.id)
    assert done.returncode == 0, done.stderr
    lines = {line[:20].split("  ")[0]: line for line in done.stdout.splitlines()}
    assert finished.id in done.stdout
    assert {"rnn", "lstm"} <= {*lines["cell"].split()}
    assert "64" in lines["cell.hidden"].split()
    summary = json.loads(workbench("compare", finished.id, stopped.id, "--json").stdout)[0]
    assert f"{summary['val']['accuracy']:.4f}" in lines["val accuracy"]
    assert f"{summary['test']['accuracy']:.4f}" in lines["test accuracy"]
    assert lines["test accuracy"].split()[-1] == "–"  # the other is not tested


@pytest.mark.parametrize(
    ("form", "sign"), [("markdown", "| run | cell |"), ("latex", r"\begin{tabular}"), ("csv", "run,")]
)
def test_tables_for_documents(workbench, finished, stopped, form, sign) -> None:
    done = workbench("compare", finished.id, stopped.id, "--format", form)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(sign)


def test_json(workbench, finished, stopped) -> None:
    done = workbench("compare", finished.id, stopped.id, "--json")
    first, second = json.loads(done.stdout)
    assert (first["run"], first["differing"]["cell"], second["differing"]["cell"]) == (finished.id, "rnn", "lstm")


def test_a_study_is_named_in_place_of_its_runs(workbench, finished, runs_folder) -> None:
    study = made(runs_folder, toy_plan(seeds=2), "pair")
    refused = workbench("compare", "pair", "--json")
    assert refused.stderr == "workbench: Study pair has no run yet: `workbench study run pair` trains them.\n"
    assert workbench("compare", finished.id, "pair").stderr == refused.stderr  # not dropped beside a run
    for number in (1, 3):
        study.begin(number).events_file.write_bytes(finished.events_file.read_bytes())
    told = json.loads(workbench("compare", "pair", finished.id, "pair-01", "--json").stdout)
    assert [one["run"] for one in told] == ["pair-01", "pair-03", finished.id]
    exported = json.loads(workbench("export", "pair", "--json").stdout)
    assert len(exported) == 2
    drawn = workbench("plot", "pair", "--json")
    assert json.loads(drawn.stdout)["runs"] == ["pair-01", "pair-03"]


def test_wrong_usage(workbench, finished) -> None:
    alone = workbench("compare", "last", finished.id[:8], "--json")
    assert alone.returncode == 2
    form = workbench("compare", finished.id, "--format", "latx")
    assert (form.returncode, form.stderr) == (2, "workbench: --format latx: did you mean 'latex'?\n")
