"""Actions of our own, and what an owner reads when one comes to nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import time, timedelta
import json
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.const import CONF_READ_ONLY, DOMAIN
from custom_components.mybmw.services import ACTIONS
from custom_components.mybmw.sources import NotAllowedError, Refusal, SignInRequiredError, SlowDownError, TryLaterError
from custom_components.mybmw.vehicle import (
    ChargingMode,
    Fate,
    Outcome,
    Reason,
    SetChargingPlan,
    TimerChange,
    Vehicle,
    Weekday,
    WindowChange,
)
from custom_components.mybmw.vehicle.export import export

from .account import GCID, NOW, FakeSource, a_car, account_entry, mileage, recorded_vehicle, set_up
from .calling import I4, act, device
from .complaints import complaint
from .test_destination import LOCATION

pytestmark = pytest.mark.freeze_time(NOW)

# Charging plan


@pytest.mark.usefixtures("i4_account")
async def test_a_plan_is_changed_in_parts(hass: HomeAssistant, source: FakeSource) -> None:
    await act(
        hass,
        "set_charging_plan",
        mode="delayed_charging",
        window_start="22:00",
        window_end="05:30:00",
        pre_entry_climatization=False,
        departure_timers=[
            {"id": 1, "active": True, "weekdays": ["friday", "monday"], "time": "07:15"},
            {"id": 2, "weekdays": []},
        ],
    )
    await act(hass, "set_charging_plan", window_end="04:00")
    assert [command for _, command in source.commands] == [
        SetChargingPlan(
            mode=ChargingMode.DELAYED_CHARGING,
            window=WindowChange(start=time(22), end=time(5, 30)),
            is_pre_entry_climatization_on=False,
            timers=(
                TimerChange(id=1, is_active=True, weekdays=(Weekday.FRIDAY, Weekday.MONDAY), departs_at=time(7, 15)),
                TimerChange(id=2, weekdays=()),
            ),
        ),
        SetChargingPlan(window=WindowChange(end=time(4))),
    ]


@pytest.mark.usefixtures("i4_account")
@pytest.mark.parametrize(
    "data",
    [
        {},
        {"departure_timers": [{"id": 1}]},
        {"departure_timers": [{"id": 9, "active": True}]},
        {"departure_timers": [{"id": 1, "active": True}, {"id": 1, "active": False}]},
        {"window_start": "05:00", "window_end": "05:00"},
        {"window_start": "05:00:10"},
    ],
)
async def test_a_plan_that_makes_no_sense(hass: HomeAssistant, source: FakeSource, data: Mapping[str, object]) -> None:
    german, english = await complaint(hass, act(hass, "set_charging_plan", **data))
    assert german != english
    assert source.commands == []


@pytest.mark.usefixtures("i4_account")
@pytest.mark.parametrize(
    "data",
    [
        {"mode": "no_action"},
        {"departure_timers": [{"active": True}]},
        {"departure_timers": [{"id": 1, "weekdays": ["someday"]}]},
        {"departure_timers": [{"id": 1, "tme": "07:00"}]},
        {"window_start": "25:00"},
    ],
)
async def test_a_plan_of_the_wrong_form(hass: HomeAssistant, source: FakeSource, data: Mapping[str, object]) -> None:
    with pytest.raises(probatio.Invalid):
        await act(hass, "set_charging_plan", **data)
    assert source.commands == []


# What can go wrong with any command


COMMANDS: Final[Mapping[str, Mapping[str, object]]] = {
    "send_destination": {"location": LOCATION},
    "set_charging_plan": {"mode": "immediate_charging"},
}


@pytest.mark.usefixtures("i4_account")
@pytest.mark.parametrize("action", COMMANDS)
@pytest.mark.parametrize(
    ("failure", "english"),
    [
        (TryLaterError("BMW does not answer"), "BMW does not answer"),
        (SlowDownError("Wait", NOW + timedelta(hours=2)), "08:00"),
        (NotAllowedError("Blocked", Refusal.BLOCKED), "its own app"),
    ],
)
async def test_a_command_that_was_not_taken(
    hass: HomeAssistant, source: FakeSource, action: str, failure: Exception, english: str
) -> None:
    source.command_failure = failure
    german, text = await complaint(hass, act(hass, action, **COMMANDS[action]))
    assert english.replace("08:00", f"{dt_util.as_local(NOW + timedelta(hours=2)):%H:%M}") in text
    assert german != text
    assert len(source.commands) == 1, "it is sent once"


@pytest.mark.usefixtures("i4_account")
@pytest.mark.parametrize("action", COMMANDS)
@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(fate=Fate.FAILED, sent_at=NOW, ended_at=NOW, reason=Reason.BY_CAR, words="CHARGING_MODE_NOT_SET"),
        Outcome(fate=Fate.TIMED_OUT, sent_at=NOW, ended_at=NOW),
        Outcome(fate=Fate.UNKNOWN, sent_at=NOW, ended_at=NOW, reason=Reason.ANSWER_LOST),
        Outcome(fate=Fate.IGNORED, sent_at=NOW, ended_at=NOW, reason=Reason.BY_CAR),
    ],
    ids=lambda outcome: outcome.fate,
)
async def test_a_command_that_came_to_nothing(
    hass: HomeAssistant, source: FakeSource, action: str, outcome: Outcome
) -> None:
    source.outcome = outcome
    german, english = await complaint(hass, act(hass, action, **COMMANDS[action]))
    assert german != english
    if outcome.words:
        assert outcome.words in german
        assert outcome.words in english


async def test_who_only_watches_has_no_controls(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(I4, recorded_vehicle("I01_REX"))
    await set_up(hass, account_entry({CONF_READ_ONLY: True}))
    assert hass.states.async_entity_ids("sensor")
    assert hass.states.async_entity_ids(["notify", "number", "select", "time"]) == []


@pytest.mark.parametrize("action", COMMANDS)
async def test_who_only_watches_sends_nothing(hass: HomeAssistant, source: FakeSource, action: str) -> None:
    source.show(I4)
    await set_up(hass, account_entry({CONF_READ_ONLY: True}))
    await complaint(hass, act(hass, action, **COMMANDS[action]))
    assert source.commands == []


# Data


@pytest.mark.usefixtures("i4_account")
async def test_everything_about_a_car_is_told(hass: HomeAssistant, source: FakeSource) -> None:
    data = await hass.services.async_call(
        DOMAIN, "get_vehicle_data", {ATTR_DEVICE_ID: device(hass)}, blocking=True, return_response=True
    )
    assert data == export(I4)
    assert json.loads(json.dumps(data)) == data
    assert (data["vin"], data["identity"]["model"]) == (I4.vin, "i4 eDrive40")  # type: ignore[index,call-overload]
    assert source.times_asked == 1, "nothing is asked of BMW for it"


# Refresh


async def test_one_car_is_read(hass: HomeAssistant, source: FakeSource, i4_account: MockConfigEntry) -> None:
    assert i4_account.state is ConfigEntryState.LOADED
    source.show(moved(I4, 4321))
    await act(hass, "refresh")
    await hass.async_block_till_done()
    assert (source.refreshed, source.times_asked) == ([I4.vin], 1)
    assert mileage(hass, I4) == "4321"


@pytest.mark.usefixtures("i4_account")
async def test_the_account_is_read(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(moved(I4, 4321), a_car("new"))
    await act(hass, "refresh", GCID)
    await hass.async_block_till_done()
    assert (source.refreshed, source.times_asked, source.looked_for_cars) == ([], 2, 1)
    assert mileage(hass, I4) == "4321"


@pytest.mark.usefixtures("i4_account")
@pytest.mark.parametrize("identifier", [I4.vin, GCID])
async def test_a_pause_is_kept_and_told(hass: HomeAssistant, source: FakeSource, identifier: str) -> None:
    until = NOW + timedelta(hours=2)
    source.failure = SlowDownError("Wait", until)
    await complaint(hass, act(hass, "refresh", identifier))
    asked = source.times_asked, len(source.refreshed)
    german, english = await complaint(hass, act(hass, "refresh", identifier))
    assert (source.times_asked, len(source.refreshed)) == asked
    moment = f"{dt_util.as_local(until):%H:%M}"
    assert moment in german
    assert moment in english


@pytest.mark.usefixtures("i4_account")
@pytest.mark.parametrize("identifier", [I4.vin, GCID])
@pytest.mark.parametrize("failure", [TryLaterError("BMW does not answer"), NotAllowedError("Blocked", Refusal.BLOCKED)])
async def test_a_refresh_in_vain(
    hass: HomeAssistant, source: FakeSource, identifier: str, failure: TryLaterError | NotAllowedError
) -> None:
    source.failure = failure
    german, english = await complaint(hass, act(hass, "refresh", identifier))
    assert german != english
    assert mileage(hass, I4) != "4321"


@pytest.mark.usefixtures("i4_account")
async def test_a_refresh_may_need_a_new_sign_in(hass: HomeAssistant, source: FakeSource) -> None:
    source.failure = SignInRequiredError("Sign in")
    german, english = await complaint(hass, act(hass, "refresh"))
    assert english.endswith("Please sign in again.")
    assert german != english
    await hass.async_block_till_done()
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]


# Targets


@pytest.mark.usefixtures("i4_account")
@pytest.mark.parametrize("action", ["send_destination", "set_charging_plan", "get_vehicle_data"])
async def test_an_account_is_no_car(hass: HomeAssistant, action: str) -> None:
    data = {ATTR_DEVICE_ID: device(hass, GCID)}
    call = hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=action == "get_vehicle_data")
    german, english = await complaint(hass, call)
    assert (german, english) == (
        "Das ist das Konto, kein Auto. Wähle eines seiner Autos.",
        "This is the account, not a car. Choose one of its cars.",
    )


async def test_a_car_that_was_never_read(hass: HomeAssistant, source: FakeSource, i4_account: MockConfigEntry) -> None:
    dr.async_get(hass).async_get_or_create(
        config_entry_id=i4_account.entry_id, identifiers={(DOMAIN, "WBA00000000DEMO99")}
    )
    german, english = await complaint(hass, act(hass, "refresh", "WBA00000000DEMO99"))
    assert english.startswith("BMW has told nothing of this car since Home Assistant started")
    assert german.startswith("BMW hat zu diesem Auto nichts gemeldet")
    assert source.refreshed == []


async def test_an_account_that_does_not_run(hass: HomeAssistant, i4_account: MockConfigEntry) -> None:
    device_id = device(hass)
    await hass.config_entries.async_unload(i4_account.entry_id)
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(DOMAIN, "refresh", {ATTR_DEVICE_ID: device_id}, blocking=True)
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(DOMAIN, "refresh", {ATTR_DEVICE_ID: "nobody"}, blocking=True)


async def test_actions_are_there_before_there_is_an_account(hass: HomeAssistant) -> None:
    """And what Home Assistant shows of them is what they take."""
    assert await async_setup_component(hass, DOMAIN, {})
    described = (await async_get_all_descriptions(hass))[DOMAIN]
    assert described.keys() == ACTIONS
    for action, description in described.items():
        schema = hass.services.async_services_for_domain(DOMAIN)[action].schema
        assert isinstance(schema, probatio.Schema)
        fields = {
            name: field
            for outer, inner in description["fields"].items()
            for name, field in inner.get("fields", {outer: inner}).items()
        }
        assert fields.keys() == {str(key) for key in schema.schema}
        assert {name for name, field in fields.items() if field.get("required")} == {ATTR_DEVICE_ID}


def moved(car: Vehicle, mileage_km: int) -> Vehicle:
    return replace(car, odometer=replace(car.odometer, mileage_km=mileage_km))
