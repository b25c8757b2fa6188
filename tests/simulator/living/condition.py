"""How a car truly is at one moment, whoever knows of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple


class Opening(StrEnum):
    """Everything on a car that can be left open."""

    DOOR_FRONT_LEFT = "door_front_left"
    DOOR_FRONT_RIGHT = "door_front_right"
    DOOR_REAR_LEFT = "door_rear_left"
    DOOR_REAR_RIGHT = "door_rear_right"
    HOOD = "hood"
    TRUNK = "trunk"
    SUNROOF = "sunroof"
    WINDOW_FRONT_LEFT = "window_front_left"
    WINDOW_FRONT_RIGHT = "window_front_right"
    WINDOW_REAR_LEFT = "window_rear_left"
    WINDOW_REAR_RIGHT = "window_rear_right"
    WINDOW_REAR = "window_rear"


class Plug(StrEnum):
    """What happens at the plug."""

    OUT = "out"
    WAITING = "waiting"
    """For the hours in which electricity is cheap."""
    CHARGING = "charging"
    DONE = "done"
    """Charged as far as it was to be."""
    ENDED_EARLY = "ended_early"


class Air(StrEnum):
    """What the climate control of a parked car does."""

    OFF = "off"
    HEATING = "heating"
    COOLING = "cooling"
    VENTILATION = "ventilation"


class Work(StrEnum):
    """What a workshop has to do from time to time."""

    OIL = "oil"
    BRAKE_FLUID = "brake_fluid"
    VEHICLE_CHECK = "vehicle_check"
    INSPECTION = "inspection"
    """The one the state asks for."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a work was done last, by date and by mileage."""

    day: date
    mileage_km: int


class Condition(NamedTuple):
    """All that changes about a car; a tuple, because a year of five cars is made of sixty thousand of these.

    `address` is None on the road. `tires_kpa` are front left, front right, rear left, rear right. `charging_ends_at` is
    there while it charges, `air_ends_at` while air is being moved.
    """

    mileage_km: float
    battery_kwh: float
    fuel_l: float
    washer_l: float
    tires_kpa: tuple[float, float, float, float]

    latitude: float
    longitude: float
    heading_deg: int
    address: str | None
    done: Mapping[Work, Stamp]

    is_locked: bool = True
    open: frozenset[Opening] = frozenset()

    plug: Plug = Plug.OUT
    charging_ends_at: datetime | None = None

    air: Air = Air.OFF
    air_ends_at: datetime | None = None

    @property
    def is_driving(self) -> bool:
        """Whether it is on the road."""
        return self.address is None


def between(before: Condition, after: Condition, share: float) -> Condition:
    """The condition somewhere between two: what flows is that far along, what switches has not switched yet."""

    def along(start: float, end: float) -> float:
        return start + (end - start) * share

    return before._replace(
        mileage_km=along(before.mileage_km, after.mileage_km),
        battery_kwh=along(before.battery_kwh, after.battery_kwh),
        fuel_l=along(before.fuel_l, after.fuel_l),
        washer_l=along(before.washer_l, after.washer_l),
        tires_kpa=(
            along(before.tires_kpa[0], after.tires_kpa[0]),
            along(before.tires_kpa[1], after.tires_kpa[1]),
            along(before.tires_kpa[2], after.tires_kpa[2]),
            along(before.tires_kpa[3], after.tires_kpa[3]),
        ),
        latitude=along(before.latitude, after.latitude),
        longitude=along(before.longitude, after.longitude),
    )
