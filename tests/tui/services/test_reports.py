"""Reports of studies, written by the command line in a process of its own."""

from __future__ import annotations

import pytest
from fake_studies import begun, planned

from workbench.runs.folder import RunError
from workbench.tui.services import reports


def test_the_command_line_writes_it_and_its_place_is_whole(folder, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = planned(folder)
    begun(study, 1).start().train(10, 200).finish(accuracy=0.8123)
    path = reports.write(study)
    assert path == tmp_path / "grid-report.html"
    assert "0.8123" in path.read_text()


def test_its_own_sentence_says_why_there_is_none(folder, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match="Study grid has no run yet"):
        reports.write(planned(folder))
