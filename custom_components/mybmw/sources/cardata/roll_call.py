"""When BMW is asked which cars an account has, and how far its answer is believed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from .. import Json, NotAllowedError, SlowDownError, SourceError
from .failures import Cause, cause_of
from .memory import count_of, moment_of

DAILY: Final = timedelta(days=1)
"""How often is asked while there are cars, and for how long BMW has to say that there is none any more."""

SECOND_LOOK: Final = timedelta(hours=1)
"""So long after a car has gone missing is asked once more, and until then it stays: it is more often a slip."""

WITHOUT_CARS: Final = timedelta(minutes=30)
"""So long after there was no car is asked again, then after as long as there has been none, in the end daily."""

_RETRY: Final = timedelta(minutes=10)
"""After a failure without a car, for which Home Assistant would wait seconds; each further one doubles it, up to..."""
_LONGEST_RETRY: Final = timedelta(minutes=80)
"""... this: nobody can ask at once for an account that is not set up."""

_FIRST_WAIT: Final = timedelta(hours=1)
"""After a failure while cars are known, which costs a call and no car; each further one in a row is twice as long."""

_MOST_FAILURES: Final = 5
"""More make the wait no longer."""


@dataclass(slots=True, kw_only=True)
class RollCall:
    """How asking for the cars of an account has gone.

    It `was_answered` once BMW has told which they are; `due_at` is when to ask again, None for at once. `none_since` is
    when BMW began to say that there is none, or was first believed. `failures` are those in a row; `refused_by` is why
    BMW would not say, if it would not.
    """

    was_answered: bool = False
    due_at: datetime | None = None
    none_since: datetime | None = None
    failures: int = 0
    refused_by: Cause | None = None

    @classmethod
    def remembered(cls, page: Mapping[str, Json], now: datetime) -> Self:
        """As it was written down."""
        refused_by = page.get("refused_by")
        roll_call = cls(
            was_answered=page.get("was_answered") is True,
            due_at=moment_of(page.get("due_at")),
            none_since=moment_of(page.get("none_since")),
            failures=min(count_of(page.get("failures")), _MOST_FAILURES),
            refused_by=Cause(refused_by) if isinstance(refused_by, str) and refused_by in set(Cause) else None,
        )
        roll_call.put_right(now)
        return roll_call

    def to_keep(self) -> dict[str, Json]:
        """What has to survive a restart."""
        return {
            "was_answered": self.was_answered,
            "due_at": _written(self.due_at),
            "none_since": _written(self.none_since),
            "failures": self.failures,
            "refused_by": self.refused_by.value if self.refused_by else None,
        }

    @property
    def has_failed(self) -> bool:
        """Whether BMW did not answer when it was asked last, or was never asked."""
        return not self.was_answered or self.failures > 0

    def is_due(self, now: datetime) -> bool:
        """Whether it is time to ask."""
        return self.due_at is None or now >= self.due_at

    def begin(self, now: datetime) -> datetime | None:
        """Ask; whatever becomes of it, not again at once. Returns when it was due, for who finds that it was none."""
        due_at, self.due_at = self.due_at, now + _RETRY
        return due_at

    def fail(self, err: SourceError, now: datetime, *, has_cars: bool) -> None:
        """Note that there was no answer. With cars that are known, asking again is worth few calls."""
        self.refused_by = cause_of(err) if isinstance(err, NotAllowedError) else None
        match err:
            case _ if not has_cars:
                wait = min(_RETRY * 2**self.failures, _LONGEST_RETRY)
            case NotAllowedError():
                wait = DAILY
            case SlowDownError():
                wait = err.until - now
            case _:
                wait = _FIRST_WAIT * 2**self.failures
        self.due_at = now + min(max(wait, _RETRY), DAILY)
        self.failures = min(self.failures + 1, _MOST_FAILURES)

    def believes(self, answer: set[str], known: set[str], now: datetime) -> bool:
        """Take an answer, and tell whether it is to be believed.

        That no car is left of those that were `known`, is after a day only: it is more often a fault of BMW's.
        """
        self.was_answered, self.failures, self.refused_by = True, 0, None
        if answer:
            self.none_since = None
            self.due_at = now + DAILY
            return True
        since = self.none_since or now
        if known and now < since + DAILY:
            self.none_since, self.due_at = since, now + DAILY
            return False
        self.none_since = now if known else since
        self.due_at = now + min(max(now - self.none_since, WITHOUT_CARS), DAILY)
        return True

    def put_right(self, now: datetime) -> None:
        """Believe no moment that is still to come: the clock was ahead then, and has been set back."""
        self.none_since = self.none_since and min(self.none_since, now)
        self.due_at = self.due_at and min(self.due_at, now + DAILY)


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
