"""The calls that BMW allows an account: 50 in 24 hours, for all its cars, clients and tools together.

BMW says "daily" and no more. Clients saw the count begin anew at midnight UTC, and others saw it roll; what we book
rolls, which keeps to both. Calls that fail are counted, too. Only other tools' calls cannot be seen: BMW's "no" tells
of them, after which we ask again when either of the two ways of counting would have freed a call.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from .. import Clock, Json, SlowDownError, TryLaterError
from ..spans import has_come
from .memory import Memory, Page, moment_of

LIMIT: Final = 50
"""Calls in 24 hours."""

RESERVE: Final = 5
"""So many of them are kept back for what the owner asks for."""

WINDOW: Final = timedelta(hours=24, minutes=1)
"""How long a call counts; the minute is for BMW's clock, and for calls that took their time to get there."""

_AFTER_MIDNIGHT: Final = timedelta(minutes=5)
_LEAST_WAIT: Final = timedelta(hours=1)
"""After BMW's "no", whatever `Retry-After` says, which nobody has seen with it: each further attempt may count."""
_LONGEST_WAIT: Final = timedelta(days=1)


class Reason(StrEnum):
    """What a call is made for."""

    SET_UP = "set_up"
    """The account is new here."""
    DAILY = "daily"
    """What does not stream is looked at once a day."""
    CHARGE_ENDED = "charge_ended"
    """It should have by now, and the car has not said so."""
    TRIP_ENDED = "trip_ended"
    STREAM_WAS_AWAY = "stream_was_away"
    """What it brought meanwhile is lost."""
    NO_STREAM = "no_stream"
    """Nothing streams, so BMW is asked now and then."""
    RESTART = "restart"
    PICTURE = "picture"
    """Somebody looks at a car."""
    OWNER = "owner"
    """They pressed a button, had a checkup done, or called an action."""

    @property
    def may_use_reserve(self) -> bool:
        """Whether a person has asked for it."""
        return self is Reason.OWNER


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that was made, whatever came of it."""

    at: datetime
    reason: Reason


class Ledger:
    """The calls of one account. A call is booked before it is sent, and the booking is stored before that."""

    def __init__(self, memory: Memory, clock: Clock, *, limit: int = LIMIT, reserve: int = RESERVE) -> None:
        """Start from what was kept last time. What cannot be read of it counts as a call made now."""
        self.limit = limit
        self.reserve = reserve
        self.booked = 0
        """Calls since the start."""
        self._memory = memory
        self._clock = clock
        page, now = memory.read(Page.CALLS), clock()
        calls = page.get("calls")
        self._calls = sorted(
            (_remembered(call, now) for call in (calls if isinstance(calls, list) else [])), key=lambda call: call.at
        )
        self._full_until = moment_of(page.get("full_until"))
        self._behind_since: datetime | None = None  # since when, by the clock, a call is still to come

    @property
    def calls_left(self) -> int:
        """How many calls the account has at most."""
        self._settle()
        return 0 if self._full_until else max(0, self.limit - len(self._calls))

    @property
    def last_call(self) -> Call | None:
        """The last call within a day, None if there was none."""
        self._settle()
        return self._calls[-1] if self._calls else None

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that still count, the oldest first."""
        self._settle()
        return tuple(self._calls)

    @property
    def next_frees_at(self) -> datetime | None:
        """When there will be a call more than now, None if all are there."""
        self._settle()
        if self._full_until:
            return self._full_until
        return min(map(self._frees_at, self._calls), default=None)

    def may_call(self, reason: Reason, calls: int = 1) -> bool:
        """Whether so many calls could be made for a reason now."""
        return self.calls_left - calls >= (0 if reason.may_use_reserve else self.reserve)

    def require(self, reason: Reason, calls: int = 1) -> None:
        """See that so many calls could be made for a reason now, before others are spent in vain.

        Raises:
            SlowDownError: They could not; `until` is when there will be a call more.
        """
        if not self.may_call(reason, calls):
            message = "The calls that BMW allows in a day are used up, or kept back for what you ask for yourself"
            raise SlowDownError(message, self._free_at(reason, calls))

    async def book(self, reason: Reason) -> None:
        """Book a call that is about to be made; the booking is stored when this returns.

        Raises:
            SlowDownError: There is none left for this reason; nothing is booked.
            TryLaterError: The booking cannot be stored, so that the call must not be made; nothing is booked.
        """
        self.require(reason)
        call = Call(at=self._clock(), reason=reason)
        self._calls.append(call)
        try:
            await self._store()
        except TryLaterError:
            self._calls.remove(call)
            raise
        self.booked += 1

    def join(self, other: Ledger) -> None:
        """Count what another ledger of the account knows, too; what both know, once."""
        known = Counter(self.calls) | Counter(other.calls)
        self._calls = sorted(known.elements(), key=lambda call: call.at)
        self._full_until = max(filter(None, (self._full_until, other._full_until)), default=None)

    async def close(self, wait: timedelta | None = None) -> datetime:
        """BMW says that all calls are used up: believe it for as long as it said, and return until when that is.

        That is an hour at least, and a day at most.
        """
        self._settle()
        now = self._clock()
        wait = self._likely_wait(now) if wait is None else wait
        self._full_until = now + min(max(wait, _LEAST_WAIT), _LONGEST_WAIT)
        await self._store()
        return self._full_until

    def to_keep(self) -> dict[str, Json]:
        """The ledger as plain JSON."""
        return {
            "calls": [{"at": call.at.isoformat(), "reason": call.reason.value} for call in self._calls],
            "full_until": self._full_until.isoformat() if self._full_until else None,
        }

    def _likely_wait(self, now: datetime) -> timedelta:
        """Until BMW would count anew at midnight, or would count the oldest of our calls no more."""
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), tzinfo=UTC) + _AFTER_MIDNIGHT
        return min([midnight, *map(self._frees_at, self._calls)]) - now

    def _free_at(self, reason: Reason, calls: int) -> datetime:
        """When there will be enough calls for a reason."""
        if self._full_until:
            return self._full_until
        frees = sorted(map(self._frees_at, self._calls))
        allowed = self.limit - (0 if reason.may_use_reserve else self.reserve)
        too_many = min(max(len(frees) + calls - allowed, 1), len(frees))
        return frees[too_many - 1] if too_many else self._clock() + WINDOW

    def _frees_at(self, call: Call) -> datetime:
        """When a call will count no more.

        If it is still to come, the clock was wrong when it was booked, or is wrong now: a computer may begin in 1970
        and be told the time later. Nobody knows which, so its moment stands, but is waited for no longer than a day.
        """
        now = self._clock()
        return (call.at if call.at <= now else self._behind_since or now) + WINDOW

    def _settle(self) -> None:
        """Forget what counts no more."""
        now = self._clock()
        is_behind = any(call.at > now for call in self._calls)
        self._behind_since = (self._behind_since or now) if is_behind else None
        self._calls = [call for call in self._calls if self._frees_at(call) > now]
        if self._full_until and has_come(self._full_until, _LONGEST_WAIT, now):
            self._full_until = None

    async def _store(self) -> None:
        await self._memory.write(Page.CALLS, self.to_keep())


def _remembered(call: Json, now: datetime) -> Call:
    page: Mapping[str, Json] = call if isinstance(call, dict) else {}
    reason = page.get("reason")
    return Call(
        at=moment_of(page.get("at")) or now,
        reason=Reason(reason) if isinstance(reason, str) and reason in set(Reason) else Reason.RESTART,
    )
