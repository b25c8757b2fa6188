"""Asks BMW's cloud for data, a few requests at a time, and stops asking when it is told to."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
import logging
from typing import Final

import httpx

from ...vehicle import Picture
from .. import Clock, Json, NotAllowedError, Refusal, SignInRequiredError, SlowDownError, SourceError, TryLaterError
from .headers import data_headers
from .questions import Question
from .regions import Region
from .tokens import TokenKeeper
from .wire import Answer, Wire

_LOGGER = logging.getLogger(__name__)

IN_FLIGHT: Final = 4
"""How many requests of one account may be under way at a time."""


class UnknownToBmwError(TryLaterError):
    """BMW does not know what it was asked about: the car has left the account, or something is out of order."""


@dataclass(slots=True)
class Round:
    """What the requests of one look at an account tell each other.

    `ended_by` is the error after which none of those that still wait is sent: the cloud wants no more of them, or there
    is no token to ask with. `second_token` replaced a token that was not accepted; if it is not accepted either, the
    fault lies elsewhere and a third would not help.
    """

    ended_by: SourceError | None = None
    second_token: str | None = None


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
        self._wait_until: datetime | None = None
        self._slots = asyncio.Semaphore(IN_FLIGHT)

    def begin(self) -> Round:
        """Begin a round of questions.

        Raises:
            SlowDownError: BMW told us to wait, and the wait is not over.
        """
        if self._wait_until and self._clock() < self._wait_until:
            message = "BMW has asked for a pause, which is not over yet"
            raise SlowDownError(message, self._wait_until)
        return Round()

    async def ask(self, question: Question, this_round: Round) -> dict[str, Json]:
        """Wait for our turn, ask, and return what BMW says.

        Raises:
            SourceError: There is no answer.
        """
        if not (document := (await self._turn(question, this_round)).document()) or not isinstance(document, dict):
            message = "BMW's answer is empty"
            raise TryLaterError(message)
        return document

    async def ask_for_picture(self, question: Question, this_round: Round) -> Picture:
        """Wait for our turn, ask, and return the picture that BMW shows.

        Raises:
            SourceError: There is none.
        """
        answer = await self._turn(question, this_round)
        if not answer.is_success:
            raise answer.failure()
        if (picture := Picture.of(answer.body)) is None:
            message = "BMW's answer is no picture"
            raise TryLaterError(message)
        return picture

    async def _turn(self, question: Question, this_round: Round) -> Answer:
        """Ask when it is our turn, and see to it that all others know what went wrong."""
        async with self._slots:
            if this_round.ended_by:
                raise this_round.ended_by
            try:
                answer = await self._authorized(question, this_round)
            except SourceError as err:
                _LOGGER.debug("%s %s (%s): %s", question.method, question.path, question.brand, err)
                if _ends_round(err):
                    this_round.ended_by = err
                if isinstance(err, SlowDownError):
                    self._wait_until = err.until
                raise
        if answer.status == HTTPStatus.NOT_FOUND:
            message = "BMW does not know what it was asked about (HTTP status 404)"
            raise UnknownToBmwError(message)
        return answer

    async def _authorized(self, question: Question, this_round: Round) -> Answer:
        """Ask, and once more with a new token if BMW does not accept the one we have."""
        token = await self._token(this_round)
        answer = await self._send(question, token)
        if answer.status == HTTPStatus.UNAUTHORIZED and token != this_round.second_token:
            this_round.second_token = await self._token(this_round, rejected=token)
            answer = await self._send(question, this_round.second_token)
        return answer

    async def _token(self, this_round: Round, rejected: str | None = None) -> str:
        try:
            return await self._tokens.access_token(rejected)
        except SourceError as err:
            this_round.ended_by = err
            raise

    async def _send(self, question: Question, token: str) -> Answer:
        own = data_headers(self._tokens.identity, self._region, question.brand, token)
        answer = await self._wire.ask(
            httpx.Request(
                question.method,
                f"{self._origin}{question.path}",
                params=dict(question.params),
                headers=own | dict(question.headers),
            )
        )
        _LOGGER.debug("%s %s (%s): HTTP status %s", question.method, question.path, question.brand, answer.status)
        return answer


def _ends_round(err: SourceError) -> bool:
    match err:
        case SlowDownError() | SignInRequiredError():
            return True
        case NotAllowedError():
            return err.reason is Refusal.BLOCKED
        case _:
            return False
