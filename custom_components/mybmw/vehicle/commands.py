"""What a car can be asked to do: one frozen value per command, sound from the moment it is made.

A command knows its key, which capability it takes (`is_allowed`), whether this very car offers what it asks for
(`check`), and whether the car would have nothing to do (`obstacle`). How it is sent is the business of a source.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Final, override

from .capabilities import Capabilities
from .charging_plan import ChargingMode, ChargingPlan, ChargingWindow, Weekday
from .energy import ChargingStatus
from .flaws import Flaw, InvalidCommandError
from .location import Position
from .outcome import Reason

if TYPE_CHECKING:
    from . import Vehicle

TARGETS_PERCENT: Final = range(20, 101, 5)
"""The states of charge at which a car can be told to stop charging."""

SETTABLE_MODES: Final = (ChargingMode.IMMEDIATE_CHARGING, ChargingMode.DELAYED_CHARGING)
"""The modes an owner can choose; cars report more (github.com/home-assistant/core issue 125411)."""

LONGEST_NAME: Final = 100
"""Characters in a part of a destination; what the head unit shows of it is shorter."""


class CommandKey(StrEnum):
    """What a command is called wherever it has to be named; never changes."""

    LOCK = "lock"
    UNLOCK = "unlock"
    FLASH_LIGHTS = "flash_lights"
    SOUND_HORN = "sound_horn"
    START_CLIMATE = "start_climate"
    STOP_CLIMATE = "stop_climate"
    FIND_VEHICLE = "find_vehicle"
    START_CHARGING = "start_charging"
    STOP_CHARGING = "stop_charging"
    SET_CHARGING_SETTINGS = "set_charging_settings"
    SET_CHARGING_PLAN = "set_charging_plan"
    SEND_DESTINATION = "send_destination"


@dataclass(frozen=True, slots=True)
class _Command(ABC):
    """What all commands share."""

    key: ClassVar[CommandKey]

    @abstractmethod
    def is_allowed(self, can: Capabilities) -> bool:
        """Whether a car with these capabilities takes it."""

    def obstacle(self, vehicle: Vehicle) -> Reason | None:  # noqa: ARG002 (others look at it)
        """Why the car, as it says it is, would ignore the command; None if nothing speaks against it."""
        return None

    def check(self, vehicle: Vehicle) -> None:
        """See that this car takes it.

        Raises:
            InvalidCommandError: It does not.
        """
        if not self.is_allowed(vehicle.capabilities):
            raise InvalidCommandError(Flaw.NOT_SUPPORTED)


@dataclass(frozen=True, slots=True)
class Lock(_Command):
    """Lock all doors."""

    key: ClassVar = CommandKey.LOCK

    @override
    def is_allowed(self, can: Capabilities) -> bool:
        return can.lock


@dataclass(frozen=True, slots=True)
class Unlock(_Command):
    """Unlock all doors."""

    key: ClassVar = CommandKey.UNLOCK

    @override
    def is_allowed(self, can: Capabilities) -> bool:
        return can.unlock


@dataclass(frozen=True, slots=True)
class FlashLights(_Command):
    """Flash the headlights for a moment."""

    key: ClassVar = CommandKey.FLASH_LIGHTS

    @override
    def is_allowed(self, can: Capabilities) -> bool:
        return can.flash_lights


@dataclass(frozen=True, slots=True)
class SoundHorn(_Command):
    """Sound the horn for a moment."""

    key: ClassVar = CommandKey.SOUND_HORN

    @override
    def is_allowed(self, can: Capabilities) -> bool:
        return can.sound_horn


@dataclass(frozen=True, slots=True)
class StartClimate(_Command):
    """Heat, cool or ventilate the parked car, as it sees fit, for a time of its choice."""

    key: ClassVar = CommandKey.START_CLIMATE

    @override
    def is_allowed(self, can: Capabilities) -> bool:
        return can.start_climate


@dataclass(frozen=True, slots=True)
class StopClimate(_Command):
    """End what `StartClimate` or a timer began."""

    key: ClassVar = CommandKey.STOP_CLIMATE

    @override
    def is_allowed(self, can: Capabilities) -> bool:
        return can.stop_climate


@dataclass(frozen=True, slots=True, kw_only=True)
class FindVehicle(_Command):
    """Have the car say where it is now.

    `observer` is where somebody looks for it from. Without it the car reports to BMW, but BMW tells nobody here; cars
    from before July 2014 only answer an observer within some two kilometers.
    """

    key: ClassVar = CommandKey.FIND_VEHICLE

    observer: Position | None = None

    @override
    def is_allowed(self, can: Capabilities) -> bool:
        return can.find_vehicle


@dataclass(frozen=True, slots=True)
class StartCharging(_Command):
    """Charge now, whatever the plan says."""

    key: ClassVar = CommandKey.START_CHARGING

    @override
    def is_allowed(self, can: Capabilities) -> bool:
        return can.start_charging

    @override
    def obstacle(self, vehicle: Vehicle) -> Reason | None:
        return Reason.NOT_PLUGGED_IN if _is_unplugged(vehicle) else None


@dataclass(frozen=True, slots=True)
class StopCharging(_Command):
    """Charge no more for now."""

    key: ClassVar = CommandKey.STOP_CHARGING

    @override
    def is_allowed(self, can: Capabilities) -> bool:
        return can.stop_charging

    @override
    def obstacle(self, vehicle: Vehicle) -> Reason | None:
        if _is_unplugged(vehicle):
            return Reason.NOT_PLUGGED_IN
        charging = vehicle.energy.charging
        is_idle = charging is not None and charging.status not in {ChargingStatus.CHARGING, ChargingStatus.UNKNOWN}
        return Reason.NOT_CHARGING if is_idle else None


def _is_unplugged(vehicle: Vehicle) -> bool:
    return vehicle.energy.charging is not None and vehicle.energy.charging.is_plugged_in is False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetChargingSettings(_Command):
    """Choose at which state of charge to stop, and how much current to draw; None leaves as it is.

    Raises:
        InvalidCommandError: The target is none of `TARGETS_PERCENT`, the current is none, or nothing is chosen.
    """

    key: ClassVar = CommandKey.SET_CHARGING_SETTINGS

    target_percent: int | None = None
    ac_limit_a: int | None = None

    def __post_init__(self) -> None:
        if self.target_percent is None and self.ac_limit_a is None:
            raise InvalidCommandError(Flaw.NOTHING_TO_CHANGE)
        if self.target_percent is not None and not _is_among(self.target_percent, TARGETS_PERCENT):
            raise InvalidCommandError(Flaw.TARGET_NOT_OFFERED)
        if self.ac_limit_a is not None and not _is_among(self.ac_limit_a, range(1, 1_000)):
            raise InvalidCommandError(Flaw.AC_LIMIT_IMPOSSIBLE)

    @override
    def is_allowed(self, can: Capabilities) -> bool:
        return (self.target_percent is None or can.target_soc) and (self.ac_limit_a is None or can.ac_limit)

    @override
    def check(self, vehicle: Vehicle) -> None:
        super(SetChargingSettings, self).check(vehicle)
        offered = vehicle.charging_plan.ac_limits_a if vehicle.charging_plan else ()
        if self.ac_limit_a is not None and not offered:
            raise InvalidCommandError(Flaw.NOT_SUPPORTED)
        if self.ac_limit_a is not None and self.ac_limit_a not in offered:
            raise InvalidCommandError(Flaw.AC_LIMIT_NOT_OFFERED, {"offered": ", ".join(map(str, offered))})


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerChange:
    """What to change about one departure timer; None leaves as it is.

    No weekdays at all is a choice, too. `departs_at` is on the car's own clock.

    Raises:
        InvalidCommandError: Nothing is to change, or the time is not one on a car's clock.
    """

    id: int
    is_active: bool | None = None
    weekdays: tuple[Weekday, ...] | None = None
    departs_at: time | None = None

    def __post_init__(self) -> None:
        if self.is_active is None and self.weekdays is None and self.departs_at is None:
            raise InvalidCommandError(Flaw.NOTHING_TO_CHANGE)
        if self.departs_at is not None:
            _check_clock(self.departs_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowChange:
    """When to open or close the charging window, on the car's own clock; None leaves as it is.

    Raises:
        InvalidCommandError: Nothing is to change.
    """

    start: time | None = None
    end: time | None = None

    def __post_init__(self) -> None:
        if self.start is None and self.end is None:
            raise InvalidCommandError(Flaw.NOTHING_TO_CHANGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetChargingPlan(_Command):
    """Change parts of the charging plan; None, and timers not mentioned, stay as they are in the car's own plan.

    Whether the charging window is used (`ChargingPreference`) follows from the mode: BMW takes no other combination.
    The window, of which only one end may be changed, is on the car's own clock and may run past midnight. That it is
    empty may turn out only when the change meets the car's own plan.

    Raises:
        InvalidCommandError: Nothing is to change, the mode cannot be chosen, the window is empty, a time is not one on
            a car's clock, or a timer is changed twice.
    """

    key: ClassVar = CommandKey.SET_CHARGING_PLAN

    mode: ChargingMode | None = None
    is_pre_entry_climatization_on: bool | None = None
    window: ChargingWindow | WindowChange | None = None
    timers: tuple[TimerChange, ...] = ()

    def __post_init__(self) -> None:
        if self.mode is None and self.is_pre_entry_climatization_on is None and self.window is None and not self.timers:
            raise InvalidCommandError(Flaw.NOTHING_TO_CHANGE)
        if self.mode not in {None, *SETTABLE_MODES}:
            raise InvalidCommandError(Flaw.CHARGING_MODE_NOT_SETTABLE)
        if self.window is not None:
            for clock in (self.window.start, self.window.end):
                if clock is not None:
                    _check_clock(clock)
            if self.window.start == self.window.end:
                raise InvalidCommandError(Flaw.WINDOW_EMPTY)
        ids = [timer.id for timer in self.timers]
        if twice := [id_ for id_ in ids if ids.count(id_) > 1]:
            raise InvalidCommandError(Flaw.TIMER_TWICE, {"timer": str(twice[0])})

    @override
    def is_allowed(self, can: Capabilities) -> bool:
        return can.charging_plan

    @override
    def check(self, vehicle: Vehicle) -> None:
        super(SetChargingPlan, self).check(vehicle)
        if vehicle.charging_plan is None:
            raise InvalidCommandError(Flaw.NOT_SUPPORTED)
        self.check_timers(vehicle.charging_plan)

    def timer(self, timer_id: int) -> TimerChange | None:
        """What to change about the departure timer with this id; None if it stays as it is."""
        return next((timer for timer in self.timers if timer.id == timer_id), None)

    def check_timers(self, plan: ChargingPlan) -> None:
        """See that the plan has all the timers.

        Raises:
            InvalidCommandError: It has not.
        """
        known = {timer.id for timer in plan.departure_timers}
        if unknown := [timer.id for timer in self.timers if timer.id not in known]:
            raise InvalidCommandError(Flaw.TIMER_UNKNOWN, {"timer": str(unknown[0])})


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDestination(_Command):
    """Send a place to the navigation; the driver confirms it in the car.

    `name` is what the car calls it; if it is empty, the address or the position is shown instead.

    Raises:
        InvalidCommandError: A text is longer than `LONGEST_NAME` or not one printable line.
    """

    key: ClassVar = CommandKey.SEND_DESTINATION

    position: Position
    name: str = field(default="", repr=False)
    street: str = field(default="", repr=False)
    house_number: str = field(default="", repr=False)
    postal_code: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    country: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        texts = {
            "name": self.name,
            "street": self.street,
            "house_number": self.house_number,
            "postal_code": self.postal_code,
            "city": self.city,
            "country": self.country,
        }
        for part, typed in texts.items():
            text = typed.strip()
            if len(text) > LONGEST_NAME or not text.isprintable():
                raise InvalidCommandError(Flaw.TEXT_NOT_USABLE, {"part": part})
            object.__setattr__(self, part, text)

    @override
    def is_allowed(self, can: Capabilities) -> bool:
        return can.send_destination

    @property
    def address(self) -> str:
        """The address in one line, without the country; empty if nothing of it is known."""
        parts = (f"{self.street} {self.house_number}".strip(), self.postal_code, self.city)
        return ", ".join(part for part in parts if part)


type Command = (
    Lock
    | Unlock
    | FlashLights
    | SoundHorn
    | StartClimate
    | StopClimate
    | FindVehicle
    | StartCharging
    | StopCharging
    | SetChargingSettings
    | SetChargingPlan
    | SendDestination
)
"""Anything a car can be asked to do."""


def _is_among(value: object, allowed: range) -> bool:
    """Whether it is one of these whole numbers; True is none."""
    return type(value) is int and value in allowed


def _check_clock(clock: time) -> None:
    if clock.tzinfo is not None or clock.second or clock.microsecond:
        raise InvalidCommandError(Flaw.TIME_NOT_IN_MINUTES)
