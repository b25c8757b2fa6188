"""Fixtures that tests of several rooms share."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from datetime import datetime, timedelta
import logging
import os
from pathlib import Path
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from hypothesis import HealthCheck, settings
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

# The test package brings a package `custom_components` of its own: whichever is imported first is the one that Home
# Assistant finds.
import custom_components.mybmw  # noqa: F401 (imported for being first)
from custom_components.mybmw.sources.loopback import LOOPBACK
from tests.account import FakeSource, account_entry, set_up
from tests.calling import I4
from tests.captcha_tab import Client, Tab
from tests.day.home import Home, streaming_garage
from tests.door import Door
from tests.gallery import open_gallery
from tests.leaks import Leaks
from tests.simulator import Simulator

# What goes to a simulated cloud stays on this machine, also where the environment wants everything to go elsewhere.
for proxy in ("http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(proxy, None)
    os.environ.pop(proxy.upper(), None)

# The same examples on every machine, however slow it is.
settings.register_profile(
    "steady", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


def pytest_configure(config: pytest.Config) -> None:
    """Have somebody see to it that no test tells a secret."""
    config.pluginmanager.register(Leaks(), "leaks")


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant load what stands in custom_components."""


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """A folder of its own for every Home Assistant, as pictures are real files."""
    return str(tmp_path)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Snapshots written the way Home Assistant writes its own."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
def entity_registry_enabled_by_default() -> Generator[None]:
    """Enable the entities that are disabled by default."""
    with patch("homeassistant.helpers.entity.Entity.entity_registry_enabled_default", return_value=True):
        yield


@pytest.fixture
def source() -> Generator[FakeSource]:
    """The cloud of every account that is set up, without any car yet."""
    source = FakeSource()
    with patch("custom_components.mybmw.open_source", return_value=source):
        yield source


@pytest.fixture
async def i4_account(hass: HomeAssistant, source: FakeSource) -> MockConfigEntry:
    """An account with one car, a recorded i4."""
    source.show(I4)
    entry = account_entry()
    await set_up(hass, entry)
    return entry


@pytest.fixture
async def gallery(hass: HomeAssistant, source: FakeSource) -> MockConfigEntry:
    """An account with one car, of which there is a blue picture."""
    return await open_gallery(hass, source)


@pytest.fixture
def door(
    hass_storage: dict[str, object],  # noqa: ARG001 (asked for because of what it does)
) -> Generator[Door]:
    """A door that lets everybody in, to nothing: accounts are not set up, files exist in memory only.

    When the test is over, no connection to it may be open.
    """
    door = Door()
    with (
        patch("custom_components.mybmw.mybmw_flow.sign_in", door.sign_in),
        patch("custom_components.mybmw.async_setup_entry", door.set_up),
        patch("custom_components.mybmw.async_unload_entry", return_value=True),
    ):
        yield door
    assert all(attempt.http.is_closed for attempt in door.attempts)


@pytest.fixture
async def two_cars_cloud(
    socket_enabled: None,  # noqa: ARG001 (asked for because of what it does)
    freezer: FrozenDateTimeFactory,  # noqa: ARG001 (the cloud lives in the same time)
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Simulator]:
    """A cloud with two cars, which all requests go to; its access tokens end only when a fault wants it."""
    async with Simulator(cars=["G26", "G01"], access_lifetime=timedelta(days=30)) as cloud:
        monkeypatch.setenv(LOOPBACK, cloud.url)
        yield cloud


@pytest.fixture
def begin() -> datetime:
    """When the life of `streaming_cloud` begins; each file has a moment of its own."""
    message = "this file does not say when its day begins"
    raise NotImplementedError(message)


@pytest.fixture
async def streaming_cloud(
    socket_enabled: None,  # noqa: ARG001 (asked for because of what it does)
    monkeypatch: pytest.MonkeyPatch,
    freezer: FrozenDateTimeFactory,
    begin: datetime,
) -> AsyncGenerator[Simulator]:
    """A cloud with the living garage and a stream, in which time passes when the test says so."""
    freezer.move_to(begin)
    async with streaming_garage(monkeypatch) as cloud:
        yield cloud


@pytest.fixture
async def home(
    streaming_cloud: Simulator, freezer: FrozenDateTimeFactory, hass_storage: dict[str, object], hass_config_dir: str
) -> AsyncGenerator[Home]:
    """Where the owner of its cars lives, who reaches them through CarData."""
    home = Home(streaming_cloud, freezer, hass_storage, hass_config_dir)
    yield home
    await home.leave()


@pytest.fixture
async def unobserved() -> AsyncGenerator[None]:
    """Spare a long test the log of what happens, and the debugging of its event loop.

    They would take longer than all the rest.
    """
    logging.disable(logging.INFO)
    asyncio.get_running_loop().set_debug(False)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def update_document(request: pytest.FixtureRequest) -> bool:
    """Whether documents that tests keep true are to be rewritten, as snapshots are with --snapshot-update."""
    return bool(request.config.getoption("update_snapshots"))


@pytest.fixture
async def tab(
    hass: HomeAssistant,
    hass_client_no_auth: Callable[[], Awaitable[Client]],
    monkeypatch: pytest.MonkeyPatch,
) -> Tab:
    """A browser; the server takes views while it runs, as Home Assistant sets it up."""
    assert await async_setup_component(hass, "http", {})
    monkeypatch.setattr(hass.http.app.router, "freeze", lambda: None)
    return Tab(await hass_client_no_auth())
