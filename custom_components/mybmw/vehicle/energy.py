"""Battery, fuel, ranges and charging."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

# A remaining time comes in whole minutes and is read at a moment of its own, so the same end of charging, worked out
# twice, differs by a minute or two.
_SAME_END: Final = timedelta(minutes=3)


class ChargingStatus(StrEnum):
    """What the high-voltage battery's charging is doing."""

    CHARGING = "charging"
    COMPLETE = "complete"
    DEFAULT = "default"
    ERROR = "error"
    FINISHED_FULLY_CHARGED = "finished_fully_charged"
    FINISHED_NOT_FULL = "finished_not_full"
    FULLY_CHARGED = "fully_charged"
    NOT_CHARGING = "not_charging"
    PLUGGED_IN = "plugged_in"
    TARGET_REACHED = "target_reached"
    WAITING_FOR_CHARGING = "waiting_for_charging"
    UNKNOWN = "unknown"


_CHARGING_OR_DONE: Final = frozenset(
    {
        ChargingStatus.CHARGING,
        ChargingStatus.COMPLETE,
        ChargingStatus.FINISHED_FULLY_CHARGED,
        ChargingStatus.FINISHED_NOT_FULL,
        ChargingStatus.FULLY_CHARGED,
        ChargingStatus.TARGET_REACHED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fuel:
    """The tank."""

    as_of: datetime | None = None
    level_l: int | None = None
    level_percent: int | None = None
    range_km: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """The high-voltage battery.

    `capacity_kwh` is what it holds when it is full, `health_percent` what is left of the capacity it once had.
    """

    as_of: datetime | None = None
    level_percent: int | None = None
    range_km: int | None = None
    capacity_kwh: float | None = None
    health_percent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LowVoltageBattery:
    """The 12 V battery, which feeds everything while the car is parked."""

    as_of: datetime | None = None
    voltage_v: float | None = None
    level_percent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charging:
    """What is going on at the plug.

    `remaining_min` is the car's own estimate until charging ends, `ends_at` the moment that estimate means; both are
    there only while the car charges. `target_percent` is the state of charge at which the car stops. `power_w` is what
    flows into the battery, 0 while nothing does.
    """

    as_of: datetime | None = None
    status: ChargingStatus = ChargingStatus.UNKNOWN
    target_percent: int | None = None
    is_plugged_in: bool | None = None
    connection_type: str | None = None
    remaining_min: int | None = None
    ends_at: datetime | None = None
    power_w: int | None = None

    @property
    def is_charging(self) -> bool | None:
        """Whether energy is flowing; None while the car does not say."""
        return None if self.status is ChargingStatus.UNKNOWN else self.status is ChargingStatus.CHARGING

    @property
    def is_charging_or_done(self) -> bool | None:
        """Whether energy is flowing or has flown as far as it was to; None while the car does not say."""
        return None if self.status is ChargingStatus.UNKNOWN else self.status in _CHARGING_OR_DONE

    def settled(self, previous: Self) -> Self:
        """This state, with the end of charging as worked out before if it still means the same end."""
        if self.ends_at is None or previous.ends_at is None or abs(self.ends_at - previous.ends_at) > _SAME_END:
            return self
        return replace(self, ends_at=previous.ends_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """All energies a car carries; the parts it does not have are None."""

    fuel: Fuel | None = None
    battery: Battery | None = None
    charging: Charging | None = None
    low_voltage_battery: LowVoltageBattery | None = None
    total_range_km: int | None = None
