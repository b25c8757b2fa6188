"""An account is set up, reloaded and removed, and a device by hand."""

import asyncio
from collections import Counter
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
import importlib
from itertools import pairwise
from pathlib import Path
import subprocess
import sys
import threading
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
import httpx
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import Clock, Credentials, KeepCredentials, NotAllowedError, Refusal

from .account import (
    GCID,
    PASSWORD,
    FakeSource,
    a_car,
    account_entry,
    mileage,
    pass_time,
    recorded_vehicle,
    set_up,
    try_to_set_up,
)

PACKAGE = Path(__file__).parents[1] / "custom_components" / "mybmw"
LARGE_ROOMS = [("cardata", "source"), ("cardata", "catalogue"), ("mybmw", "source"), ("mybmw", "build")]

STORE = f"{DOMAIN}.{GCID.replace('-', '_')}"


@dataclass(slots=True, kw_only=True)
class Opening:
    """What a source was opened with."""

    settings: Mapping[str, str]
    credentials: Credentials
    http: httpx.AsyncClient
    keep: KeepCredentials
    clock: Clock


@dataclass(slots=True)
class Openings:
    """Stands where sources are opened."""

    source: FakeSource
    openings: list[Opening] = field(default_factory=list)

    def __call__(
        self,
        settings: Mapping[str, str],
        credentials: Credentials,
        *,
        http: httpx.AsyncClient,
        keep: KeepCredentials,
        clock: Clock,
    ) -> FakeSource:
        """Open the source and remember with what."""
        self.openings.append(Opening(settings=settings, credentials=credentials, http=http, keep=keep, clock=clock))
        return self.source


@pytest.fixture
def openings(source: FakeSource) -> Generator[list[Opening]]:
    """What the source was opened with, each time."""
    with patch("custom_components.mybmw.open_source", Openings(source)) as openings:
        yield openings.openings


class Watchman:
    """Stands where modules are looked for, and notes in which threads those of sources are; finds nothing itself."""

    def __init__(self) -> None:
        self.threads: dict[str, threading.Thread] = {}

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        """Note it."""
        self.threads[name] = threading.current_thread()


@pytest.mark.parametrize("name", ["cardata", "mybmw"])
@pytest.mark.usefixtures("openings")
async def test_a_source_is_imported_when_it_is_needed_and_not_by_the_event_loop(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    package = importlib.import_module(f"custom_components.mybmw.sources.{name}")
    room = importlib.import_module(f"{package.__name__}.source")
    monkeypatch.setattr(package, "source", room)  # both are put right again afterwards
    monkeypatch.delitem(sys.modules, room.__name__)
    watchman = Watchman()
    monkeypatch.setattr(sys, "meta_path", [watchman, *sys.meta_path])
    entry = MockConfigEntry(domain=DOMAIN, unique_id=GCID, data={**account_entry().data, "source": name})
    await set_up(hass, entry)
    assert watchman.threads[room.__name__] is not threading.current_thread()


def test_home_assistant_starts_without_what_only_an_account_needs() -> None:
    """It imports a config flow, and all platforms of an integration that it sets up."""
    module, names = "custom_components.mybmw", {file.stem for file in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    imports = ", ".join(f"{module}.{name}" for name in sorted(names))
    done = subprocess.run(  # noqa: S603 (modules of ours)
        [sys.executable, "-c", f"import sys, {imports}; print(*sys.modules)"],
        cwd=PACKAGE.parents[1],
        check=True,
        capture_output=True,
        text=True,
    )
    imported = set(done.stdout.split())
    assert f"{module}.sources.registry" in imported
    assert imported.isdisjoint(
        {"aiomqtt", "paho", *(f"{module}.sources.{name}.{room}" for name, room in LARGE_ROOMS)},
    )


async def test_a_source_gets_the_settings_and_the_newest_credentials(
    hass: HomeAssistant, hass_storage: dict[str, dict[str, object]], openings: list[Opening]
) -> None:
    entry = account_entry()
    await set_up(hass, entry)
    [first] = openings
    assert first.settings["password"] == PASSWORD
    assert first.credentials == {}
    assert first.clock().tzinfo

    await first.keep({"refresh_token": "newer"})
    assert hass_storage[STORE]["data"] == {"credentials": {"refresh_token": "newer"}, "pause": None}
    await hass.config_entries.async_reload(entry.entry_id)
    assert openings[1].credentials == {"refresh_token": "newer"}


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_a_fleet_is_set_up_bit_by_bit(hass: HomeAssistant, source: FakeSource) -> None:
    """Whoever else has something to do has a turn after what one platform shows of one car."""
    one = recorded_vehicle("G26")
    fleet = [replace(one, vin=f"WBA0000000FLEET{number:02}") for number in range(10)]
    source.show(*fleet)
    counts = [0]

    async def count() -> None:
        while True:
            counts.append(hass.states.async_entity_ids_count())
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await set_up(hass, account_entry())
    counting.cancel()
    per_platform = Counter(entity_id.partition(".")[0] for entity_id in hass.states.async_entity_ids())
    assert per_platform.total() > 50 * len(fleet)
    most = max(per_platform.values()) / len(fleet)
    assert max(after - before for before, after in pairwise(counts)) <= most


async def test_credentials_survive_a_pause(
    hass: HomeAssistant, hass_storage: dict[str, dict[str, object]], source: FakeSource, openings: list[Opening]
) -> None:
    await set_up(hass, account_entry())
    await openings[0].keep({"refresh_token": "newer"})
    source.failure = NotAllowedError("Blocked", Refusal.BLOCKED)
    await hass.config_entries.async_loaded_entries(DOMAIN)[0].runtime_data.async_refresh()
    data = hass_storage[STORE]["data"]
    assert isinstance(data, dict)
    assert data["credentials"] == {"refresh_token": "newer"}
    assert data["pause"]["refusal"] == "blocked"


async def test_an_unloaded_account_is_quiet(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, openings: list[Opening]
) -> None:
    car = a_car()
    source.show(car)
    entry = account_entry()
    await set_up(hass, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert mileage(hass, car) == STATE_UNAVAILABLE
    assert source.is_closed
    assert openings[0].http.is_closed
    await pass_time(hass, freezer, timedelta(hours=1))
    assert source.times_asked == 1


async def test_what_is_under_way_is_finished_when_home_assistant_stops(hass: HomeAssistant, source: FakeSource) -> None:
    source.show(a_car())
    await set_up(hass, account_entry())
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert source.is_closed


async def test_an_account_that_is_not_set_up_leaves_no_connection(
    hass: HomeAssistant, source: FakeSource, openings: list[Opening]
) -> None:
    source.failure = NotAllowedError("Blocked", Refusal.BLOCKED)
    await try_to_set_up(hass, account_entry())
    assert openings[0].http.is_closed


async def test_a_removed_account_is_forgotten(
    hass: HomeAssistant,
    hass_storage: dict[str, dict[str, object]],
    source: FakeSource,
    issue_registry: ir.IssueRegistry,
) -> None:
    source.failure = NotAllowedError("Blocked", Refusal.BLOCKED)
    entry = account_entry()
    await try_to_set_up(hass, entry)
    assert STORE in hass_storage
    assert (DOMAIN, f"blocked_{entry.entry_id}") in issue_registry.issues
    await hass.config_entries.async_remove(entry.entry_id)
    assert STORE not in hass_storage
    assert (DOMAIN, f"blocked_{entry.entry_id}") not in issue_registry.issues


async def test_only_the_device_of_a_car_that_is_gone_can_be_removed(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    hass_ws_client: WebSocketGenerator,
    source: FakeSource,
) -> None:
    async def remove(device: dr.DeviceEntry) -> bool:
        client = await hass_ws_client(hass)
        response: dict[str, object] = await client.remove_device(device.id)
        return response["success"] is True

    assert await async_setup_component(hass, "config", {})
    car = a_car()
    source.show(car)
    entry = account_entry()
    await set_up(hass, entry)
    account = device_registry.async_get_device_by_identifier((DOMAIN, GCID), entry.entry_id)
    present = device_registry.async_get_device_by_identifier((DOMAIN, car.vin), entry.entry_id)
    assert account
    assert present
    gone = _device(device_registry, entry, "WBA00000000000SOLD")
    assert not await remove(present)
    assert not await remove(account)
    assert await remove(gone)

    source.failure = NotAllowedError("Blocked", Refusal.BLOCKED)
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert await remove(present)  # whoever lives behind a blocked door may tidy up


def _device(registry: dr.DeviceRegistry, entry: MockConfigEntry, vin: str) -> dr.DeviceEntry:
    return registry.async_get_or_create(config_entry_id=entry.entry_id, identifiers={(DOMAIN, vin)})
