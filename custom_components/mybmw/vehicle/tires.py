"""The four tires."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Wheel(StrEnum):
    """Where a tire is mounted."""

    FRONT_LEFT = "front_left"
    FRONT_RIGHT = "front_right"
    REAR_LEFT = "rear_left"
    REAR_RIGHT = "rear_right"


class TireSeason(StrEnum):
    """What a tire is made for, as far as BMW's codes are understood."""

    SUMMER = "summer"
    WINTER = "winter"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tire:
    """One tire.

    `manufactured` is the Monday of the week of production. `top_speed_kmh` is what the tire is made for, at least if
    `is_top_speed_exceedable`. `is_being_identified` is whether the car still finds out which tire it is. The status
    codes are BMW's; 0 means all is well, the meaning of other numbers is not known. Where BMW tells a color instead,
    1 is yellow and 2 is red.
    """

    pressure_kpa: int | None = None
    target_pressure_kpa: int | None = None
    pressure_status: int | None = None
    wear_status: int | None = None
    defect_status: int | None = None
    season: TireSeason | None = None
    manufacturer: str | None = None
    tread: str | None = None
    size: str | None = None
    part_number: str | None = None
    manufactured: date | None = None
    mounted: date | None = None
    top_speed_kmh: int | None = None
    is_top_speed_exceedable: bool | None = None
    is_made_for_bmw: bool | None = None
    is_being_identified: bool | None = None

    @property
    def has_warning(self) -> bool | None:
        """Whether there is fault with pressure or wear, or a defect; None while nothing is said of any."""
        statuses = (self.pressure_status, self.wear_status, self.defect_status)
        codes = [code for code in statuses if code is not None]
        return any(codes) if codes else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tires:
    """The tires on the car, each None while nothing is known of it."""

    as_of: datetime | None = None
    front_left: Tire | None = None
    front_right: Tire | None = None
    rear_left: Tire | None = None
    rear_right: Tire | None = None

    def at(self, wheel: Wheel) -> Tire | None:
        """The tire on one wheel."""
        match wheel:
            case Wheel.FRONT_LEFT:
                return self.front_left
            case Wheel.FRONT_RIGHT:
                return self.front_right
            case Wheel.REAR_LEFT:
                return self.rear_left
            case Wheel.REAR_RIGHT:
                return self.rear_right

    def __iter__(self) -> Iterator[Tire]:
        """The tires something is known of."""
        return (tire for wheel in Wheel if (tire := self.at(wheel)) is not None)

    @property
    def has_warning(self) -> bool | None:
        """Whether the car finds fault with any tire; None while it says nothing of them."""
        answers = {tire.has_warning for tire in self} - {None}
        return any(answers) if answers else None
