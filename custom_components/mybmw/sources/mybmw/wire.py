"""One request at a time to BMW: waited for with patience, and refused in the ways that mean the same everywhere."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Final

import httpx

from .. import Clock, NotAllowedError, Refusal, SlowDownError, TryLaterError
from ..exchange import Answer, NotSentError, exchange
from .patience import told_wait

type Sleep = Callable[[float], Awaitable[None]]
"""Waits for a number of seconds."""

LONGEST_SHORT_WAIT: Final = timedelta(seconds=10)
"""A wait up to this long is waited out within the request; a longer one is everybody's business."""

SHORT_WAITS: Final = 3
"""How many waits in a row one request sits out."""

WAIT_AFTER_WAITS: Final = timedelta(minutes=15)
"""The least that everybody waits once short waits were of no use: BMW's idea of a moment is not to be relied on."""

_DEFAULT_WAIT: Final = timedelta(seconds=2)
_DEFAULT_QUOTA_WAIT: Final = timedelta(hours=1)

# Since 2025-09-29 BMW's servers want a proof from each request that it comes from the unmodified app, and answer all
# others with this status and this word (github.com/bimmerconnected/bimmer_connected issue 749).
_BLOCKED: Final = 489
_BLOCKED_BODY: Final = b"Blocked"


class UncertainError(TryLaterError):
    """An order went out, and whether BMW has taken it is not known."""


class Wire:
    """The way to BMW through an HTTP client that belongs to somebody else."""

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
            answer = await self._send(request)
        except NotSentError:
            raise
        except TryLaterError as err:
            raise UncertainError(*err.args) from err
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            message = "BMW receives too many requests"
            raise SlowDownError(message, self._clock() + (self._told_wait(answer) or _DEFAULT_WAIT))
        return answer

    async def _send(self, request: httpx.Request, cookies: httpx.Cookies | None = None) -> Answer:
        """Send a request once, and raise what its answer means if that is always the same."""
        answer = await exchange(self._http, request, cookies)
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
        return told_wait(answer.retry_after(self._clock()), answer.text("message"))
