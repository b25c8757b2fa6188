"""Fixtures of the stream's tests: each of them runs with either broker behind the gate."""

from collections.abc import AsyncGenerator

import httpx
import pytest

from custom_components.mybmw.sources.cardata.access import Access
from custom_components.mybmw.sources.cardata.auth import first_credentials
from custom_components.mybmw.sources.loopback import LOOPBACK, LOOPBACK_CA, LOOPBACK_STREAM
from tests.simulator import Simulator
from tests.simulator.stream import Which, mosquitto
from tests.sources.cardata.rig import Keeper, granted

from .rig import Listener, Time


@pytest.fixture
def time() -> Time:
    """Time in the hands of the test."""
    return Time()


@pytest.fixture(params=list(Which))
def which(request: pytest.FixtureRequest) -> Which:
    """The broker behind the gate."""
    broker: Which = request.param
    if broker is Which.MOSQUITTO and mosquitto() is None:
        pytest.skip("mosquitto is not installed; with it, this test would run against a second broker")
    return broker


@pytest.fixture
async def cloud(
    socket_enabled: None,  # noqa: ARG001 (asked for because of what it does)
    time: Time,
    which: Which,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Simulator]:
    """A cloud with two living cars and a stream, which all requests and connections go to."""
    async with Simulator(cars=["I5", "M240I"], clock=time, stream=which) as cloud:
        cloud.stream.goes_on = False
        await cloud.stream.look()
        monkeypatch.setenv(LOOPBACK, cloud.url)
        monkeypatch.setenv(LOOPBACK_STREAM, f"127.0.0.1:{cloud.stream.port}")
        monkeypatch.setenv(LOOPBACK_CA, cloud.stream.ca_file)
        yield cloud


@pytest.fixture
async def access(cloud: Simulator, time: Time) -> AsyncGenerator[Access]:
    """An account that has just signed in."""
    async with httpx.AsyncClient() as http:
        credentials = first_credentials(granted(cloud, time))
        settings = {"client_id": cloud.cardata.customer().client_id}
        access = Access.of(settings, credentials, http=http, keep=Keeper(cloud), clock=time)
        yield access
        await access.close()


@pytest.fixture
async def listener(cloud: Simulator, access: Access, time: Time) -> AsyncGenerator[Listener]:
    """Its stream, which has been started."""
    listener = Listener(cloud, access, time)
    listener.stream.start()
    yield listener
    await listener.stream.close()


@pytest.fixture
async def other(cloud: Simulator, access: Access, time: Time) -> AsyncGenerator[Listener]:
    """Another stream of the same account, which has not been started."""
    other = Listener(cloud, access, time)
    yield other
    await other.stream.close()
