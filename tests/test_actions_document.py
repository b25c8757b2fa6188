"""The examples of docs/actions.md do what is said of them, in a real Home Assistant; all documents name real ids."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
import re
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.calendar import CalendarEntity, CalendarEvent
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.vehicle import (
    ChargingMode,
    ChargingPoint,
    ChargingSession,
    Position,
    SendDestination,
    SetChargingPlan,
    SetChargingSettings,
    TimerChange,
    Weekday,
    WindowChange,
)

from .account import NOW, FakeSource, account_entry, recorded_vehicle, set_up
from .geocoder import Geocoder, geocoding

REPOSITORY: Final = Path(__file__).parents[1]
README: Final = REPOSITORY / "README.md"
DOCS: Final = REPOSITORY / "docs"
DOCUMENT: Final = DOCS / "actions.md"
I4: Final = recorded_vehicle("G26")

pytestmark = pytest.mark.freeze_time(NOW)


def examples(document: Path) -> list[dict[str, object]]:
    """What a document shows in YAML."""
    blocks = re.findall(r"^```yaml\n(.+?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    parsed = [parse_yaml(block) for block in blocks]
    return [example for example in parsed if isinstance(example, dict)]


EXAMPLES: Final = {str(example["alias"]): example for example in examples(DOCUMENT)}
"""The automations and scripts of the document, by what they are called."""


@pytest.fixture(autouse=True)
async def i4(hass: HomeAssistant, source: FakeSource, entity_registry: er.EntityRegistry) -> None:
    """The car the examples speak of."""
    source.show(I4)
    await set_up(hass, account_entry())
    assert entity_registry.async_get("number.i4_edrive40_target_soc")


@pytest.fixture
async def geocoder(socket_enabled: None) -> AsyncGenerator[Geocoder]:  # noqa: ARG001 (it is a real server)
    async with geocoding() as geocoder:
        yield geocoder


async def run(hass: HomeAssistant, alias: str) -> None:
    """Run the actions of an example."""
    script = {"example": {"alias": alias, "sequence": EXAMPLES[alias]["actions"]}}
    assert await async_setup_component(hass, "script", {"script": script})
    await hass.services.async_call("script", "example", blocking=True)
    await hass.async_block_till_done()


def test_no_example_is_left_out() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [alias for alias in EXAMPLES if f'"{alias}"' not in text] == []


async def test_every_document_means_the_same_car_by_its_ids(
    hass: HomeAssistant, source: FakeSource, entity_registry: er.EntityRegistry
) -> None:
    source.show(replace(I4, capabilities=replace(I4.capabilities, start_charging=True, stop_charging=True)))
    [account] = hass.config_entries.async_entries(DOMAIN)
    await hass.config_entries.async_reload(account.entry_id)
    documents = [README, *DOCS.rglob("*.md"), *DOCS.rglob("*.yaml")]
    named = {name for path in documents for name in re.findall(r"\b[a-z_]+\.i4\w*", path.read_text(encoding="utf-8"))}
    assert named
    assert named - entity_registry.entities.keys() == set()


async def test_the_automations_of_the_readme_are_valid(hass: HomeAssistant) -> None:
    automations = [
        automation
        for example in examples(README)
        if isinstance(several := example.get("automation"), list)
        for automation in several
    ]
    assert await async_setup_component(hass, "automation", {"automation": automations})
    shown = {state.name: state.state for state in hass.states.async_all("automation")}
    assert shown == {automation["alias"]: "on" for automation in automations}
    assert shown
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)


async def test_a_message_with_a_place(hass: HomeAssistant, source: FakeSource) -> None:
    await run(hass, "To the museum")
    position = Position(latitude=48.1772, longitude=11.5594)
    assert source.commands == [(I4.vin, SendDestination(position=position, name="BMW Museum"))]


async def test_a_plan(hass: HomeAssistant, source: FakeSource) -> None:
    await run(hass, "Night rate and an early start")
    workdays = tuple(Weekday)[:5]
    [(vin, command)] = source.commands
    assert vin == I4.vin
    assert command == SetChargingPlan(
        mode=ChargingMode.DELAYED_CHARGING,
        window=WindowChange(start=time(22), end=time(5)),
        timers=(TimerChange(id=1, is_active=True, weekdays=workdays, departs_at=time(7, 15)),),
    )


async def test_all_data(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "persistent_notification", {})
    await run(hass, "Tell the mileage")
    [notification] = [
        notification
        for notification in hass.data["persistent_notification"].values()
        if "km" in notification["message"]
    ]
    assert notification["message"] == f"i4 eDrive40: {I4.odometer.mileage_km} km"


async def test_the_energy_of_a_month(hass: HomeAssistant, source: FakeSource) -> None:
    source.tells_charging_history = True
    at_home = ChargingSession(started_at=NOW - timedelta(days=1), grid_energy_kwh=30.25)
    in_public = ChargingSession(started_at=NOW, grid_energy_kwh=10.5, charging_points=(ChargingPoint(provider="V"),))
    source.sessions = (in_public, at_home)
    assert await async_setup_component(hass, "persistent_notification", {})
    await run(hass, "Energy of the month")
    messages = [notification["message"] for notification in hass.data["persistent_notification"].values()]
    assert "40.75 kWh in 2 sessions, 1 of them in public" in messages
    [(_, start, end)] = source.histories
    assert dt_util.as_local(start) == dt_util.as_local(NOW).replace(day=1, hour=0)
    assert end == NOW


@asynccontextmanager
async def automated(hass: HomeAssistant, alias: str) -> AsyncGenerator[None]:
    """An example that runs as an automation."""
    assert await async_setup_component(hass, "automation", {"automation": [EXAMPLES[alias]]})
    await hass.async_block_till_done()
    yield
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)


@pytest.mark.parametrize(("month", "target"), [(1, 90), (6, 70)])
async def test_a_target_by_season(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, month: int, target: int
) -> None:
    await hass.config.async_set_time_zone("UTC")
    freezer.move_to(NOW.replace(month=month, day=20, hour=2, minute=59, second=59))
    async with automated(hass, "Target by season"):
        freezer.tick(timedelta(seconds=2))
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
    assert [command for _, command in source.commands] == [SetChargingSettings(target_percent=target)]


async def test_a_car_that_comes_home(hass: HomeAssistant, source: FakeSource) -> None:
    async with automated(hass, "Look once the car is home"):
        hass.states.async_set("device_tracker.i4_edrive40", "home")
        await hass.async_block_till_done()
    assert source.refreshed == [I4.vin]


class Family(CalendarEntity):
    """A calendar with one appointment, an hour from now."""

    _attr_name = "Family"
    entity_id = "calendar.family"
    event = CalendarEvent(
        start=NOW + timedelta(hours=1), end=NOW + timedelta(hours=2), summary="Museum", location="Am Olympiapark 2"
    )

    async def async_get_events(self, *_range: object) -> list[CalendarEvent]:
        """The appointment."""
        return [self.event]


async def test_an_appointment(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    source: FakeSource,
    geocoder: Geocoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert await async_setup_component(hass, "calendar", {})
    calendar = Family()
    await hass.data["calendar"].async_add_entities([calendar])
    alias = "Destination from the calendar"
    text = DOCUMENT.read_text(encoding="utf-8")
    assert "https://nominatim.example.org/search" in text
    actions = EXAMPLES[alias]["actions"]
    assert isinstance(actions, list)
    monkeypatch.setitem(actions[0]["data"], "geocoder", geocoder.url)
    async with automated(hass, alias):
        for minutes in (14, 2, 1):
            freezer.tick(timedelta(minutes=minutes))
            async_fire_time_changed(hass)
            await hass.async_block_till_done(wait_background_tasks=True)
    await calendar.async_remove()
    assert [asked["q"] for asked in geocoder.asked] == ["Am Olympiapark 2"]
    [(vin, command)] = source.commands
    assert isinstance(command, SendDestination)
    assert (vin, command.name, command.city) == (I4.vin, "Museum", "München")
