"""What goes over the wire stays out of the log, however much of it an owner turns on."""

import asyncio
from collections.abc import AsyncGenerator
import logging
import ssl
from typing import Final

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
import httpx
import pytest

from custom_components.mybmw.sources.exchange import exchange
from custom_components.mybmw.sources.transport import PlainClient, Transport

from .mybmw.cloud import Stream

COOKIE: Final = "session-of-the-owner"
CODE: Final = "code-of-the-owner"
VIN: Final = "WBA00000000000001"

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def url() -> AsyncGenerator[str]:
    """Where a cloud answers with what nobody else may know."""

    async def answer(_request: web.Request) -> web.Response:
        headers = {"set-cookie": f"sso={COOKIE}", "location": f"com.bmw.connected://oauth?code={CODE}"}
        return web.Response(status=302, headers=headers)

    app = web.Application()
    app.router.add_get(f"/{VIN}", answer)
    async with TestServer(app) as server:
        yield str(server.make_url(f"/{VIN}"))


async def test_nothing_of_an_exchange_is_logged(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "aiohttp.access")  # the cloud's own log
    for name in ("httpx", "httpcore"):  # Home Assistant and our command line keep them quiet; an owner may not
        caplog.set_level(logging.DEBUG, name)
    async with httpx.AsyncClient() as http:
        answer = await exchange(http, httpx.Request("GET", url))
        assert COOKIE in answer.headers["set-cookie"]
        assert not [secret for secret in (COOKIE, CODE, VIN) if secret in caplog.text]
        await http.get(url)
    assert all(secret in caplog.text for secret in (COOKIE, CODE, VIN)), "what others send is none of our business"


async def test_a_cookie_that_cannot_be_read_is_not_quoted(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client that carries our requests looks at cookies, whoever wants them, and tells the names of odd ones."""
    caplog.set_level(0)
    caplog.set_level(logging.WARNING, "aiohttp.access")  # the cloud's own log

    async def answer(_request: web.Request) -> web.Response:
        response = web.Response()
        response.headers.add("set-cookie", f"{COOKIE},={CODE}; path=/")
        response.headers.add("set-cookie", f"{COOKIE}{{}}={CODE}; path=/")
        return response

    # A client looks at the cookies of hosts that have a name only.
    loop = asyncio.get_running_loop()
    look_up = loop.getaddrinfo
    monkeypatch.setattr(loop, "getaddrinfo", lambda _host, port, **wishes: look_up("127.0.0.1", port, **wishes))
    app = web.Application()
    app.router.add_get(f"/{VIN}", answer)
    async with TestServer(app) as server, PlainClient(Transport(ssl.create_default_context())) as http:
        url = server.make_url(f"/{VIN}").with_host("cocoapi.bmwgroup.com")
        await exchange(http, httpx.Request("GET", str(url)))
        told = [secret for secret in (COOKIE, CODE, VIN) if secret in caplog.text]
        straight = aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver())
        async with aiohttp.ClientSession(connector=straight) as others, others.get(url):
            assert not told
            assert COOKIE in caplog.text, "what others receive is none of our business"


@pytest.mark.parametrize("name", ["httpx", "httpx2", "httpcore.http11", "httpcore2.http11"])
async def test_under_either_name_of_the_client(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, name)

    def answer(_request: httpx.Request) -> httpx.Response:
        logging.getLogger(name).debug("during the exchange")
        return httpx.Response(200, stream=Stream())

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        await exchange(http, httpx.Request("GET", "https://cocoapi.bmwgroup.com/"))
    logging.getLogger(name).debug("after the exchange")
    assert "during the exchange" not in caplog.text
    assert "after the exchange" in caplog.text
