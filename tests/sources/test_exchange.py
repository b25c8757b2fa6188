"""One request over HTTP: within limits, and with nothing of anybody else in it."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
import gzip
import socket
import ssl
from typing import Final

from aiohttp import web
import httpx
import pytest

from custom_components.mybmw.sources import Json, TryLaterError, exchange as exchange_module
from custom_components.mybmw.sources.exchange import LARGEST_BODY, Answer, NotSentError, exchange
from custom_components.mybmw.sources.transport import PlainClient, Transport

from .test_exchange_limits import little_memory

NOW: Final = datetime(2026, 2, 20, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("socket_enabled")


BOMB: Final = gzip.compress(bytes(10 * LARGEST_BODY))

IS_LEFT: Final = web.AppKey("is_left", asyncio.Event)
"""That somebody hangs up on what has no end."""


async def _pour(request: web.Request, piece: bytes, *, pause_s: float = 0) -> None:
    """Answer without end."""
    answer = web.StreamResponse()
    try:
        await answer.prepare(request)
        while True:
            await answer.write(piece)
            await asyncio.sleep(pause_s)
    finally:
        request.app[IS_LEFT].set()


async def _answer(request: web.Request) -> web.Response:
    match request.path:
        case "/moved":
            return web.Response(status=302, headers={"location": "/text"})
        case "/large":
            return web.Response(body=b" " * (LARGEST_BODY + 1))
        case "/slow":
            await asyncio.Event().wait()
        case "/bomb":
            return web.Response(body=BOMB, headers={"content-encoding": "gzip"})
        case "/flood":
            await _pour(request, bytes(10_000))
        case "/drip":
            await _pour(request, b" ", pause_s=0.01)
    return web.json_response({"headers": sorted(name.lower() for name in request.headers)})


@pytest.fixture
async def app() -> web.Application:
    app = web.Application()
    app.router.add_get("/{path}", _answer)
    app[IS_LEFT] = asyncio.Event()
    return app


@pytest.fixture
async def origin(app: web.Application) -> AsyncGenerator[str]:
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture(params=["ours", "that of httpx"])
async def http(request: pytest.FixtureRequest) -> AsyncGenerator[httpx.AsyncClient]:
    """Each of the two clients by which requests leave; the second is for proxies and the command line."""
    client = (
        PlainClient(Transport(ssl.create_default_context()))
        if request.param == "ours"
        else httpx.AsyncClient(auth=("a", "b"), follow_redirects=True)
    )
    client.headers["x-of-somebody-else"] = "secret"
    client.cookies.set("of-somebody-else", "secret")
    async with client:
        yield client


async def ask(http: httpx.AsyncClient, url: str) -> Answer:
    return await exchange(http, httpx.Request("GET", url))


async def test_what_is_said_is_what_is_asked_for(origin: str, http: httpx.AsyncClient) -> None:
    answer = await ask(http, f"{origin}/text")
    assert answer.is_success
    assert answer.field() == {"headers": ["accept-encoding", "host"]}


async def test_no_redirect_is_followed(origin: str, http: httpx.AsyncClient) -> None:
    answer = await ask(http, f"{origin}/moved")
    assert (answer.status, answer.is_success) == (302, False)


async def test_no_answer_is_larger_than_reasonable(origin: str, http: httpx.AsyncClient) -> None:
    with pytest.raises(TryLaterError, match="too large"):
        await ask(http, f"{origin}/large")


async def test_no_request_takes_forever(origin: str, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module, "TIMEOUT_S", 0.05)
    with pytest.raises(TryLaterError, match="cannot be reached"):
        await ask(http, f"{origin}/slow")


async def test_a_flood_is_hung_up_on(
    app: web.Application, origin: str, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_module, "LARGEST_BODY", 100_000)
    with pytest.raises(TryLaterError, match="too large"):
        await ask(http, f"{origin}/flood")
    async with asyncio.timeout(30):
        await app[IS_LEFT].wait()


async def test_a_drip_is_hung_up_on(
    app: web.Application, origin: str, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each wait is short enough; over a connection that is there already, so that none is spent on making one."""
    await ask(http, f"{origin}/text")
    monkeypatch.setattr(exchange_module, "TIMEOUT_S", 0.5)
    with pytest.raises(TryLaterError, match="Timeout"):
        await ask(http, f"{origin}/drip")
    async with asyncio.timeout(30):
        await app[IS_LEFT].wait()


async def test_a_bomb_is_not_unpacked(origin: str, http: httpx.AsyncClient) -> None:
    assert len(BOMB) < LARGEST_BODY / 100
    with little_memory(), pytest.raises(TryLaterError, match="too large"):
        await ask(http, f"{origin}/bomb")
    assert (await ask(http, f"{origin}/text")).is_success


async def test_what_never_had_a_connection_was_not_sent(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody picks up and says nothing, as behind a firewall that swallows what it does not like."""
    monkeypatch.setattr(exchange_module, "TIMEOUT_S", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        with pytest.raises(NotSentError):
            await ask(http, f"https://{host}:{port}/text")


async def test_nobody_is_there(http: httpx.AsyncClient) -> None:
    with pytest.raises(NotSentError, match="ConnectError"):
        await ask(http, "http://127.0.0.1:1/")


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("90", 90),
        ("0", 0),
        ("9" * 30, 999_999_999),
        ("Fri, 20 Feb 2026 12:01:00 GMT", 60),
        ("Fri, 20 Feb 2026 12:01:00", 60),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 1),
        ("-5", None),
        ("²", None),
        ("soon", None),
        ("", None),
    ],
)
def test_how_long_to_wait(value: str, wait_s: int | None) -> None:
    # On the wire a header is bytes, which need not be text.
    answer = Answer(status=429, headers=httpx.Headers([(b"retry-after", value.encode())]), body=b"")
    assert answer.retry_after(NOW) == (None if wait_s is None else timedelta(seconds=wait_s))


def test_who_names_no_wait_names_none() -> None:
    assert Answer(status=429, headers=httpx.Headers(), body=b"").retry_after(NOW) is None


@pytest.mark.parametrize(
    ("body", "document", "text"),
    [
        (b'{"a": "b"}', {"a": "b"}, "b"),
        (b'{"a": 1}', {"a": 1}, ""),
        (b"[1]", [1], ""),
        (b"<html>", None, ""),
        (b"\xff", None, ""),
    ],
)
def test_what_stands_in_an_answer(body: bytes, document: Json, text: str) -> None:
    answer = Answer(status=200, headers=httpx.Headers(), body=body)
    assert answer.field() == document
    assert answer.text("a") == text
