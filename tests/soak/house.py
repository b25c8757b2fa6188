"""A Home Assistant with an account at each of BMW's doors, whose time is in the hands of the test."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import logging
import math
import time
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import ATTR_DEVICE_ID, STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant, ServiceResponse
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.coordinator import MyBMWCoordinator
from custom_components.mybmw.services import GET_VEHICLE_DATA
from custom_components.mybmw.sources.cardata.source import CarDataSource
from custom_components.mybmw.sources.loopback import LOOPBACK, LOOPBACK_CA, LOOPBACK_STREAM
from tests.certified import certified, for_server
from tests.demo.accounts import SignedIn, open_partner, sign_in_to_cardata, sign_in_to_mybmw
from tests.faults.time import live, see_through
from tests.simulator import DEMO_PASSWORD, Simulator
from tests.simulator.garage import LivingCar
from tests.simulator.stream import Which

CARS: Final = ("I5", "M240I")
"""Those of the MyBMW account."""

MORE_CARS: Final = ("COOPER", "I3")
"""Those of CarData's beside the one that it always has; together they are worth more calls than there are."""

STEP: Final = timedelta(seconds=20)
"""So much time passes at once."""

_PLACE: Final = ("latitude", "longitude", "direction")

_TURNS: Final = 300
"""Turns of the event loop in which everything arrives that is on its way on this machine."""

_CONNECTING: Final = "mybmw cardata stream connecting"
_NAPS: Final = 10_000
_NAPS_FOR_MESSAGES: Final = 2_000
"""Some may be lost on the way, when a connection is cut."""
_NAP_S: Final = 0.001


@dataclass(slots=True, kw_only=True)
class House:
    """Home Assistant, its two accounts and their cloud.

    `messages` are those of the stream that have come since time passed last; none, if it is in doubt which.
    """

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    cloud: Simulator
    mybmw: MockConfigEntry
    cardata: MockConfigEntry
    messages: list[tuple[str, bytes]] = field(default_factory=list)
    _heard_before: int = 0

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
        """What is shown of a car, by the key of each entity, and by that of its tracker and a name where it is."""
        shown: dict[str, str] = {}
        for entity in er.async_entries_for_config_entry(er.async_get(self.hass), entry.entry_id):
            if entity.unique_id.startswith(f"{vin}-") and (state := self.hass.states.get(entity.entity_id)):
                key = f"{entity.domain}.{entity.unique_id.removeprefix(f'{vin}-')}"
                shown[key] = state.state
                if entity.domain == Platform.DEVICE_TRACKER and state.state != STATE_UNAVAILABLE:
                    shown |= {f"{key}.{name}": _told(state.attributes.get(name)) for name in _PLACE}
        return shown

    async def data(self, entry: MockConfigEntry, vin: str) -> ServiceResponse:
        """What the action `get_vehicle_data` tells of a car; None if it cannot, for nobody can read the car."""
        if vin not in (coordinator.data if (coordinator := self.coordinator(entry)) else ()):
            return None
        device = dr.async_get(self.hass).async_get_device_by_identifier((DOMAIN, vin), entry.entry_id)
        assert device
        return await self.hass.services.async_call(
            DOMAIN, GET_VEHICLE_DATA, {ATTR_DEVICE_ID: device.id}, blocking=True, return_response=True
        )

    async def live(self, span: timedelta = STEP) -> None:
        """Let time go by, with all that is due then and all that cars upload."""
        await live(self.hass, self.freezer, span)
        to_come = self._heard - self.cloud.stream.sent
        await self.cloud.stream.look()
        await self.settle(to_come + self.cloud.stream.sent)
        told, heard = self.cloud.stream.gate.told, self._heard
        self.messages = [*told] if heard - self._heard_before == len(told) else []
        self._heard_before = heard
        told.clear()

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
        else:
            with self._fair_weather():
                await self._enter_password(flow["flow_id"])
        return True

    @contextmanager
    def _fair_weather(self) -> Generator[None]:
        """Have no request go wrong for a while."""
        faults = [*self.cloud.faults]
        self.cloud.faults.clear()
        yield
        self.cloud.faults.extend(faults)

    async def _enter_password(self, flow_id: str) -> None:
        form = await self._entered(flow_id, {"password": DEMO_PASSWORD})
        while form == "sign_in_failed":
            form = await self._entered(flow_id, {})
        for typed in ({"next_step_id": "captcha_token"}, {"captcha_token": f"P1_{datetime.now(UTC).timestamp()}"}):
            if not self.hass.config_entries.flow.async_progress_by_handler(DOMAIN):
                break
            await self._entered(flow_id, typed)
        await see_through(self.hass.async_block_till_done(), self.freezer)

    async def _enter_code(self, flow_id: str) -> None:
        """Sign in to CarData; what the form does on the way has tests of its own."""
        self.hass.config_entries.flow.async_abort(flow_id)
        account = next(account for account in self.cloud.accounts if account.gcid == self.cardata.unique_id)
        with self._fair_weather():
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
        async with _cloud(monkeypatch) as cloud:
            partner = open_partner(cloud)
            assert partner
            for car in MORE_CARS:
                partner.garage.add(car)
            signing_in = (sign_in_to_mybmw(), sign_in_to_cardata(cloud, partner))
            mybmw, cardata = [await _added(hass, await see_through(signed_in, freezer)) for signed_in in signing_in]
            house = House(hass=hass, freezer=freezer, cloud=cloud, mybmw=mybmw, cardata=cardata)
            for entry in house.entries:
                for vin in house.cars(entry):  # which is off until somebody wants it
                    er.async_get(hass).async_get_or_create(
                        Platform.SENSOR, DOMAIN, f"{vin}-last_fetched", config_entry=entry
                    )
            for entry in house.entries:
                if entry.state is ConfigEntryState.NOT_LOADED:  # the first one brings the other with it
                    await see_through(hass.config_entries.async_setup(entry.entry_id), freezer)
            for _ in range(30):
                await house.live()
            yield house
            await unload(house, (entry for entry in house.entries if entry.state is not ConfigEntryState.NOT_LOADED))
    finally:
        logging.disable(logging.NOTSET)


@asynccontextmanager
async def _cloud(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Simulator]:
    """A cloud that shows a certificate at each of its doors, and has to be trusted by who comes."""
    with certified():
        async with Simulator(cars=CARS, stream=Which.AMQTT, tls=for_server()) as cloud:
            cloud.stream.goes_on = False
            cloud.stream.gate.takes_notes = True
            monkeypatch.setenv(LOOPBACK, cloud.url)
            monkeypatch.setenv(LOOPBACK_STREAM, f"127.0.0.1:{cloud.stream.port}")
            monkeypatch.setenv(LOOPBACK_CA, cloud.stream.ca_file)
            yield cloud


async def unload(house: House, entries: Iterable[MockConfigEntry]) -> None:
    """Take accounts down."""
    for entry in entries:
        assert await see_through(house.hass.config_entries.async_unload(entry.entry_id), house.freezer)
    await see_through(house.hass.async_block_till_done(), house.freezer)


def _told(value: object) -> str:
    return STATE_UNKNOWN if value is None else str(value)


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
