"""Doors, windows, lids, roof, lock and alarm."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final


class Lid(StrEnum):
    """Everything on a car that opens, except its windows."""

    DOOR_FRONT_LEFT = "door_front_left"
    DOOR_FRONT_RIGHT = "door_front_right"
    DOOR_REAR_LEFT = "door_rear_left"
    DOOR_REAR_RIGHT = "door_rear_right"
    HOOD = "hood"
    TRUNK = "trunk"
    SUNROOF = "sunroof"


class Window(StrEnum):
    """The windows of a car."""

    FRONT_LEFT = "window_front_left"
    FRONT_RIGHT = "window_front_right"
    REAR_LEFT = "window_rear_left"
    REAR_RIGHT = "window_rear_right"
    REAR = "window_rear"


class OpeningState(StrEnum):
    """How far something is open."""

    CLOSED = "closed"
    OPEN = "open"
    OPEN_TILT = "open_tilt"
    INTERMEDIATE = "intermediate"
    UNKNOWN = "unknown"

    @property
    def is_open(self) -> bool | None:
        """Whether it is not fully closed; None while the car does not say."""
        return None if self is OpeningState.UNKNOWN else self is not OpeningState.CLOSED


class LockState(StrEnum):
    """What the car says of its central locking; secured is locked with the anti-theft bolts set."""

    LOCKED = "locked"
    SECURED = "secured"
    SELECTIVE_LOCKED = "selective_locked"
    PARTIALLY_LOCKED = "partially_locked"
    UNLOCKED = "unlocked"
    UNKNOWN = "unknown"

    @property
    def is_locked(self) -> bool | None:
        """Whether every door is locked; None while the car does not say."""
        return None if self is LockState.UNKNOWN else self in _ALL_LOCKED


_ALL_LOCKED: Final = frozenset({LockState.LOCKED, LockState.SECURED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The openings of a car; only what is fitted is listed."""

    as_of: datetime | None = None
    lids: Mapping[Lid, OpeningState] = field(default_factory=dict)
    windows: Mapping[Window, OpeningState] = field(default_factory=dict)
    roof_type: str | None = None
    lock: LockState = LockState.UNKNOWN
    is_alarm_armed: bool | None = None

    @property
    def is_any_lid_open(self) -> bool | None:
        """Whether a door, the hood, the trunk or the roof is open."""
        return _any_open(self.lids.values())

    @property
    def is_any_window_open(self) -> bool | None:
        """Whether a window is open."""
        return _any_open(self.windows.values())


def _any_open(states: Iterable[OpeningState]) -> bool | None:
    """True as soon as one is open; None if none is known to be open but not all are known to be closed."""
    answers = {state.is_open for state in states}
    if True in answers:
        return True
    return False if answers == {False} else None
