"""Where a car is, and where else something may be."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from .flaws import Flaw, InvalidCommandError

_POLE_DEG: Final = 90
_DATE_LINE_DEG: Final = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A position in WGS-84 degrees, with the compass heading in degrees and BMW's address text if known.

    `altitude_m` is above sea level.
    """

    as_of: datetime | None = None
    latitude: float
    longitude: float
    heading_deg: int | None = None
    altitude_m: int | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in WGS-84 degrees.

    Raises:
        InvalidCommandError: There is no such place.
    """

    latitude: float = field(repr=False)
    longitude: float = field(repr=False)

    def __post_init__(self) -> None:
        if not (abs(self.latitude) <= _POLE_DEG and abs(self.longitude) <= _DATE_LINE_DEG):  # which NaN is not, either
            raise InvalidCommandError(Flaw.POSITION_IMPOSSIBLE)
