"""The last word of a read-only screen: its process cannot write, whatever asks it to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workbench.runs import launch
from workbench.runs.run import Run

REFUSED = {
    "start a run": "store.create(folder.parent, spec)",
    "go on with a run": "launch.start(run)",
    "stop a run": "run.stop_file.touch()",
    "delete a run": "store.remove(run)",
    "name a run": "metadata.write(run, metadata.RunMetadata(name='x'))",
    "export": "export.write(summaries, 'csv', folder.parent)",
    "keep a poem": "kept_poems.keep(folder.parent, 'x')",
    "save a poem": "kept_poems.save(folder.parent / 'p.txt', 'x', replace=True)",
    "draw a picture": "pictures.draw([run], 'curves')",
    "write a report": "run_command(['report', 'x'], 9, 'No report was written')",
    "race": "CommandProcess(['race', 'names'])",
    "run a shell": "os.system('true')",
    "any process": "subprocess.run(['true'])",
    "write a file": "(folder / 'new').write_text('x')",
    "change a file": "open(run.spec_file, 'r+')",
    "make a folder": "(folder / 'new').mkdir()",
    "remove a file": "run.spec_file.unlink()",
    "link": "(folder / 'new').symlink_to('x')",
}
CODE = """
import os, subprocess, sys
from pathlib import Path
from workbench.command_process import CommandProcess
from workbench.runs import export, launch, metadata, store
from workbench.runs.run import Run
from workbench.runs.summary import read_summary
from workbench.tui.poem import kept_poems
from workbench.tui.readonly import forbid_writing
from workbench.tui.services import pictures
from workbench.tui.services.commands import run_command
folder = Path(sys.argv[1])
run = Run(folder)
spec, summaries = run.spec, [read_summary(run)]
forbid_writing()
assert run.status() == "stopped" and read_summary(run) and store.listing(folder.parent)
CommandProcess(["data", "preview", "--help"]).output()  # it is asked for what it reads
for code in sys.argv[2:]:
    try:
        eval(code)
    except Exception as error:
        print(error)
    else:
        print("DONE", code)
"""


def test_nothing_is_written_or_started(worker, folder: Path) -> None:
    one = worker().start().train(10, 60).stop(60)
    before = everything(folder)
    done = subprocess.run(
        [sys.executable, "-P", "-c", CODE, str(one.run.path), *REFUSED.values()],
        capture_output=True,
        text=True,
        check=True,
    )
    told = dict(zip(REFUSED, done.stdout.splitlines(), strict=True))
    assert [what for what, sentence in told.items() if "this screen is read-only" not in sentence] == []
    assert everything(folder) == before


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in sorted(folder.rglob("*"))}


async def test_no_file_of_the_users_is_named_on_a_read_only_screen(screen, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.tui.widgets.path_row import PathRow

    started: list[Run] = []
    monkeypatch.setattr(launch, "start", started.append)
    async with screen.open(readonly=True) as pilot:
        await screen.until(pilot, "read only", "path of a folder")
        rows = list(pilot.app.screen.query(PathRow))
        assert rows
        assert all(row.editor.disabled or not row.editor.focusable for row in rows)
        assert "Screenshot" not in [entry.title for entry in entries(pilot.app)]


def entries(app) -> list:
    from workbench.tui.help.palette import entries as offered

    return list(offered(app, app.screen))
