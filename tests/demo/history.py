"""The week before the demo began, as its Home Assistant would have recorded it.

Nothing is made up: for a moment another Home Assistant lives in the demo's folder, in which the integration shows what
the cars told in that week. Its recorder keeps that under the time at which it was so and, with its own means, compiles
the statistics. So entities, states and statistics are those that the demo goes on with.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from unittest.mock import patch

from homeassistant import bootstrap, loader
from homeassistant.components.recorder import CONF_PURGE_KEEP_DAYS, DOMAIN as RECORDER, Recorder, get_instance
from homeassistant.components.recorder.db_schema import StatisticsRuns
from homeassistant.components.recorder.tasks import StatisticsTask, SynchronizeTask
from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.components.zone import DOMAIN as ZONE
from homeassistant.config import load_yaml_config_file
from homeassistant.config_entries import ConfigEntries
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, EVENT_STATE_CHANGED
from homeassistant.core import CoreState, Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.helpers.recorder import async_initialize_recorder, session_scope
from homeassistant.setup import async_setup_component

from custom_components import mybmw
from custom_components.mybmw.const import CONF_SOURCE, DOMAIN
from tests.clock import SetClock
from tests.simulator.garage import Garage, LivingCar

from .memory import Memory

DAYS: Final = 7

_POLL: Final = timedelta(minutes=5)
"""How often Home Assistant asks by default; what a car tells is noticed when it asks next."""
_IN_FULL: Final = timedelta(hours=12)
"""How far back there are statistics of every five minutes. To save time, older hours have those of their last five."""


async def record_the_past(folder: Path, garages: Mapping[str, Garage], until: datetime) -> int:
    """Fill the recorder of a Home Assistant that is not running with the last days of the living cars.

    `garages` are those of its accounts, by the name of the door through which each is reached.

    What its recorder knew before is lost, because cars that live faster than their watcher's clock would have lived
    through the same days twice. Returns how many states were written.
    """
    cars = {door: [car for car in garage if isinstance(car, LivingCar)] for door, garage in garages.items()}
    # Each in an event loop of its own: Home Assistant leaves its loop unfit for another one.
    notes = await asyncio.to_thread(asyncio.run, _watch(folder, cars, until))
    await asyncio.to_thread(_forget, folder)
    await asyncio.to_thread(asyncio.run, _record(folder, notes))
    return len(notes)


def _forget(folder: Path) -> None:
    for file in folder.glob("home-assistant_v2.db*"):
        file.unlink()


@asynccontextmanager
async def _home_assistant(folder: Path) -> AsyncGenerator[HomeAssistant]:
    """As much of a Home Assistant as it takes to show cars. It answers nobody, and is gone in the end."""
    hass = HomeAssistant(str(folder))
    try:
        loader.async_setup(hass)
        hass.config_entries = ConfigEntries(hass, {})
        await loader.async_get_custom_components(hass)
        await bootstrap.async_load_base_functionality(hass)
        config = await hass.async_add_executor_job(load_yaml_config_file, str(folder / "configuration.yaml"))
        await async_process_ha_core_config(hass, config["homeassistant"])
        yield hass
    finally:
        await hass.async_stop(force=True)


@dataclass(frozen=True, slots=True)
class _Note:
    """A state, and when it came to be."""

    at: datetime
    state: State


async def _watch(folder: Path, cars: Mapping[str, Sequence[LivingCar]], until: datetime) -> list[_Note]:
    """Show the past, one moment after the other, and note every state that came to be."""
    watch = SetClock(_poll_after(until - timedelta(days=DAYS)))
    memories = {door: Memory(door, of_it, watch) for door, of_it in cars.items()}

    def remember(settings: Mapping[str, str], *_: object, **__: object) -> Memory:
        return memories[settings[CONF_SOURCE]]

    async with _home_assistant(folder) as hass:
        await async_setup_component(hass, ZONE, {})
        with patch.object(mybmw, "open_source", remember):
            await async_setup_component(hass, DOMAIN, {})
        accounts = [entry.runtime_data for entry in hass.config_entries.async_loaded_entries(DOMAIN)]
        notes = [_Note(watch.now, state) for state in hass.states.async_all()]

        @callback
        def note(event: Event[EventStateChangedData]) -> None:
            if state := event.data["new_state"]:
                notes.append(_Note(watch.now, state))

        stop_noting = hass.bus.async_listen(EVENT_STATE_CHANGED, note)
        lives = [car.life for of_it in cars.values() for car in of_it]
        reports = [report.at for life in lives for report in life.reports(watch.now, until - _POLL)]
        for watch.now in sorted({_poll_after(at) for at in reports}):
            for account in accounts:
                await account.async_refresh()
            await hass.async_block_till_done()
        stop_noting()
        return notes


async def _record(folder: Path, notes: Sequence[_Note]) -> None:
    """Let the recorder keep what was noted, and compile the statistics that it missed meanwhile."""
    async with _home_assistant(folder) as hass:
        async_initialize_recorder(hass)
        await async_setup_component(hass, RECORDER, {RECORDER: {CONF_PURGE_KEEP_DAYS: DAYS}})
        await async_setup_component(hass, SENSOR, {})
        for note in notes:
            state = note.state
            hass.states.async_set_internal(
                *(state.entity_id, state.state, state.attributes),
                force_update=False,
                context=None,
                state_info=state.state_info,
                timestamp=note.at.timestamp(),
            )
        recorder = get_instance(hass)
        await recorder.async_add_executor_job(_forget_statistics_runs, recorder)
        for hour in _hours(notes[0].at, notes[-1].at - _IN_FULL):
            recorder.queue_task(StatisticsTask(hour + timedelta(minutes=55), fire_events=False))
        hass.set_state(CoreState.running)
        hass.bus.async_fire_internal(EVENT_HOMEASSISTANT_STARTED)
        await recorder.async_recorder_ready.wait()  # it has given itself the task to catch up with the rest
        caught_up = hass.loop.create_future()
        recorder.queue_task(SynchronizeTask(caught_up))
        await caught_up


def _forget_statistics_runs(recorder: Recorder) -> None:
    """Make it believe it has been there all week: a new recorder holds what was before it for done."""
    with session_scope(session=recorder.get_session()) as session:
        session.query(StatisticsRuns).delete()


def _hours(since: datetime, until: datetime) -> Iterator[datetime]:
    """The beginnings of the hours from one moment on that are over at another."""
    hour = since.replace(minute=0, second=0, microsecond=0)
    while (following := hour + timedelta(hours=1)) <= until:
        yield hour
        hour = following


def _poll_after(moment: datetime) -> datetime:
    """The next moment at which Home Assistant would have asked."""
    return moment + (datetime.min.replace(tzinfo=UTC) - moment) % _POLL
