"""A fixed small share of what `scripts/fuzz` plays, and whether it would find anything."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
import logging
from typing import Final

import pytest

from custom_components.mybmw.sources import TryLaterError
from tests.fuzz.__main__ import counts, met_table, parsed, table
from tests.fuzz.hostile import HOSTILE, Hostile, flaws, meet
from tests.fuzz.mutation import Mutator
from tests.fuzz.play import Case, Room, play
from tests.fuzz.rooms import ROOMS
from tests.fuzz.watch import Finding, Watch
from tests.recorded import RECORDED_CARS

_SHARE: Final = 1_430
_COUNTS: Final = counts(ROOMS, _SHARE)
_SECRET: Final = "secret-of-mine"


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
async def test_nobody_stumbles(room: Room) -> None:
    asyncio.get_running_loop().set_debug(False)  # which would make it ten times slower
    score = await play(room, 1, _COUNTS[room.name])
    assert score.found == []
    assert score.count == _COUNTS[room.name]
    assert len(score.ends) > 1, "some of it is read, and some is not"


def a_room(raised: dict[str, Exception]) -> Room:
    """A room where some cases go wrong."""

    @asynccontextmanager
    async def opened() -> AsyncGenerator[Case]:
        async def case(seed: str) -> str:
            if seed in raised:
                raise raised[seed]
            return "read"

        yield case

    return Room(name="cellar", what="", share=1, opened=opened)


async def test_a_finding_is_told_by_its_seed_and_without_what_is_said() -> None:
    room = a_room({"cellar 8": KeyError(_SECRET), "cellar 9": Finding("another car has changed")})
    score = await play(room, 7, 4)
    assert [(one.room, one.seed) for one in score.found] == [("cellar", 8), ("cellar", 9)]
    assert score.found[0].what.startswith("KeyError < tests/test_fuzz.py:")
    assert score.found[1].what == "another car has changed"
    assert _SECRET not in repr(score)
    assert score.ends == {"read": 2}
    assert "cellar" in table([score])


async def test_a_case_that_takes_too_long_is_a_finding() -> None:
    score = await play(a_room({}), 1, 1, longest_s=-1)
    assert "of work" in score.found[0].what


@pytest.mark.parametrize(
    "tell",
    [
        lambda: logging.getLogger("custom_components.mybmw.sources").debug("with %s", _SECRET),
        lambda: logging.getLogger("custom_components.mybmw").error("why", exc_info=ValueError(_SECRET)),
        lambda: logging.getLogger("aiohttp.server").error("of %s", _SECRET),
    ],
    ids=["ours", "with an exception", "of others"],
)
def test_a_secret_in_the_log_is_found(tell: Callable[[], None]) -> None:
    watch = Watch(_SECRET)

    def be_told() -> None:
        with watch.allowing():
            tell()

    with watch.listening(), pytest.raises(Finding) as raised:
        be_told()
    assert _SECRET not in str(raised.value)


def test_a_secret_in_what_caused_an_exception_is_found() -> None:
    watch = Watch(_SECRET)
    with pytest.raises(Finding), watch.allowing(TryLaterError):
        raise TryLaterError from KeyError(_SECRET)


def test_only_what_is_announced_may_be_raised() -> None:
    with pytest.raises(KeyError), Watch().allowing(TryLaterError):
        raise KeyError(_SECRET)


def test_a_case_is_the_same_each_time() -> None:
    state = RECORDED_CARS["I20"].state
    once, again, another = (Mutator(seed, [state]) for seed in ("cars 1", "cars 1", "cars 2"))
    for _ in range(50):
        assert once.written(once.document(state)) == again.written(again.document(state))
    assert once.document(state) != another.document(state)


def test_what_can_be_asked_for() -> None:
    assert parsed([]).count == 100_000
    assert sum(counts(ROOMS, parsed([]).count).values()) == pytest.approx(100_000, abs=len(ROOMS))
    options = parsed(["--only", "cars", "--only", "hostile", "--seed", "5", "--count", "1"])
    assert (options.only, options.seed, options.count) == (["cars", "hostile"], 5, 1)
    with pytest.raises(SystemExit):
        parsed(["--only", "nowhere"])


def the_hostile(name: str) -> Hostile:
    return next(hostile for hostile in HOSTILE if hostile.name == name)


@pytest.mark.usefixtures("socket_enabled")
async def test_a_hostile_size_is_met() -> None:
    """One of them, which is quick; `scripts/fuzz --only hostile` plays all."""
    hostile = the_hostile("nested 100 000 deep")
    met = await meet(replace(hostile, end="2 bytes read", bound_s=0, bound_mb=-1))
    assert met.flaws == ["should have been: 2 bytes read", "more than 0 s of work", "more than -1 MB"]
    assert "WRONG: more than 0 s of work" in met_table([met])
    assert flaws(hostile, end=met.end, worked_s=met.worked_s, grew_mb=met.grew_mb) == []
    assert "WRONG" not in met_table([replace(met, flaws=[])])


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_what_is_judged_of_a_hostile_size(hostile: Hostile) -> None:
    end, most_s, most_mb = hostile.end, hostile.bound_s, hostile.bound_mb
    assert flaws(hostile, end=end, worked_s=most_s, grew_mb=most_mb) == []
    assert len(flaws(hostile, end="1 bytes read", worked_s=most_s, grew_mb=most_mb)) == 1
    assert len(flaws(hostile, end=end, worked_s=100, grew_mb=most_mb)) == 1
    assert len(flaws(hostile, end=end, worked_s=most_s, grew_mb=most_mb + 1)) == 1
