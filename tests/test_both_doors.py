"""The same car through both doors, entity by entity: what My BMW and CarData make Home Assistant show of it.

Both ways are real: the simulated cloud asked over HTTP, its stream heard over TLS. docs/differences.md has the table.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
import httpx
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.binary_sensor import BINARY_SENSORS
from custom_components.mybmw.car_sensors import FRESHNESS_SENSORS, SENSORS
from custom_components.mybmw.const import CONF_SOURCE, DOMAIN
from custom_components.mybmw.device_tracker import TRACKERS
from custom_components.mybmw.sources.mybmw import Account, sign_in

from .day.home import Home
from .faults.document import Table
from .simulator import DEMO_PASSWORD, DEMO_USERNAMES
from .simulator.garage import LivingCar
from .simulator.living import LIVING_CARS
from .simulator.stream import Newsroom

DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "differences.md"
SETTINGS: Final = {
    CONF_SOURCE: "mybmw",
    "username": DEMO_USERNAMES["row"],
    "password": DEMO_PASSWORD,
    "region": "rest_of_world",
}
_9_JAN: Final = datetime(2026, 1, 9, 15, 0, tzinfo=UTC)
_16_JAN: Final = datetime(2026, 1, 16, 21, 30, tzinfo=UTC)
_30_JAN: Final = datetime(2026, 1, 30, 18, 40, tzinfo=UTC)
_3_FEB: Final = datetime(2026, 2, 3, 11, 30, tzinfo=UTC)


class Look(NamedTuple):
    """A car at a moment, as a column of the table."""

    car: str
    moment: datetime
    column: str


LOOKS: Final = (
    Look("I5", _9_JAN, "i5, charges"),
    Look("I5", _16_JAN, "i5, has charged"),
    Look("X1", _9_JAN, "X1, waits to charge"),
    Look("X1", _16_JAN, "X1, charges"),
    Look("M240I", _30_JAN, "M240i, parked"),
    Look("COOPER", _3_FEB, "Cooper, charges"),
    Look("I3", _30_JAN, "i3, charges"),
    Look("I3", _16_JAN, "i3, has charged"),
)
READ: Final = frozenset(
    [
        *(f"binary_sensor.{description.key}" for description in BINARY_SENSORS),
        *(f"sensor.{description.key}" for description in (*SENSORS, *FRESHNESS_SENSORS)),
        *(f"device_tracker.{description.key}" for description in TRACKERS),
    ]
)
"""Every entity that tells something of a car and has a place of its own, whichever door it comes through."""

NO_CAR_HAS_IT: Final = frozenset(
    {"binary_sensor.window_rear", "sensor.altitude", "sensor.battery_12v_level", "sensor.battery_health"}
)
"""What no car of the garage tells, through whichever door."""

_SLOW: Final = "CarData tells of services as of the last slow upload, about once a day."
_ON_DISPLAY: Final = "CarData tells of messages on display only, not of what is in order."
_ANEW: Final = (
    "CarData tells of messages as of the last slow upload, about once a day: it does not know yet of the refill."
)
WHY_DIFFERENT: Final = {
    "binary_sensor.check_control": _ANEW,
    "binary_sensor.check_control.washing_fluid": _ANEW,
    "binary_sensor.check_control.washing_fluid_description": _ANEW,
    "binary_sensor.check_control.engine_oil": _ON_DISPLAY,
    "binary_sensor.check_control.tire_pressure": _ON_DISPLAY,
    "binary_sensor.service_required.oil_distance": _SLOW,
    "binary_sensor.service_required.vehicle_check_distance": _SLOW,
    "device_tracker.location.address": "CarData has no addresses.",
    "sensor.battery_level": "While a car charges, CarData predicts the state of charge when it is asked.",
    "sensor.charging_start_time": "CarData does not tell the charging window.",
    "sensor.fuel_level": "Cars upload the liters seldom; such that are overtaken for more than a day are left out.",
    "sensor.next_service_distance": _SLOW,
}
_COMMANDS: Final = "CarData cannot ask a car to do anything."
WHY_ONE_DOOR: Final = {
    "binary_sensor.moving": "My BMW does not say so.",
    "image": "CarData has one picture.",
    "sensor.api_calls_remaining": "Only CarData counts.",
    "sensor.battery_12v_voltage": "My BMW does not have it.",
    "sensor.battery_capacity": "My BMW does not have it.",
    "sensor.charging_power": "My BMW does not have it.",
    "sensor.command_status": _COMMANDS,
    "sensor.software_version": "CarData does not have it.",
    **dict.fromkeys(("button", "event", "lock", "notify", "number", "select", "switch", "time"), _COMMANDS),
}
"""By entity, or for all of a platform."""

_OF_THE_MOMENT: Final = frozenset({"access_token", "entity_picture"})

type Shown = Mapping[str, str]
"""What is shown of a car: states by entity, and attributes by entity and name."""


@pytest.fixture
def begin() -> datetime:
    """When the day at home begins."""
    return _9_JAN


async def through_mybmw(hass: HomeAssistant) -> Mapping[str, Shown]:
    """What is shown of each car, by VIN, while the account is reached through My BMW."""
    now = datetime.now(UTC)
    async with httpx.AsyncClient() as http:
        account = Account.of(SETTINGS)
        credentials = await sign_in(account, http=http, clock=lambda: now, captcha_token=f"P1_{now}")
    gcid = str(credentials["gcid"])
    await AccountStore(hass, gcid).async_keep_credentials(credentials)
    entry = MockConfigEntry(domain=DOMAIN, unique_id=gcid, data=SETTINGS)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    seen = shown(hass, entry.entry_id)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    return seen


async def through_cardata(home: Home) -> Mapping[str, Shown]:
    """The same through CarData: asked at set-up, and then told by the stream, which changes nothing."""
    await home.start()
    asked = shown(home.hass, home.entry_id)
    newsroom = Newsroom(home.cloud.cardata.customer())
    for car in home.cloud.garage:
        assert isinstance(car, LivingCar)
        await home.cloud.stream.publish(newsroom.snapshot(car))
    await home.settle()
    await home.until(datetime.now(UTC) + timedelta(seconds=4))
    assert home.cloud.stream.gate.told
    assert shown(home.hass, home.entry_id) == asked
    return asked


def shown(hass: HomeAssistant, entry_id: str) -> Mapping[str, Shown]:
    """What is shown of each car, by VIN; of the account by its number."""
    cars: dict[str, dict[str, str]] = {}
    for registered in er.async_entries_for_config_entry(er.async_get(hass), entry_id):
        if (state := hass.states.get(registered.entity_id)) is None:
            continue
        owner = next(
            (model.identity.vin for model in LIVING_CARS.values() if model.identity.vin in registered.unique_id), ""
        )
        key = f"{registered.domain}.{registered.unique_id.rpartition('-')[2]}"
        cars.setdefault(owner, {}).update({key: state.state} | _attributes(key, state))
    return cars


def _attributes(key: str, state: State) -> dict[str, str]:
    return {
        f"{key}.{name}": str(value)
        for name, value in state.attributes.items()
        if name not in _OF_THE_MOMENT and value is not None
    }


def of_car(name: str, cars: Mapping[str, Shown]) -> Shown:
    """What is shown of one car in a place of its own; what only CarData has a name for is left out."""
    return {key: value for key, value in cars[LIVING_CARS[name].identity.vin].items() if ".vehicle." not in key}


def why_one_door(key: str) -> str:
    platform = key.partition(".")[0]
    return WHY_ONE_DOOR[key] if key in WHY_ONE_DOOR else WHY_ONE_DOOR[platform]


@pytest.mark.usefixtures("unobserved", "entity_registry_enabled_by_default")
async def test_every_entity_shows_the_same_through_both_doors(
    hass: HomeAssistant, home: Home, *, update_document: bool
) -> None:
    gcid = home.cloud.cardata.customer().account.gcid
    seen: dict[datetime, tuple[Mapping[str, Shown], Mapping[str, Shown]]] = {}
    for moment in sorted({look.moment for look in LOOKS}):
        await home.skip_to(moment)
        app = await through_mybmw(hass)
        seen[moment] = app, await through_cardata(home)
        await home.leave()
        await AccountStore(hass, gcid).async_remove()
    rows: dict[str, list[str]] = {}
    one_door: dict[str, set[str]] = {"sensor.api_calls_remaining": {"CarData"}}
    assert all("sensor.api_calls_remaining" in data[""] for _, data in seen.values())
    for column, (car, moment, _) in enumerate(LOOKS):
        by_app, by_cardata = (of_car(car, cars) for cars in seen[moment])
        for key in sorted(by_app.keys() | by_cardata.keys()):
            is_attribute = key.count(".") > 1
            one, other = by_app.get(key), by_cardata.get(key)
            if not is_attribute and (one is None or other is None):
                one_door.setdefault(key, set()).add("CarData" if one is None else "My BMW")
            elif not any(key.startswith(f"{each}.") for each in one_door) and (not is_attribute or one != other):
                cell = f"{one}" if one == other else f"{one or 'nothing'} / {other or 'nothing'}"
                rows.setdefault(key, [""] * len(LOOKS))[column] = cell
    different = {key for key, cells in rows.items() if any(" / " in cell for cell in cells)}
    assert different == WHY_DIFFERENT.keys()
    assert rows.keys() | one_door.keys() >= READ - NO_CAR_HAS_IT
    assert not (rows.keys() | one_door.keys()) & NO_CAR_HAS_IT

    heading = f"| entity | {' | '.join(look.column for look in LOOKS)} | why they differ |"
    assert heading in DOCUMENT.read_text(encoding="utf-8")
    table = Table("both-doors", DOCUMENT)
    for key, cells in rows.items():
        table.check(key, [*cells, WHY_DIFFERENT.get(key, "")], update=update_document)
    assert sorted(table.faults) == sorted(rows)
    table = Table("one-door", DOCUMENT)
    for key, doors in one_door.items():
        [door] = doors
        table.check(key, [door, why_one_door(key)], update=update_document)
    assert sorted(table.faults) == sorted(one_door)
