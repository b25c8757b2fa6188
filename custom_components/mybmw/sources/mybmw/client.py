"""Asks BMW's cloud for data, a few requests at a time, and stops asking when it is told to."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
import logging
from typing import Final

import httpx

from ...vehicle import Picture
from .. import (
    Clock,
    Json,
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
    UnknownError,
)
from ..exchange import Answer
from ..spans import is_over
from .headers import data_headers
from .questions import Question
from .regions import Region
from .tokens import TokenKeeper
from .wire import Wire

_LOGGER = logging.getLogger(__name__)

IN_FLIGHT: Final = 6
"""How many requests of one account may be under way at a time: as many as a browser sends to one server."""

_ADDRESSES: Final = 32
_address: Final = lru_cache(_ADDRESSES)(httpx.URL)
"""An address, read once: a few are asked again and again, and reading one takes a tenth of the work for a request."""


@dataclass(slots=True)
class Round:
    """What the requests of one look at an account tell each other.

    `ended_by` is the error after which none of those that still wait is sent: the cloud wants no more of them, or there
    is no token to ask with. `accepted` are the tokens that brought an answer.
    """

    ended_by: SourceError | None = None
    accepted: set[str] = field(default_factory=set, repr=False)

    def end(self, err: SourceError) -> None:
        """End the round, if it has not ended; what takes more than patience comes before what patience mends."""
        if self.ended_by is None or (_takes_patience(self.ended_by) and not _takes_patience(err)):
            self.ended_by = err


type OnSent = Callable[[], None]
"""Is told that an order is leaving, before it does."""


class Client:
    """One account's access to its data."""

    def __init__(self, region: Region, wire: Wire, tokens: TokenKeeper, clock: Clock) -> None:
        """Ask nothing yet.

        Raises:
            ValueError: Requests are redirected to somewhere else than this machine.
        """
        self._region = region
        self._origin = region.api_origin()
        self._wire = wire
        self._tokens = tokens
        self._clock = clock
        self._told_to_wait_at: datetime | None = None
        self._wait_until: datetime | None = None
        self._block: NotAllowedError | None = None
        self._slots = asyncio.Semaphore(IN_FLIGHT)

    def begin(self, *, to_order: bool = False) -> Round:
        """Begin a round of questions, or one `to_order` something.

        Raises:
            SlowDownError: BMW told us to wait, and the wait is not over.
            NotAllowedError: An order is of no use: BMW blocks us, as far as is known.
        """
        self._check_pause()
        if to_order and self._block:
            raise NotAllowedError(str(self._block), self._block.reason)
        return Round()

    async def ask(self, question: Question, this_round: Round) -> dict[str, Json]:
        """Wait for our turn, ask, and return what BMW says.

        Raises:
            SourceError: There is no answer.
        """
        answer = _known(await self.tell(question, this_round))
        if not (document := answer.document()) or not isinstance(document, dict):
            message = "BMW's answer is empty"
            raise TryLaterError(message)
        return document

    async def ask_for_picture(self, question: Question, this_round: Round) -> Picture:
        """Wait for our turn, ask, and return the picture that BMW shows.

        Raises:
            SourceError: There is none.
        """
        answer = _known(await self.tell(question, this_round))
        if not answer.is_success:
            raise answer.failure()
        if (picture := Picture.of(answer.body)) is None:
            message = "BMW's answer is no picture"
            raise TryLaterError(message)
        return picture

    async def tell(self, question: Question, this_round: Round, on_sent: OnSent | None = None) -> Answer:
        """Wait for our turn, and return what BMW says to it, whatever it is; `on_sent` is called once at most.

        Raises:
            UncertainError: It was sent, and there is no answer, or BMW's servers failed.
            SourceError: BMW certainly did not do what was asked.
        """
        async with self._slots:
            if this_round.ended_by:
                raise this_round.ended_by
            try:
                self._check_pause()  # one may have begun in another round since this one did
                answer = await self._authorized(question, this_round, on_sent)
            except SourceError as err:
                _LOGGER.debug("%s %s (%s): %s", question.method, question.path, question.brand, err)
                if _ends_round(err):
                    this_round.end(err)
                if isinstance(err, SlowDownError):
                    self._told_to_wait_at = self._clock()
                    self._wait_until = max(err.until, self._wait_until or err.until)
                if isinstance(err, NotAllowedError) and err.reason is Refusal.BLOCKED:
                    self._block = err
                raise
        self._block = None
        return answer

    def _check_pause(self) -> None:
        since, until = self._told_to_wait_at, self._wait_until
        if since and until and not is_over(since, until - since, self._clock()):
            message = "BMW has asked for a pause, which is not over yet"
            raise SlowDownError(message, until)

    async def _authorized(self, question: Question, this_round: Round, on_sent: OnSent | None) -> Answer:
        """Ask, and once more with another token if BMW may not accept the one we have."""
        token = await self._token(this_round)
        if on_sent:
            on_sent()
        answer = await self._send(question, token)
        if answer.status == HTTPStatus.UNAUTHORIZED and self._may_be_to_blame(token, this_round):
            token = await self._token(this_round, rejected=token)
            answer = await self._send(question, token)
        if answer.is_success:
            this_round.accepted.add(token)
        return answer

    def _may_be_to_blame(self, token: str, this_round: Round) -> bool:
        """Whether another token might help; a car that BMW always refuses must not cost one renewal after the other."""
        return not self._tokens.is_newest(token) or not (self._tokens.is_young or token in this_round.accepted)

    async def _token(self, this_round: Round, rejected: str | None = None) -> str:
        try:
            return await self._tokens.access_token(rejected)
        except SourceError as err:
            this_round.end(err)
            raise

    async def _send(self, question: Question, token: str) -> Answer:
        own = data_headers(self._tokens.identity, self._region, question.brand, token)
        request = httpx.Request(
            question.method,
            _address(f"{self._origin}{question.full_path}"),
            params=dict(question.params) or None,
            headers=own | dict(question.headers),
            json=question.body,
        )
        answer = await (self._wire.order(request) if question.is_order else self._wire.ask(request))
        _LOGGER.debug("%s %s (%s): HTTP status %s", question.method, question.path, question.brand, answer.status)
        return answer


def _takes_patience(err: SourceError) -> bool:
    """Whether waiting is all there is to do about an error."""
    return isinstance(err, SlowDownError | TryLaterError)


def _ends_round(err: SourceError) -> bool:
    match err:
        case SlowDownError() | SignInRequiredError():
            return True
        case NotAllowedError():
            return err.reason is Refusal.BLOCKED
        case _:
            return False


def _known(answer: Answer) -> Answer:
    """The answer, if BMW knows what it was asked about."""
    if answer.status == HTTPStatus.NOT_FOUND:
        message = "BMW does not know what it was asked about (HTTP status 404)"
        raise UnknownError(message)
    return answer
