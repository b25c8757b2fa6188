"""The HTTP client of an account keeps to itself and leaves nothing behind; a simulated cloud stays on this machine."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
import os
from pathlib import Path
import ssl

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import HomeAssistant
import httpx
import pytest

from custom_components.mybmw.connection import async_disconnect, connect
from custom_components.mybmw.sources.exchange import NotSentError, exchange
from custom_components.mybmw.sources.loopback import LOOPBACK
from custom_components.mybmw.sources.transport import PlainClient, Transport

from .simulator.stream.certificates import Certificates


@dataclass(slots=True)
class Proxy:
    """Catches requests that are for somebody else."""

    url: str = ""
    caught: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    """Names of those that the last request had, in order."""

    async def catch(self, request: web.Request) -> web.Response:
        """Answer for somebody else."""
        self.caught.append(request.headers["host"])
        self.headers = sorted(name.lower() for name in request.headers)
        return web.Response()


@pytest.fixture
async def proxy(
    socket_enabled: None,  # noqa: ARG001 (asked for because of what it does)
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Proxy]:
    """A proxy that the environment wants for all requests."""
    proxy = Proxy()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", proxy.catch)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield proxy
    await runner.cleanup()


async def test_a_proxy_hears_nothing_of_a_simulated_cloud(
    hass: HomeAssistant, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LOOPBACK, "http://127.0.0.1:9")
    http = connect(hass)
    with pytest.raises(httpx.ConnectError):
        await http.get("http://127.0.0.1:9/eadrax-vcs/v5/vehicle-list")
    await async_disconnect(http)
    assert not proxy.caught


@pytest.mark.parametrize("redirect", [None, ""])
async def test_an_owners_proxy_is_used_for_bmw(
    hass: HomeAssistant, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, redirect: str | None
) -> None:
    monkeypatch.delenv(LOOPBACK, raising=False)
    if redirect is not None:
        monkeypatch.setenv(LOOPBACK, redirect)
    http = connect(hass)
    assert (await http.get("http://cocoapi.bmwgroup.com/")).is_success
    await async_disconnect(http)
    assert proxy.caught == ["cocoapi.bmwgroup.com"]


@pytest.mark.parametrize(
    ("variables", "is_ours"),
    [
        ((), True),
        (("NO_PROXY",), True),
        (("no_proxy", "FTP_PROXY"), True),
        (("HTTP_PROXY",), False),
        (("https_proxy", "NO_PROXY"), False),
        (("ALL_PROXY",), False),
    ],
    ids=lambda value: " and ".join(value) or "none" if isinstance(value, tuple) else None,
)
async def test_only_a_proxy_of_ours_costs_the_quick_client(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, variables: tuple[str, ...], *, is_ours: bool
) -> None:
    monkeypatch.delenv(LOOPBACK, raising=False)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name in variables:
        monkeypatch.setenv(name, "127.0.0.1:9")
    http = connect(hass)
    assert isinstance(http, PlainClient) is is_ours
    await async_disconnect(http)


@pytest.mark.parametrize("is_by_proxy", [False, True], ids=["straight", "by a proxy"])
async def test_nothing_of_home_assistant_goes_to_bmw(
    hass: HomeAssistant, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, *, is_by_proxy: bool
) -> None:
    """Its own clients would say by which version of it a request is sent."""
    monkeypatch.setenv(LOOPBACK, "" if is_by_proxy else proxy.url)
    http = connect(hass)
    http.headers["x-of-somebody-else"] = "secret"
    url = "http://cocoapi.bmwgroup.com/" if is_by_proxy else proxy.url
    assert (await exchange(http, httpx.Request("GET", url, headers={"accept": "application/json"}))).is_success
    await async_disconnect(http)
    ours = {"accept", "accept-encoding", "host"}
    assert [name for name in proxy.headers if name not in ours] == []
    assert ours <= {*proxy.headers}


async def test_each_account_has_a_client_of_its_own(hass: HomeAssistant) -> None:
    first, second = connect(hass), connect(hass)
    first.cookies.set("session", "of the first account")
    assert dict(second.cookies) == {}
    await async_disconnect(first)
    assert (first.is_closed, second.is_closed) == (True, False)
    await async_disconnect(second)


async def test_a_client_leaves_nothing_behind(hass: HomeAssistant) -> None:
    """Whoever let Home Assistant close the clients in the end would collect one with every reload."""
    before = hass.bus.async_listeners().get(EVENT_HOMEASSISTANT_CLOSE, 0)
    client = connect(hass)
    assert hass.bus.async_listeners().get(EVENT_HOMEASSISTANT_CLOSE, 0) == before
    await async_disconnect(client)


@pytest.mark.usefixtures("socket_enabled")
async def test_only_a_server_that_can_prove_itself_is_asked(hass: HomeAssistant, tmp_path: Path) -> None:
    # The server's loop would complain of such a client.
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    certificates, asked = Certificates(tmp_path), list[str]()

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_get("/", answer)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=certificates.for_server())
    request = httpx.Request("GET", str(server.make_url("/")))
    ours = connect(hass)
    with pytest.raises(NotSentError):
        await exchange(ours, request)
    assert asked == []
    async with PlainClient(Transport(ssl.create_default_context(cafile=certificates.ca_file))) as friend:
        assert (await exchange(friend, request)).is_success, "who trusts its authority is answered"
    await async_disconnect(ours)
    await server.close()
