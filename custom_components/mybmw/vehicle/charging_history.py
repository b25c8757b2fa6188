"""What a car has charged."""

from dataclasses import dataclass, field
from datetime import datetime

_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingPoint:
    """A public charging point, as its provider lists it."""

    provider: str | None = None
    street: str | None = None
    postal_code: str | None = None
    city: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingSession:
    """From plugging in to the end of charging.

    A session that goes on has no end yet, and no energy. `grid_energy_kwh` is what was drawn from the grid, losses
    included, `max_power_kw` the highest power drawn, on average over some minutes. `discharged_energy_kwh` is what the
    car gave back. `time_zone` is that of the place (IANA). `charging_points` are those that it may have been at.
    `problems` is what BMW found wrong, in its own words.
    """

    started_at: datetime
    ended_at: datetime | None = None
    time_zone: str | None = None
    charging_duration_s: int | None = None
    start_level_percent: int | None = None
    end_level_percent: int | None = None
    grid_energy_kwh: float | None = None
    discharged_energy_kwh: float | None = None
    max_power_kw: float | None = None
    mileage_km: int | None = None
    is_battery_preconditioned: bool | None = None
    address: str | None = field(default=None, repr=False)
    latitude: float | None = field(default=None, repr=False)
    longitude: float | None = field(default=None, repr=False)
    charging_points: tuple[ChargingPoint, ...] = field(default=(), repr=False)
    problems: tuple[str, ...] = ()

    @property
    def average_power_kw(self) -> float | None:
        """The power drawn from the grid, on average over the time in which the car charged."""
        if self.grid_energy_kwh is None or not self.charging_duration_s:
            return None
        return round(self.grid_energy_kwh / (self.charging_duration_s / _SECONDS_PER_HOUR), 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingHistory:
    """The sessions that began in a time, the newest first, as the cloud told them at `asked_at`.

    It `is_complete` unless there were more than the cloud was asked for.
    """

    asked_at: datetime
    start: datetime
    end: datetime
    is_complete: bool
    sessions: tuple[ChargingSession, ...]

    @property
    def grid_energy_kwh(self) -> float:
        """What all of them have drawn from the grid, as far as that is known."""
        return round(sum(session.grid_energy_kwh or 0 for session in self.sessions), 2)
