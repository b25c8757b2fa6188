"""A Home Assistant with an account at each of BMW's doors, whose time is in the hands of the test."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import logging
import math
import time
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.coordinator import MyBMWCoordinator
from custom_components.mybmw.sources.cardata.source import CarDataSource
from custom_components.mybmw.sources.loopback import LOOPBACK, LOOPBACK_CA, LOOPBACK_STREAM
from tests.demo.accounts import SignedIn, open_partner, sign_in_to_cardata, sign_in_to_mybmw
from tests.faults.time import live, see_through
from tests.simulator import DEMO_PASSWORD, Simulator
from tests.simulator.garage import LivingCar
from tests.simulator.stream import Which

CARS: Final = ("I5", "M240I")
"""Those of the MyBMW account; CarData's has another one."""

STEP: Final = timedelta(seconds=20)
"""So much time passes at once."""

_TURNS: Final = 300
"""Turns of the event loop in which everything arrives that is on its way on this machine."""

_CONNECTING: Final = "mybmw cardata stream connecting"
_NAPS: Final = 10_000
_NAPS_FOR_MESSAGES: Final = 2_000
"""Some may be lost on the way, when a connection is cut."""
_NAP_S: Final = 0.001


@dataclass(slots=True, kw_only=True)
class House:
    """Home Assistant, its two accounts and their cloud."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    cloud: Simulator
    mybmw: MockConfigEntry
    cardata: MockConfigEntry

    @property
    def entries(self) -> tuple[MockConfigEntry, MockConfigEntry]:
        """Both accounts."""
        return self.mybmw, self.cardata

    def cars(self, entry: MockConfigEntry) -> dict[str, LivingCar]:
        """The living cars of an account, by VIN."""
        account = next(account for account in self.cloud.accounts if account.gcid == entry.unique_id)
        return {car.vin: car for car in account.garage if isinstance(car, LivingCar)}

    def coordinator(self, entry: MockConfigEntry) -> MyBMWCoordinator | None:
        """What keeps an account fresh, if it is set up."""
        return entry.runtime_data if entry.state is ConfigEntryState.LOADED else None

    def shown(self, entry: MockConfigEntry, vin: str) -> dict[str, str]:
        """What is shown of a car, by the key of each entity."""
        return {
            f"{entity.domain}.{entity.unique_id.removeprefix(f'{vin}-')}": state.state
            for entity in er.async_entries_for_config_entry(er.async_get(self.hass), entry.entry_id)
            if entity.unique_id.startswith(f"{vin}-") and (state := self.hass.states.get(entity.entity_id))
        }

    def is_gone(self, entry: MockConfigEntry, vin: str) -> bool:
        """Whether nothing is known of a car."""
        return self.shown(entry, vin).get("sensor.mileage", STATE_UNAVAILABLE) == STATE_UNAVAILABLE

    async def live(self, span: timedelta = STEP) -> None:
        """Let time go by, with all that is due then and all that cars upload."""
        await live(self.hass, self.freezer, span)
        to_come = self._heard - self.cloud.stream.sent
        await self.cloud.stream.look()
        await self.settle(to_come + self.cloud.stream.sent)

    async def settle(self, to_come: int = 0) -> None:
        """Let arrive what is on its way, while no time passes, until so many messages have come from the stream.

        A thread that connects needs some of the real time, and so does a machine that has much else to do.
        """
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        for nap in range(_NAPS):
            is_connecting = any(task.get_name() == _CONNECTING for task in asyncio.all_tasks())
            is_listening = self.cloud.stream.gate.sessions and self._heard < to_come and nap < _NAPS_FOR_MESSAGES
            if not is_connecting and not is_listening:
                break
            time.sleep(_NAP_S)  # noqa: ASYNC251 (the loop's own clock stands still)
            await asyncio.sleep(0)

    @property
    def _heard(self) -> int:
        """How many messages have come from the stream, whether they made sense or not."""
        coordinator = self.coordinator(self.cardata)
        source = coordinator and coordinator.source
        return source.stream.messages + source.stream.strange if isinstance(source, CarDataSource) else 0

    async def sign_in_again(self, entry: MockConfigEntry) -> bool:
        """Do what Home Assistant asks for, if it asks to sign in to an account again; tells whether it did."""
        flows = [*entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})]
        if not flows:
            return False
        [flow] = flows
        if entry is self.cardata:
            await self._enter_code(flow["flow_id"])
            return True
        form = await self._entered(flow["flow_id"], {"password": DEMO_PASSWORD})
        while form == "sign_in_failed":
            form = await self._entered(flow["flow_id"], {})
        for typed in ({"next_step_id": "captcha_token"}, {"captcha_token": f"P1_{datetime.now(UTC).timestamp()}"}):
            if not self.hass.config_entries.flow.async_progress_by_handler(DOMAIN):
                break
            await self._entered(flow["flow_id"], typed)
        await see_through(self.hass.async_block_till_done(), self.freezer)
        return True

    async def _enter_code(self, flow_id: str) -> None:
        """Sign in to CarData; what the form does on the way has tests of its own."""
        self.hass.config_entries.flow.async_abort(flow_id)
        account = next(account for account in self.cloud.accounts if account.gcid == self.cardata.unique_id)
        signed_in = await see_through(sign_in_to_cardata(self.cloud, account), self.freezer)
        store = AccountStore(self.hass, account.gcid)
        await store.async_load()
        await store.async_keep_credentials({**store.credentials, **signed_in.credentials})
        await see_through(self.hass.config_entries.async_reload(self.cardata.entry_id), self.freezer)

    async def _entered(self, flow_id: str, typed: dict[str, str]) -> str | None:
        entering = self.hass.config_entries.flow.async_configure(flow_id, typed)
        return (await see_through(entering, self.freezer)).get("step_id")


@asynccontextmanager
async def open_house(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[House]:
    """Add both accounts to Home Assistant, and see them well."""
    loop = asyncio.get_running_loop()
    loop.set_debug(False)
    loop.slow_callback_duration = math.inf
    logging.disable(logging.INFO)
    try:
        async with Simulator(cars=CARS, stream=Which.AMQTT) as cloud:
            cloud.stream.goes_on = False
            monkeypatch.setenv(LOOPBACK, cloud.url)
            monkeypatch.setenv(LOOPBACK_STREAM, f"127.0.0.1:{cloud.stream.port}")
            monkeypatch.setenv(LOOPBACK_CA, cloud.stream.ca_file)
            partner = open_partner(cloud)
            assert partner
            signing_in = (sign_in_to_mybmw(), sign_in_to_cardata(cloud, partner))
            mybmw, cardata = [await _added(hass, await see_through(signed_in, freezer)) for signed_in in signing_in]
            house = House(hass=hass, freezer=freezer, cloud=cloud, mybmw=mybmw, cardata=cardata)
            for entry in house.entries:
                if entry.state is ConfigEntryState.NOT_LOADED:  # the first one brings the other with it
                    await see_through(hass.config_entries.async_setup(entry.entry_id), freezer)
            for _ in range(30):
                await house.live()
            yield house
            await unload(house, (entry for entry in house.entries if entry.state is not ConfigEntryState.NOT_LOADED))
    finally:
        logging.disable(logging.NOTSET)


async def unload(house: House, entries: Iterable[MockConfigEntry]) -> None:
    """Take accounts down."""
    for entry in entries:
        assert await see_through(house.hass.config_entries.async_unload(entry.entry_id), house.freezer)
    await see_through(house.hass.async_block_till_done(), house.freezer)


async def _added(hass: HomeAssistant, account: SignedIn) -> MockConfigEntry:
    await AccountStore(hass, account.gcid).async_keep_credentials(account.credentials)
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=account.title,
        unique_id=account.gcid,
        data=dict(account.settings),
        options={"read_only": False},
    )
    entry.add_to_hass(hass)
    return entry
