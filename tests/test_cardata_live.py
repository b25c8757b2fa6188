"""A CarData account in Home Assistant, with BMW's cloud and its stream on this machine."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from unittest.mock import AsyncMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import EVENT_DATA_ENTRY_FLOW_PROGRESSED
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import orjson
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.coordinator import MyBMWCoordinator
from custom_components.mybmw.doctor import checkup_of
from custom_components.mybmw.keepsakes import async_get_keepsakes
from custom_components.mybmw.sources import Check, Credentials, Json, Refusal, Verdict
from custom_components.mybmw.sources.cardata import Grant, first_credentials
from custom_components.mybmw.sources.cardata.memory import Memory
from custom_components.mybmw.sources.cardata.quota import Ledger, Reason
from custom_components.mybmw.sources.loopback import LOOPBACK, LOOPBACK_CA, LOOPBACK_STREAM
from custom_components.mybmw.troubles import MISSES_ALLOWED
from custom_components.mybmw.vehicle import Brand, View

from .account import set_up
from .door import filled_in, reconfigure, submit
from .gallery import looked_at
from .simulator import Fault, Simulator
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
    hass: HomeAssistant, cloud: Simulator, entity_registry: er.EntityRegistry, hass_client: ClientSessionGenerator
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
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    account = told["account"]
    assert isinstance(account, dict)
    listening = account["listening"]
    assert isinstance(listening, dict)
    assert (listening["messages"], listening["strange"], listening["failed_by"]) == (1, 0, None)
    assert str(listening["connected_since"]) <= str(listening["last_message_at"])
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED


@pytest.mark.usefixtures("hass_storage")
@pytest.mark.parametrize(
    ("path", "code", "container"),
    [
        ("basicData", "CU-104", Verdict.GOOD),
        ("telematicData", "CU-503", Verdict.PENDING),
        ("/customers/containers$", "CU-124", Verdict.BAD),
        ("/customers/containers$", "CU-403", Verdict.BAD),
    ],
)
async def test_a_car_of_which_bmw_answers_nothing_is_shown_by_what_it_streams(
    hass: HomeAssistant, cloud: Simulator, path: str, code: str, container: Verdict
) -> None:
    """And what the owner can do about it is told meanwhile."""
    cloud.faults.append(Fault(path=path, status=403, body={"exveErrorId": code}))
    entry = await signed_in(hass, cloud)
    coordinator = await set_up(hass, entry)
    await until(hass, coordinator, Check.CONNECTION)
    vin, verdict = cloud.garage["I5"].vin, checkup_of(entry).get(Check.CONTAINER)
    await cloud.stream.publish([driven(cloud, vin, 99_999)])
    while vin not in coordinator.data or coordinator.data[vin].odometer.mileage_km != 99_999:
        await asyncio.wait_for(_change(coordinator), 20)
        await coordinator.async_refresh()  # as every five minutes
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert verdict is container


@pytest.mark.usefixtures("hass_storage")
async def test_a_refresh_that_brings_no_car_is_told(hass: HomeAssistant, cloud: Simulator) -> None:
    cloud.faults.append(Fault(path="telematicData", status=503))
    coordinator = await set_up(hass, entry := await signed_in(hass, cloud))
    with pytest.raises(HomeAssistantError) as in_vain:
        await coordinator.async_refresh_now()
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert in_vain.value.translation_key == "refresh_failed"


@pytest.mark.usefixtures("hass_storage")
async def test_a_car_has_its_name_as_soon_as_bmw_says_what_it_is(
    hass: HomeAssistant, cloud: Simulator, device_registry: dr.DeviceRegistry
) -> None:
    cloud.faults.append(Fault(path="basicData", status=403, body={"exveErrorId": "CU-104"}))
    entry = await signed_in(hass, cloud)
    coordinator = await set_up(hass, entry)
    [vin] = coordinator.data
    before = device_registry.async_get_device_by_identifier((DOMAIN, vin), entry.entry_id)
    cloud.faults.clear()
    await coordinator.async_refresh_now()
    after = device_registry.async_get_device_by_identifier((DOMAIN, vin), entry.entry_id)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert before
    assert (before.name, before.model) == (Brand.UNKNOWN, None)
    assert after
    assert (after.manufacturer, after.name, after.model) == ("BMW", "i5 eDrive40 Touring", "i5 eDrive40 Touring")


@pytest.mark.usefixtures("hass_storage")
async def test_an_account_that_is_added_during_an_outage_is_set_up_and_its_car_waits_for_its_name(
    hass: HomeAssistant, cloud: Simulator, entity_registry: er.EntityRegistry
) -> None:
    cloud.faults.append(Fault(path="basicData", status=500))
    entry = await signed_in(hass, cloud)
    coordinator = await set_up(hass, entry)
    await until(hass, coordinator, Check.CONNECTION)
    verdict, cars = checkup_of(entry).get(Check.CONTAINER), dict(coordinator.data)
    cloud.faults.clear()
    await coordinator.async_refresh_now()
    await hass.async_block_till_done()
    mileage = entity_registry.async_get_entity_id("sensor", DOMAIN, f"{cloud.garage['I5'].vin}-mileage")
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert (verdict, cars) == (Verdict.GOOD, {})
    assert mileage == "sensor.i5_edrive40_touring_mileage"


@pytest.mark.usefixtures("hass_storage")
async def test_an_owner_is_told_that_bmw_will_not_say_which_cars_there_are_and_keeps_those_that_are_known(
    hass: HomeAssistant, cloud: Simulator, issue_registry: ir.IssueRegistry
) -> None:
    entry = await signed_in(hass, cloud)
    coordinator = await set_up(hass, entry)
    [vin] = coordinator.data
    cloud.faults.append(Fault(path="mappings", status=403, body={"exveErrorId": "CU-103"}))
    with pytest.raises(HomeAssistantError) as in_vain:
        await coordinator.async_refresh_now()
    await hass.async_block_till_done()
    pause, verdict = coordinator.pause, coordinator.source.checkup[Check.API]
    issue = issue_registry.async_get_issue(DOMAIN, f"{Refusal.FORBIDDEN}_{entry.entry_id}")
    await coordinator.async_refresh()
    is_current, is_answered = coordinator.is_current(vin), coordinator.is_answered
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert in_vain.value.translation_key == "refresh_refused_checkup", "BMW has answered"
    assert (pause, issue) == (None, None), "it is a word about this question, and none about the account"
    assert verdict is Verdict.BAD
    assert is_current
    assert is_answered


@pytest.mark.usefixtures("hass_storage")
@pytest.mark.parametrize("asks", ["account", "car"])
async def test_an_owner_is_told_that_bmw_has_answered_and_refused(
    hass: HomeAssistant, cloud: Simulator, asks: str
) -> None:
    """The API is switched off at BMW: every question is refused, and the checkup says what to do."""
    entry = await signed_in(hass, cloud)
    coordinator = await set_up(hass, entry)
    [vin] = coordinator.data
    cloud.switchboard.switch_on("cardata-api-off")
    with pytest.raises(HomeAssistantError) as in_vain:
        await (coordinator.async_refresh_now() if asks == "account" else coordinator.async_refresh_car(vin))
    verdict = coordinator.source.checkup[Check.API]
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert in_vain.value.translation_key == "refresh_refused_checkup"
    assert "BMW does not let this client use the API: switch it on in the portal" in str(in_vain.value)
    assert verdict is Verdict.BAD


@pytest.mark.usefixtures("hass_storage")
async def test_the_checkup_after_a_new_sign_in_costs_no_call(hass: HomeAssistant, cloud: Simulator) -> None:
    """The account spends what it spends whenever it is set up."""

    def calls() -> int:
        return len([asked for asked in cloud.requests if asked.path.startswith("/customers/")])

    entry = await signed_in(hass, cloud)
    coordinator = await set_up(hass, entry)
    await until(hass, coordinator, Check.CONNECTION)
    before = calls()
    await hass.config_entries.async_reload(entry.entry_id)
    of_reload = calls() - before
    before = calls()
    entered = asyncio.Event()
    hass.bus.async_listen_once(EVENT_DATA_ENTRY_FLOW_PROGRESSED, callback(lambda _: entered.set()))
    with patch("custom_components.mybmw.cardata_flow.sleep", AsyncMock()):
        form = await reconfigure(hass, entry, "cardata_again")
        form = await submit(hass, form, **filled_in(form))
        cloud.cardata.sign_in.approve((form["description_placeholders"] or {})["code"])
        await submit(hass, form)
        await asyncio.wait_for(entered.wait(), 20)
    _, flow_id = (await hass.config_entries.flow.async_configure(form["flow_id"]))["next_flow"]
    async with entry.setup_lock:
        pass
    await hass.async_block_till_done()
    doctor = await hass.config_entries.flow.async_configure(flow_id)
    spent = calls() - before
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert doctor["step_id"] == "doctor"
    found = doctor["description_placeholders"] or {}
    assert {found[check] for check in (Check.API, Check.STREAM, Check.CARS, Check.CONTAINER)} == {"✅"}
    assert spent == of_reload


@pytest.mark.usefixtures("hass_storage")
async def test_an_owner_is_told_that_a_car_could_not_be_read_and_goes_on_seeing_it(
    hass: HomeAssistant, cloud: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    entry = await signed_in(hass, cloud)
    coordinator = await set_up(hass, entry)
    [vin] = coordinator.data
    last_success = coordinator.last_success
    cloud.faults.append(Fault(path="telematicData", status=503))
    complaints: list[str | None] = []
    for _ in range(MISSES_ALLOWED + 1):
        freezer.tick(timedelta(minutes=5))
        try:
            await coordinator.async_refresh_now()
        except HomeAssistantError as err:
            complaints.append(err.translation_key)
    is_answered, troubles, is_current = coordinator.is_answered, coordinator.troubles, coordinator.is_current(vin)
    await coordinator.async_refresh()
    is_answered_again = coordinator.is_answered
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert complaints == ["refresh_failed"] * (MISSES_ALLOWED + 1)
    assert (is_answered, is_answered_again) == (False, True), "the press was in vain; that nothing was due is none"
    assert (troubles, is_current) == ({}, True)
    assert last_success
    assert coordinator.last_success
    assert coordinator.last_success > last_success, "since nothing was due"


@pytest.mark.usefixtures("hass_storage", "entity_registry_enabled_by_default")
async def test_what_a_day_has_cost_is_known_beyond_the_account(hass: HomeAssistant, cloud: Simulator) -> None:
    """A picture that BMW does not have costs one call of it, and the account's removal frees none."""
    no_picture = Fault(path=r"^/customers/vehicles/\w+/image$", status=404, body={"exveErrorId": "CU-126"})
    cloud.faults.append(no_picture)
    entry = await signed_in(hass, cloud)
    [vehicle] = (await set_up(hass, entry)).data.values()
    for _ in range(3):
        assert await looked_at(hass, vehicle) is None
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
    assert no_picture.struck == 1
    assert entry.runtime_data.pictures.records(vehicle.vin)[View.FRONT_SIDE].is_refused
    await hass.config_entries.async_remove(entry.entry_id)
    kept = await async_get_keepsakes(hass).async_find(cloud.cardata.customer().account.gcid)

    async def keep(_credentials: Credentials) -> None:
        """Book nothing more."""

    ledger = Ledger(Memory(kept["cardata"], keep), lambda: datetime.now(UTC))
    assert len(ledger.calls) == len([asked for asked in cloud.requests if asked.path.startswith("/customers/")]) > 1
    assert [call.reason for call in ledger.calls].count(Reason.PICTURE) == 1


@pytest.mark.usefixtures("hass_storage")
async def test_what_is_personal_stays_so_when_bmw_knows_no_car_any_more(
    hass: HomeAssistant, cloud: Simulator, hass_client: ClientSessionGenerator
) -> None:
    """It is shown on as it was, as a list without a car is more often a slip of BMW's than a sale."""
    entry = await signed_in(hass, cloud)
    vin, now = cloud.garage["I5"].vin, datetime.now(UTC)
    before, later = now - timedelta(days=2), now + timedelta(hours=8)
    said: Json = ["Anna Muster", None, before.isoformat(), before.isoformat()]
    known: Json = {"basic": {}, "heard_at": now.isoformat(), "readings": {"vehicle.tomorrow.keeper": said}}
    cars: Json = {
        "none_since": before.isoformat(),
        "due_at": later.isoformat(),
        "cars": {vin: known},
    }
    store = AccountStore(hass, entry.unique_id or "")
    await store.async_load()
    await store.async_keep_credentials({**store.credentials, "cars": cars})
    coordinator = await set_up(hass, entry)
    cloud.faults.append(Fault(path="mappings", status=200, body=[]))
    with pytest.raises(HomeAssistantError):
        await coordinator.async_refresh_now()
    extra = coordinator.data[vin].extras["vehicle.tomorrow.keeper"]
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert coordinator.source.recordings(vin) is None, "its source does not know it any more"
    assert extra.value == "Anna Muster"
    assert "vehicle.tomorrow.keeper" in str(told)
    assert "Muster" not in str(told)


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
