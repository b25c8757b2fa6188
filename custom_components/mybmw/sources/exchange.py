"""One request over HTTP and its answer, within limits of time and size."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import httpx
import orjson

from . import Json, TryLaterError

TIMEOUT_S: Final = 30
"""The time that a request may take from the first byte sent to the last one received."""

LARGEST_BODY: Final = 10_000_000
"""Bytes; the largest answer known, the picture of a car, is a tenth of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a cloud said."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the cloud did what was asked."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def json(self) -> Json:
        """The document in the answer, None if it is none that can be read."""
        try:
            document: Json = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None
        return document

    def text(self, key: str) -> str:
        """The text that stands under a key of the document; empty if there is none."""
        document = self.json()
        value = document.get(key) if isinstance(document, dict) else None
        return value if isinstance(value, str) else ""

    def retry_after(self, now: datetime) -> timedelta | None:
        """The wait that the header of this name asks for, in seconds or by an HTTP date; None if it names none."""
        value = self.headers.get("retry-after", "")
        if value.isascii() and value.isdigit():
            return timedelta(seconds=int(value[:9]))
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        return max(timedelta(), moment.replace(tzinfo=moment.tzinfo or UTC) - now)


async def exchange(http: httpx.AsyncClient, request: httpx.Request) -> Answer:
    """Send a request once and read its answer to the end.

    Neither the client's headers nor its cookies are used, so that nothing of other accounts or integrations gets into
    our requests. Redirects are never followed.

    Raises:
        TryLaterError: There is no answer, it takes too long, or it is too large to be one.
    """
    request.extensions = {"timeout": httpx.Timeout(TIMEOUT_S).as_dict()}
    try:
        async with asyncio.timeout(TIMEOUT_S):
            response = await http.send(request, stream=True, auth=None, follow_redirects=False)
            try:
                body = await _read(response)
            finally:
                await response.aclose()
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError) as err:
        message = f"BMW cannot be reached ({type(err).__name__})"
        raise TryLaterError(message) from err
    return Answer(status=response.status_code, headers=response.headers, body=body)


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > LARGEST_BODY:
            message = "BMW's answer is too large to be one"
            raise TryLaterError(message)
    return bytes(body)
