"""Where a car is."""

from dataclasses import dataclass
from datetime import datetime


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
