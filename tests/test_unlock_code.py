"""With a code for unlocking in the options, no way through Home Assistant unlocks a car without it."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final
from unittest.mock import patch

from homeassistant.components.lock import LockState as Shown
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, intent
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.const import CONF_UNLOCK_CODE, DOMAIN
from custom_components.mybmw.vehicle import Lock, LockState, Unlock

from .account import NOW, FakeSource, account_entry, set_up, state_of
from .acting import an_able_car

CAR: Final = an_able_car(lock=LockState.LOCKED)
CODE: Final = "2468"
GROUP: Final = "lock.all_cars"

type Way = Callable[[HomeAssistant, str], Awaitable[object]]
"""Tries to unlock a lock without a code."""

pytestmark = pytest.mark.freeze_time(NOW)


def by(domain: str, action: str, **data: object) -> Way:
    """An action, and nothing to it but the lock, if no other data are given."""

    async def way(hass: HomeAssistant, entity_id: str) -> None:
        filled = {key: {entity_id: value} if key == "entities" else value for key, value in data.items()}
        await hass.services.async_call(domain, action, filled or {ATTR_ENTITY_ID: entity_id}, blocking=True)

    return way


async def by_group(hass: HomeAssistant, _entity_id: str, **data: str) -> None:
    await hass.services.async_call("lock", "unlock", {ATTR_ENTITY_ID: GROUP, **data}, blocking=True)


async def by_voice(hass: HomeAssistant, _entity_id: str) -> None:
    """What every assistant makes of "unlock the i4"; it waits for a moment only, and tells of what fails by then."""
    slots = {"name": {"value": "i4 Lock"}, "domain": {"value": "lock"}}
    await intent.async_handle(hass, "test", intent.INTENT_TURN_OFF, slots)


WAYS: Final[dict[str, Way]] = {
    "entity": by("lock", "unlock"),
    "group": by_group,
    "scene": by("scene", "apply", entities="unlocked"),
    "script": by("script", "arrive"),
    "voice": by_voice,
}
NO_WAYS: Final[dict[str, Way]] = {
    "open": by("lock", "open"),
    "toggle": by("homeassistant", "toggle"),
    "turn_off": by("homeassistant", "turn_off"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorstep:
    """Where somebody tries to unlock a locked car."""

    hass: HomeAssistant
    source: FakeSource
    entity_id: str

    async def unlocked_by(self, ways: Mapping[str, Way]) -> set[str]:
        """The ways on which the car is told to unlock, and nothing else."""
        unlocked = set()
        for name, way in ways.items():
            self.source.commands.clear()
            with suppress(HomeAssistantError):
                await way(self.hass, self.entity_id)
            await self.hass.async_block_till_done(wait_background_tasks=True)
            assert self.source.commands in ([], [(CAR.vin, Unlock())]), name
            if self.source.commands:
                unlocked.add(name)
            for coordinator in (entry.runtime_data for entry in self.hass.config_entries.async_loaded_entries(DOMAIN)):
                await coordinator.async_refresh()  # the car is as locked as before, as far as this one goes
            assert state_of(self.hass, Platform.LOCK, CAR, "lock").state in {Shown.LOCKED, Shown.UNLOCKING}
        return unlocked


async def doorstep(hass: HomeAssistant, source: FakeSource, code: str) -> Doorstep:
    """A locked car with this code for unlocking, or none, and all that could unlock it."""
    source.show(CAR)
    for component in ("homeassistant", "intent", "scene"):
        assert await async_setup_component(hass, component, {})
    with patch("custom_components.mybmw.PLATFORMS", [Platform.LOCK]):
        await set_up(hass, account_entry({CONF_UNLOCK_CODE: code} if code else {}))
    entity_id = state_of(hass, Platform.LOCK, CAR, "lock").entity_id
    script = {"arrive": {"sequence": [{"action": "lock.unlock", "target": {"entity_id": entity_id}}]}}
    assert await async_setup_component(hass, "script", {"script": script})
    group = MockConfigEntry(
        domain="group", title="All cars", options={"group_type": "lock", "entities": [entity_id], "hide_members": False}
    )
    group.add_to_hass(hass)
    assert await hass.config_entries.async_setup(group.entry_id)
    await hass.async_block_till_done()
    return Doorstep(hass=hass, source=source, entity_id=entity_id)


async def test_nothing_unlocks_a_car_without_the_code(hass: HomeAssistant, source: FakeSource) -> None:
    car = await doorstep(hass, source, CODE)
    assert await car.unlocked_by(WAYS | NO_WAYS) == set()


async def test_these_would_unlock_a_car_for_which_no_code_is_wanted(hass: HomeAssistant, source: FakeSource) -> None:
    """Or they would show nothing of one for which it is."""
    car = await doorstep(hass, source, "")
    assert await car.unlocked_by(WAYS | NO_WAYS) == WAYS.keys()


async def test_who_stores_it_as_the_default_lets_everybody_in(
    hass: HomeAssistant, source: FakeSource, entity_registry: er.EntityRegistry
) -> None:
    car = await doorstep(hass, source, CODE)
    entity_registry.async_update_entity_options(car.entity_id, "lock", {"default_code": CODE})
    assert await car.unlocked_by(WAYS | NO_WAYS) == WAYS.keys()


async def test_a_group_hands_the_code_on(hass: HomeAssistant, source: FakeSource) -> None:
    car = await doorstep(hass, source, CODE)
    ways = {"right": partial(by_group, code=CODE), "wrong": partial(by_group, code="1357")}
    assert await car.unlocked_by(ways) == {"right"}


async def test_locking_takes_none(hass: HomeAssistant, source: FakeSource) -> None:
    car = await doorstep(hass, source, CODE)
    for target in (car.entity_id, GROUP):
        await hass.services.async_call("lock", "lock", {ATTR_ENTITY_ID: target}, blocking=True)
    assert source.commands == [(CAR.vin, Lock())] * 2


async def test_who_tries_is_told(hass: HomeAssistant, source: FakeSource) -> None:
    """By voice and in a script Home Assistant tells in its own way that it did not work out."""
    car = await doorstep(hass, source, CODE)
    for name in ("entity", "group", "scene"):
        with pytest.raises(HomeAssistantError) as raised:
            await WAYS[name](hass, car.entity_id)
        assert raised.value.translation_key == "unlock_code_wrong"
