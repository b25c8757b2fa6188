"""What a car is from the factory on: make, model, drive train, head unit and software."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Brand(StrEnum):
    """The make a car is sold under; the value is the name on the bonnet."""

    BMW = "BMW"
    MINI = "MINI"
    TOYOTA = "Toyota"
    UNKNOWN = "BMW Group"


class DriveTrain(StrEnum):
    """How a car is driven; decides which energies it carries."""

    COMBUSTION = "combustion"
    MILD_HYBRID = "mild_hybrid"
    PLUGIN_HYBRID = "plugin_hybrid"
    ELECTRIC = "electric"
    ELECTRIC_WITH_RANGE_EXTENDER = "electric_with_range_extender"
    UNKNOWN = "unknown"

    @property
    def has_engine(self) -> bool:
        """Whether the car burns fuel."""
        return self in _WITH_ENGINE

    @property
    def has_high_voltage_battery(self) -> bool:
        """Whether the car can be charged from a plug."""
        return self in _WITH_HIGH_VOLTAGE_BATTERY


_WITH_ENGINE: Final = frozenset(
    {
        DriveTrain.COMBUSTION,
        DriveTrain.MILD_HYBRID,
        DriveTrain.PLUGIN_HYBRID,
        DriveTrain.ELECTRIC_WITH_RANGE_EXTENDER,
    }
)
_WITH_HIGH_VOLTAGE_BATTERY: Final = frozenset(
    {DriveTrain.PLUGIN_HYBRID, DriveTrain.ELECTRIC, DriveTrain.ELECTRIC_WITH_RANGE_EXTENDER}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """A software release (I-step) of a car.

    BMW writes it "07/2021.70": month and year of the release, then the last digits of the I-step. `series` names the
    family of cars it is made for ("S18A").
    """

    month: int
    year: int
    step: int
    series: str | None = None

    def __str__(self) -> str:
        """The release the way BMW's head units show it."""
        return f"{self.month:02}/{self.year:04}.{str(self.step)[1:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadUnit:
    """The infotainment computer: its type ("NBT_EVO"), the part behind it ("ENAVEVO") and its iDrive ("ID8")."""

    type: str | None = None
    hardware: str | None = None
    idrive: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The part of a car that does not change from day to day.

    `body_type` is the development code ("G26"), `color_argb` the paint as 0xAARRGGBB, `country` an ISO code.
    """

    brand: Brand = Brand.UNKNOWN
    model: str | None = None
    model_year: int | None = None
    body_type: str | None = None
    color_argb: int | None = None
    country: str | None = None
    is_left_hand_drive: bool | None = None
    drive_train: DriveTrain = DriveTrain.UNKNOWN
    head_unit: HeadUnit = HeadUnit()
    telematics_unit: str | None = None
    software: Software | None = None
    software_ex_factory: Software | None = None
