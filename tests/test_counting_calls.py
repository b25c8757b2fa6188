"""A source that counts its calls: how many are left is shown, and that none is keeps nothing else away."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.mybmw.charging_history import async_charging_history
from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import Budget, SlowDownError, TryLaterError
from custom_components.mybmw.vehicle import Odometer

from .account import NOW, FakeSource, a_car, account_entry, mileage, pass_time, set_up

I4: Final = a_car("i4")
I3: Final = a_car("i3")
INTERVAL: Final = timedelta(minutes=5, seconds=1)
NO_CALL: Final = SlowDownError("No call is left", NOW + timedelta(hours=7))

pytestmark = pytest.mark.freeze_time(NOW)


async def test_calls_left(hass: HomeAssistant, source: FakeSource, entity_registry: er.EntityRegistry) -> None:
    source.budget = Budget(calls_left=50)
    source.show(I4)
    coordinator = await set_up(hass, account_entry())
    entity_id = entity_registry.async_get_entity_id("sensor", DOMAIN, f"{coordinator.account_id}-api_calls_remaining")
    assert entity_id
    registered = entity_registry.async_get(entity_id)
    assert registered
    assert registered.entity_category is EntityCategory.DIAGNOSTIC
    state = hass.states.get(entity_id)
    assert state
    assert (state.state, state.attributes["last_reason"]) == ("50", None)
    source.budget = Budget(calls_left=49, last_reason="owner", next_frees_at=NOW)
    source.push()
    state = hass.states.get(entity_id)
    assert state
    assert (state.state, state.attributes["last_reason"]) == ("49", "owner")
    source.push()
    assert hass.states.get(entity_id) is state, "nothing new"


async def test_a_source_that_does_not_count_has_no_count(
    hass: HomeAssistant, source: FakeSource, entity_registry: er.EntityRegistry
) -> None:
    source.show(I4)
    coordinator = await set_up(hass, account_entry())
    unique_id = f"{coordinator.account_id}-api_calls_remaining"
    assert not entity_registry.async_get_entity_id("sensor", DOMAIN, unique_id)


async def test_calls_that_are_used_up_keep_nothing_else_away(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    """The source itself knows when it may ask; what is streamed and what is remembered costs no call."""
    source.budget = Budget(calls_left=0)
    source.pushes = True
    source.show(I4)
    entry = account_entry()
    coordinator = await set_up(hass, entry)
    source.failure = NO_CALL
    with pytest.raises(HomeAssistantError, match="The calls that BMW allows in a day are used up"):
        await coordinator.async_refresh_now()
    source.failure = None
    asked = source.times_asked
    await pass_time(hass, freezer, INTERVAL)
    assert source.times_asked == asked + 1, "for which it needs no call"
    source.failure = NO_CALL
    with pytest.raises(HomeAssistantError):
        await coordinator.async_refresh_now()
    source.failure = None
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    source.push(replace(I4, odometer=Odometer(mileage_km=1001)))
    assert mileage(hass, I4) == "1001"


async def test_that_calls_did_not_suffice_for_all_is_told(hass: HomeAssistant, source: FakeSource) -> None:
    source.budget = Budget(calls_left=0)
    source.pushes = True
    source.show(I4)
    coordinator = await set_up(hass, account_entry())
    source.shortfall = NO_CALL
    with pytest.raises(HomeAssistantError, match="The calls that BMW allows in a day are used up"):
        await coordinator.async_refresh_now()
    assert mileage(hass, I4) == "1000"
    assert not coordinator.troubles


async def test_a_call_that_was_not_left_for_one_car_is_no_reason_not_to_read_another(
    hass: HomeAssistant, source: FakeSource
) -> None:
    """The last calls are kept back for the owner: nothing that happens by itself keeps these away."""
    source.budget = Budget(calls_left=5)
    source.pushes = True
    source.show(I4)
    source.failures = {I3.vin: NO_CALL}
    coordinator = await set_up(hass, account_entry())
    assert coordinator.troubles.keys() == {I3.vin}
    await coordinator.async_refresh_car(I4.vin)
    assert source.refreshed == [I4.vin]
    source.failure = TryLaterError("BMW does not answer")
    for refresh in (coordinator.async_refresh_car(I4.vin), coordinator.async_refresh_now()):
        with pytest.raises(HomeAssistantError, match="Reason: BMW does not answer"):
            await refresh


async def test_who_wants_a_call_is_told_that_none_is_left_and_may_try_again(
    hass: HomeAssistant, source: FakeSource
) -> None:
    source.budget = Budget(calls_left=0)
    source.tells_charging_history = True
    source.show(I4)
    coordinator = await set_up(hass, account_entry())
    day = NOW - timedelta(days=1), NOW
    for _ in range(2):
        source.failure = NO_CALL
        for ask in (coordinator.async_refresh_car(I4.vin), async_charging_history(coordinator, I4.vin, *day)):
            with pytest.raises(HomeAssistantError, match="The calls that BMW allows in a day are used up"):
                await ask
        source.failure = None
        await coordinator.async_refresh_car(I4.vin)
        await async_charging_history(coordinator, I4.vin, *day)
