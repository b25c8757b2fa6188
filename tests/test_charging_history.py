"""The action that tells what a car has charged, and what an owner reads when it does not."""

from datetime import UTC, datetime, timedelta
from typing import Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceResponse
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import probatio
import pytest

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.services import GET_CHARGING_HISTORY, HISTORY
from custom_components.mybmw.sources import (
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
)
from custom_components.mybmw.vehicle import ChargingPoint, ChargingSession

from .account import GCID, NOW, FakeSource, a_car, account_entry, set_up
from .complaints import complaint

I4: Final = a_car("i4")
SESSION: Final = ChargingSession(
    started_at=NOW - timedelta(hours=5),
    ended_at=NOW - timedelta(hours=2),
    charging_duration_s=9000,
    start_level_percent=31,
    end_level_percent=80,
    grid_energy_kwh=27.5,
    max_power_kw=11.1,
    charging_points=(ChargingPoint(provider="Volts"),),
)

pytestmark = pytest.mark.freeze_time(NOW)


@pytest.fixture(autouse=True)
async def account(hass: HomeAssistant, source: FakeSource) -> None:
    """An account with one car, whose cloud can be asked."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    source.tells_charging_history = True
    source.sessions = (SESSION,)
    source.show(I4)
    await set_up(hass, account_entry())


async def history(hass: HomeAssistant, identifier: str = I4.vin, /, **data: object) -> ServiceResponse:
    """Ask."""
    [entry] = hass.config_entries.async_entries(DOMAIN)
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, identifier), entry.entry_id)
    assert device
    data = {ATTR_DEVICE_ID: device.id, **data}
    return await hass.services.async_call(DOMAIN, GET_CHARGING_HISTORY, data, blocking=True, return_response=True)


async def test_everything_about_it_is_told(hass: HomeAssistant, source: FakeSource) -> None:
    assert await history(hass) == {
        "asked_at": "2023-01-04T15:00:00Z",
        "start": "2022-12-05T15:00:00Z",
        "end": "2023-01-04T15:00:00Z",
        "is_complete": True,
        "grid_energy_kwh": 27.5,
        "sessions": [
            {
                "started_at": "2023-01-04T10:00:00Z",
                "ended_at": "2023-01-04T13:00:00Z",
                "time_zone": None,
                "charging_duration_s": 9000,
                "start_level_percent": 31,
                "end_level_percent": 80,
                "grid_energy_kwh": 27.5,
                "discharged_energy_kwh": None,
                "max_power_kw": 11.1,
                "average_power_kw": 11.0,
                "mileage_km": None,
                "is_battery_preconditioned": None,
                "address": None,
                "latitude": None,
                "longitude": None,
                "charging_points": [{"provider": "Volts", "street": None, "postal_code": None, "city": None}],
                "problems": [],
            }
        ],
    }
    assert source.histories == [(I4.vin, NOW - HISTORY, NOW)]


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ({"start": "2023-01-01 00:00:00"}, datetime(2022, 12, 31, 23, tzinfo=UTC), NOW),
        (
            {"start": "2022-06-01 00:00:00", "end": "2022-07-01T00:00:00+00:00"},
            datetime(2022, 5, 31, 22, tzinfo=UTC),
            datetime(2022, 7, 1, tzinfo=UTC),
        ),
        ({"end": "2022-07-01 02:00:00"}, datetime(2022, 7, 1, tzinfo=UTC) - HISTORY, datetime(2022, 7, 1, tzinfo=UTC)),
        (
            {"end": "2023-01-09 00:00:00"},
            datetime(2023, 1, 8, 23, tzinfo=UTC) - HISTORY,
            datetime(2023, 1, 8, 23, tzinfo=UTC),
        ),
    ],
)
async def test_the_time_is_that_of_home_assistant(
    hass: HomeAssistant, source: FakeSource, asked: dict[str, str], start: datetime, end: datetime
) -> None:
    await history(hass, **asked)
    assert source.histories == [(I4.vin, start, end)]


@pytest.mark.parametrize(
    "asked",
    [
        {"start": "2023-01-03 00:00:00", "end": "2023-01-02 00:00:00"},
        {"start": "2023-01-03 00:00:00", "end": "2023-01-03 00:00:00"},
        {"start": "2023-01-05 00:00:00", "end": "2023-01-06 00:00:00"},
        {"end": "2024-01-01 00:00:00"},
        {"end": "0001-01-01 00:30:00"},
        {"start": "0001-01-01 00:30:00"},
        {"end": "0001-01-01T08:00:00+00:00"},
    ],
)
async def test_a_time_that_is_none(hass: HomeAssistant, source: FakeSource, asked: dict[str, str]) -> None:
    german, english = await complaint(hass, history(hass, **asked))
    assert english == "The start has to be before the end, and in the past."
    assert german == "Der Beginn muss vor dem Ende liegen, und in der Vergangenheit."
    assert source.histories == []


@pytest.mark.parametrize("moment", ["2023-01-04T\ud800", "\udfff"])
async def test_what_ends_home_assistants_parser_does_not_reach_it(hass: HomeAssistant, moment: str) -> None:
    """Half a character is a null pointer to it: the process is gone, and that of this test if it fails."""
    with pytest.raises(probatio.Invalid, match="A moment is written"):
        await history(hass, start=moment)


async def test_the_other_door_does_not_tell(hass: HomeAssistant, source: FakeSource) -> None:
    source.tells_charging_history = False
    german, english = await complaint(hass, history(hass))
    assert english.endswith("Only BMW CarData does.")
    assert german.endswith("Das tut nur BMW CarData.")
    assert source.histories == []


async def test_an_account_is_no_car(hass: HomeAssistant, source: FakeSource) -> None:
    _, english = await complaint(hass, history(hass, GCID))
    assert english == "This is the account, not a car. Choose one of its cars."
    assert source.histories == []


async def test_no_call_is_left(hass: HomeAssistant, source: FakeSource) -> None:
    """It is said until when, and nothing more is asked before."""
    until = NOW + timedelta(hours=2)
    source.failure = SlowDownError("The calls are used up", until)
    first = await complaint(hass, history(hass))
    source.failure = None
    assert await complaint(hass, history(hass)) == first
    moment = f"{dt_util.as_local(until):%H:%M}"
    assert all(moment in text for text in first)
    assert len(source.histories) == 1


@pytest.mark.parametrize(
    "failure", [TryLaterError("BMW does not answer"), NotAllowedError("BMW does not answer", Refusal.FORBIDDEN)]
)
async def test_bmw_does_not_say(hass: HomeAssistant, source: FakeSource, failure: SourceError) -> None:
    source.failure = failure
    german, english = await complaint(hass, history(hass))
    assert english == "BMW did not say what the car has charged. Reason: BMW does not answer."
    assert german == "BMW hat nicht gesagt, was das Auto geladen hat. Grund: BMW does not answer."
    source.failure = None
    assert await history(hass), "it may be asked again"


async def test_a_new_sign_in_is_needed(hass: HomeAssistant, source: FakeSource) -> None:
    source.failure = SignInRequiredError("Sign in")
    _, english = await complaint(hass, history(hass))
    assert english.endswith("Please sign in again.")
    await hass.async_block_till_done()
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]
