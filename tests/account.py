"""An account in Home Assistant whose cloud is in the hands of the test."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Final, override
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from PIL import Image
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.mybmw.const import CONF_SOURCE, DOMAIN
from custom_components.mybmw.coordinator import MyBMWCoordinator
from custom_components.mybmw.sources import (
    Budget,
    Checkup,
    Fetch,
    Json,
    Obstacle,
    OnStep,
    OnVehicles,
    Source,
    SourceError,
    TryLaterError,
)
from custom_components.mybmw.sources.mybmw.build import build_vehicle
from custom_components.mybmw.vehicle import (
    Brand,
    Capabilities,
    ChargingHistory,
    ChargingSession,
    Command,
    DriveTrain,
    Fate,
    Identity,
    Odometer,
    Outcome,
    Picture,
    Step,
    Vehicle,
    View,
)
from tests.issued import Kind, issue, well_known
from tests.recorded import RECORDED_CARS
from tests.sources.mybmw.answers import recorded_answers

NOW: Final = datetime(2023, 1, 4, 15, 0, tzinfo=UTC)
"""A moment after the recorded cars spoke last."""

USERNAME: Final = "driver@example.com"
PASSWORD: Final = "not-to-be-told"
GCID: Final = "ceb64158-d2ca-47e9-9ee6-cbffb881434e"

well_known(Kind.PERSON, USERNAME, GCID)
well_known(Kind.KEY, PASSWORD)


def recorded_vehicle(folder: str) -> Vehicle:
    """A recorded car as the integration sees it, fetched just now."""
    return build_vehicle(recorded_answers(RECORDED_CARS[folder], asked_at=datetime.now(UTC)))


def a_car(name: str = "i4", *, mileage_km: int = 1000) -> Vehicle:
    """A made-up car, called after its model; cars of different names are different cars."""
    return Vehicle(
        vin=f"{name.upper():0>17}",
        identity=Identity(brand=Brand.BMW, model=name, drive_train=DriveTrain.ELECTRIC),
        capabilities=Capabilities(reports_state=True, tracking=True),
        odometer=Odometer(mileage_km=mileage_km),
        fetched_at=datetime.now(UTC),
    )


def issue_cars(*vehicles: Vehicle) -> None:
    """Say which cars these are and where, which nobody else may know."""
    for vehicle in vehicles:
        issue(Kind.CAR, vehicle.vin)
        if place := vehicle.location:
            issue(Kind.PLACE, place.latitude, place.longitude, place.address or "")


def _set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


def a_picture(color: str = "blue", kind: str = "PNG") -> Picture:
    """A picture that shows nothing but a color."""
    file = BytesIO()
    Image.new("RGB", (4, 3), color).save(file, kind)
    picture = Picture.of(file.getvalue())
    assert picture
    return picture


@dataclass(slots=True)
class FakeSource(Source):
    """A cloud that answers what it is told to, and notes how often it is asked, and for which cars.

    A command leaves when `may_leave` is set, goes through all steps, takes until `may_end` is set, and has the
    `outcome` (executed, if None is set) or ends in `command_failure`. The account is read when `may_fetch` is set, if
    there is such an event, and told when `may_tell` is set. Whoever asks for a picture waits for `may_answer`, if there
    is such an event.
    """

    vehicles: dict[str, Vehicle] = field(default_factory=dict)
    failures: dict[str, SourceError] = field(default_factory=dict)
    failure: Exception | None = None
    shortfall: SourceError | None = None
    unread_makes: frozenset[Brand] = frozenset()
    times_asked: int = 0
    looked_for_cars: int = 0
    cars_read: list[str] = field(default_factory=list)
    refreshed: list[str] = field(default_factory=list)
    states_only: int = 0
    commands: list[tuple[str, Command]] = field(default_factory=list)
    left: list[Command] = field(default_factory=list)
    outcome: Outcome | None = None
    command_failure: Exception | None = None
    may_leave: asyncio.Event = field(default_factory=_set_event)
    may_end: asyncio.Event = field(default_factory=_set_event)
    may_tell: asyncio.Event = field(default_factory=_set_event)
    pictures: dict[View, Picture | SourceError] = field(default_factory=dict)
    pictures_asked: list[tuple[str, View]] = field(default_factory=list)
    picture_asked: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event | None = None
    may_fetch: asyncio.Event = field(default_factory=_set_event)
    is_closed: bool = False
    poll_interval_min: int = 5
    pushes: bool = False
    takes_commands: bool = True
    budget: Budget | None = None
    checkup: Checkup = field(default_factory=dict)
    obstacle: Obstacle | None = None
    listening: Json = None
    is_signed_out: bool = False
    told: OnVehicles | None = None
    tells_charging_history: bool = False
    sessions: tuple[ChargingSession, ...] = ()
    histories: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    views: Collection[View] = tuple(View)

    def show(self, *vehicles: Vehicle) -> None:
        """Have these cars on the account and no other, and nothing wrong with it."""
        issue_cars(*vehicles)
        self.vehicles = {vehicle.vin: vehicle for vehicle in vehicles}
        self.failures = {}
        self.failure = None

    @override
    def listen(self, on_vehicles: OnVehicles) -> None:
        self.told = on_vehicles

    def push(self, *vehicles: Vehicle) -> None:
        """Tell of these cars by itself."""
        assert self.told
        issue_cars(*vehicles)
        self.told({vehicle.vin: vehicle for vehicle in vehicles})

    @override
    async def fetch(self, *, look_for_cars: bool = False, leave_out: Collection[str] = ()) -> Fetch:
        self.times_asked += 1
        self.looked_for_cars += look_for_cars
        await self.may_fetch.wait()
        if self.failure:
            raise self.failure.with_traceback(None)
        vehicles = {vin: vehicle for vin, vehicle in self.vehicles.items() if vin not in leave_out}
        failures = {vin: err for vin, err in self.failures.items() if vin not in leave_out}
        self.cars_read += [*vehicles, *failures]
        fetch = Fetch(
            vehicles=vehicles,
            failures=failures,
            left_out=frozenset((self.vehicles.keys() | self.failures.keys()) & set(leave_out)),
            unread_makes=self.unread_makes,
            shortfall=self.shortfall if look_for_cars else None,
        )
        await self.may_tell.wait()
        return fetch

    @override
    async def refresh(self, vin: str, *, state_only: bool = False) -> Vehicle:
        self.refreshed.append(vin)
        self.states_only += state_only
        if failure := self.failure or self.failures.get(vin):
            raise failure.with_traceback(None)
        if vin not in self.vehicles:
            raise TryLaterError
        return self.vehicles[vin]

    @override
    async def execute(self, vin: str, command: Command, on_step: OnStep | None = None) -> Outcome:
        sent_at = datetime.now(UTC)
        self.commands.append((vin, command))
        if self.command_failure:
            raise self.command_failure.with_traceback(None)
        await self.may_leave.wait()
        self.left.append(command)
        for step in Step:
            if on_step:
                on_step(step)
        await self.may_end.wait()
        return self.outcome or Outcome(fate=Fate.EXECUTED, sent_at=sent_at, ended_at=datetime.now(UTC))

    @override
    async def picture(self, vin: str, view: View) -> Picture:
        self.pictures_asked.append((vin, view))
        self.picture_asked.set()
        if self.may_answer:
            await self.may_answer.wait()
        picture = self.pictures.get(view, TryLaterError("BMW does not answer"))
        if isinstance(picture, SourceError):
            raise picture.with_traceback(None)
        return picture

    @override
    async def charging_history(self, vin: str, start: datetime, end: datetime) -> ChargingHistory:
        self.histories.append((vin, start, end))
        if failure := self.failure or self.failures.get(vin):
            raise failure.with_traceback(None)
        return ChargingHistory(
            asked_at=datetime.now(UTC), start=start, end=end, is_complete=True, sessions=self.sessions
        )

    @override
    async def close(self) -> None:
        self.is_closed = True

    @override
    def recordings(self, vin: str | None = None) -> Json:
        return {"anonymous": "recording"}


def account_entry(options: Mapping[str, int | bool | str] | None = None, *, gcid: str = GCID) -> MockConfigEntry:
    """The config entry of an account."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="d…r@e…",
        unique_id=gcid,
        data={CONF_SOURCE: "mybmw", "username": USERNAME, "password": PASSWORD, "region": "rest_of_world"},
        options=options or {},
    )


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> MyBMWCoordinator:
    """Set an account up and wait until its entities are there."""
    await try_to_set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    coordinator = entry.runtime_data
    assert isinstance(coordinator, MyBMWCoordinator)
    return coordinator


async def try_to_set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set an account up, which may fail."""
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def set_up_platform(hass: HomeAssistant, source: FakeSource, platform: Platform, *cars: Vehicle) -> str:
    """Set an account with these cars up, with entities of one platform only; returns the id of its entry."""
    source.show(*cars)
    entry = account_entry()
    with patch("custom_components.mybmw.PLATFORMS", [platform]):
        await set_up(hass, entry)
    return entry.entry_id


async def pass_time(hass: HomeAssistant, freezer: FrozenDateTimeFactory, time: timedelta) -> None:
    """Let time go by, with all that is due then."""
    freezer.tick(time)
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


def state_of(hass: HomeAssistant, platform: Platform, car: Vehicle, key: str) -> State:
    """What Home Assistant shows for one fact about a car."""
    entity_id = er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"{car.vin}-{key}")
    assert entity_id, f"no entity for {key}"
    state = hass.states.get(entity_id)
    assert state, f"{entity_id} has no state"
    return state


def mileage(hass: HomeAssistant, car: Vehicle) -> str:
    """What Home Assistant shows as the mileage of a car: a fact like any other."""
    return state_of(hass, Platform.SENSOR, car, "mileage").state


def trouble(hass: HomeAssistant, car: Vehicle) -> str | None:
    """What Home Assistant shows to be in the way of reading a car."""
    value: str | None = state_of(hass, Platform.SENSOR, car, "last_reported").attributes["trouble"]
    return value
