"""The Poem screen with a real network, in a child process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine.toy_runs import copied, trained

from workbench.config import spec
from workbench.engine import trained_run
from workbench.engine.generation.decoding import generate
from workbench.runs import store
from workbench.runs.run import Run
from workbench.tui.poem.form import DEFAULT_REQUEST
from workbench.tui.poem.generations import PoemList

pytestmark = pytest.mark.usefixtures("forked_servers")


@pytest.fixture(scope="module")
def scribe(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = store.create(tmp_path_factory.mktemp("scribe"), spec.make("scribe", "gru", {"train.epochs": 2}))
    trained(run)
    return run


def written(run: Run, start: str, seed: int) -> str:
    """Generate the text in this process."""
    draws = {name: getattr(DEFAULT_REQUEST, name) for name in ("temperature", "top_p", "repetition")}
    tokens = generate(
        *trained_run.load_trained(run, threads=1), start, **draws, seed=seed, limit=DEFAULT_REQUEST.length
    )
    return start + "".join(token.text for token in tokens)


async def test_it_writes_what_the_network_writes_and_says_what_it_never_saw(screen, scribe, folder: Path) -> None:
    run = copied(scribe, folder, "scribe-gru-here")
    async with screen.open() as pilot:
        await pilot.press("4")
        await screen.until(pilot, "beginning", "form: off", "network writes freely")
        await pilot.press("月", "enter")
        await screen.until(pilot, "seed 1 · temperature 0.8", "F6 Again")
        await pilot.press("f6")
        await screen.until(pilot, "seed 2 · temperature 0.8", "F5 Write")
        shown = [poem.text for poem in screen.app.screen.query_one(PoemList).all]
        assert shown == [written(run, "月", seed=2), written(run, "月", seed=1)]
        await pilot.press("x", "enter")
        await screen.until(pilot, "The network never saw x: begin with another character.")


async def test_a_damaged_checkpoint_is_one_sentence(screen, scribe, folder: Path) -> None:
    run = copied(scribe, folder, "scribe-gru-damaged")
    run.best_file.write_bytes(run.best_file.read_bytes()[:100])
    async with screen.open() as pilot:
        await pilot.press("4")
        await screen.until(pilot, "beginning")
        await pilot.press("enter")
        text = await screen.until(pilot, "damaged")
        assert "Traceback" not in text
