"""A way to a cloud on which some of its answers are changed: status, headers, bytes, or what they say."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, override

import httpx
import orjson

from tests.sources.mybmw.cloud import Stream

from .mutation import Mutator

type Wanted = Callable[[httpx.Request], bool]
"""Whether the answer to a request may be changed."""

_TOO_MANY: Final = 429
_STATUSES: Final = (199, 200, 201, 204, 206, 302, 304, 400, 401, 403, 404, 408, 415, 422, 429, 489, 499, 500, 503, 999)
_HEADERS: Final[Mapping[bytes, Sequence[bytes]]] = {
    b"Retry-After": (
        b"",
        b"-1",
        b"90",
        b"9" * 400,
        b"1e400",
        b"Fri, 31 Dec 9999 23:59:59 -2359",
        b"Mon, 01 Jan 0001 00:00:00 +2359",
        b"Fri, 20 Feb 20260220 12:01:00 GMT",
        b"Fri, 20 Feb 2026 12:01:00 +99999999",
    ),
    b"Content-Encoding": (b"gzip", b"gzip, br", b"deflate", b"\xff"),
    b"Content-Type": (b"", b"text/html; charset=\xff", b"application/json; charset=nobody", b"image/png"),
    b"Content-Length": (b"", b"-1", b"9" * 400),
    b"Transfer-Encoding": (b"chunked", b"x"),
    b"Location": (
        b"",
        b"com.bmw.connected://oauth?code=\xff&state=%ff%00",
        b"https://[::1",
        b"//\xe2\x82\xac",
        b"?" + b"&" * 100_000,
    ),
    b"Set-Cookie": (
        b"a=b; domain=.example.org; expires=Fri, 31 Dec 99999 23:59:59 GMT; max-age=1e9",
        b"\xc3\xbc=\xff\xfe; path=/\xe2\x82\xac",
        b"session=\xe2\x82\xac\xff",
        b"=;=;=",
        b"a=" + b"x" * 100_000,
    ),
    b"X-\xc3\xbc": (b"\xff", b"x" * 100_000),
}
"""What may stand in a header, and should not."""

QUOTE: Final = "what-the-client-quotes"
"""Stands in what an HTTP client raises, and is to stand nowhere else."""

_LOST: Final = (
    httpx.ReadError(QUOTE),
    httpx.ConnectError(QUOTE),
    httpx.RemoteProtocolError(QUOTE),
    httpx.DecodingError(QUOTE),
    httpx.ReadTimeout(QUOTE),
    httpx.TooManyRedirects(QUOTE),
    OSError(104, QUOTE),
    RuntimeError(QUOTE),
    UnicodeEncodeError("idna", QUOTE, 0, 1, QUOTE),
)


class Spoiler(httpx.AsyncBaseTransport):
    """Passes requests on, and changes a share of the answers to those that are wanted; `passed` are all, by status."""

    def __init__(
        self, to: httpx.AsyncBaseTransport, mutator: Mutator, share: float, wanted: Wanted | None = None
    ) -> None:
        """Change nothing yet."""
        self.passed: list[tuple[httpx.Request, int]] = []
        self._to = to
        self._mutator = mutator
        self._share = share
        self._wanted = wanted

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._to.handle_async_request(request)
        if (self._wanted is None or self._wanted(request)) and self._mutator.chance(self._share):
            body = b"".join([piece async for piece in _stream(answer)])
            answer = self._spoiled(answer.status_code, answer.headers.raw, body)
        self.passed.append((request, answer.status_code))
        return answer

    def _spoiled(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> httpx.Response:
        mutator = self._mutator
        if mutator.chance(0.03):
            raise mutator.pick(_LOST)
        if mutator.chance(0.75):
            try:
                body = mutator.written(mutator.document(orjson.loads(body)))
            except orjson.JSONDecodeError:
                body = mutator.octets(body)
        if mutator.chance(0.2):
            status = mutator.pick(_STATUSES)
        if mutator.chance(0.2):
            name = mutator.pick([*_HEADERS])
            headers = [(own, value) for own, value in headers if own.lower() != name.lower()]
            headers += [(name, mutator.pick(_HEADERS[name])) for _ in range(mutator.random.randint(0, 2))]
            if name == b"Retry-After" and mutator.chance(0.5):
                status = _TOO_MANY
        middle = mutator.random.randrange(len(body) + 1)
        return httpx.Response(status, headers=[*headers], stream=Stream(body[:middle], body[middle:]))


def _stream(answer: httpx.Response) -> httpx.AsyncByteStream:
    if not isinstance(answer.stream, httpx.AsyncByteStream):
        raise TypeError
    return answer.stream
