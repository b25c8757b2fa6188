"""A cloud that gives out codes, and who enters them."""

from collections.abc import AsyncGenerator, Generator
from unittest.mock import Mock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mybmw.coordinator import MyBMWConfigEntry, MyBMWCoordinator
from custom_components.mybmw.sources.loopback import LOOPBACK
from tests.account import FakeSource
from tests.door import Door
from tests.simulator import Simulator
from tests.simulator.cardata import Customer

from .steps import Naps


@pytest.fixture
async def cloud(
    socket_enabled: None,  # noqa: ARG001 (asked for because of what it does)
    door: Door,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Simulator]:
    """A cloud with one living car, which all requests go to."""

    def set_up(_hass: HomeAssistant, entry: MyBMWConfigEntry) -> bool:
        entry.runtime_data = Mock(spec=MyBMWCoordinator, source=FakeSource())
        return True

    door.set_up.side_effect = set_up
    async with Simulator(cars=["I5"]) as cloud:
        monkeypatch.setenv(LOOPBACK, cloud.url)
        yield cloud


@pytest.fixture
def customer(cloud: Simulator) -> Customer:
    """Who signs in."""
    return cloud.cardata.customer()


@pytest.fixture(autouse=True)
def naps(freezer: FrozenDateTimeFactory, cloud: Simulator) -> Generator[Naps]:
    """Time between two questions."""
    naps = Naps(freezer, cloud)
    with patch("custom_components.mybmw.cardata_flow.sleep", naps):
        yield naps
