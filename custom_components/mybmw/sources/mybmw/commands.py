"""Has BMW ask a car to do something, once, and finds out what became of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from http import HTTPStatus
import logging
import re
from typing import Final

from ...vehicle import Fate, FindVehicle, Location, Outcome, Reason, Step
from .. import (
    Clock,
    Json,
    NotAllowedError,
    OnStep,
    SignInRequiredError,
    SlowDownError,
    SourceError,
    TryLaterError,
    UnknownError,
)
from ..exchange import Answer
from ..fields import Fields
from ..spans import is_over
from .brands import ListBrand
from .build.location import build_found_location
from .client import Client, Round
from .orders import event_position, event_status
from .questions import Question
from .wire import Sleep, UncertainError

_LOGGER = logging.getLogger(__name__)

PATIENCE: Final = timedelta(minutes=4)
"""How long one waits for a car to say what it did; BMW's own limit is not known."""

_FIRST_PAUSE_S: Final = 2.0
_PAUSES_GROW: Final = 1.25
_LONGEST_PAUSE_S: Final = 15.0

_FATES: Final = {
    "EXECUTED": (Fate.EXECUTED, None),
    "IGNORED": (Fate.IGNORED, Reason.BY_CAR),
    "ERROR": (Fate.FAILED, Reason.BY_CAR),
}
_CODE: Final = re.compile(r"(?=.{5,60}\Z)[A-Z]+(?:_[A-Z]+)+")
"""What says why and cannot name anybody: a VIN and a plate have digits, names and sentences small letters or spaces.

The one that has been seen is CHARGING_MODE_NOT_SET (home-assistant/core#141991).
"""


def pauses_s() -> Iterator[float]:
    """The waits before each question about what became of a command: seconds, growing, `PATIENCE` in all.

    Most commands take a car five to thirty seconds; one that takes longer is not done sooner for being asked about.
    """
    left, pause = PATIENCE.total_seconds(), _FIRST_PAUSE_S
    while left > 0:
        yield min(pause, left)
        left -= pause
        pause = min(pause * _PAUSES_GROW, _LONGEST_PAUSE_S)


class Commands:
    """The commands of one account."""

    def __init__(self, client: Client, clock: Clock, sleep: Sleep, *, in_china: bool) -> None:
        """Send nothing yet."""
        self._client = client
        self._clock = clock
        self._sleep = sleep
        self._in_china = in_china

    async def send(self, order: Question, this_round: Round, on_step: OnStep) -> tuple[Outcome, str | None]:
        """Send an order, and wait for its fate; returns it, and BMW's number for the event if there is one.

        Raises:
            SourceError: The order was certainly not accepted.
        """
        sent_at = self._clock()

        def _leaves() -> None:
            nonlocal sent_at
            sent_at = self._clock()
            on_step(Step.SENT)

        try:
            answer = await self._client.tell(order, this_round, _leaves)
            if not answer.is_success:
                return self._refused(answer, sent_at), None
            event = _event(answer)
        except UncertainError as err:
            _LOGGER.debug("What became of %s is not known: %s", order.path, err)
            return self._end(Fate.UNKNOWN, sent_at, Reason.ANSWER_LOST), None
        on_step(Step.ACCEPTED)
        event_id = event.text("eventId")
        if event_id is None:  # there is nothing to ask about: BMW has done it
            return self._end(Fate.EXECUTED, sent_at), None
        return await self._fate(event_status(order.brand, event_id), sent_at, on_step), event_id

    async def find(self, command: FindVehicle, brand: ListBrand, event_id: str) -> Location | None:
        """Where a car that has reported is; None if BMW does not tell."""
        if command.observer is None:
            return None
        question = event_position(brand, event_id, command.observer, in_china=self._in_china)
        try:
            answer = Fields.of_answer(await self._client.ask(question, self._client.begin()), "position", {})
        except SourceError as err:
            _LOGGER.debug("The position of the car that was found is not known: %s", err)
            return None
        return build_found_location(answer, self._clock().replace(microsecond=0), in_china=self._in_china)

    async def _fate(self, question: Question, sent_at: datetime, on_step: OnStep) -> Outcome:
        """Ask again and again, but ever less often, until there is an answer or no patience left.

        Each time in a round of its own: what ended the one before may be over.
        """
        accepted_at = self._clock()
        is_delivered = False
        for pause in pauses_s():
            await self._sleep(pause)
            try:
                answer = Fields.of_answer(await self._client.ask(question, self._client.begin()), "event", {})
            except SlowDownError, SignInRequiredError, NotAllowedError:
                return self._end(Fate.UNKNOWN, sent_at, Reason.NOT_TOLD)
            except TryLaterError:  # that we cannot ask for the moment does not keep the car from doing it
                answer = Fields.of_answer(None, "event", {})
            status = (answer.text("eventStatus") or "").upper()
            if status in _FATES:
                fate, reason = _FATES[status]
                return self._end(fate, sent_at, reason, None if fate is Fate.EXECUTED else _words(answer))
            if status == "DELIVERED" and not is_delivered:
                is_delivered = True
                on_step(Step.DELIVERED)
            if is_over(accepted_at, PATIENCE, self._clock()):
                break
        return self._end(Fate.TIMED_OUT, sent_at)

    def _refused(self, answer: Answer, sent_at: datetime) -> Outcome:
        """What an answer means that is no success, but not one of those that mean the same everywhere."""
        if answer.status == HTTPStatus.NOT_FOUND:
            message = "BMW does not know the car (HTTP status 404)"
            raise UnknownError(message)
        if answer.status == HTTPStatus.UNAUTHORIZED or answer.status < HTTPStatus.BAD_REQUEST:
            raise answer.failure()
        return self._end(Fate.FAILED, sent_at, Reason.REFUSED, _words(Fields.of_answer(answer.field(), "refusal", {})))

    def _end(self, fate: Fate, sent_at: datetime, reason: Reason | None = None, words: str | None = None) -> Outcome:
        return Outcome(fate=fate, sent_at=sent_at, ended_at=self._clock(), reason=reason, words=words)


def _event(answer: Answer) -> Fields:
    """What BMW says of an order it has taken; it may say nothing.

    Raises:
        UncertainError: The answer is not BMW's, but that of some gateway on the way.
    """
    document: Json = None
    if answer.body.strip():
        try:
            document = answer.document()
        except TryLaterError as err:
            raise UncertainError(*err.args) from err
    return Fields.of_answer(document, "event", {})


def _words(answer: Fields) -> str | None:
    """Why, in the codes of the car or BMW; they stand in the answer or in an object within.

    A sentence is left out: who owns the car, where it is and which one it is could stand there in any words, and what
    is told of a command is kept in the recorder's database and shown to all.
    """
    codes = [
        text
        for fields in (answer.part("errorDetails"), answer)
        for key in ("title", "description", "errorDetails", "message")
        if (text := fields.text(key)) and _CODE.fullmatch(text)
    ]
    return ": ".join(dict.fromkeys(codes)) or None
