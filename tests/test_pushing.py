"""A source that tells of cars by itself and can be checked."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.components.repairs.models import RepairsFlowContext
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.doctor import signs
from custom_components.mybmw.extras import plain_name
from custom_components.mybmw.sources import Check, Obstacle, TryLaterError, Verdict
from custom_components.mybmw.sources.cardata.catalogue import CATALOGUE
from custom_components.mybmw.sources.cardata.entry import Kind
from custom_components.mybmw.sources.cardata.keys import Key
from custom_components.mybmw.vehicle import (
    Battery,
    Charging,
    Energy,
    Extra,
    Location,
    LowVoltageBattery,
    Motion,
    Odometer,
    Vehicle,
)

from .account import NOW, FakeSource, a_car, account_entry, mileage, pass_time, set_up
from .flow_texts import TEXTS, section

I4: Final = a_car("i4")
I3: Final = a_car("i3")
INTERVAL: Final = timedelta(minutes=5, seconds=1)
GOOD: Final = dict.fromkeys(Check, Verdict.GOOD)

pytestmark = pytest.mark.freeze_time(NOW)


def driven(car: Vehicle, mileage_km: int) -> Vehicle:
    return replace(car, odometer=Odometer(mileage_km=mileage_km))


async def test_what_a_car_says_is_shown_at_once_and_asks_nothing(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(I4, I3)
    coordinator = await set_up(hass, account_entry())
    source.push(driven(I4, 1001))
    assert mileage(hass, I4) == "1001"
    assert mileage(hass, I3) == "1000"
    assert source.times_asked == 1
    assert coordinator.data[I3.vin] is source.vehicles[I3.vin]


async def test_a_car_that_talks_does_not_keep_the_next_look_away(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.show(I4)
    await set_up(hass, account_entry())
    for minute in range(4):
        await pass_time(hass, freezer, timedelta(minutes=1))
        source.push(driven(I4, 1001 + minute))
    assert source.times_asked == 1
    await pass_time(hass, freezer, timedelta(minutes=1, seconds=1))
    assert source.times_asked == 2


async def test_a_car_that_was_lost_is_back_when_it_is_heard(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    source.show(I4, I3)
    await set_up(hass, account_entry())
    source.failure = TryLaterError("BMW does not answer")
    for _ in range(3):
        await pass_time(hass, freezer, INTERVAL)
    assert mileage(hass, I4) == mileage(hass, I3) == "unavailable"
    source.push(driven(I4, 1001))
    assert mileage(hass, I4) == "1001"
    assert mileage(hass, I3) == "unavailable", "nobody has heard of this one"
    assert f"{I4.name} can be read again" in caplog.text


async def test_a_car_that_is_not_shown_here_is_left_alone(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(I4)
    coordinator = await set_up(hass, account_entry())
    source.push(I3)
    assert coordinator.data.keys() == {I4.vin}


async def test_who_pushes_is_looked_at_in_its_own_rhythm(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource
) -> None:
    source.pushes = True
    source.show(I4)
    await set_up(hass, account_entry({"scan_interval": 60}))
    await pass_time(hass, freezer, INTERVAL)
    assert source.times_asked == 2


# What only such a source tells


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_what_only_cardata_has_a_place_for(
    hass: HomeAssistant, source: FakeSource, entity_registry: er.EntityRegistry
) -> None:
    car = replace(
        I4,
        energy=Energy(
            battery=Battery(capacity_kwh=80.7, health_percent=96),
            charging=Charging(power_w=7400),
            low_voltage_battery=LowVoltageBattery(voltage_v=12.6, level_percent=88),
        ),
        location=Location(latitude=48.0, longitude=11.0, altitude_m=512),
        motion=Motion(is_moving=True),
    )
    source.show(car)
    await set_up(hass, account_entry())
    shown = {}
    for platform, key in (
        ("sensor", "battery_capacity"),
        ("sensor", "battery_health"),
        ("sensor", "charging_power"),
        ("sensor", "battery_12v_voltage"),
        ("sensor", "battery_12v_level"),
        ("sensor", "altitude"),
        ("binary_sensor", "moving"),
    ):
        entity_id = entity_registry.async_get_entity_id(platform, DOMAIN, f"{car.vin}-{key}")
        assert entity_id, key
        state = hass.states.get(entity_id)
        assert state
        shown[key] = (state.state, state.attributes.get("unit_of_measurement"))
    assert shown == {
        "battery_capacity": ("80.7", "kWh"),
        "battery_health": ("96", "%"),
        "charging_power": ("7.4", "kW"),
        "battery_12v_voltage": ("12.6", "V"),
        "battery_12v_level": ("88", "%"),
        "altitude": ("512", "m"),
        "moving": ("on", None),
    }


EXTRAS: Final = {
    "vehicle.cabin.seat.row1.driverSide.heating": Extra(value=2, unit="%"),
    "vehicle.vehicle.avgSpeed": Extra(value=43, unit="km/h"),
    "vehicle.body.chargingPort.lockedStatus": Extra(value="CHARGING_CABLE_LOCKED"),
    "vehicle.new.thing.isOn": Extra(value=True),
    "vehicle.trip.segment.end.time": Extra(value=datetime(2023, 1, 4, 14, tzinfo=UTC)),
    "vehicle.silent": Extra(),
}


async def test_extras_are_there_for_who_wants_them(
    hass: HomeAssistant, source: FakeSource, entity_registry: er.EntityRegistry
) -> None:
    source.show(replace(I4, extras=EXTRAS))
    await set_up(hass, account_entry())
    names = [
        "Seat heating front driver",
        "Average speed",
        "Charging cable lock",
        "New thing is on",
        "Trip: end",
        None,
    ]
    for key, name in zip(EXTRAS, names, strict=True):
        platform = "binary_sensor" if key.endswith("isOn") else "sensor"
        entity_id = entity_registry.async_get_entity_id(platform, DOMAIN, f"{I4.vin}-{key}")
        if key == "vehicle.silent":
            assert entity_id is None, "nobody knows what it will be"
            continue
        assert entity_id
        registered = entity_registry.async_get(entity_id)
        assert registered
        assert registered.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        assert registered.original_name == name


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_extras_show_what_they_are(
    hass: HomeAssistant, source: FakeSource, entity_registry: er.EntityRegistry
) -> None:
    def state(platform: str, key: str) -> tuple[str, str | None, str | None]:
        entity_id = entity_registry.async_get_entity_id(platform, DOMAIN, f"{I4.vin}-{key}")
        assert entity_id
        shown = hass.states.get(entity_id)
        assert shown
        return shown.state, shown.attributes.get("device_class"), shown.attributes.get("unit_of_measurement")

    heating, speed, lock, on, end, silent = EXTRAS
    source.show(replace(I4, extras=EXTRAS))
    await set_up(hass, account_entry())
    assert state("sensor", heating) == ("2", None, "%")
    assert state("sensor", speed) == ("43", "speed", "km/h")
    assert state("sensor", lock) == ("CHARGING_CABLE_LOCKED", None, None)
    assert state("sensor", end) == ("2023-01-04T14:00:00+00:00", "timestamp", None)
    assert state("binary_sensor", on) == ("on", None, None)

    odd = {
        heating: Extra(value="hot"),
        speed: Extra(value=30, unit="mph"),
        lock: Extra(value="x" * 300),
        on: Extra(value="yes"),
        end: Extra(value=True),
        silent: Extra(value=1),
    }
    source.push(replace(I4, extras=odd))
    await hass.async_block_till_done()
    assert [state("sensor", key)[0] for key in (heating, speed, lock, end)] == ["unknown"] * 4
    assert state("binary_sensor", on)[0] == "unknown"
    assert state("sensor", silent)[0] == "1", "it has begun to talk"
    source.push(replace(I4, extras={heating: Extra(value=datetime(2023, 1, 4, tzinfo=UTC))}))
    assert state("sensor", heating)[0] == "unknown"


@pytest.mark.parametrize(
    ("language", "heating"), [("en", "Seat heating front driver"), ("de", "Sitzheizung vorne Fahrer")]
)
async def test_every_value_of_the_catalogue_has_a_name_of_its_own(
    hass: HomeAssistant, source: FakeSource, entity_registry: er.EntityRegistry, language: str, heating: str
) -> None:
    hass.config.language = language
    values: Mapping[Kind, float | str | datetime] = {
        Kind.NUMBER: 1,
        Kind.FLAG: True,
        Kind.MOMENT: datetime(2023, 1, 4, 14, tzinfo=UTC),
    }
    extras = {
        descriptor: Extra(value=values.get(entry.kind, "word"), unit=entry.unit)
        for descriptor, entry in CATALOGUE.items()
        if descriptor not in set(Key)
    }
    source.show(replace(I4, extras=extras))
    entry = account_entry()
    await set_up(hass, entry)
    named = {
        entity.unique_id.removeprefix(f"{I4.vin}-"): entity.original_name
        for entity in er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    }
    assert named["vehicle.cabin.seat.row1.driverSide.heating"] == heating
    names = [named[descriptor] for descriptor in extras]
    assert len({*names}) == len(names)
    assert [descriptor for descriptor in extras if named[descriptor] in {None, "", plain_name(descriptor)}] == [
        "vehicle.vehicle.avgSpeed"
    ] * (language == "en"), "all others are said better than by BMW's own words"


def test_a_value_nobody_has_heard_of_is_called_what_bmw_calls_it() -> None:
    assert plain_name("vehicle.cabin.seat.row4.driverSide.avgID") == "Cabin seat row 4 driver side average ID"
    assert plain_name("vehicle.vehicle.newThing") == "New thing"


# The doctor


async def test_what_is_missing_is_told_until_it_is_there(
    hass: HomeAssistant, source: FakeSource, issue_registry: ir.IssueRegistry
) -> None:
    assert await async_setup_component(hass, "repairs", {})
    source.checkup = GOOD | {Check.MESSAGE: Verdict.PENDING}
    source.show(I4)
    entry = account_entry()
    await set_up(hass, entry)
    source.push()
    issue_id = f"checkup_{entry.entry_id}"
    assert not issue_registry.async_get_issue(DOMAIN, issue_id), "to wait is not to be ill"

    source.checkup = GOOD | {Check.CARS: Verdict.BAD, Check.MESSAGE: Verdict.PENDING}
    source.push()
    assert issue_registry.async_get_issue(DOMAIN, issue_id)
    flows = repairs_flow_manager(hass)
    assert flows
    menu = await flows.async_init(DOMAIN, context=RepairsFlowContext(issue_id=issue_id))
    assert (menu["type"], menu["step_id"]) == (FlowResultType.MENU, "doctor")
    found = {check.value: sign for check, sign in zip(Check, "✅✅❌✅✅✅⏳", strict=True)}
    pointers = {obstacle.value: "" for obstacle in Obstacle}
    assert menu["description_placeholders"] == {"account": entry.title, **found, **pointers}
    for texts in TEXTS.values():
        step = section(texts, "issues", "checkup", "fix_flow", "step", "doctor")
        assert step.keys() == {"title", "description", "menu_options", "menu_option_descriptions"}
        assert list(section(step, "menu_options")) == menu["menu_options"]
    menu = await flows.async_configure(menu["flow_id"], {"next_step_id": "doctor_again"})
    assert menu["type"] is FlowResultType.MENU
    assert source.looked_for_cars == 1, "BMW can tell whether there is a car now"

    source.checkup = GOOD
    source.failure = TryLaterError("BMW does not answer")
    end = await flows.async_configure(menu["flow_id"], {"next_step_id": "doctor_again"})
    assert end["type"] is FlowResultType.CREATE_ENTRY
    source.push()
    assert not issue_registry.async_get_issue(DOMAIN, issue_id)


@pytest.mark.parametrize("obstacle", Obstacle)
async def test_why_nothing_streams_is_pointed_at(hass: HomeAssistant, source: FakeSource, obstacle: Obstacle) -> None:
    source.checkup = GOOD | {Check.CONNECTION: Verdict.PENDING}
    source.obstacle = obstacle
    source.show(I4)
    entry = account_entry()
    await set_up(hass, entry)
    pointers = {other.value: "👉 " if other is obstacle else "" for other in Obstacle}
    assert signs(entry).items() >= pointers.items()
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not any(signs(entry)[other] for other in Obstacle)


async def test_to_look_in_vain_is_no_failure(hass: HomeAssistant, source: FakeSource) -> None:
    source.checkup = GOOD | {Check.CARS: Verdict.BAD}
    source.show(I4)
    entry = account_entry()
    hass_entry = await set_up(hass, entry)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "source": "cardata"})
    source.failure = TryLaterError("BMW does not answer")
    hass_entry.last_update_success = False
    doctor = await hass.config_entries.options.async_init(entry.entry_id)
    menu = await hass.config_entries.options.async_configure(doctor["flow_id"], {"next_step_id": "doctor_again"})
    assert menu["step_id"] == "doctor"


async def test_a_sign_in_that_has_ended_is_asked_for_at_once(
    hass: HomeAssistant, source: FakeSource, issue_registry: ir.IssueRegistry
) -> None:
    """That says it all; a message to look into BMW's portal would be a second one about the same."""
    source.show(I4)
    entry = account_entry()
    await set_up(hass, entry)
    source.checkup = GOOD | {Check.CONNECTION: Verdict.BAD}
    source.is_signed_out = True
    source.push()
    await hass.async_block_till_done()
    source.push()
    await hass.async_block_till_done()
    [flow] = entry.async_get_active_flows(hass, {SOURCE_REAUTH})
    assert flow["step_id"]
    assert not issue_registry.async_get_issue(DOMAIN, f"checkup_{entry.entry_id}")
    assert source.times_asked == 1
