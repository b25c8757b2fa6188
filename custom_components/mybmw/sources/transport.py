"""How what is asked by `httpx` gets to a server: over connections of `aiohttp`, at half of the processor time.

Home Assistant has that client in memory anyway, and it reads answers in C.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
import ssl
from typing import Final, override

import aiohttp
import httpx
from yarl import URL

_LARGEST_HEADER: Final = 65_536

_ADDED_UNASKED: Final = ("accept", "accept-encoding", "content-type", "user-agent")
"""Headers that a session would put in by itself."""


class Transport(httpx.AsyncBaseTransport):
    """Sends what a client hands over, once and to where it says; to be made while the event loop runs.

    It knows no cookies, redirects, proxies or netrc, and unpacks nothing. Whatever breaks is an error of `httpx`, one
    of connecting (`ConnectError`, `ConnectTimeout`) only if nobody can have heard of the request. No text quotes it.
    """

    def __init__(self, trusted: ssl.SSLContext) -> None:
        """Connect to nobody yet; who is `trusted` then."""
        self._session = aiohttp.ClientSession(
            # Names are looked up as the system does. How many requests there are at a time is up to those who ask.
            connector=aiohttp.TCPConnector(ssl=trusted, resolver=aiohttp.ThreadedResolver(), limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_ADDED_UNASKED,
            auto_decompress=False,
            middlewares=(_send_once,),
            max_line_size=_LARGEST_HEADER,
            max_field_size=_LARGEST_HEADER,
        )

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        limits: dict[str, float | None] = request.extensions.get("timeout", {})
        with _told_by_httpx():
            response = await self._session.request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=[(name.decode("ascii"), value.decode("ascii")) for name, value in request.headers.raw],
                data=await request.aread() or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=None, connect=_both(limits.get("pool"), limits.get("connect")), sock_read=limits.get("read")
                ),
            )
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response))

    @override
    async def aclose(self) -> None:
        await self._session.close()


class PlainClient(httpx.AsyncClient):
    """A client that has its transport send a request as it is, and does nothing else, whatever is wished for.

    Any other looks for cookies, redirects and ways to sign in, which takes almost as long as the sending.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        """Own the transport."""
        super().__init__(transport=transport, trust_env=False)
        self._sends = transport.handle_async_request

    @override
    async def send(self, request: httpx.Request, *, stream: bool = False, **_wishes: object) -> httpx.Response:
        response = await self._sends(request)
        response.request = request
        if not stream:
            try:
                await response.aread()
            finally:
                await response.aclose()
        return response


class _Body(httpx.AsyncByteStream):
    """What comes after the headers, as it comes."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _told_by_httpx():
            async for piece in self._response.content.iter_any():
                yield piece

    @override
    async def aclose(self) -> None:
        """Hang up, unless all was read: then the connection is kept for the next request already."""
        self._response.close()


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Turn errors into those of `httpx` before the session sees them: after some of its own it would send again."""
    with _told_by_httpx():
        return await handler(request)


@contextmanager
def _told_by_httpx() -> Iterator[None]:
    try:
        yield
    except aiohttp.ConnectionTimeoutError as err:
        raise httpx.ConnectTimeout(type(err).__name__) from None
    except (aiohttp.ClientConnectorError, aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as err:
        raise httpx.ConnectError(type(err).__name__) from None
    except aiohttp.ServerTimeoutError as err:
        raise httpx.ReadTimeout(type(err).__name__) from None
    except (aiohttp.ClientError, OSError) as err:
        raise httpx.ReadError(type(err).__name__) from None


def _both(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
