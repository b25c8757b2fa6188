"""What a car is, whichever cloud it is seen through: frozen values that know their age and can be compared.

Nothing in here does input or output, knows Home Assistant, or has ever seen a cloud's JSON. A unit is part of a field's
name; a moment is an aware UTC datetime; a time on the car's own clock is a plain `time`. `as_of` on a part is when the
car said it, never when it was fetched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from .body import Body, Lid, LockState, OpeningState, Window
from .capabilities import Capabilities, ClimateFunction, ClimateTimerTrigger, DigitalKey
from .charging_history import ChargingHistory, ChargingPoint, ChargingSession
from .charging_plan import (
    TIMER_IDS,
    ChargingMode,
    ChargingPlan,
    ChargingPreference,
    ChargingWindow,
    DepartureTimer,
    TimerType,
    Weekday,
)
from .climate import Climate, ClimateActivity, ClimateTimer
from .commands import (
    LONGEST_NAME,
    SETTABLE_MODES,
    TARGETS_PERCENT,
    Command,
    CommandKey,
    FindVehicle,
    FlashLights,
    Lock,
    SendDestination,
    SetChargingPlan,
    SetChargingSettings,
    SoundHorn,
    StartCharging,
    StartClimate,
    StopCharging,
    StopClimate,
    TimerChange,
    Unlock,
    WindowChange,
)
from .energy import Battery, Charging, ChargingStatus, Energy, Fuel, LowVoltageBattery
from .extras import Extra
from .flaws import Flaw, InvalidCommandError
from .identity import Brand, DriveTrain, HeadUnit, Identity, Software
from .location import Location, Position
from .maintenance import CheckControlMessage, Maintenance, Service, ServiceStatus, ServiceType, Severity
from .motion import Motion
from .outcome import Fate, Outcome, Reason, Step
from .tires import Tire, Tires, TireSeason, Wheel
from .views import Picture, View

__all__ = [
    "LONGEST_NAME",
    "SETTABLE_MODES",
    "TARGETS_PERCENT",
    "TIMER_IDS",
    "Battery",
    "Body",
    "Brand",
    "Capabilities",
    "Charging",
    "ChargingHistory",
    "ChargingMode",
    "ChargingPlan",
    "ChargingPoint",
    "ChargingPreference",
    "ChargingSession",
    "ChargingStatus",
    "ChargingWindow",
    "CheckControlMessage",
    "Climate",
    "ClimateActivity",
    "ClimateFunction",
    "ClimateTimer",
    "ClimateTimerTrigger",
    "Command",
    "CommandKey",
    "DepartureTimer",
    "DigitalKey",
    "DriveTrain",
    "Energy",
    "Extra",
    "Fate",
    "FindVehicle",
    "FlashLights",
    "Flaw",
    "Fuel",
    "HeadUnit",
    "Identity",
    "InvalidCommandError",
    "Lid",
    "Location",
    "Lock",
    "LockState",
    "LowVoltageBattery",
    "Maintenance",
    "Motion",
    "Oddity",
    "Odometer",
    "OpeningState",
    "Outcome",
    "Picture",
    "Position",
    "Reason",
    "SendDestination",
    "Service",
    "ServiceStatus",
    "ServiceType",
    "SetChargingPlan",
    "SetChargingSettings",
    "Severity",
    "Software",
    "SoundHorn",
    "StartCharging",
    "StartClimate",
    "Step",
    "StopCharging",
    "StopClimate",
    "TimerChange",
    "TimerType",
    "Tire",
    "TireSeason",
    "Tires",
    "Unlock",
    "Vehicle",
    "View",
    "Weekday",
    "Wheel",
    "Window",
    "WindowChange",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """Something a cloud said that was not understood: where it stood and what was wrong, never a personal value."""

    path: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Odometer:
    """The distance driven in the car's life."""

    as_of: datetime | None = None
    mileage_km: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """One car as its cloud last described it.

    `last_reported` is when the car last spoke to BMW, `fetched_at` when we asked BMW. A part the car never speaks of
    is None. `extras` are values that have no place here, by the name their cloud has for them. Two vehicles are equal
    when nothing about the car differs; when we asked and what we did not understand does not count.
    """

    vin: str
    identity: Identity = field(default_factory=Identity)
    capabilities: Capabilities = field(default_factory=Capabilities)
    odometer: Odometer = field(default_factory=Odometer)
    body: Body = field(default_factory=Body)
    energy: Energy = field(default_factory=Energy)
    charging_plan: ChargingPlan | None = None
    climate: Climate | None = None
    tires: Tires | None = None
    maintenance: Maintenance = field(default_factory=Maintenance)
    location: Location | None = None
    motion: Motion | None = None
    last_reported: datetime | None = None
    is_in_deep_sleep: bool | None = None
    is_privacy_mode_on: bool | None = None
    extras: Mapping[str, Extra] = field(default_factory=dict)
    fetched_at: datetime | None = field(default=None, compare=False)
    oddities: tuple[Oddity, ...] = field(default=(), compare=False)

    @property
    def name(self) -> str:
        """What to call the car: its model, else its make."""
        return self.identity.model or self.identity.brand.value

    def located(self, found: Location) -> Self:
        """This vehicle, where it was found, unless it has spoken since."""
        if found.as_of is None or (self.last_reported is not None and found.as_of <= self.last_reported):
            return self
        return replace(self, location=found)

    @property
    def tracked_location(self) -> Location | None:
        """Where the car is, unless its owner does not let it be tracked."""
        return self.location if self.capabilities.tracking else None

    def settled(self, previous: Self) -> Self:
        """This vehicle, with times that were worked out anew but mean the same as before left as they were."""
        energy, climate = self.energy, self.climate
        if energy.charging and previous.energy.charging:
            energy = replace(energy, charging=energy.charging.settled(previous.energy.charging))
        if climate and previous.climate:
            climate = climate.settled(previous.climate)
        return replace(self, energy=energy, climate=climate)

    def next_charging_start(self, now: datetime) -> datetime | None:
        """When a car that waits for its charging window will begin, in the zone of `now`; None if it does not wait."""
        charging, plan = self.energy.charging, self.charging_plan
        if charging is None or charging.status is not ChargingStatus.WAITING_FOR_CHARGING:
            return None
        return plan.window.next_start(now) if plan and plan.window else None
