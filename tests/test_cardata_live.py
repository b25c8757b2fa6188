"""A CarData account in Home Assistant, with BMW's cloud and its stream on this machine."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import orjson
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.coordinator import MyBMWCoordinator
from custom_components.mybmw.sources import Check, Verdict
from custom_components.mybmw.sources.cardata import Grant, first_credentials
from custom_components.mybmw.sources.loopback import LOOPBACK, LOOPBACK_CA, LOOPBACK_STREAM

from .account import set_up
from .simulator import Simulator
from .simulator.cardata import SCOPES
from .simulator.stream import News, Which


@pytest.fixture
async def cloud(
    socket_enabled: None,  # noqa: ARG001 (asked for because of what it does)
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Simulator]:
    """A cloud with one living car and a stream, which all requests go to."""
    async with Simulator(cars=["I5"], stream=Which.AMQTT) as cloud:
        monkeypatch.setenv(LOOPBACK, cloud.url)
        monkeypatch.setenv(LOOPBACK_STREAM, f"127.0.0.1:{cloud.stream.port}")
        monkeypatch.setenv(LOOPBACK_CA, cloud.stream.ca_file)
        yield cloud


async def signed_in(hass: HomeAssistant, cloud: Simulator) -> MockConfigEntry:
    """An account of CarData that is let in."""
    customer = cloud.cardata.customer()
    given = cloud.cardata.customers.admit(customer, frozenset(SCOPES))
    grant = Grant(
        access_token=given.access_token,
        access_ends_at=given.ends_at,
        id_token=given.id_token,
        id_ends_at=given.ends_at,
        refresh_token=given.refresh_token,
        gcid=customer.account.gcid,
        scopes=frozenset(SCOPES),
    )
    store = AccountStore(hass, customer.account.gcid)
    await store.async_keep_credentials(first_credentials(grant))
    return MockConfigEntry(
        domain=DOMAIN,
        title="CarData",
        unique_id=customer.account.gcid,
        data={"source": "cardata", "client_id": customer.client_id},
        options={"read_only": False},
    )


async def until(hass: HomeAssistant, coordinator: MyBMWCoordinator, check: Check) -> None:
    """Wait until something is in order."""
    while coordinator.source.checkup[check] is not Verdict.GOOD:
        heard = asyncio.Event()
        stop = coordinator.async_add_listener(heard.set)
        if coordinator.source.checkup[check] is not Verdict.GOOD:
            await asyncio.wait_for(heard.wait(), 20)
        stop()
    await hass.async_block_till_done()


@pytest.mark.usefixtures("hass_storage", "entity_registry_enabled_by_default")
async def test_from_the_account_to_the_first_value_that_streams(
    hass: HomeAssistant, cloud: Simulator, entity_registry: er.EntityRegistry
) -> None:
    entry = await signed_in(hass, cloud)
    coordinator = await set_up(hass, entry)
    [vin] = coordinator.data
    await until(hass, coordinator, Check.CONNECTION)
    calls = len([asked for asked in cloud.requests if asked.path.startswith("/customers/")])
    first = coordinator.data[vin]
    assert first.odometer.mileage_km
    await cloud.stream.publish([driven(cloud, vin, first.odometer.mileage_km + 7)])
    await until(hass, coordinator, Check.MESSAGE)
    while coordinator.data[vin] == first:
        await asyncio.wait_for(_change(coordinator), 20)
    assert coordinator.data[vin].odometer.mileage_km == first.odometer.mileage_km + 7
    assert len([asked for asked in cloud.requests if asked.path.startswith("/customers/")]) == calls
    assert set(coordinator.source.checkup.values()) == {Verdict.GOOD}
    assert entity_registry.async_get_entity_id("sensor", DOMAIN, f"{vin}-mileage")
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED


def driven(cloud: Simulator, vin: str, mileage_km: int) -> News:
    """What a car says when it has been driven; that it does so by itself in time is left to tests with a clock."""
    said = {"timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "value": mileage_km, "unit": "km"}
    payload = {"vin": vin, "data": {"vehicle.vehicle.travelledDistance": said}}
    return News(f"{cloud.cardata.customer().account.gcid}/{vin}", orjson.dumps(payload))


async def _change(coordinator: MyBMWCoordinator) -> None:
    heard = asyncio.Event()
    stop = coordinator.async_add_listener(heard.set)
    try:
        await heard.wait()
    finally:
        stop()
