"""What seldom changes about a car: made once, and again when BMW writes something else of it.

A profile is read once a day, most contracts stay what they are for years, and a parked car tells the same of its tires
and services again and again; but a car is built from every answer. What is made of the same once more is the same, for
it cannot be changed.
"""

from collections.abc import Callable

import orjson

from ....vehicle import Capabilities, ChargingPlan, Identity, Maintenance, Tires
from ...fields import MOST_ODDITIES, Oddities


class Lasting:
    """What was made of one car the last time; a new one knows nothing."""

    __slots__ = ("capabilities", "charging_plan", "identity", "maintenance", "tires")

    def __init__(self) -> None:
        """Have everything made."""
        self.identity = Kept[Identity]()
        self.capabilities = Kept[Capabilities]()
        self.charging_plan = Kept[ChargingPlan | None]()
        self.tires = Kept[Tires | None]()
        self.maintenance = Kept[Maintenance]()


class Kept[T]:
    """A part of a car, beside all it was made of."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        """Have it made."""
        self._kept: tuple[bytes, T] | None = None

    def made_of(self, told: object, make: Callable[[], T], oddities: Oddities) -> T:
        """The part, made anew if what it is made of is not written as the last time.

        What is written can be told apart where Python's values cannot, to which 1 equals true; and it is compared
        faster. A part that something was odd about is made each time, so that `oddities` has it each time.
        """
        written = _written(told)
        if self._kept is not None and self._kept[0] == written:
            return self._kept[1]
        odd_before = len(oddities)
        part = make()
        is_odd = len(oddities) != odd_before or odd_before >= MOST_ODDITIES
        self._kept = None if written is None or is_odd else (written, part)
        return part


def _written(told: object) -> bytes | None:
    """None if it cannot be written, because of half a character or too many levels: nothing that BMW has ever sent."""
    try:
        return orjson.dumps(told)
    except orjson.JSONEncodeError:
        return None
