"""One request at a time: what each refusal means, and that nothing BMW sends can hurt."""

import asyncio
import contextlib
from datetime import timedelta
import gzip
import traceback

from aiohttp import web
import httpx
from hypothesis import given, strategies as st
import pytest

from custom_components.mybmw.sources import (
    NotAllowedError,
    Refusal,
    SlowDownError,
    SourceError,
    TryLaterError,
    exchange as exchange_module,
)
from custom_components.mybmw.sources.exchange import Answer
from custom_components.mybmw.sources.mybmw.wire import Wire

from .cloud import BLOCKED, FORBIDDEN, HTML, QUOTA, STATE, Clock, Cloud, Replies, Sleeper

URL = f"https://cocoapi.bmwgroup.com{STATE}"
TOO_MANY = {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 7 seconds."}


@pytest.fixture
def wire(cloud: Cloud, clock: Clock, sleep: Sleeper) -> Wire:
    """The way to the cloud."""
    return Wire(cloud.http, clock, sleep)


async def ask(wire: Wire, cloud: Cloud, reply: Replies) -> Answer:
    """What comes back over the wire if the cloud replies this."""
    cloud.replies[STATE] = reply
    return await wire.ask(httpx.Request("GET", URL))


async def failure(wire: Wire, cloud: Cloud, reply: Replies) -> SourceError:
    """What is raised if the cloud replies this."""
    with pytest.raises(SourceError) as raised:
        (await ask(wire, cloud, reply)).document()
    return raised.value


async def test_an_answer_is_handed_over_as_it_is(wire: Wire, cloud: Cloud) -> None:
    answer = await ask(wire, cloud, httpx.Response(200, json={"a": {"b": ["text"]}}, headers={"x": "y"}))
    assert answer.document() == {"a": {"b": ["text"]}}
    assert answer.headers["x"] == "y"


async def test_the_clients_own_headers_and_cookies_stay_out(cloud: Cloud, clock: Clock) -> None:
    cloud.http.headers["x-of-somebody-else"] = "secret"
    cloud.http.cookies.set("of-somebody-else", "secret")
    cloud.http.auth = ("somebody", "else")
    await ask(Wire(cloud.http, clock), cloud, httpx.Response(200))
    assert "secret" not in str(cloud.requests[0].headers)
    assert cloud.requests[0].headers.keys() == {"host", "accept-encoding"}


@pytest.mark.parametrize(
    "reply",
    [
        BLOCKED,
        httpx.Response(489),
        httpx.Response(200, text="Blocked"),
        httpx.Response(403, text="Blocked\n"),
        httpx.Response(429, text="Blocked"),
        httpx.Response(500, text="Blocked"),
    ],
)
async def test_a_block_is_a_block_whatever_its_status(
    reply: httpx.Response, wire: Wire, cloud: Cloud, sleep: Sleeper
) -> None:
    err = await failure(wire, cloud, reply)
    assert isinstance(err, NotAllowedError)
    assert err.reason is Refusal.BLOCKED
    assert not sleep.naps


async def test_a_quota_lasts_as_long_as_it_says(wire: Wire, cloud: Cloud, clock: Clock) -> None:
    err = await failure(wire, cloud, QUOTA)
    assert isinstance(err, SlowDownError)
    assert err.until == clock() + timedelta(hours=2, minutes=26, seconds=24)
    assert len(cloud.requests) == 1


async def test_a_quota_that_says_nothing_lasts_an_hour(wire: Wire, cloud: Cloud, clock: Clock) -> None:
    err = await failure(wire, cloud, httpx.Response(403, text="QUOTA exceeded"))
    assert isinstance(err, SlowDownError)
    assert err.until == clock() + timedelta(hours=1)


async def test_any_other_403_is_no(wire: Wire, cloud: Cloud) -> None:
    err = await failure(wire, cloud, FORBIDDEN)
    assert isinstance(err, NotAllowedError)
    assert err.reason is Refusal.FORBIDDEN


@pytest.mark.parametrize(
    ("reply", "nap"),
    [
        (httpx.Response(429, headers={"retry-after": "3"}, json=TOO_MANY), 3),
        (httpx.Response(429, headers={"retry-after": "Sun, 28 Nov 2021 21:29:04 GMT"}, json=TOO_MANY), 4.876544),
        (httpx.Response(429, headers={"retry-after": "10"}), 10),
        (httpx.Response(429, json=TOO_MANY), 7),
        (httpx.Response(429, json={"message": None}), 2),
        (httpx.Response(429, json=[]), 2),
        (httpx.Response(429, text=HTML), 2),
    ],
)
async def test_short_waits_are_waited_out(
    reply: httpx.Response, nap: float, wire: Wire, cloud: Cloud, sleep: Sleeper
) -> None:
    replies = iter([reply] * 3 + [httpx.Response(200, json={})])
    assert (await ask(wire, cloud, lambda _request: next(replies))).document() == {}
    assert sleep.naps == [nap] * 3


async def test_no_more_than_three_waits_in_a_row(wire: Wire, cloud: Cloud, clock: Clock, sleep: Sleeper) -> None:
    err = await failure(wire, cloud, httpx.Response(429, json=TOO_MANY))
    assert isinstance(err, SlowDownError)
    assert err.until == clock() + timedelta(minutes=15), "seven seconds were not the truth"
    assert sleep.naps == [7, 7, 7]
    assert len(cloud.requests) == 4


async def test_a_long_wait_is_for_everybody(wire: Wire, cloud: Cloud, clock: Clock, sleep: Sleeper) -> None:
    err = await failure(wire, cloud, httpx.Response(429, headers={"retry-after": "11"}))
    assert isinstance(err, SlowDownError)
    assert err.until == clock() + timedelta(seconds=11)
    assert not sleep.naps


async def test_a_key_is_tried_once(wire: Wire, cloud: Cloud, clock: Clock, sleep: Sleeper) -> None:
    cloud.replies[STATE] = httpx.Response(429, json=TOO_MANY)
    with pytest.raises(SlowDownError) as raised:
        await wire.ask(httpx.Request("POST", URL), is_key=True)
    assert raised.value.until == clock() + timedelta(minutes=15)
    assert not sleep.naps
    assert len(cloud.requests) == 1


async def test_a_request_is_sent_again_as_it_was(wire: Wire, cloud: Cloud) -> None:
    replies = iter([httpx.Response(429), httpx.Response(200)])
    cloud.replies[STATE] = lambda _request: next(replies)
    await wire.ask(httpx.Request("POST", URL, data={"a": "b"}))
    assert [request.content for request in cloud.requests] == [b"a=b", b"a=b"]


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 599])
@pytest.mark.parametrize("body", ["INTERNAL SERVER ERROR", HTML, '{"message":"Request Timeout"}', ""])
async def test_servers_out_of_order_pass(status: int, body: str, wire: Wire, cloud: Cloud) -> None:
    err = await failure(wire, cloud, httpx.Response(status, text=body))
    assert isinstance(err, TryLaterError)
    assert str(status) in str(err)


@pytest.mark.parametrize("status", [302, 400, 401, 404, 409, 410, 422])
async def test_refusals_that_depend_on_the_question_are_handed_over(status: int, wire: Wire, cloud: Cloud) -> None:
    answer = await ask(wire, cloud, httpx.Response(status, json={"error": "text"}, headers={"location": URL}))
    assert answer.status == status
    assert answer.text("error") == "text"
    assert len(cloud.requests) == 1
    with pytest.raises(TryLaterError, match=str(status)):
        answer.document()


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("secret"),
        httpx.ConnectTimeout("secret"),
        httpx.ReadTimeout("secret"),
        httpx.PoolTimeout("secret"),
        httpx.RemoteProtocolError("secret"),
        httpx.DecodingError("secret"),
        httpx.TooManyRedirects("secret"),
        httpx.InvalidURL("secret"),
        httpx.CookieConflict("secret"),
        httpx.StreamClosed(),
        TimeoutError("secret"),
        OSError("secret"),
        RuntimeError("secret"),
        UnicodeError("secret"),
        ValueError("secret"),
    ],
)
async def test_a_broken_way_passes(error: Exception, wire: Wire, cloud: Cloud) -> None:
    err = await failure(wire, cloud, error)
    assert isinstance(err, TryLaterError)
    assert type(error).__name__ in str(err)
    assert "secret" not in "".join(traceback.format_exception(err))


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("host", ["x" * 64 + ".bmwgroup.com", "a..bmwgroup.com"])
async def test_a_host_that_cannot_be_passes(host: str, clock: Clock) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(TryLaterError):
            await Wire(http, clock).ask(httpx.Request("GET", f"https://{host}/"))


async def test_a_closed_client_passes(wire: Wire, cloud: Cloud) -> None:
    await cloud.http.aclose()
    assert isinstance(await failure(wire, cloud, httpx.Response(200)), TryLaterError)


@pytest.mark.parametrize(
    "location", ["https://[/", "https://x:port/", "//" + "x" * 70_000, "http://\xff\xfe/", ":", "\x00"]
)
async def test_a_redirect_to_nowhere_does_no_harm(location: str, wire: Wire, cloud: Cloud) -> None:
    reply = httpx.Response(302, headers=[(b"location", location.encode("latin-1"))])
    assert isinstance(await failure(wire, cloud, reply), TryLaterError)


@given(st.sampled_from([200, 302, 400, 403, 429, 489, 500]), st.binary(max_size=50), st.binary(max_size=50))
async def test_foreign_headers_do_no_harm(status: int, name: bytes, value: bytes) -> None:
    names = [b"location", b"retry-after", b"set-cookie", b"content-encoding", b"content-type", name]
    cloud, cookies = Cloud(), httpx.Cookies()
    cloud.replies[STATE] = httpx.Response(status, headers=[(name, value) for name in names], content=value)
    with contextlib.suppress(SourceError):
        await Wire(cloud.http, Clock(), Sleeper()).ask(httpx.Request("GET", URL), cookies)
    httpx.Request("GET", URL, cookies=cookies)


@pytest.mark.parametrize("body", [HTML, '{"a": 1', "", "{'a': 1}", '{"a": NaN}', "[" * 2000, b"\xff\xfe"])
async def test_what_is_no_json_passes(body: str | bytes, wire: Wire, cloud: Cloud) -> None:
    assert isinstance(await failure(wire, cloud, httpx.Response(200, content=body)), TryLaterError)


class Server:
    """A real server on this machine."""

    def __init__(self, application: web.Application) -> None:
        self._runner = web.AppRunner(application)

    async def __aenter__(self) -> str:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aexit__(self, *_error: object) -> None:
        await self._runner.cleanup()


@pytest.mark.usefixtures("socket_enabled")
async def test_over_a_real_wire(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    async def cut_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-length": "1000"})
        await response.prepare(request)
        await response.write(b'{"a":')
        assert request.transport
        request.transport.close()
        return response

    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"{")
        await is_over.wait()
        return response

    async def redirect(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"location": "/elsewhere"})

    async def packed(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=gzip.compress(b'{"a":1}'), headers={"content-encoding": "gzip"})

    is_over = asyncio.Event()
    application = web.Application()
    application.router.add_get("/cut", cut_off)
    application.router.add_get("/trickle", trickle)
    application.router.add_get("/redirect", redirect)
    application.router.add_get("/packed", packed)
    async with Server(application) as url, httpx.AsyncClient() as http:
        wire = Wire(http, clock)
        with pytest.raises(TryLaterError):
            await wire.ask(httpx.Request("GET", f"{url}/cut"))
        assert (await wire.ask(httpx.Request("GET", f"{url}/redirect"))).status == 302
        assert (await wire.ask(httpx.Request("GET", f"{url}/packed"))).document() == {"a": 1}
        monkeypatch.setattr(exchange_module, "TIMEOUT_S", 0.05)
        with pytest.raises(TryLaterError, match="Timeout"):
            await wire.ask(httpx.Request("GET", f"{url}/trickle"))
        is_over.set()
    with pytest.raises(TryLaterError, match="ConnectError"):
        await Wire(httpx.AsyncClient(), clock).ask(httpx.Request("GET", f"{url}/gone"))


async def test_every_request_has_thirty_seconds(wire: Wire, cloud: Cloud) -> None:
    await ask(wire, cloud, httpx.Response(200))
    assert cloud.requests[0].extensions["timeout"] == {"pool": 7.5, "connect": 7.5, "write": 30, "read": 30}
