"""What a car of the garage is by nature, and what its owner does with it."""

from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Final

from .condition import Opening, Stamp, Work
from .places import Place
from .roads import Road


class DriveTrain(StrEnum):
    """Where the force comes from. A plug-in hybrid burns fuel when its battery is empty, so does a range extender."""

    ELECTRIC = "electric"
    PLUG_IN_HYBRID = "plug_in_hybrid"
    PETROL = "petrol"
    RANGE_EXTENDER = "range_extender"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What is written on a car and in its papers; `color` is ARGB, `release` month, year and step of its software."""

    vin: str
    make: str
    model: str
    body: str
    year: int
    color: int
    head_unit: str
    idrive: str
    telematics: str
    series: str
    release: tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """A high-voltage battery.

    `curve` is the charging power in kW that it takes at most, at some states of charge in percent; in between it is
    straight. `ac_kw` is what the charger on board makes of alternating current. `kwh_per_100_km` is on a mild day.
    """

    kwh: float
    ac_kw: float
    curve: tuple[tuple[float, float], ...]
    kwh_per_100_km: float

    def takes_kw(self, percent: float) -> float:
        """The charging power that the battery takes at a state of charge."""
        at = min(max(1, bisect(self.curve, percent, key=lambda point: point[0])), len(self.curve) - 1)
        (low, low_kw), (high, high_kw) = self.curve[at - 1 : at + 1]
        return low_kw + (high_kw - low_kw) * (percent - low) / (high - low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tank:
    """A tank and what the engine makes of it."""

    liters: float
    l_per_100_km: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tires:
    """Four tires, in the order of `Condition.tires_kpa`: the pressure they should have, and what they lose in a day."""

    target_kpa: tuple[int, int, int, int]
    loss_kpa_per_day: tuple[float, float, float, float]
    sizes: tuple[str, str]
    """Front and rear."""
    manufacturer: str
    tread: str
    is_winter: bool
    week: int
    """When they were made, written as on a tire: 4024 is week 40 of 2024."""
    are_worn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """How often a work is due; a distance of None if only time counts. `last` is when it was done last."""

    months: int
    km: int | None = None
    last: Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Charging:
    """How the owner charges: at home when below one level, up to another, at once or in certain hours."""

    below_percent: int
    target_percent: int
    window: tuple[time, time] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Somewhere to stay, for between so many hours."""

    place: Place
    hours: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outing:
    """Something the owner does on some days of the week (Monday is 0), with a certain probability."""

    days: tuple[int, ...]
    leaves: time
    spread_min: int
    stops: tuple[Stop, ...]
    chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """What one can expect of whoever drives the car; all but the outings are probabilities."""

    outings: tuple[Outing, ...]
    charging: Charging | None = None
    preconditions: float = 0
    leaves_unlocked: float = 0.03
    leaves_something_open: float = 0.05
    loads: float = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A car of the garage, as it was when the garage opened.

    `parked` is where it stands at home, in degrees north and east of the gate; `thirst` what a kind of road does to its
    consumption.
    """

    name: str
    identity: Identity
    drive_train: DriveTrain
    openings: frozenset[Opening]
    battery: Battery | None = None
    tank: Tank | None = None
    tires: Tires
    washer_l: float = 4
    works: Mapping[Work, Interval]
    mileage_km: float
    parked: tuple[float, float]
    owner: Owner
    thirst: Mapping[Road, float]


ELECTRIC_THIRST: Final[Mapping[Road, float]] = {Road.CITY: 0.92, Road.COUNTRY: 0.88, Road.MOTORWAY: 1.16}
PETROL_THIRST: Final[Mapping[Road, float]] = {Road.CITY: 1.38, Road.COUNTRY: 0.88, Road.MOTORWAY: 1.0}
