"""Whether a car is on its way."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """Whether the car is switched on, and whether it moves; None while it does not say."""

    as_of: datetime | None = None
    is_ignition_on: bool | None = None
    is_moving: bool | None = None
