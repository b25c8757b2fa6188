"""The examples of docs/examples/ do what they say."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import persistent_notification
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import pytest

from custom_components.mybmw.vehicle import (
    ChargingStatus,
    DriveTrain,
    Fate,
    FlashLights,
    Identity,
    Location,
    Lock,
    Outcome,
    Reason,
    StartClimate,
    StopCharging,
)

from .account import FakeSource, account_entry, pass_time, set_up
from .acting import an_able_car

EXAMPLES: Final = Path(__file__).parents[1] / "docs" / "examples" / "commands.yaml"
MONDAY: Final = datetime(2023, 1, 9, 7, 0, tzinfo=UTC)
HOME: Final = (52.5, 13.4)

pytestmark = pytest.mark.freeze_time(MONDAY)


@pytest.fixture
async def source_of_commands(hass: HomeAssistant, source: FakeSource) -> AsyncGenerator[FakeSource]:
    """A car at home, open and charging, and the automations."""
    await hass.config.async_set_time_zone("UTC")
    hass.config.latitude, hass.config.longitude = HOME
    for component in ("zone", "persistent_notification"):
        assert await async_setup_component(hass, component, {})
    car = an_able_car(charging=ChargingStatus.CHARGING)
    car = replace(
        car,
        identity=Identity(model="i4 eDrive40", drive_train=DriveTrain.ELECTRIC),
        location=Location(as_of=MONDAY, latitude=HOME[0], longitude=HOME[1]),
    )
    source.show(car)
    await set_up(hass, account_entry())
    hass.states.async_set("person.me", "home")
    hass.states.async_set("sensor.electricity_price", "0.20")
    automations = parse_yaml(EXAMPLES.read_text(encoding="utf-8"))
    assert await async_setup_component(hass, "automation", {"automation": automations})
    await hass.async_block_till_done()
    yield source
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)


def commands(source: FakeSource) -> list[object]:
    return [command for _, command in source.commands]


async def test_the_car_is_warm_before_work(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source_of_commands: FakeSource
) -> None:
    await pass_time(hass, freezer, timedelta(minutes=10, seconds=1))
    assert commands(source_of_commands) == [StartClimate()]


async def test_the_car_is_locked_when_i_leave(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source_of_commands: FakeSource
) -> None:
    hass.states.async_set("person.me", "not_home")
    await hass.async_block_till_done()
    await pass_time(hass, freezer, timedelta(minutes=2, seconds=1))
    assert commands(source_of_commands) == [Lock()]


async def test_charging_stops_at_a_price(hass: HomeAssistant, source_of_commands: FakeSource) -> None:
    hass.states.async_set("sensor.electricity_price", "0.40")
    await hass.async_block_till_done()
    assert commands(source_of_commands) == [StopCharging()]


async def test_who_wants_to_know_is_told_what_came_to_nothing(
    hass: HomeAssistant, source_of_commands: FakeSource
) -> None:
    coordinator = hass.config_entries.async_loaded_entries("mybmw")[0].runtime_data
    [vin] = coordinator.data
    await coordinator.async_execute(vin, FlashLights())
    await hass.async_block_till_done()
    told: list[Mapping[str, object]] = []
    persistent_notification.async_register_callback(hass, lambda _kind, new: told.extend(new.values()))
    source_of_commands.outcome = Outcome(
        fate=Fate.IGNORED, reason=Reason.BY_CAR, words="CAR_IN_MOTION", sent_at=MONDAY, ended_at=MONDAY
    )
    await coordinator.commands.async_execute(vin, FlashLights())
    await hass.async_block_till_done()
    assert [note["message"] for note in told] == ["flash_lights: ignored CAR_IN_MOTION"]
