"""Values that only one cloud knows and that the model of a car has no place for."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """A value the way its cloud tells it, in a `unit` as Home Assistant writes it; None while the car does not know.

    One that `is_personal` tells where somebody is or goes, or who they are; no stranger is shown it.
    """

    as_of: datetime | None = None
    value: bool | int | float | str | datetime | None = None
    unit: str | None = None
    is_personal: bool = False
