"""A week in the life of five cars, as their owner's Home Assistant writes it down.

The whole way is real: the garage's cars report to the simulated cloud, the integration asks it over HTTP, Home
Assistant's recorder keeps what is shown. What it has kept in the end is compared with the garage's own diary.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import floor
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import CONF_COMMIT_INTERVAL, Recorder, get_instance
from homeassistant.components.recorder.history import get_significant_states
from homeassistant.const import CONF_SCAN_INTERVAL, STATE_ON, Platform
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
import httpx
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import CONF_SOURCE, DOMAIN
from custom_components.mybmw.sources.loopback import LOOPBACK
from custom_components.mybmw.sources.mybmw import Account, sign_in

from .account import pass_time
from .simulator import DEMO_PASSWORD, DEMO_USERNAMES, Simulator
from .simulator.living import LIVING_CARS, Charge, Entry, LeftOpen, Life, Trip, Unlocked

BEGIN: Final = datetime(2026, 3, 16, 4, 0, tzinfo=UTC)
"""A Monday at five in the morning in Munich: all cars stand at home, locked."""
END: Final = BEGIN + timedelta(days=7)
POLL: Final = timedelta(minutes=15)
TICK: Final = POLL + timedelta(seconds=1)
"""A little more than the interval, because Home Assistant's timers ring up to a second late."""

SETTINGS: Final = {
    CONF_SOURCE: "mybmw",
    "username": DEMO_USERNAMES["row"],
    "password": DEMO_PASSWORD,
    "region": "rest_of_world",
}

type History = dict[str, list[State]]


@dataclass(frozen=True, slots=True)
class Shown:
    """What an entity showed from one moment to another."""

    start: datetime
    end: datetime
    value: str


class Notes:
    """What the recorder kept of a car."""

    def __init__(self, hass: HomeAssistant, history: History, vin: str) -> None:
        self._registry = er.async_get(hass)
        self._history = history
        self._vin = vin

    def of(self, platform: Platform, key: str) -> list[Shown]:
        """All that an entity showed, one after the other."""
        entity_id = self._registry.async_get_entity_id(platform, DOMAIN, f"{self._vin}-{key}")
        assert entity_id, f"no entity for {key}"
        states = self._history[entity_id]
        ends = [*(state.last_updated for state in states[1:]), END]
        return [Shown(state.last_updated, end, state.state) for state, end in zip(states, ends, strict=True)]

    def number(self, key: str, moment: datetime) -> int:
        """What a sensor showed at a moment."""
        [value] = [shown.value for shown in self.of(Platform.SENSOR, key) if shown.start <= moment < shown.end]
        return int(value)


@pytest.fixture
def recorder_config() -> dict[str, int]:
    """A recorder that collects before it writes, as it does at home."""
    return {CONF_COMMIT_INTERVAL: 3600}


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_mock: Recorder,
    enable_custom_integrations: None,
) -> None:
    """Let Home Assistant load what stands in custom_components, after the recorder, which has to be first."""


@pytest.fixture
async def cloud(
    socket_enabled: None,  # noqa: ARG001 (asked for because of what it does)
    monkeypatch: pytest.MonkeyPatch,
    freezer: FrozenDateTimeFactory,
) -> AsyncGenerator[Simulator]:
    """A cloud with the living garage."""
    freezer.move_to(BEGIN)
    async with Simulator(cars=LIVING_CARS) as cloud:
        monkeypatch.setenv(LOOPBACK, cloud.url)
        yield cloud


async def watched_for_a_week(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> History:
    """Have Home Assistant watch the account for a week, and read what it noted."""
    async with httpx.AsyncClient() as http:
        account = Account.of(SETTINGS)
        credentials = await sign_in(account, http=http, clock=lambda: datetime.now(UTC), captcha_token="P1_one")
    gcid = str(credentials["gcid"])
    await AccountStore(hass, gcid).async_keep_credentials(credentials)
    options = {CONF_SCAN_INTERVAL: POLL // timedelta(minutes=1)}
    entry = MockConfigEntry(domain=DOMAIN, unique_id=gcid, data=SETTINGS, options=options)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    while datetime.now(UTC) < END:
        await pass_time(hass, freezer, TICK)
    await async_wait_recording_done(hass)
    entity_ids = [entity.entity_id for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)]
    kept = await get_instance(hass).async_add_executor_job(
        lambda: get_significant_states(hass, BEGIN - POLL, END, entity_ids, significant_changes_only=False)
    )
    assert await hass.config_entries.async_unload(entry.entry_id)
    return {entity_id: [state for state in states if isinstance(state, State)] for entity_id, states in kept.items()}


def told[E: Entry](life: Life, kind: type[E]) -> list[E]:
    """What the diary of a car tells of one kind, as far as Home Assistant had the time to notice."""
    return [entry for entry in life.diary(BEGIN, END) if isinstance(entry, kind) and entry.end + TICK < END]


def assert_seen(shown: Sequence[Shown], entries: Sequence[Entry]) -> None:
    """At every moment it was shown as it had truly been at some time within the last polling interval.

    So whatever was so for longer than that was seen, began and ended in time, and nothing was seen that was not.
    """
    so = [(entry.start, entry.end) for entry in entries]
    not_so = list(pairwise([BEGIN, *(moment for span in so for moment in span), END]))[::2]
    for time in shown:
        seen_until = time.start
        for start, end in so if time.value == STATE_ON else not_so:
            if start <= seen_until <= end + TICK:
                seen_until = end + TICK
        assert seen_until >= time.end, time


@pytest.mark.usefixtures("unobserved")
async def test_what_home_assistant_noted_is_what_happened(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, cloud: Simulator
) -> None:
    history = await watched_for_a_week(hass, freezer)
    counted = {"trips": 0, "charges": 0, "openings": 0}
    for name, model in LIVING_CARS.items():
        life = cloud.world.life(name)
        notes = Notes(hass, history, model.identity.vin)

        trips = told(life, Trip)
        counted["trips"] += len(trips)
        for trip in trips:
            latest = [other for other in trips if trip.end <= other.end <= trip.end + TICK]
            assert notes.number("mileage", trip.end + TICK) in {floor(other.end_km) for other in latest}, trip
        mileages = {int(shown.value) for shown in notes.of(Platform.SENSOR, "mileage")}
        assert mileages <= {floor(trip.end_km) for trip in trips} | {floor(trips[0].start_km)}
        assert_seen(notes.of(Platform.BINARY_SENSOR, "door_lock"), told(life, Unlocked))

        openings = told(life, LeftOpen)
        counted["openings"] += len(openings)
        for opening in model.openings:
            entries = [entry for entry in openings if entry.opening is opening]
            assert_seen(notes.of(Platform.BINARY_SENSOR, opening.value), entries)

        if model.battery:
            charges = told(life, Charge)
            counted["charges"] += len(charges)
            assert_seen(notes.of(Platform.BINARY_SENSOR, "charging"), charges)
            for charge in charges:
                if not any(charge.end <= trip.start <= charge.end + TICK for trip in trips):
                    percent = 100 * charge.end_kwh / model.battery.kwh
                    assert notes.number("battery_level", charge.end + TICK) == pytest.approx(percent, abs=1)
    assert counted == {"trips": 73, "charges": 14, "openings": 10}
