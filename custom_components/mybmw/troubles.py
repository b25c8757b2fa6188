"""What keeps cars from being read, and how often in a row it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .sources import NotAllowedError, SlowDownError, SourceError

MISSES_ALLOWED: Final = 2
"""Failures in a row that leave the last data standing: one lost poll must not set off automations."""


class Cause(StrEnum):
    """Why a car could not be read; also a translation key."""

    BLOCKED = "blocked"
    FORBIDDEN = "forbidden"
    SIGN_IN_REQUIRED = "sign_in_required"
    SLOW_DOWN = "slow_down"
    TRY_LATER = "try_later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What kept a car from being read the last time, and how many times in a row it has failed."""

    cause: Cause
    misses: int

    @property
    def is_lost(self) -> bool:
        """Whether it has failed too often for what was read before to be believed any longer."""
        return self.misses > MISSES_ALLOWED


def counted(causes: Mapping[str, Cause], before: Mapping[str, Trouble]) -> Mapping[str, Trouble]:
    """The troubles of cars now, by VIN. A car that has to wait for a full quota has not failed once more."""
    misses = {vin: trouble.misses for vin, trouble in before.items()}
    return {
        vin: Trouble(cause=cause, misses=misses.get(vin, 0) + (cause is not Cause.SLOW_DOWN))
        for vin, cause in causes.items()
    }


def lost(troubles: Mapping[str, Trouble]) -> set[str]:
    """The cars of which nothing is believed any longer."""
    return {vin for vin, trouble in troubles.items() if trouble.is_lost}


def cause_of(err: SourceError) -> Cause:
    """The cause, if a failure is about one car."""
    match err:
        case SlowDownError():
            return Cause.SLOW_DOWN
        case NotAllowedError():
            return Cause(err.reason)
        case _:
            return Cause.TRY_LATER
