"""The switches of a car."""

from dataclasses import replace
from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_ASSUMED_STATE, STATE_OFF, STATE_ON, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.commanding import LOOKS_S
from custom_components.mybmw.vehicle import (
    ChargingStatus,
    ClimateActivity,
    Command,
    Energy,
    Fate,
    Outcome,
    Reason,
    StartCharging,
    StartClimate,
    StopCharging,
    StopClimate,
    Vehicle,
)

from .account import NOW, FakeSource, account_entry, pass_time, set_up, set_up_platform, state_of
from .acting import act, an_able_car

IDLE = an_able_car()
WARM = an_able_car(climate=ClimateActivity.HEATING)
CHARGING = an_able_car(charging=ChargingStatus.CHARGING)

pytestmark = pytest.mark.freeze_time(NOW)


async def test_switches(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion, source: FakeSource
) -> None:
    entry_id = await set_up_platform(hass, source, Platform.SWITCH, IDLE)
    await snapshot_platform(hass, entity_registry, snapshot, entry_id)


@pytest.mark.parametrize(
    ("car", "key", "state"),
    [
        (IDLE, "climate", STATE_OFF),
        (WARM, "climate", STATE_ON),
        (an_able_car(climate=ClimateActivity.COOLING), "climate", STATE_ON),
        (an_able_car(climate=ClimateActivity.VENTILATION), "climate", STATE_ON),
        (an_able_car(climate=ClimateActivity.STANDBY), "climate", STATE_OFF),
        (an_able_car(climate=ClimateActivity.UNKNOWN), "climate", STATE_UNKNOWN),
        (replace(IDLE, climate=None), "climate", STATE_UNKNOWN),
        (IDLE, "charging", STATE_OFF),
        (CHARGING, "charging", STATE_ON),
        (an_able_car(charging=ChargingStatus.TARGET_REACHED), "charging", STATE_ON),
        (an_able_car(charging=ChargingStatus.WAITING_FOR_CHARGING), "charging", STATE_OFF),
        (an_able_car(charging=ChargingStatus.UNKNOWN), "charging", STATE_UNKNOWN),
        (replace(IDLE, energy=Energy()), "charging", STATE_UNKNOWN),
    ],
)
async def test_a_switch_shows_what_the_car_says(
    hass: HomeAssistant, source: FakeSource, car: Vehicle, key: str, state: str
) -> None:
    await set_up_platform(hass, source, Platform.SWITCH, car)
    assert state_of(hass, Platform.SWITCH, car, key).state == state


@pytest.mark.parametrize(
    ("before", "key", "command", "after"),
    [
        (IDLE, "climate", StartClimate(), WARM),
        (WARM, "climate", StopClimate(), IDLE),
        (IDLE, "charging", StartCharging(), CHARGING),
        (CHARGING, "charging", StopCharging(), IDLE),
    ],
)
async def test_a_car_that_has_said_it_did_it_is_believed_until_it_reports(  # noqa: PLR0913, PLR0917 (fixtures)
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    source: FakeSource,
    before: Vehicle,
    key: str,
    command: Command,
    after: Vehicle,
) -> None:
    source.show(before)
    await set_up(hass, account_entry())
    is_on = state_of(hass, Platform.SWITCH, before, key).state == STATE_ON
    await act(hass, Platform.SWITCH, before, key, "turn_off" if is_on else "turn_on")
    assert source.commands == [(before.vin, command)]
    expected = STATE_OFF if is_on else STATE_ON
    shown = state_of(hass, Platform.SWITCH, before, key)
    assert (shown.state, shown.attributes.get(ATTR_ASSUMED_STATE)) == (expected, True)
    source.show(after)
    await pass_time(hass, freezer, timedelta(seconds=2))
    shown = state_of(hass, Platform.SWITCH, before, key)
    assert (shown.state, shown.attributes.get(ATTR_ASSUMED_STATE)) == (expected, None), "it is a fact now"
    assert source.refreshed == [before.vin]


async def test_a_car_that_never_reports_it_is_not_believed_for_long(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(IDLE)
    await set_up(hass, account_entry())
    await act(hass, Platform.SWITCH, IDLE, "climate", "turn_on")
    for wait in LOOKS_S:
        assert state_of(hass, Platform.SWITCH, IDLE, "climate").state == STATE_ON
        await pass_time(hass, freezer, timedelta(seconds=wait))
    assert state_of(hass, Platform.SWITCH, IDLE, "climate").state == STATE_OFF


@pytest.mark.parametrize(
    ("fate", "reason"), [(Fate.FAILED, Reason.BY_CAR), (Fate.UNKNOWN, Reason.ANSWER_LOST), (Fate.TIMED_OUT, None)]
)
async def test_what_nobody_said_is_not_shown(
    hass: HomeAssistant, source: FakeSource, fate: Fate, reason: Reason | None
) -> None:
    source.show(IDLE)
    await set_up(hass, account_entry())
    source.outcome = Outcome(fate=fate, reason=reason, sent_at=NOW, ended_at=NOW)
    with pytest.raises(HomeAssistantError):
        await act(hass, Platform.SWITCH, IDLE, "climate", "turn_on")
    assert state_of(hass, Platform.SWITCH, IDLE, "climate").state == STATE_OFF
