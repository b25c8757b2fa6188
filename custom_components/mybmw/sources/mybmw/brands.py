"""The lists of cars an account has."""

from enum import StrEnum


class ListBrand(StrEnum):
    """A list of cars; a car stands on one of them and is asked for under its name."""

    BMW = "bmw"
    MINI = "mini"
    TOYOTA = "toyota"
