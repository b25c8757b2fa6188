"""One request over HTTP and its answer, within limits of time and size."""

import asyncio
from contextvars import ContextVar
import dataclasses
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
import logging
from typing import Final
import zlib

import httpx
import orjson

from . import Json, TryLaterError

TIMEOUT_S: Final = 30
"""The time that a request may take from the first byte sent to the last one received."""

LARGEST_BODY: Final = 10_000_000
"""Bytes, packed and unpacked; the largest answer known, the picture of a car, is a tenth of it."""

PACKING: Final = "gzip"
"""The one way in which an answer may be packed. In others it could hide more than can be read, one inside the other."""

# A step on the way to a connection takes this part of the time at most, and there are three: so it is over before the
# whole time is, and what never had a connection is known not to have been sent.
_STEP_OF_CONNECTING: Final = 0.25

_SHORTEST_WAIT: Final = timedelta(seconds=1)

_GZIP_WINDOW_BITS: Final = zlib.MAX_WBITS | 16

# What fails before a request is on its way.
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.InvalidURL)

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

_is_exchanging: Final = ContextVar("_is_exchanging", default=False)


def _is_not_ours(_record: logging.LogRecord) -> bool:
    return not _is_exchanging.get()


# Under `default: debug` these write down where requests go and the headers of answers: VINs, the cookies of a session,
# the code that stands for an owner who has signed in. Home Assistant 2026.11 has the client under its second name.
for _talker in ("httpx", "httpx2", "httpcore.http11", "httpcore2.http11"):
    logging.getLogger(_talker).addFilter(_is_not_ours)


class NotSentError(TryLaterError):
    """The request never got on its way."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What a cloud said."""

    status: int
    headers: httpx.Headers = dataclasses.field(repr=False)
    body: bytes = dataclasses.field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the cloud did what was asked."""
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
        """What stands at a path in the JSON of the answer, whatever its status; None if nothing does."""
        document = None if isinstance(self._content, orjson.JSONDecodeError) else self._content
        for key in path:
            document = document.get(key) if isinstance(document, dict) else None
        return document

    def text(self, *path: str) -> str:
        """The text at a path in the answer; empty if there is none."""
        value = self.field(*path)
        return value if isinstance(value, str) else ""

    def retry_after(self, now: datetime) -> timedelta | None:
        """The wait that the header of this name asks for, in seconds or by an HTTP date; None if it names none.

        A date that is over asks for a second.
        """
        value = self.headers.get("retry-after", "")
        if value.isascii() and value.isdigit():
            return timedelta(seconds=int(value[:9]))
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        return max(_SHORTEST_WAIT, moment.replace(tzinfo=moment.tzinfo or UTC) - now)

    @cached_property
    def _content(self) -> Json | orjson.JSONDecodeError:
        """The JSON in the body, or why there is none."""
        try:
            content: Json = orjson.loads(self.body)
        except orjson.JSONDecodeError as err:
            return err
        return content


async def exchange(http: httpx.AsyncClient, request: httpx.Request, cookies: httpx.Cookies | None = None) -> Answer:
    """Send a request once and read its answer to the end, or as far as is reasonable; `cookies` takes those it sets.

    Neither the client's headers nor its cookies are used, so that nothing of other accounts or integrations gets into
    our requests. Redirects are never followed. What the client logs of it is kept out of the log, at any level.

    Raises:
        NotSentError: Nobody can have heard of the request.
        TryLaterError: There is no answer, it takes too long, or it is too large to be one.
    """
    step_s = TIMEOUT_S * _STEP_OF_CONNECTING
    request.extensions = {"timeout": httpx.Timeout(TIMEOUT_S, pool=step_s, connect=step_s).as_dict()}
    request.headers["accept-encoding"] = PACKING
    exchanging = _is_exchanging.set(True)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            response = await http.send(request, stream=True, auth=None, follow_redirects=False)
            try:
                body = await _read(response)
            finally:
                await response.aclose()
        if cookies is not None:
            _take_cookies(cookies, response)
    except _BROKEN_WAY as err:
        message = f"BMW cannot be reached ({type(err).__name__})"
        # Not chained: what the client says may quote a header.
        raise (NotSentError if isinstance(err, _NOT_SENT) else TryLaterError)(message) from None
    finally:
        _is_exchanging.reset(exchanging)
    return Answer(status=response.status_code, headers=response.headers, body=body)


def _take_cookies(cookies: httpx.Cookies, response: httpx.Response) -> None:
    """Take the cookies that an answer sets, but for those that could not be sent back: a header is ASCII."""
    cookies.extract_cookies(response)
    for cookie in [*cookies.jar]:
        if not f"{cookie.name}{cookie.value}".isascii():
            cookies.jar.clear(cookie.domain, cookie.path, cookie.name)


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
