"""A CarData account with two living cars, which streams, in a Home Assistant whose time is in the hands of the test."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import random
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.coordinator import MyBMWConfigEntry
from custom_components.mybmw.sources.cardata import first_credentials
from custom_components.mybmw.sources.cardata.keys import Key
from custom_components.mybmw.sources.cardata.source import BURST_S, CarDataSource
from tests.simulator import ALL_PRESETS, Simulator
from tests.simulator.garage import LivingCar
from tests.simulator.speaks_cardata import said
from tests.simulator.stream import REFUSALS
from tests.sources.cardata.rig import granted

from .findings import LOOK_MIN, Course, Look, glance
from .time import see_through

SPEED: Final = 12
"""The cars live so much faster than Home Assistant, so that there is something to tell."""

_LOOKS_PER_HOUR: Final = 12
_LOOKS_PER_DAY: Final = 24 * _LOOKS_PER_HOUR
_STEPS: Final = 2
_STEP: Final = timedelta(minutes=LOOK_MIN) / _STEPS
_BURST: Final = timedelta(seconds=BURST_S + 1)
_TURNS: Final = 200_000
"""So often the event loop turns before something that should happen on a socket is given up; it takes some hundred."""
_COMES_AND_GOES: Final = 3
"""So many values are known only while a car charges, is heated or drives."""
_ELSEWHERE: Final = {"data", "state"}
"""Requests that only the other door knows."""
_QUIET_TURNS: Final = 30
"""If nothing has come in so many, nothing is on its way on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """An account and the world it lives in. Time passes in looks, which here are just a measure of it."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    cloud: Simulator
    entry: MyBMWConfigEntry
    cars: tuple[LivingCar, LivingCar] = field(repr=False)

    @property
    def source(self) -> CarDataSource:
        """Where the cars come from."""
        source = self.entry.runtime_data.source
        assert isinstance(source, CarDataSource)
        return source

    async def begin(self, moment: datetime) -> None:
        """Go on to a moment, however long the set-up took, and look for the first time."""
        await self._arrived()
        self.freezer.move_to(moment)
        await self.look()

    async def look(self) -> Look:
        """Let the cars live until the next look."""
        for _ in range(_STEPS):
            await self._pass_by(_STEP - _BURST)
            mileage = self._mileage()
            await self.cloud.stream.look()
            await self._pass_by(_BURST)
        return Look(seen=glance(self.hass, self.entry), mileage=mileage)

    async def play(self, fault: str) -> Course:
        """Play a fault for a little more than an hour, end it, and wait until all is well again.

        One that lets nobody in begins with the connection that stands. One that strikes certain requests of the other
        door strikes all questions of this one.
        """
        struck, other = (car.vin for car in self.cars)
        before = glance(self.hass, self.entry)
        asked_before = self._calls
        preset = ALL_PRESETS[fault]
        self.cloud.switchboard.switch_on(fault, endpoint="CarData" if preset.endpoint in _ELSEWHERE else None)
        await self.cloud.stream.look()
        if preset.of_stream in REFUSALS:
            self.cut()
        looks = [await self.look() for _ in range(_LOOKS_PER_HOUR)]
        calls = self._calls - asked_before
        looks.append(await self.look())
        self.cloud.switchboard.switch_all_off()
        minutes_back = await self._minutes_until_well()
        if minutes_back is None:
            await self._sign_in_again()
            assert await self._minutes_until_well() is not None
        return Course(
            before=before,
            looks=looks,
            struck=struck,
            other=other,
            requests=calls,
            minutes_back=minutes_back,
            comes_and_goes=_COMES_AND_GOES,
        )

    async def good_hour(self) -> int:
        """Let an hour pass in which nothing goes wrong, and return how many calls it took."""
        asked_before = self._calls
        looks = [await self.look() for _ in range(_LOOKS_PER_HOUR)]
        stale = [look for look in looks for car in self.cars if not look.is_fresh(car.vin)]
        assert len(stale) <= 1, (
            "only what is uploaded while one token is exchanged for the next is missed, and asked for"
        )
        assert all(len({look.mileage[car.vin] for look in looks}) > 1 for car in self.cars), "both have driven"
        return self._calls - asked_before

    def cut(self) -> None:
        """Have the broker close the connection."""
        for session in [*self.cloud.stream.gate.sessions.values()]:
            self.cloud.stream.gate.cut(session)

    @property
    def _calls(self) -> int:
        return sum(asked.path.startswith("/customers/") for asked in self.cloud.requests)

    def _mileage(self) -> Mapping[str, str]:
        return {car.vin: str(said(car.life, car.clock)[Key.MILEAGE].value) for car in self.cars}

    async def _minutes_until_well(self) -> int | None:
        """How long it takes until everything is shown, and fresh; None if that takes a new sign-in."""
        for looks in range(1, _LOOKS_PER_DAY + 2):
            look = await self.look()
            if look.seen.asks_to_sign_in:
                return None
            shown = look.seen.cars
            is_whole = shown.keys() == {car.vin for car in self.cars} and not look.seen.repairs
            if is_whole and all(look.is_fresh(vin) and car.trouble is None for vin, car in shown.items()):
                return looks * LOOK_MIN
        return None

    async def _pass_by(self, time: timedelta) -> None:
        await self._arrived()
        random.seed(1)  # of which pauses are made longer, by chance
        self.freezer.tick(time)
        await self._arrived()
        await self.hass.async_block_till_done()
        await self._arrived()

    async def _arrived(self) -> None:
        """Wait until the stream stands, or waits, and all that is on its way to it has come."""
        heard, quiet = -1, 0
        for _ in range(_TURNS):
            await asyncio.sleep(0)
            stream, sessions = self.source.stream, self.cloud.stream.gate.sessions
            is_steady = bool(stream.connected_since) == bool(sessions) and (
                stream.connected_since or stream.next_attempt_at or stream.ended_by
            )
            if not is_steady or any(session.pings for session in sessions.values()):
                quiet = 0
            elif (now := stream.messages + stream.strange) != heard:
                heard, quiet = now, 0
            elif (quiet := quiet + 1) == _QUIET_TURNS:
                return
        message = "the stream neither stands nor waits"
        raise TimeoutError(message)

    async def _sign_in_again(self) -> None:
        """Do what Home Assistant asks for; the code is entered at once."""
        flows = list(self.entry.async_get_active_flows(self.hass, {SOURCE_REAUTH}))
        assert flows
        self.hass.config_entries.flow.async_abort(flows[0]["flow_id"])
        await _let_in(self.hass, self.cloud)
        await see_through(self.hass.config_entries.async_reload(self.entry.entry_id), self.freezer)
        await self._arrived()


async def listening_account(hass: HomeAssistant, freezer: FrozenDateTimeFactory, cloud: Simulator) -> Listening:
    """An account that was added, and whose stream stands."""
    cloud.stream.gate.minds_silence = False
    cloud.stream.gate.takes_notes = True
    asyncio.get_running_loop().set_debug(False)  # or each of its many turns would take ten times as long
    customer = cloud.cardata.customer()
    await _let_in(hass, cloud)
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="CarData",
        unique_id=customer.account.gcid,
        data={"source": "cardata", "client_id": customer.client_id},
    )
    entry.add_to_hass(hass)
    began = datetime.now(UTC)
    await see_through(hass.config_entries.async_setup(entry.entry_id), freezer)
    first, second = (car for car in cloud.garage if isinstance(car, LivingCar))
    listening = Listening(hass=hass, freezer=freezer, cloud=cloud, entry=entry, cars=(first, second))
    await listening.begin(began + timedelta(minutes=2))
    return listening


async def _let_in(hass: HomeAssistant, cloud: Simulator) -> None:
    credentials = first_credentials(granted(cloud, lambda: datetime.now(UTC)))
    await AccountStore(hass, cloud.cardata.customer().account.gcid).async_keep_credentials(credentials)
