"""One request at a time to BMW: sent, read within limits, and refused in the ways that mean the same everywhere."""

import asyncio
from collections.abc import Awaitable, Callable
import dataclasses
from datetime import timedelta
from functools import cached_property
from http import HTTPStatus
from typing import Final
import zlib

import httpx
import orjson

from .. import Clock, Json, NotAllowedError, Refusal, SlowDownError, TryLaterError
from .patience import told_wait

type Sleep = Callable[[float], Awaitable[None]]
"""Waits for a number of seconds."""

TIMEOUT_S: Final = 30
"""The time that a request may take from the first byte sent to the last one received."""

LARGEST_BODY: Final = 10_000_000
"""Bytes, packed and unpacked; the largest answer known, the picture of a car, is a tenth of it."""

LONGEST_SHORT_WAIT: Final = timedelta(seconds=10)
"""A wait up to this long is waited out within the request; a longer one is everybody's business."""

SHORT_WAITS: Final = 3
"""How many waits in a row one request sits out."""

WAIT_AFTER_WAITS: Final = timedelta(minutes=15)
"""The least that everybody waits once short waits were of no use: BMW's idea of a moment is not to be relied on."""

PACKING: Final = "gzip"
"""The one way in which BMW may pack an answer. In others it could hide more than can be read, one inside the other."""

_GZIP_WINDOW_BITS: Final = zlib.MAX_WBITS | 16

_DEFAULT_WAIT: Final = timedelta(seconds=2)
_DEFAULT_QUOTA_WAIT: Final = timedelta(hours=1)

# Since 2025-09-29 BMW's servers want a proof from each request that it comes from the unmodified app, and answer all
# others with this status and this word (github.com/bimmerconnected/bimmer_connected issue 749).
_BLOCKED: Final = 489
_BLOCKED_BODY: Final = b"Blocked"

# What the client raises for a broken way and for what nobody should send: beside errors of its own, that is what they
# are made of, such as a UnicodeError for the name of a host, or a RuntimeError of the event loop's transports.
_BROKEN_WAY: Final = (
    httpx.CookieConflict,
    httpx.HTTPError,
    httpx.InvalidURL,
    OSError,
    RuntimeError,
    ValueError,
    zlib.error,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What BMW said."""

    status: int
    headers: httpx.Headers = dataclasses.field(repr=False)
    body: bytes = dataclasses.field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether BMW did what was asked."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def document(self) -> Json:
        """The JSON in a successful answer.

        Raises:
            TryLaterError: There is none: the answer is a failure, cut off, or an HTML page of some gateway on the way.
        """
        if not self.is_success:
            raise self.failure()
        if isinstance(self._content, orjson.JSONDecodeError):
            message = "BMW's answer cannot be read"
            raise TryLaterError(message)
        return self._content

    def failure(self) -> TryLaterError:
        """The error for a status that nobody expected here."""
        return TryLaterError(f"BMW answered with HTTP status {self.status}")

    def field(self, *path: str) -> Json:
        """What stands at a path in the answer, whatever its status; None if nothing does."""
        document = None if isinstance(self._content, orjson.JSONDecodeError) else self._content
        for key in path:
            document = document.get(key) if isinstance(document, dict) else None
        return document

    def text(self, *path: str) -> str:
        """The text at a path in the answer; empty if there is none."""
        value = self.field(*path)
        return value if isinstance(value, str) else ""

    @cached_property
    def _content(self) -> Json | orjson.JSONDecodeError:
        """The JSON in the body, or why there is none."""
        try:
            content: Json = orjson.loads(self.body)
        except orjson.JSONDecodeError as err:
            return err
        return content


# What fails before a request is on its way.
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.InvalidURL)


class UncertainError(TryLaterError):
    """An order went out, and whether BMW has taken it is not known."""


class Wire:
    """The way to BMW through an HTTP client that belongs to somebody else.

    Neither the client's headers nor its cookies are used, so that nothing of other accounts or integrations gets into
    our requests. Redirects are never followed.
    """

    def __init__(self, http: httpx.AsyncClient, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        """Borrow the client."""
        self._http = http
        self._clock = clock
        self._sleep = sleep

    async def ask(
        self, request: httpx.Request, cookies: httpx.Cookies | None = None, *, is_key: bool = False
    ) -> Answer:
        """Send a request, sit out short waits, and return what was said; `cookies` takes those that BMW sets.

        A request that is a key (it carries a password, a captcha or a refresh token) is never sent twice: BMW locks
        accounts that knock too often (github.com/bimmerconnected/bimmer_connected issue 679).

        Returned are successes, redirects, and those refusals whose meaning depends on what was asked: 400, 401, 404 and
        the like.

        Raises:
            NotAllowedError: BMW blocks us, or forbids what was asked.
            SlowDownError: BMW wants to be left alone for longer than a moment.
            TryLaterError: BMW or the way to it is out of order.
        """
        short_waits = 0
        while (answer := await self._send(request, cookies)).status == HTTPStatus.TOO_MANY_REQUESTS:
            wait = self._told_wait(answer) or _DEFAULT_WAIT
            if is_key or wait > LONGEST_SHORT_WAIT or short_waits == SHORT_WAITS:
                message = "BMW receives too many requests"
                is_serious = is_key or short_waits
                raise SlowDownError(message, self._clock() + (max(wait, WAIT_AFTER_WAITS) if is_serious else wait))
            short_waits += 1
            await self._sleep(wait.total_seconds())
        return answer

    async def order(self, request: httpx.Request) -> Answer:
        """Send a request that has a car do something, once: it belongs to the moment in which somebody wants it.

        Raises:
            UncertainError: There is no whole answer, or it tells of a failure inside of BMW.
            SourceError: As for `ask`; BMW has certainly not taken the order.
        """
        try:
            answer = await self._send(request, None)
        except TryLaterError as err:
            if isinstance(err.__context__, _NOT_SENT):
                raise
            raise UncertainError(*err.args) from err
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            message = "BMW receives too many requests"
            raise SlowDownError(message, self._clock() + (self._told_wait(answer) or _DEFAULT_WAIT))
        return answer

    async def _send(self, request: httpx.Request, cookies: httpx.Cookies | None) -> Answer:
        """Send a request once, read the answer to its end, or as far as is reasonable, and raise what it means."""
        request.extensions = {"timeout": httpx.Timeout(TIMEOUT_S).as_dict()}
        request.headers["accept-encoding"] = PACKING
        try:
            async with asyncio.timeout(TIMEOUT_S):
                response = await self._http.send(request, stream=True, auth=None, follow_redirects=False)
                try:
                    body = await _read(response)
                finally:
                    await response.aclose()
            if cookies is not None:
                cookies.extract_cookies(response)
        except _BROKEN_WAY as err:
            message = f"BMW cannot be reached ({type(err).__name__})"
            raise TryLaterError(message) from None  # whose text may quote a header
        answer = Answer(status=response.status_code, headers=response.headers, body=body)
        self._raise_if_refused(answer)
        return answer

    def _raise_if_refused(self, answer: Answer) -> None:
        if answer.status == _BLOCKED or answer.body.strip() == _BLOCKED_BODY:
            message = "BMW blocks every client that is not its own app"
            raise NotAllowedError(message, Refusal.BLOCKED)
        if answer.status == HTTPStatus.FORBIDDEN and b"quota" in answer.body.lower():
            message = "BMW's quota of requests for this account is used up"
            raise SlowDownError(message, self._clock() + (self._told_wait(answer) or _DEFAULT_QUOTA_WAIT))
        if answer.status == HTTPStatus.FORBIDDEN:
            message = "BMW does not allow this account what was asked"
            raise NotAllowedError(message, Refusal.FORBIDDEN)
        if answer.status == HTTPStatus.REQUEST_TIMEOUT or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            message = f"BMW's servers are out of order (HTTP status {answer.status})"
            raise TryLaterError(message)

    def _told_wait(self, answer: Answer) -> timedelta | None:
        return told_wait(answer.headers.get("retry-after"), answer.text("message"), self._clock())


async def _read(response: httpx.Response) -> bytes:
    """The body of an answer, unpacked here and not by the client, which would unpack without limit."""
    match response.headers.get("content-encoding", "").strip().lower():
        case "" | "identity":
            unpack = None
        case packing if packing == PACKING:
            unpack = zlib.decompressobj(_GZIP_WINDOW_BITS)
        case _:
            message = "BMW's answer is packed in a way that nobody asked for"
            raise TryLaterError(message)
    received, body = 0, bytearray()
    async for piece in response.aiter_raw():
        received += len(piece)
        body += unpack.decompress(piece, LARGEST_BODY + 1 - len(body)) if unpack else piece
        if max(received, len(body)) > LARGEST_BODY:
            message = "BMW's answer is too large to be one"
            raise TryLaterError(message)
        if unpack and unpack.unused_data:
            message = "BMW's answer goes on after its end"
            raise TryLaterError(message)
    return bytes(body)
