"""What a car says and the model of a car has no place for."""

from collections.abc import Mapping
from typing import Final

from ....vehicle import Extra
from ..catalogue import CATALOGUE, is_personal
from ..entry import Kind
from ..keys import Key
from ..reading import LONG_AGO, Reading
from ..traps import NOT_THE_CARS
from .told import written_moment

_MAPPED: Final = frozenset(Key)


def build_extras(readings: Mapping[str, Reading]) -> dict[str, Extra]:
    """All readings that the model has no place for, by descriptor."""
    return {key: _extra(key, reading) for key, reading in readings.items() if key not in _MAPPED}


def _extra(key: str, reading: Reading) -> Extra:
    known = CATALOGUE.get(key)
    value = reading.value
    is_cars = reading.at != LONG_AGO and key not in NOT_THE_CARS
    return Extra(
        as_of=reading.at.replace(microsecond=0) if is_cars else None,
        value=written_moment(value) if known and known.kind is Kind.MOMENT and isinstance(value, str) else value,
        unit=reading.unit if known is None or known.kind is Kind.NUMBER else None,
        is_personal=is_personal(key, value),
    )
