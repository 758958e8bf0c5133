"""An error that nobody foresaw."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.tui.app import WorkbenchApp


def _broken() -> None:
    raise ZeroDivisionError("one by none")


@pytest.mark.parametrize(("debug", "told"), [("", "one plain sentence"), ("1", "traceback")])
async def test_a_defect_is_one_sentence_unless_the_traceback_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], debug: str, told: str
) -> None:
    monkeypatch.setenv("WORKBENCH_DEBUG", debug)
    app = WorkbenchApp(tmp_path)
    with pytest.raises(ZeroDivisionError):
        async with app.run_test():
            app.call_later(_broken)
    said = " ".join(capsys.readouterr().err.split())
    assert ("Traceback" in said) is (told == "traceback")
    assert ("This is a defect of Workbench (ZeroDivisionError: one by" in said) is (told != "traceback")
    assert app.return_code == 1
