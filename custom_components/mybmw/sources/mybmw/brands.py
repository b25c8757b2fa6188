"""The lists of cars an account has."""

from enum import StrEnum

from ...vehicle import Brand


class ListBrand(StrEnum):
    """A list of cars; a car stands on one of them and is asked for under its name."""

    BMW = "bmw"
    MINI = "mini"
    TOYOTA = "toyota"

    @property
    def make(self) -> Brand:
        """What the cars on the list are sold as."""
        return Brand[self.name]
