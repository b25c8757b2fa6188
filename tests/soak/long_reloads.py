"""What scripts/soak runs of reloads; the files of the accounts are on a real disk."""

from datetime import UTC, datetime
import tracemalloc
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from tests.leaks import Leaks

from . import Plan
from .house import open_house, unload
from .reloads import come_and_go, tell

pytestmark = [
    pytest.mark.freeze_time(datetime(2026, 2, 17, 5, 0, tzinfo=UTC)),
    pytest.mark.usefixtures("socket_enabled"),
]

_WARM_UP: Final = 10
"""Rounds in which what is made once and kept is made."""
_LOOK_EVERY: Final = 50
_MOST_MORE_KB: Final = 20
"""So much more memory may our code hold in the end; a leak would be one of that size in each round."""


@pytest.fixture
def hass_storage() -> dict[str, object]:
    """No files in memory: the test package would keep every version of them."""
    return {}


@pytest.fixture
def leaks(request: pytest.FixtureRequest) -> Leaks:
    """Who listens to all that is said, and keeps it until there is enough to be searched."""
    leaks = request.config.pluginmanager.get_plugin("leaks")
    assert isinstance(leaks, Leaks)
    return leaks


async def test_reloads(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch, plan: Plan, leaks: Leaks
) -> None:
    async with open_house(hass, freezer, monkeypatch) as house:
        await unload(house, house.entries)
        tracemalloc.start()
        try:
            looks = {0: await come_and_go(house, _WARM_UP, forget=leaks.watch.search)}
            for rounds in [*range(_LOOK_EVERY, plan.rounds, _LOOK_EVERY), plan.rounds]:
                looks[rounds] = await come_and_go(house, rounds - [*looks][-1], forget=leaks.watch.search)
        finally:
            tracemalloc.stop()
    tell(plan, looks)
    first = looks[0]
    for look in looks.values():
        assert look.exact == first.exact
        assert look.our_kb <= first.our_kb + _MOST_MORE_KB
