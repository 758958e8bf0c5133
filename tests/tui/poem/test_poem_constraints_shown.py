"""The Poem screen's constraints: what is asked, what a network cannot do, what is said of what was written."""

from __future__ import annotations

import pytest
from fake_network import with_weights
from poem_steps import entered, opened, reading, usual
from textual.widgets import Select
from waiting import eventually

from workbench.tui.poem.alternatives import AlternativesLine
from workbench.tui.poem.form import GenerationForm
from workbench.tui.poem.generations import PoemList

SNOW = "山飞鸟尽绝，人踪万径灭。舟翁独钓前，寒江一天雪。"


def strip(pilot) -> str:
    """The line of the network's choices."""
    return str(pilot.app.screen.query_one(AlternativesLine).content)


async def test_wishes_are_asked_said_under_the_poem_and_made_again(screen, writer, network) -> None:
    constraints = {"form": "七绝", "acrostic": "春夏", "rhyme": "天", "tones": True, "distinct": True, "novel": True}
    async with screen.open() as pilot:
        await opened(screen, pilot)
        entered(pilot, **constraints, repetition=0)
        await pilot.press("f5")
        await screen.until(pilot, "七绝 · acrostic 春夏 · rhyme 天 · tones · distinct", "novel · seed 1")
        assert network.requests == [usual(repetition=0.0, constraints=constraints)]
        entered(pilot, form="any", acrostic=" ", rhyme="", tones=False, distinct=False, novel=False, repetition=0.5)
        await pilot.press("f6")
        await screen.until(pilot, "seed 2")
        assert network.requests[1] == usual(seed=2)
        await reading(pilot, "down", "r")
        await eventually(pilot, lambda: len(network.requests) == 3)
        assert network.requests[2] == network.requests[0]
        assert pilot.app.screen.query_one(GenerationForm).request == network.requests[0]


async def test_the_form_is_a_choice_arrows_move_between_the_settings_and_what_was_read_is_said(
    screen, writer, network
) -> None:
    network.notes = ["Read in simplified characters: 鳥 as 鸟."]
    async with screen.open() as pilot:
        await opened(screen, pilot, "down", "right", "right")
        await screen.until(pilot, "‹ 七绝 ›", "any: the network chooses", "any | 五绝 | 七绝")
        await pilot.press("left", "up")
        assert pilot.app.focused is pilot.app.screen.query_one(GenerationForm).rows["start"]._editor
        await pilot.press("f5")
        await screen.until(pilot, "疑是", "Read in simplified characters: 鳥 as 鸟.", "F6 Again")
        assert network.requests == [usual(constraints={"form": "五绝"})]


async def test_what_cannot_be_met_is_said_in_place_and_nothing_is_shown(screen, writer, network) -> None:
    network.refused = ValueError("A 五绝 has 4 lines, and the acrostic 5 characters: 五律 or 七律 can have it.")
    async with screen.open() as pilot:
        await opened(screen, pilot)
        entered(pilot, form="五绝", acrostic="春夏秋冬年")
        await pilot.press("f5")
        await screen.until(pilot, "A 五绝 has 4 lines", "can have it")
        assert pilot.app.screen.query_one(PoemList).all == []
        await pilot.press("tab")
        assert "can have it" in screen.text  # until something is changed
        entered(pilot, form="五律")
        await pilot.pause()
        assert "can have it" not in screen.text


async def test_what_a_network_cannot_do_is_off_with_the_reason(screen, worker, writer, network) -> None:
    mute = with_weights(worker("gru", task="poems").start().train(10, 60).stop(60), prosody=[])
    async with screen.open() as pilot:
        await opened(screen, pilot)
        entered(pilot, rhyme="天", tones=True, form="五绝")
        pilot.app.screen.query_one(Select).value = str(mute.run.path)
        await screen.until(pilot, "rhyme: off", "tones: off", "Off: rhyme, tones.", "rhyme book")
        assert "form: off" not in screen.text
        await pilot.press("f5")
        await screen.until(pilot, "free form · rhyme and tones unknown")
        assert network.requests == [usual(constraints={"form": "五绝"})]
        assert "○ ●" not in screen.text.replace("○ level ●", "")
        pilot.app.screen.query_one(Select).value = str(writer.run.path)
        await eventually(pilot, lambda: "rhyme: off" not in screen.text)
        await pilot.press("f5")
        await screen.until(pilot, "五绝 · rhyme 天 · tones")


async def test_tones_stand_under_the_characters_and_a_key_switches_them(screen, writer, network) -> None:
    network.text = SNOW
    async with screen.open(size=(80, 24)) as pilot:
        await opened(screen, pilot, "enter")
        text = await screen.until(pilot, "rhymed on 屑", "twice in a line")
        lines = text.splitlines()
        at = next(number for number, line in enumerate(lines) if "舟翁独钓前" in line)
        place = lines[at].index("寒江一天雪")
        under = lines[at + 1]
        assert lines[at][place:].startswith("寒江一天雪。")
        assert "○ ●!韵" in under
        assert under.index("○ ●!韵") - under.index("▌") > lines[at].index("天雪") - lines[at].index("▌")  # cells
        await pilot.press("ctrl+t")
        await pilot.pause()
        assert "韵" not in screen.text
        assert "舟翁独钓前，寒江一天雪。" in screen.text
        await reading(pilot, "m")
        assert "韵" in screen.text


@pytest.mark.parametrize(("size", "columns"), [((60, 20), 2), ((200, 40), 4)])
async def test_candidates_stand_side_by_side_the_best_first(screen, writer, network, size, columns) -> None:
    async with screen.open(size=size) as pilot:
        await opened(screen, pilot)
        entered(pilot, best_of=4)
        await pilot.press("f5")
        poems = pilot.app.screen.query_one(PoemList)
        await screen.until(pilot, "the best:", "score −3.50")
        assert [poem.text for poem in poems.all] == [network.others[n] for n in (1, 0, 3, 2)]
        assert poems.marked is poems.all[0]
        rows = [poem.region.y for poem in poems.all]
        assert rows == [rows[0]] * columns + [rows[-1]] * (4 - columns)
        assert len({poem.region.x for poem in poems.all}) == columns
        assert network.requests == [usual(best_of=4)]
        await reading(pilot, "down", "y")
        assert pilot.app.clipboard == network.others[0]


async def test_where_there_is_room_for_one_column_candidates_stand_below_one_another(screen, writer, network) -> None:
    async with screen.open(size=(34, 30)) as pilot:
        await opened(screen, pilot)
        entered(pilot, best_of=2)
        await pilot.press("f5")
        await screen.until(pilot, "the best: score −3.25")
        first, second = pilot.app.screen.query_one(PoemList).all
        assert first.region.x == second.region.x
        assert first.region.bottom == second.region.y


async def test_candidates_that_are_stopped_keep_their_order_and_say_no_score(screen, writer, network) -> None:
    network.hold()
    async with screen.open() as pilot:
        await opened(screen, pilot)
        entered(pilot, best_of=2)
        await pilot.press("f5")
        await screen.until(pilot, "writing …")
        network.release(3)
        await screen.until(pilot, "白日", "黄")
        await pilot.press("f8")
        text = await screen.until(pilot, "stopped here")
        assert "score" not in text
        network.release_all()


async def test_a_candidate_that_was_given_up_comes_last_and_says_so(screen, writer, network) -> None:
    network.scores = [None, -3.25]
    async with screen.open() as pilot:
        await opened(screen, pilot)
        entered(pilot, best_of=2)
        await pilot.press("f5")
        await screen.until(pilot, "the best: score −3.25", "given up here: what")
        best, last = pilot.app.screen.query_one(PoemList).all
        assert (best.text, best.score) == ("黄河入海流。", -3.25)
        assert "given up here" in last.entry
        assert "given up here" not in best.entry


async def test_the_three_next_choices_are_told_while_it_writes(screen, writer, network) -> None:
    network.hold()
    async with screen.open() as pilot:
        await opened(screen, pilot, *"月", "enter")
        await screen.until(pilot, "F8 Stop", "was given, not written")
        network.release(1)
        await screen.until(pilot, "月明", "▸明 37% of 明 50%", "另 25%", "end 0.4%")
        network.release(1)
        await screen.until(pilot, "▸月 37%")
        network.release_all()
        await screen.until(pilot, "← → in the poems (Tab): the network's choices there")


async def test_an_earlier_poem_that_is_marked_while_another_is_written_has_no_newest_character(
    screen, writer, network
) -> None:
    async with screen.open() as pilot:
        await opened(screen, pilot, *"床", "enter")
        await screen.until(pilot, "F6 Again", "霜")
        network.hold()
        await pilot.press("f6")
        network.release(1)
        await screen.until(pilot, "seed 2", "▸明 37%")
        await reading(pilot, "down")
        assert strip(pilot).startswith("← →")
        network.release_all()


async def test_arrows_mark_a_character_of_a_finished_poem_and_tell_its_choices(screen, writer, network) -> None:
    async with screen.open() as pilot:
        await opened(screen, pilot, *"床", "enter")
        await screen.until(pilot, "F6 Again", "霜")
        await reading(pilot, "left")
        assert strip(pilot).startswith("▸。 37% of 。 50%")
        await pilot.press("left")
        assert strip(pilot).startswith("▸霜 37% of 霜 50%")
        await pilot.press(*["left"] * 20)
        assert strip(pilot) == "床 was given, not written"
        await pilot.press("right")
        assert strip(pilot).startswith("▸明 37%")
        await pilot.press("f6")
        await screen.until(pilot, "seed 2")
        await reading(pilot, "down")
        assert strip(pilot).startswith("← →")  # the marks of the other poem are gone
