"""Reading a part of a car: values of the type and size that they should be, and when they were said."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Self

from ...fields import MOST_ODDITIES, Oddities
from ..keys import Key
from ..reading import LONG_AGO, Reading, moment_in
from ..traps import KM_PER_MILE, NOT_THE_CARS

_MOMENTS: Final = (
    "%d.%m.%Y %H:%M:%S UTC",
    "%d.%m.%Y %H:%M UTC",
    "%m/%d/%Y %H:%M:%S UTC",
    "%m/%d/%Y %H:%M UTC",
    "%m/%d/%Y %I:%M:%S %p UTC",
    "%m/%d/%Y %I:%M %p UTC",
    "%d.%m.%Y",
    "%m/%d/%Y",
)
"""How BMW writes moments in text; which of both orders it is, the signs tell. A bare day begins at midnight."""

_FACTORS: Final[Mapping[tuple[str | None, str], float]] = {
    ("mi", "km"): KM_PER_MILE,
    ("ft", "m"): 0.3048,
    ("bar", "kPa"): 100,
    ("psi", "kPa"): 6.894757,
    ("gal", "L"): 3.785412,
    ("kW", "W"): 1000,
    ("h", "min"): 60,
}
"""From what BMW sends now and then to what it should be."""


class Told:
    """The readings that one part of a car is made of. `as_of` is when the car said the newest of them."""

    def __init__(self, readings: Mapping[str, Reading], oddities: Oddities) -> None:
        """See all readings; what is odd goes to `oddities`."""
        self.readings = readings
        self._oddities = oddities
        self._newest = LONG_AGO

    def part(self) -> Self:
        """The same readings for another part of the car."""
        return type(self)(self.readings, self._oddities)

    @property
    def as_of(self) -> datetime | None:
        """When the car said the newest of all that was read for this part; None if it is BMW that says all of it."""
        return None if self._newest == LONG_AGO else self._newest.replace(microsecond=0)

    def reading(self, key: Key) -> Reading | None:
        """A reading, if the car knows what it says there."""
        return self.believe(self.readings.get(key), is_cars=key not in NOT_THE_CARS)

    def believe(self, reading: Reading | None, *, is_cars: bool = True) -> Reading | None:
        """A reading that was found another way, as one of this part; how old that is, it tells if it is the car's."""
        if reading is None or reading.value is None:
            return None
        if is_cars:
            self._newest = max(self._newest, reading.at)
        return reading

    def says(self, key: Key) -> bool:
        """Whether the car knows the descriptor, even if it has nothing to say just now."""
        return key in self.readings

    def number(self, key: Key, unit: str, least: float, most: float) -> float | None:
        """A number in a unit, between two bounds that it may reach."""
        reading = self.reading(key)
        return None if reading is None else self.measured(key, reading, unit, least, most)

    def measured(self, key: Key, reading: Reading, unit: str, least: float, most: float) -> float | None:
        """The number in a reading."""
        value = reading.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = value * _FACTORS.get((reading.unit, unit), 1)
            if least <= value <= most:
                return float(value)
        self.note(key, f"no number from {least} to {most}")
        return None

    def integer(self, key: Key, unit: str, allowed: range) -> int | None:
        """A number in a unit, cut to a whole one as BMW's own displays do."""
        number = self.number(key, unit, allowed[0], allowed[-1])
        return None if number is None else int(number)

    def flag(self, key: Key) -> bool | None:
        """A truth value."""
        reading = self.reading(key)
        if reading is None:
            return None
        if isinstance(reading.value, bool):
            return reading.value
        self.note(key, "no flag")
        return None

    def word[T](self, key: Key, meanings: Mapping[str, T], unlisted: T) -> T | None:
        """What a word means; None if the car does not know it."""
        reading = self.reading(key)
        return None if reading is None else self.meaning(key, reading, meanings, unlisted)

    def meaning[T](self, key: Key, reading: Reading, meanings: Mapping[str, T], unlisted: T) -> T:
        """What the word in a reading means."""
        if isinstance(reading.value, str) and reading.value in meanings:
            return meanings[reading.value]
        self.note(key, "a word that we do not know")
        return unlisted

    def text(self, key: Key) -> str | None:
        """A text."""
        reading = self.reading(key)
        return reading.value if reading and isinstance(reading.value, str) else None

    def note(self, key: str, problem: str) -> None:
        """Note that something is wrong with a descriptor."""
        if len(self._oddities) < MOST_ODDITIES:
            self._oddities.setdefault(str(key), problem)


def written_moment(text: str) -> datetime | None:
    """A moment that BMW has written as text, in its own way or as everywhere else, None if it is none."""
    for form in _MOMENTS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return moment_in(text)
