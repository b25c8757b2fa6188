"""What keeps cars from being read, and how often in a row it has."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
import logging
from typing import Final

from .sources import NotAllowedError, SlowDownError, SourceError
from .sources.spans import is_over

_LOGGER = logging.getLogger(__name__)

MISSES_ALLOWED: Final = 2
"""Failures in a row that leave the last data standing: one lost poll must not set off automations."""


class Cause(StrEnum):
    """Why a car could not be read; also a translation key."""

    BLOCKED = "blocked"
    FORBIDDEN = "forbidden"
    SIGN_IN_REQUIRED = "sign_in_required"
    SLOW_DOWN = "slow_down"
    TRY_LATER = "try_later"

    @property
    def is_failure(self) -> bool:
        """Whether something went wrong; who waits for a full quota has not failed."""
        return self is not Cause.SLOW_DOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What kept a car from being read the last time, and how many times in a row it has failed.

    It `is_lost` if what was read before is believed no longer: it has failed too often, or the account was refused.
    """

    cause: Cause
    misses: int
    is_lost: bool


def cause_of(err: SourceError) -> Cause:
    """The cause, if a failure is about one car."""
    match err:
        case SlowDownError():
            return Cause.SLOW_DOWN
        case NotAllowedError():
            return Cause(err.reason)
        case _:
            return Cause.TRY_LATER


class Ledger:
    """Counts the troubles of an account's cars, and logs once when one is lost, and once when it is back.

    A car that somebody reads in vain again and again does not fail faster than looks come, one `every` so often.
    """

    def __init__(self, name: Callable[[str], str], *, every: timedelta) -> None:
        """Know of no trouble; `name` is what to call a car (by its VIN) in the log, which must never hold one."""
        self.troubles: Mapping[str, Trouble] = {}
        self._name = name
        self._every = every
        self._counted_at: datetime | None = None

    @property
    def lost(self) -> set[str]:
        """The cars of which nothing is believed any longer."""
        return {vin for vin, trouble in self.troubles.items() if trouble.is_lost}

    def replace(
        self, causes: Mapping[str, Cause], reasons: Mapping[str, object], *, now: datetime, is_refused: bool = False
    ) -> None:
        """Have these troubles and no others, by VIN; `reasons` are for the log.

        A failure counts once more, and to wait is none. If the account `is_refused`, nothing is shown at once, and
        nobody knows for how long: no car is believed before it was read again, whatever patience was left with it.
        """
        lost_before = self.lost
        is_new = is_over(self._counted_at, self._every, now)
        if is_new and any(cause.is_failure for cause in causes.values()):
            self._counted_at = now
        self.troubles = {
            vin: self._trouble(vin, cause, is_new=is_new, is_refused=is_refused) for vin, cause in causes.items()
        }
        for vin in self.lost - lost_before:
            _LOGGER.warning("%s is unavailable until it can be read again: %s", self._name(vin), reasons[vin])

    def read(self, vins: Collection[str]) -> None:
        """Note that these cars could be read; nothing is wrong with them any more."""
        for vin in self.lost.intersection(vins):
            _LOGGER.info("%s can be read again", self._name(vin))
        self.troubles = {vin: trouble for vin, trouble in self.troubles.items() if vin not in vins}

    def _trouble(self, vin: str, cause: Cause, *, is_new: bool, is_refused: bool) -> Trouble:
        before = self.troubles.get(vin)
        so_far, was_lost = (before.misses, before.is_lost) if before else (0, False)
        misses = max(so_far + is_new, 1) if cause.is_failure else so_far
        return Trouble(cause=cause, misses=misses, is_lost=was_lost or is_refused or misses > MISSES_ALLOWED)
