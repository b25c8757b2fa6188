"""The commands of one account: one at a time per car, and each is seen through until the car's report shows it."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
import logging
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .complaints import interrupted, name_of
from .sources import SourceError, TryLaterError
from .vehicle import Command, CommandKey, Fate, InvalidCommandError, Outcome, Reason, Vehicle
from .vehicle.effects import SUBJECTS, Subject, shows_effect

_LOGGER = logging.getLogger(__name__)

LOOKS_S: Final = (1.5, 7.5, 15.0, 30.0, 60.0)
"""The waits before each look at a car that has done something: one at once, as some reports are quick, and then ever
more patient ones, two minutes in all."""

type Tell = Callable[[str, Command], Awaitable[Outcome]]
"""Has a car asked to do something.

Raises a SourceError or an InvalidCommandError if it was certainly not asked.
"""

type LookAt = Callable[[str], Awaitable[None]]
"""Reads one car and shows it. Raises a TryLaterError if it could not; after another SourceError, nobody tries again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What became of a command, for whoever wants to know; `reason` is a `Reason`, or what kept it from being sent."""

    key: CommandKey
    fate: Fate
    reason: str | None
    words: str | None = field(repr=False)
    sent_at: datetime | None


type OnEnding = Callable[[Ending], None]

type _Result = Outcome | SourceError | InvalidCommandError


@dataclass(slots=True, eq=False)
class _Run:
    """A command on its way: waiting for its turn, then sent."""

    command: Command
    is_sent: bool = False


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
    report yet; `looks_left` are the waits before further looks at it.
    """

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    runs: list[_Run] = field(default_factory=list)
    awaited: dict[Subject, _Awaited] = field(default_factory=dict)
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

    def under_way(self, vin: str) -> tuple[CommandKey, ...]:
        """The commands that a car has yet to carry out or to report, those first that came first."""
        desk = self._desks[vin]
        executed = (entry.command.key for entry in desk.awaited.values())
        return *executed, *(run.command.key for run in desk.runs)

    def is_done(self, vin: str, command: Command) -> bool:
        """Whether a car has said that it carried out a command, and its report does not show it yet."""
        return any(entry.is_executed and entry.command == command for entry in self._desks[vin].awaited.values())

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
            HomeAssistantError: The account was taken down meanwhile.
        """
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
        """Wait no more for what these cars' reports show."""
        for vin, desk in self._desks.items():
            if vehicle := vehicles.get(vin):
                desk.awaited = {
                    subject: entry
                    for subject, entry in desk.awaited.items()
                    if not shows_effect(vehicle, entry.command, entry.sent_at)
                }
                if not desk.awaited:
                    self._rest(desk)

    @callback
    def close(self) -> None:
        """Leave what was sent to its fate, send nothing more and look no more."""
        for task in self._tasks:
            task.cancel()
        for desk in self._desks.values():
            desk.awaited.clear()
            self._rest(desk)

    async def _run(self, vin: str, run: _Run) -> _Result:
        """Have a command sent, and tell of its end; nobody may be there any more to hear what it returns."""
        async with self._desks[vin].turn:
            run.is_sent = True
            key = run.command.key
            try:
                outcome = await self._tell(vin, run.command)
            except InvalidCommandError as err:
                return err
            except SourceError as err:
                _LOGGER.debug("%s was not sent: %s", key, err)
                self._announce(vin, Ending(key=key, fate=Fate.FAILED, reason=name_of(err), words=None, sent_at=None))
                return err
            _LOGGER.debug("%s: %s (%s)", key, outcome.fate, outcome.reason)
            is_shown = outcome.location is not None
            if (
                outcome.sent_at
                and not is_shown
                and (outcome.fate is Fate.EXECUTED or outcome.reason is Reason.ANSWER_LOST)
            ):
                entry = _Awaited(
                    command=run.command, sent_at=outcome.sent_at, is_executed=outcome.fate is Fate.EXECUTED
                )
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
        self._desks[vin].runs.remove(run)
        self._on_change()

    def _announce(self, vin: str, ending: Ending) -> None:
        for on_ending in list(self._listeners[vin]):
            on_ending(ending)

    def _await_report(self, vin: str, entry: _Awaited) -> None:
        """Look at a car, and look again, until its report shows what it did or it takes too long."""
        if subject := SUBJECTS.get(entry.command.key):
            desk = self._desks[vin]
            self._rest(desk)
            desk.awaited.pop(subject, None)  # what came later is in the last place
            desk.awaited[subject] = entry
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
        try:
            await self._look_at(vin)
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
