"""What a car has charged, and where, in the words of CarData."""

from collections import defaultdict
from datetime import UTC, datetime, time, timedelta
from typing import Final

from custom_components.mybmw.sources import Json

from ..living import GARAGE_OPENS, Charge, Life, WorldClock
from ..living.energy import percent_of

_BLOCK: Final = timedelta(minutes=15)
_LOSS: Final = 1.1
"""What is drawn from the grid for what reaches the battery."""
_LOOKS_BACK: Final = timedelta(days=14)


def sessions(life: Life, clock: WorldClock, since: datetime, until: datetime) -> list[Json]:
    """The charging sessions that began in a time, the newest first; one that goes on has no end yet."""
    return [_session(life, clock, charge) for charge in reversed(_charges(life, clock(), since, until))]


def places(life: Life, clock: WorldClock) -> list[Json]:
    """Where the car has charged lately, with the settings for each place."""
    now = clock()
    visits: dict[str, list[Charge]] = defaultdict(list)
    for charge in _charges(life, now, now - _LOOKS_BACK, now):
        visits[charge.at].append(charge)
    found: list[Json] = []
    for number, charges in enumerate(visits.values()):
        condition = life.condition(charges[-1].start)
        found.append(
            {
                "id": str(number),
                "clusterLocationId": f"cluster-{number}",
                "lastVisit": _written(clock.watched_at(charges[-1].start)),
                "visits": len(charges),
                "latitude": round(condition.latitude, 5),
                "longitude": round(condition.longitude, 5),
                "chargingMode": "IMMEDIATE_CHARGING",
                "acCurrentLimit": 16,
                "acCurrentLimitFlag": False,
                "chargingTimeWindows": [],
            }
        )
    return found


def _charges(life: Life, now: datetime, since: datetime, until: datetime) -> list[Charge]:
    if life.model.battery is None:
        return []
    opened = datetime.combine(GARAGE_OPENS, time(12), tzinfo=UTC)
    since, until = max(since, opened), min(until, now)
    entries = life.diary(since, until) if since < until else []
    return [entry for entry in entries if isinstance(entry, Charge)]


def _session(life: Life, clock: WorldClock, charge: Charge) -> Json:
    battery, now = life.model.battery, clock()
    assert battery
    end = min(charge.end, now)
    blocks: list[Json] = []
    at = charge.start
    while at < end:
        to = min(at + _BLOCK, end)
        kwh = life.condition(to).battery_kwh - life.condition(at).battery_kwh
        power_kw = _LOSS * kwh / ((to - at) / timedelta(hours=1))
        blocks.append(
            {
                "startTime": _seconds(clock.watched_at(at)),
                "endTime": _seconds(clock.watched_at(to)),
                "averagePowerGridKw": round(power_kw, 2),
            }
        )
        at = to
    condition = life.condition(charge.start)
    session: dict[str, Json] = {
        "startTime": _seconds(clock.watched_at(charge.start)),
        "timeZone": "Europe/Berlin",
        "displayedStartSoc": int(percent_of(battery, charge.start_kwh) + 1e-6),
        "displayedSoc": int(percent_of(battery, life.condition(end).battery_kwh) + 1e-6),
        "totalChargingDurationSec": int((clock.watched_at(end) - clock.watched_at(charge.start)).total_seconds()),
        "isPreconditioningActivated": False,
        "mileage": int(condition.mileage_km),
        "mileageUnits": "KM",
        "chargingLocation": {
            "formattedAddress": charge.at,
            "mapMatchedLatitude": round(condition.latitude, 5),
            "mapMatchedLongitude": round(condition.longitude, 5),
        },
        "chargingBlocks": blocks,
        "businessErrors": [],
    }
    if charge.end <= now:
        session["endTime"] = _seconds(clock.watched_at(charge.end))
        session["energyConsumedFromPowerGridKwh"] = round(_LOSS * (charge.end_kwh - charge.start_kwh), 2)
    return session


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
