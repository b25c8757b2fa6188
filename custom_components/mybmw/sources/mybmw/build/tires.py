"""The four tires."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from ....vehicle import Tire, Tires, TireSeason
from ...fields import Fields

# All codes that have been seen: 2 on cars with summer tires, 4 on cars with winter tires.
_SEASONS: Final[Mapping[int, TireSeason]] = {2: TireSeason.SUMMER, 4: TireSeason.WINTER}

_KILOPASCALS: Final = range(2_000)
_KILOMETERS_PER_HOUR: Final = range(1_000)
_CODES: Final = range(1_000)
_WEEKS: Final = range(10_000)
_NO_WEEK: Final = 5299


def build_tires(tires: Fields) -> Tires | None:
    """The tires that are known; after a change of tires some or all are not, for a while."""
    front_left, front_right = _tire(tires.part("frontLeft")), _tire(tires.part("frontRight"))
    rear_left, rear_right = _tire(tires.part("rearLeft")), _tire(tires.part("rearRight"))
    if not (front_left or front_right or rear_left or rear_right):
        return None
    return Tires(front_left=front_left, front_right=front_right, rear_left=rear_left, rear_right=rear_right)


def _tire(tire: Fields) -> Tire | None:
    status, details = tire.part("status"), tire.part("details")
    if not status and not details:
        return None
    speed = details.part("speedClassification")
    return Tire(
        pressure_kpa=status.integer("currentPressure", _KILOPASCALS),
        target_pressure_kpa=status.integer("targetPressure", _KILOPASCALS),
        pressure_status=status.integer("pressureStatus", _CODES),
        wear_status=status.integer("wearStatus", _CODES),
        season=_season(details),
        manufacturer=details.text("manufacturer"),
        tread=details.text("treadDesign"),
        size=details.text("dimension"),
        part_number=details.text("partNumber"),
        manufactured=_manufactured(details),
        mounted=details.day("mountingDate"),
        top_speed_kmh=speed.integer("speedRating", _KILOMETERS_PER_HOUR),
        is_top_speed_exceedable=speed.flag("atLeast"),
        is_made_for_bmw=details.flag("isOptimizedForOemBmw"),
        is_being_identified=details.flag("identificationInProgress"),
    )


def _season(details: Fields) -> TireSeason | None:
    code = details.integer("season", _CODES)
    if code is None:
        return None
    if code not in _SEASONS:
        details.note("season", f"{code} instead of a code we know")
    return _SEASONS.get(code, TireSeason.UNKNOWN)


def _manufactured(details: Fields) -> date | None:
    """The Monday of the week of production, which is written as on a tire: 4021 is week 40 of 2021."""
    written = details.integer("manufacturingWeek", _WEEKS)
    if written is None or written == _NO_WEEK:
        return None
    week, year = divmod(written, 100)
    try:
        return date.fromisocalendar(2000 + year, week, 1)
    except ValueError:
        details.note("manufacturingWeek", "no week of that year")
        return None
