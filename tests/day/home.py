"""A Home Assistant that lives through a day as fast as this machine can, is stopped, loses its power, and comes back.

Time stands still unless it is let pass, for Home Assistant, for the cloud and for the event loop alike. It passes from
one thing that happens to the next, and waits for whatever is on its way on a socket.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
import random
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import frame
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.coordinator import MyBMWCoordinator
from custom_components.mybmw.sources.cardata import first_credentials
from custom_components.mybmw.sources.cardata.source import BURST_S, CarDataSource
from custom_components.mybmw.sources.cardata.stream_status import StreamStatus
from custom_components.mybmw.sources.loopback import LOOPBACK, LOOPBACK_CA, LOOPBACK_STREAM
from tests.simulator import Simulator
from tests.simulator.living import LIVING_CARS
from tests.simulator.stream import Which
from tests.sources.cardata.rig import granted

_STEP: Final = timedelta(minutes=1)
_BURST: Final = timedelta(seconds=BURST_S + 1)
_BEFORE_EXCHANGE: Final = timedelta(minutes=5)
_TURNS: Final = 100_000
"""So often the event loop turns before something that should happen on a socket is given up; it takes some hundred."""


@asynccontextmanager
async def streaming_garage(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Simulator]:
    """A cloud with the living garage and its stream, in which time passes when the test says so."""
    async with Simulator(cars=LIVING_CARS, stream=Which.AMQTT) as cloud:
        cloud.stream.goes_on = False
        cloud.stream.gate.minds_silence = False
        cloud.stream.gate.takes_notes = True
        monkeypatch.setenv(LOOPBACK, cloud.url)
        monkeypatch.setenv(LOOPBACK_STREAM, f"127.0.0.1:{cloud.stream.port}")
        monkeypatch.setenv(LOOPBACK_CA, cloud.stream.ca_file)
        await cloud.stream.look()
        yield cloud


class Home:
    """An account of CarData at home."""

    def __init__(
        self, cloud: Simulator, freezer: FrozenDateTimeFactory, storage: dict[str, object], config_dir: str
    ) -> None:
        """Have no Home Assistant yet."""
        self._dice = random.getstate()
        self.cloud = cloud
        self.entry_id = "home"
        self.told_before = 0
        self._freezer = freezer
        self._storage = storage
        self._config_dir = config_dir
        self._stack = AsyncExitStack()
        self._hass: HomeAssistant | None = None
        self._entry: MockConfigEntry | None = None

    @property
    def hass(self) -> HomeAssistant:
        """The Home Assistant that runs."""
        assert self._hass
        return self._hass

    @property
    def coordinator(self) -> MyBMWCoordinator:
        """What keeps the cars of the account."""
        assert self._entry
        coordinator = self._entry.runtime_data
        assert isinstance(coordinator, MyBMWCoordinator)
        return coordinator

    @property
    def source(self) -> CarDataSource:
        """Where they come from."""
        source = self.coordinator.source
        assert isinstance(source, CarDataSource)
        return source

    async def start(self) -> None:
        """Start Home Assistant, for the first time or again."""
        customer = self.cloud.cardata.customer()
        gcid = customer.account.gcid
        hass = await self._stack.enter_async_context(async_test_home_assistant(config_dir=self._config_dir))
        frame.async_setup(hass)
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        store = AccountStore(hass, gcid)
        await store.async_load()
        if not store.credentials:
            await store.async_keep_credentials(first_credentials(granted(self.cloud, _now)))
        self._entry = MockConfigEntry(
            domain=DOMAIN,
            entry_id=self.entry_id,
            title="CarData",
            unique_id=gcid,
            data={"source": "cardata", "client_id": customer.client_id},
        )
        self._entry.add_to_hass(hass)
        self._hass = hass
        self.told_before = len(self.cloud.stream.gate.told)
        await hass.config_entries.async_setup(self._entry.entry_id)
        assert self._entry.state is ConfigEntryState.LOADED
        await self.settle()

    async def stop(self) -> None:
        """Stop Home Assistant as its owner does."""
        await self.hass.async_stop(force=True)
        await self._gone()

    async def lose_power(self) -> None:
        """Have Home Assistant stop in the middle of a word: what it has not written down is lost."""
        written = deepcopy(self._storage)
        await self.hass.async_stop(force=True)
        self._storage.clear()
        self._storage.update(written)
        await self._gone()

    async def leave(self) -> None:
        """Take the account down, and end everything."""
        if self._hass and self._entry:
            await self.hass.config_entries.async_unload(self._entry.entry_id)
            await self.stop()
        await self._stack.aclose()
        random.setstate(self._dice)

    async def until(self, moment: datetime) -> None:
        """Let time pass."""
        while (now := _now()) < moment:
            await self._go_on(min(moment, *self._next(now)))

    async def skip_to(self, moment: datetime) -> None:
        """Let time pass that nobody here lives through: what happens meanwhile is nobody's news."""
        assert self._hass is None
        self._freezer.move_to(moment)
        await self.cloud.stream.look()

    async def _gone(self) -> None:
        self._hass = None
        await self._see(lambda: not self.cloud.stream.gate.sessions)

    def _next(self, now: datetime) -> list[datetime]:
        """The moments at which something may happen next."""
        moments = [now + _STEP]
        for car in self.cloud.garage:
            life = self.cloud.world.life(car.name)
            moments += [
                moment
                for report in life.reports(now - _BURST, now + _STEP)
                for moment in (report.at, report.at + _BURST)
            ]
        moments += [session.grant.ends_at - _BEFORE_EXCHANGE for session in self.cloud.stream.gate.sessions.values()]
        moments += [session.grant.ends_at for session in self.cloud.stream.gate.sessions.values()]
        if self._hass and (attempt := self._status.next_attempt_at):
            moments.append(attempt)
        return [moment for moment in moments if moment > now]

    async def _go_on(self, moment: datetime) -> None:
        random.seed(1)  # of which pauses are made longer, by chance
        self._freezer.move_to(moment)
        await self.settle()
        await self.cloud.stream.look()
        await self.settle()

    async def settle(self) -> None:
        """Wait for all that is on its way."""
        for _ in range(10):
            await asyncio.sleep(0)
        if self._hass:
            await self._see(self._is_steady)
            await self.hass.async_block_till_done()
            await self._see(self._is_steady)

    def _is_steady(self) -> bool:
        """Whether nothing happens on the stream, and everything that was sent has come."""
        status, stream = self._status, self.cloud.stream
        is_waiting = status.next_attempt_at is not None
        is_connected = status.connected_since is not None and bool(stream.gate.sessions)
        has_come = len(stream.gate.told) == stream.sent == self.told_before + status.messages
        is_quiet = not any(session.pings for session in stream.gate.sessions.values())
        return has_come and is_quiet and (is_waiting or is_connected)

    @property
    def _status(self) -> StreamStatus:
        stream = self.source._stream
        assert stream
        return stream.status

    async def _see(self, what: Callable[[], bool]) -> None:
        for _ in range(_TURNS):
            if what():
                return
            await asyncio.sleep(0)
        message = "nothing happens any more"
        raise TimeoutError(message)


def _now() -> datetime:
    return datetime.now(UTC)
