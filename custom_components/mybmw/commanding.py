"""The commands of one account: one at a time per car, and each is seen through until the car's report shows it."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
import logging
from typing import Final, Protocol

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from .complaints import TOO_LATE, interrupted, name_of, too_late
from .sources import OnStep, SourceError, TryLaterError
from .vehicle import Command, CommandKey, Fate, InvalidCommandError, Outcome, Reason, Step, Vehicle
from .vehicle.effects import SETTINGS, SUBJECTS, parts_of, shows_effect, speaks_of

_LOGGER = logging.getLogger(__name__)

LOOKS_S: Final = (1.5, 2.5, 5.0, 11.0, 30.0, 64.0)
"""The waits before each look at a car that has done something: one at once, as some reports are quick, and then ever
more patient ones, two minutes in all."""

LONGEST_TURN: Final = timedelta(minutes=2)
"""How long a command waits for those before it: it belongs to the moment in which somebody wants it, and a car out of
reach keeps everybody waiting for minutes."""

type Tell = Callable[[str, Command, OnStep], Awaitable[Outcome]]
"""Has a car asked to do something, and says how far it has come.

Raises a SourceError or an InvalidCommandError if it was certainly not asked.
"""


class LookAt(Protocol):
    """Reads one car and shows it; with `state_only`, without how the owner has set it to charge.

    Raises a TryLaterError if it could not; after another SourceError, nobody tries again.
    """

    def __call__(self, vin: str, /, *, state_only: bool) -> Awaitable[None]:
        """Read the car and show it."""


class Stage(StrEnum):
    """How far a car is with what it was asked to do last; also a translation key."""

    IDLE = "idle"
    """There is nothing to do."""
    QUEUED = "queued"
    """Not sent yet: it waits for its turn, or for what has to be known first. It can be taken back."""
    SENT = "sent"
    """It is on its way to the car."""
    DELIVERED = "delivered"
    """The car has it."""
    REPORT_AWAITED = "report_awaited"
    """The car says that it has done it, or has probably done it, and its report does not show it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a car is busy with; `waiting` are the commands that come after this one, in their order."""

    stage: Stage = Stage.IDLE
    key: CommandKey | None = None
    waiting: tuple[CommandKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What became of a command, for whoever wants to know; `reason` is a `Reason`, or what kept it from being sent."""

    key: CommandKey
    fate: Fate
    reason: str | None
    words: str | None = field(repr=False)
    sent_at: datetime | None


type OnEnding = Callable[[Ending], None]

type _Result = Outcome | SourceError | InvalidCommandError | HomeAssistantError


@dataclass(slots=True, eq=False)
class _Run:
    """A command on its way: waiting for its turn, then sent."""

    command: Command
    asked_at: datetime = field(default_factory=dt_util.utcnow)
    step: Step | None = None

    @property
    def is_sent(self) -> bool:
        """Whether it is too late to take it back."""
        return self.step is not None

    @property
    def stage(self) -> Stage:
        """How far it has come."""
        if self.step is None:
            return Stage.QUEUED
        return Stage.DELIVERED if self.step is Step.DELIVERED else Stage.SENT


@dataclass(frozen=True, slots=True, kw_only=True)
class _Awaited:
    """A command that the car's report does not show yet; whether the car said that it did it, or nobody knows."""

    command: Command
    sent_at: datetime
    is_executed: bool


@dataclass(slots=True, eq=False)
class _Desk:
    """What is going on with one car.

    `runs` wait for an outcome, in the order in which they came; `awaited` have been executed and are not in the car's
    report yet, by the parts of the car that they are about; `looks_left` are the waits before further looks at it.
    """

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    runs: list[_Run] = field(default_factory=list)
    awaited: dict[frozenset[str], _Awaited] = field(default_factory=dict)
    looks_left: list[float] = field(default_factory=list)
    cancel_look: CALLBACK_TYPE | None = None


class Commanding:
    """Sends commands, each once, and knows which are under way."""

    def __init__(self, hass: HomeAssistant, tell: Tell, look_at: LookAt, on_change: Callable[[], None]) -> None:
        """Send nothing yet; `on_change` is called whenever a command begins or ends."""
        self._hass = hass
        self._tell = tell
        self._look_at = look_at
        self._on_change = on_change
        self._desks: dict[str, _Desk] = defaultdict(_Desk)
        self._listeners: dict[str, list[OnEnding]] = defaultdict(list)
        self._tasks: set[asyncio.Task[object]] = set()
        self._is_closed = False

    def under_way(self, vin: str) -> tuple[CommandKey, ...]:
        """The commands that a car has yet to carry out, in their order, and then those that it has yet to report."""
        desk = self._desks[vin]
        executed = (entry.command.key for entry in desk.awaited.values())
        return *(run.command.key for run in desk.runs), *executed

    def standing(self, vin: str) -> Standing:
        """What a car is busy with: what it is told now; if there is nothing, what it has yet to report."""
        desk = self._desks[vin]
        if desk.runs:
            run, *others = desk.runs
            return Standing(stage=run.stage, key=run.command.key, waiting=tuple(other.command.key for other in others))
        if desk.awaited:
            *_, last = desk.awaited.values()
            return Standing(stage=Stage.REPORT_AWAITED, key=last.command.key)
        return Standing()

    def done(self, vin: str) -> tuple[Command, ...]:
        """What a car has said that it carried out, and its report does not show yet; each is about something else."""
        return tuple(entry.command for entry in self._desks[vin].awaited.values() if entry.is_executed)

    def async_listen(self, vin: str, on_ending: OnEnding) -> CALLBACK_TYPE:
        """Be told what becomes of a car's commands, until the returned function is called."""
        self._listeners[vin].append(on_ending)
        return lambda: self._listeners[vin].remove(on_ending)

    async def async_execute(self, vin: str, command: Command) -> Outcome:
        """Send a command when all before it have come to an end, and wait for its outcome.

        Whoever stops waiting takes back a command that was not sent yet; one that was goes its way all the same.

        Raises:
            InvalidCommandError: It makes no sense for this car.
            SourceError: It was certainly not taken.
            HomeAssistantError: The account was taken down meanwhile, or its turn came too late.
        """
        if self._is_closed:
            raise interrupted(is_sent=False)
        run = _Run(command)
        task = self._hass.async_create_background_task(self._run(vin, run), f"mybmw {command.key}", eager_start=False)
        self._keep(task)
        self._desks[vin].runs.append(run)
        task.add_done_callback(lambda _: self._leave(vin, run))
        self._on_change()
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            if not run.is_sent:
                task.cancel()
            raise
        if task.cancelled():
            raise interrupted(is_sent=run.is_sent)
        result = task.result()
        if isinstance(result, Exception):
            raise result
        return result

    @callback
    def note(self, vehicles: Mapping[str, Vehicle]) -> None:
        """Wait no more for what these cars' reports show, nor for what they do not speak of."""
        for vin, desk in self._desks.items():
            if vehicle := vehicles.get(vin):
                desk.awaited = {
                    parts: entry
                    for parts, entry in desk.awaited.items()
                    if speaks_of(vehicle, entry.command) and not shows_effect(vehicle, entry.command, entry.sent_at)
                }
                if not desk.awaited:
                    self._rest(desk)

    @callback
    def close(self) -> None:
        """Leave what was sent to its fate, send nothing more and look no more."""
        self._is_closed = True
        for task in self._tasks:
            task.cancel()
        for desk in self._desks.values():
            desk.awaited.clear()
            self._rest(desk)

    async def _run(self, vin: str, run: _Run) -> _Result:
        """Have a command sent when it is its turn; nobody may be there any more to hear what it returns."""
        async with self._desks[vin].turn:
            try:
                return await self._see_to(vin, run)
            finally:
                self._leave(vin, run)

    async def _see_to(self, vin: str, run: _Run) -> _Result:
        """Have a command sent, and tell of its end."""
        key = run.command.key
        if dt_util.utcnow() - run.asked_at > LONGEST_TURN:
            self._announce(vin, Ending(key=key, fate=Fate.FAILED, reason=TOO_LATE, words=None, sent_at=None))
            return too_late()

        def _reach(step: Step) -> None:
            run.step = step
            self._on_change()

        try:
            outcome = await self._tell(vin, run.command, _reach)
        except InvalidCommandError as err:
            return err
        except SourceError as err:
            _LOGGER.debug("%s was not sent: %s", key, err)
            self._announce(vin, Ending(key=key, fate=Fate.FAILED, reason=name_of(err), words=None, sent_at=None))
            return err
        _LOGGER.debug("%s: %s (%s)", key, outcome.fate, outcome.reason)
        is_shown = outcome.location is not None
        if outcome.sent_at and not is_shown and (outcome.fate is Fate.EXECUTED or outcome.reason is Reason.ANSWER_LOST):
            entry = _Awaited(command=run.command, sent_at=outcome.sent_at, is_executed=outcome.fate is Fate.EXECUTED)
            self._await_report(vin, entry)
        self._announce(
            vin,
            Ending(
                key=key,
                fate=outcome.fate,
                reason=outcome.reason,
                words=outcome.words,
                sent_at=outcome.sent_at,
            ),
        )
        return outcome

    def _leave(self, vin: str, run: _Run) -> None:
        if run in self._desks[vin].runs:
            self._desks[vin].runs.remove(run)
            self._on_change()

    def _announce(self, vin: str, ending: Ending) -> None:
        for on_ending in list(self._listeners[vin]):
            on_ending(ending)

    def _await_report(self, vin: str, entry: _Awaited) -> None:
        """Look at a car, and look again, until its report shows what it did or it takes too long.

        Of two commands about the same part of a car, the later one counts.
        """
        if parts := parts_of(entry.command):
            desk = self._desks[vin]
            self._rest(desk)
            desk.awaited = {others: other for others, other in desk.awaited.items() if others.isdisjoint(parts)}
            desk.awaited[parts] = entry
            desk.looks_left = list(LOOKS_S)
            self._plan_look(vin, desk)

    def _plan_look(self, vin: str, desk: _Desk) -> None:
        if not desk.looks_left:
            self._give_up(desk)
            return

        @callback
        def _begin(_now: datetime) -> None:
            desk.cancel_look = None
            self._keep(self._hass.async_create_background_task(self._look(vin, desk), "mybmw look after a command"))

        desk.cancel_look = async_call_later(self._hass, desk.looks_left.pop(0), _begin)

    async def _look(self, vin: str, desk: _Desk) -> None:
        subjects = {SUBJECTS[entry.command.key] for entry in desk.awaited.values()}
        try:
            await self._look_at(vin, state_only=SETTINGS.isdisjoint(subjects))
        except TryLaterError as err:
            _LOGGER.debug("The car could not be read after a command: %s", err)
        except SourceError as err:
            _LOGGER.debug("The car is not read any more after a command: %s", err)
            self._give_up(desk)
        if desk.awaited and desk.cancel_look is None:
            self._plan_look(vin, desk)

    def _give_up(self, desk: _Desk) -> None:
        desk.awaited.clear()
        self._rest(desk)
        self._on_change()

    def _keep(self, task: asyncio.Task[object]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @staticmethod
    def _rest(desk: _Desk) -> None:
        if desk.cancel_look:
            desk.cancel_look()
            desk.cancel_look = None
