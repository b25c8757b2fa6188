"""What a car has charged. BMW's token for a unit was seen with and without its family in front ("MileageUnits.KM")."""

from collections.abc import Iterable
from typing import Final

from ....vehicle import ChargingPoint, ChargingSession
from ... import Json
from ...fields import Fields, Oddities, Tokens
from ..traps import KM_PER_MILE
from .measures import KILOMETERS, PERCENT

_KM_PER_UNIT: Final[Tokens[float | None]] = Tokens(
    {
        "KM": 1,
        "MI": KM_PER_MILE,
        "MILES": KM_PER_MILE,
        "MILEAGEUNITS.KM": 1,
        "MILEAGEUNITS.MI": KM_PER_MILE,
    },
    absent=None,
    unlisted=None,
)
_MOST_KWH: Final = 1_000.0
_MOST_KW: Final = 1_000.0
_SECONDS: Final = range(31 * 24 * 3600)
_MOST_BLOCKS: Final = 10_000
"""There is about one a minute; the longest session of a week has as many."""
_POLE_DEG: Final = 90.0
_DATE_LINE_DEG: Final = 180.0


def build_charging_sessions(told: Iterable[Json], oddities: Oddities) -> tuple[ChargingSession, ...]:
    """The sessions that BMW told of, the newest first, each once. One of which nobody knows when it began is none."""
    sessions: dict[ChargingSession, None] = {}
    for number, item in enumerate(told):
        if session := _session(Fields.of_answer(item, f"session[{number}]", oddities)):
            sessions[session] = None
    return tuple(sorted(sessions, key=lambda session: session.started_at, reverse=True))


def _session(told: Fields) -> ChargingSession | None:
    started_at, ended_at = told.instant("startTime"), told.instant("endTime")
    if started_at is None:
        return None
    place = told.part("chargingLocation")
    latitude = place.number("mapMatchedLatitude", -_POLE_DEG, _POLE_DEG)
    longitude = place.number("mapMatchedLongitude", -_DATE_LINE_DEG, _DATE_LINE_DEG)
    is_somewhere = latitude is not None and longitude is not None
    return ChargingSession(
        started_at=started_at,
        ended_at=ended_at if ended_at is None or ended_at >= started_at else None,
        time_zone=told.text("timeZone"),
        charging_duration_s=told.integer("totalChargingDurationSec", _SECONDS),
        start_level_percent=told.integer("displayedStartSoc", PERCENT),
        end_level_percent=told.integer("displayedSoc", PERCENT),
        grid_energy_kwh=told.number("energyConsumedFromPowerGridKwh", 0, _MOST_KWH),
        discharged_energy_kwh=told.number("energyDischargedKwh", 0, _MOST_KWH),
        max_power_kw=_max_power(told),
        mileage_km=_mileage(told),
        is_battery_preconditioned=told.flag("isPreconditioningActivated"),
        address=place.text("formattedAddress") or place.text("streetAddress") or place.text("municipality"),
        latitude=latitude if is_somewhere else None,
        longitude=longitude if is_somewhere else None,
        charging_points=_charging_points(told.part("publicChargingPoint")),
        problems=tuple([hint for error in told.parts("businessErrors") or () if (hint := error.text("hint"))]),
    )


def _max_power(told: Fields) -> float | None:
    blocks = told.parts("chargingBlocks", _MOST_BLOCKS) or ()
    powers = [block.number("averagePowerGridKw", -_MOST_KW, _MOST_KW) for block in blocks]
    return max((power for power in powers if power is not None), default=None)


def _mileage(told: Fields) -> int | None:
    """The odometer, in kilometers; without a unit that is known it says nothing."""
    mileage, km = told.integer("mileage", KILOMETERS), told.token("mileageUnits", _KM_PER_UNIT)
    return None if mileage is None or km is None else round(mileage * km)


def _charging_points(told: Fields) -> tuple[ChargingPoint, ...]:
    points = [
        ChargingPoint(
            provider=point.text("providerName"),
            street=point.text("streetAddress"),
            postal_code=point.text("postalCode"),
            city=point.text("city"),
        )
        for point in told.parts("potentialChargingPointMatches") or ()
    ]
    return tuple([point for point in points if point != ChargingPoint()])
