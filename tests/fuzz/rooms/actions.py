"""What actions are called with: it makes a command or a refusal with words, and nothing is sent that nobody meant."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from math import isfinite
from typing import Final
from unittest.mock import patch

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
import probatio

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import Json
from custom_components.mybmw.vehicle import Command, SendDestination, SetChargingPlan, Vehicle
from tests.account import FakeSource, account_entry, recorded_vehicle, set_up
from tests.fuzz.home import a_home
from tests.fuzz.mutation import Mutator
from tests.fuzz.play import Case, Room
from tests.fuzz.watch import Finding, Watch

_KINDS: Final[Mapping[str, type[Command]]] = {"send_destination": SendDestination, "set_charging_plan": SetChargingPlan}


def _calls(device_id: str) -> dict[str, list[Json]]:
    """What owners call the actions with."""
    place: Json = {"latitude": 48.177334, "longitude": 11.556274, "radius": 100}
    return {
        "send_destination": [
            {"device_id": device_id, "location": place, "name": "Museum", "street": "Am Olympiapark"},
            {"device_id": device_id, "address": "48.1772, 11.5594", "house_number": "2", "postal_code": 80809},
            {"device_id": device_id, "address": "geo:48.1772,11.5594;u=35", "city": "München", "country": "DE"},
            {"device_id": device_id, "entity_id": "zone.home"},
        ],
        "set_charging_plan": [
            {
                "device_id": device_id,
                "mode": "delayed_charging",
                "window_start": "22:00",
                "window_end": "06:30:00",
                "pre_entry_climatization": True,
                "departure_timers": [{"id": 1, "active": "on", "weekdays": ["monday", "friday"], "time": "07:15"}],
            },
        ],
        "get_charging_history": [
            {"device_id": device_id},
            {"device_id": device_id, "start": "2026-01-01 08:00:00", "end": "2026-02-01T08:00:00+01:00"},
        ],
        "get_vehicle_data": [{"device_id": device_id}],
        "refresh": [{"device_id": device_id}],
    }


@asynccontextmanager
async def _opened() -> AsyncGenerator[Case]:
    car, source = recorded_vehicle("G26"), FakeSource(tells_charging_history=True)
    watch = Watch(car.vin, "not-to-be-told", "48.177334", "11.556274")
    async with a_home() as hass:
        with patch("custom_components.mybmw.open_source", return_value=source):
            source.show(car)
            entry = account_entry()
            await set_up(hass, entry)
        device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, car.vin), entry.entry_id)
        if device is None:
            raise LookupError
        calls = _calls(device.id)
        strangers = [data for kinds in calls.values() for data in kinds]

        async def play(seed: str) -> str:
            mutator = Mutator(seed, strangers)
            action = mutator.pick(("send_destination", "set_charging_plan", "set_charging_plan", *calls))
            data = mutator.document(mutator.pick(calls[action]))
            if not isinstance(data, dict) or "geocoder" in data:
                return "not called"
            source.commands.clear()
            # Home Assistant quotes what its schemas do not accept, to whoever wrote it.
            with watch.allowing(HomeAssistantError), suppress(probatio.Invalid):
                await hass.services.async_call(
                    DOMAIN, action, data, blocking=True, return_response=action.startswith("get_")
                )
                return "done" if not source.commands else _checked(source.commands, car, action)
            return "refused"

        with watch.listening():
            yield play
        await hass.config_entries.async_unload(entry.entry_id)


def _checked(commands: list[tuple[str, Command]], car: Vehicle, action: str) -> str:
    """See that what was sent is what the action is for."""
    for vin, command in commands:
        if vin != car.vin or type(command) is not _KINDS[action]:
            message = "something else was sent"
            raise Finding(message)
        command.check(car)
        if isinstance(command, SendDestination) and not isfinite(command.position.longitude):
            message = "a car was sent nowhere"
            raise Finding(message)
    return "sent"


ACTIONS: Final = Room(name="actions", what="what actions are called with", share=4, opened=_opened)
