"""One request over HTTP: within limits, and with nothing of anybody else in it."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
import socket
from typing import Final

from aiohttp import web
import httpx
import pytest

from custom_components.mybmw.sources import Json, TryLaterError, exchange as exchange_module
from custom_components.mybmw.sources.exchange import LARGEST_BODY, Answer, NotSentError, exchange

NOW: Final = datetime(2026, 2, 20, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def _answer(request: web.Request) -> web.Response:
    match request.path:
        case "/moved":
            return web.Response(status=302, headers={"location": "/text"})
        case "/large":
            return web.Response(body=b" " * (LARGEST_BODY + 1))
        case "/slow":
            await asyncio.Event().wait()
    return web.json_response({"headers": sorted(name.lower() for name in request.headers)})


@pytest.fixture
async def origin() -> AsyncGenerator[str]:
    app = web.Application()
    app.router.add_get("/{path}", _answer)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def ask(origin: str, path: str) -> Answer:
    headers, cookies = {"x-of-somebody-else": "secret"}, {"of-somebody-else": "secret"}
    async with httpx.AsyncClient(headers=headers, cookies=cookies, auth=("a", "b"), follow_redirects=True) as http:
        return await exchange(http, httpx.Request("GET", f"{origin}{path}"))


async def test_what_is_said_is_what_is_asked_for(origin: str) -> None:
    answer = await ask(origin, "/text")
    assert answer.is_success
    assert answer.field() == {"headers": ["accept-encoding", "host"]}


async def test_no_redirect_is_followed(origin: str) -> None:
    answer = await ask(origin, "/moved")
    assert (answer.status, answer.is_success) == (302, False)


async def test_no_answer_is_larger_than_reasonable(origin: str) -> None:
    with pytest.raises(TryLaterError, match="too large"):
        await ask(origin, "/large")


async def test_no_request_takes_forever(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module, "TIMEOUT_S", 0.05)
    with pytest.raises(TryLaterError, match="cannot be reached"):
        await ask(origin, "/slow")


async def test_what_never_had_a_connection_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody picks up and says nothing, as behind a firewall that swallows what it does not like."""
    monkeypatch.setattr(exchange_module, "TIMEOUT_S", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        with pytest.raises(NotSentError):
            await ask(f"https://{host}:{port}", "/text")


async def test_nobody_is_there() -> None:
    with pytest.raises(TryLaterError, match="ConnectError"):
        await ask("http://127.0.0.1:1", "/")


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
