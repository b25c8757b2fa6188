"""How large the numbers of several parts of a car can be; what is beyond has not been measured."""

from typing import Final

PERCENT: Final = range(101)
KILOMETERS: Final = range(5_000_000)
MINUTES: Final = range(14 * 24 * 60)
