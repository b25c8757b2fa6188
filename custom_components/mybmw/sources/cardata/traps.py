"""Where what a car says is not to be taken at its word, and what is done about it. Each trap was met by real owners.

At the door (`Readings` asks before it takes a reading): nonsense, the odometer's unit, a false target, half a position,
a charge that is denied for a moment.
When a car is built: who says whether it charges, which state of charge, what is left over from last time, what is
frozen, ignition, sides, and who says when the car spoke.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from .keys import Key, Noted
from .reading import LONG_AGO, Reading, Value

type Told = Mapping[str, Reading]
"""Readings by descriptor."""

KM_PER_MILE: Final = 1.609344

_SAME_BURST: Final = timedelta(seconds=5)
"""What a car uploads together is stamped within this time."""

_MOST_CONSUMED: Final = 200
"""kWh/100 km; the catalogue ends at 100."""
_FASTEST_KMH: Final = 250
_ODOMETER_SLACK_KM: Final = 50
_DOUBTED: Final = timedelta(days=1)
_FROZEN: Final = timedelta(days=1)
_TOGETHER: Final = timedelta(minutes=5)
"""What belongs together can be said some minutes apart."""
_FULL: Final = 100


# The average consumption: some cars of the Neue Klasse say 2777774, and a statistic would never forget it.


def is_nonsense(key: str, value: Value) -> bool:
    """Whether a number is none that any car could mean: a consumption far above what BMW's catalogue allows for."""
    return key == Noted.CONSUMPTION and isinstance(value, int | float) and value > _MOST_CONSUMED


# The odometer: the same number comes as kilometers, as miles and without a unit.


def odometer_unit(told: Reading, before: Reading | None, doubted: Reading | None) -> str | None:
    """In which unit a mileage is; None if nobody ever said, which is taken for kilometers.

    Seen: kilometers labelled miles, miles labelled kilometers or not at all. A label is believed that only a guess
    speaks against; else the unit in which the car can have driven that far since, and of two such the shorter way. What
    neither explains is believed, for an odometer can be replaced. As it can be the first label that was wrong, another
    is believed that has come alone for a day: since `doubted`, the first of that row.
    """
    label = told.unit
    if before is None or (before.unit is None and label):
        return label
    if not isinstance(told.value, int | float) or not isinstance(before.value, int | float):
        return label
    if doubted and doubted.unit == label and told.at - doubted.at >= _DOUBTED:
        return label
    driven_before = kilometers(before.value, before.unit)
    most = _ODOMETER_SLACK_KM + _FASTEST_KMH * max((told.at - before.at) / timedelta(hours=1), 0)
    ways = {unit: kilometers(told.value, unit) - driven_before for unit in (label, "km" if label == "mi" else "mi")}
    possible = [unit for unit, way in ways.items() if -1 <= way <= most]
    return min(possible, key=lambda unit: ways[unit], default=label)


def kilometers(value: float, unit: str | None) -> float:
    """A distance in kilometers, which it is in anyway unless it says miles."""
    return value * KM_PER_MILE if unit == "mi" else value


# The target: cars of the "Neue Klasse" say 100 % with every burst in which there is no state of charge, and the truth
# with those in which there is.


def is_doubtful_target(value: Value, told: Told) -> bool:
    """Whether a target has to be confirmed by a state of charge in the same burst: 100 % from a Neue Klasse car.

    These cars are told by the state of charge, which they have under its new name alone.
    """
    before = told.get(Key.TARGET)
    if value != _FULL or before is None or before.value == _FULL:
        return False
    return Key.SOC_HEADER not in told and Key.SOC_DISPLAYED in told


def is_one_burst(one: datetime, other: datetime) -> bool:
    """Whether two readings were uploaded together: those of a burst, or the halves of a position."""
    return abs(one - other) <= _SAME_BURST


# Whether the car charges: two descriptors say it, and either can fall silent. Of some charges the end is told by the
# second alone, but evcc found the first more reliable (EV #26235).

_NOT_CHARGING: Final = frozenset({"NOCHARGING", "NOT_CHARGING", None})


def charging_status_key(told: Told) -> Key:
    """The descriptor to believe: the first, unless the second has changed since that was last said."""
    status, hv_status = _known(told, Key.CHARGING_STATUS), _known(told, Key.CHARGING_HV_STATUS)
    is_second = hv_status and (status is None or hv_status.since > status.at + _TOGETHER)
    return Key.CHARGING_HV_STATUS if is_second else Key.CHARGING_STATUS


def is_blip(before: Reading, denied: Reading, again: Reading) -> bool:
    """Whether a status was denied for a moment only, and goes on. Seen: active, not charging, active."""
    return again.value == before.value and denied.value in _NOT_CHARGING and again.at - denied.since <= _TOGETHER


def is_of_this(reading: Reading, begun_at: datetime) -> bool:
    """Whether a reading belongs to the charge, or the climate control, that began at a moment; not to the last one.

    What was new minutes before does: a power was seen a minute before its status. What was only repeated does not.
    """
    return reading.at >= begun_at - _SAME_BURST or reading.since >= begun_at - _TOGETHER


# The state of charge: four descriptors, of which not one is right for every car at every time.

_HAS_CHARGED: Final = frozenset({"CHARGINGENDED", "FINISHED_FULLY_CHARGED", "FINISHED_NOT_FULL"})


def state_of_charge(told: Told, *, is_charging: bool) -> Reading | None:
    """The state of charge to believe.

    Cars before the Neue Klasse have the first, the Neue Klasse has only the second, and some have both: the newer one
    counts. What a car had at the end of its last trip is the last resort: it is repeated later with newer stamps. While
    a car charges in silence BMW predicts the state, to which REST stamps the moment of the question: it counts if it is
    newer and the car still charges, or has charged since.
    """
    measured = max(
        (reading for key in (Key.SOC_HEADER, Key.SOC_DISPLAYED) if (reading := _number(told, key))),
        key=lambda reading: reading.at,
        default=None,
    )
    known, predicted = measured or _number(told, Key.SOC_AT_TRIP_END), _number(told, Key.SOC_PREDICTED)
    if known is None or predicted is None:
        return known or predicted
    known_at = measured.at if measured else known.since
    is_newer = predicted.at > known_at and (is_charging or _has_charged(told, known_at, predicted))
    return predicted if is_newer else known


def _has_charged(told: Told, since: datetime, predicted: Reading) -> bool:
    """Whether a charge has ended since a moment, and BMW has predicted something new since then, too."""
    status = told.get(charging_status_key(told))
    if status is None or min(status.since, predicted.since) <= since:
        return False
    return status.value in _HAS_CHARGED or status.since > predicted.since


# The charging power keeps its last value for days after the cable was pulled.


def charging_power_w(told: Told, *, is_charging: bool | None, charges_since: datetime | None) -> int | None:
    """The power that flows: none while the car does not charge, and that of this charge, not of the last one."""
    if is_charging is None:
        return None
    if not is_charging:
        return 0
    power = _number(told, Key.CHARGING_POWER)
    if power is None or (charges_since and not is_of_this(power, charges_since)):
        return None
    watts = power.value if isinstance(power.value, int | float) else 0
    return round(watts * (1000 if power.unit == "kW" else 1))


# Frozen groups: a part of the values is uploaded seldom, and may stand still through two trips.


def is_frozen(slow: Reading, fast: Reading | None) -> bool:
    """Whether a slow value has been overtaken: the fast one that tells the same has changed a day or more after it."""
    return fast is not None and slow.at + _FROZEN < fast.since


# Ignition: BMW calls the descriptor "engine" ignition and the descriptor "ignition" engine.


def is_ignition_on(told: Told) -> bool | None:
    """Whether the car is switched on: if either of both says so, unless it is old news compared with the other."""
    said = [reading for key in (Key.IGNITION, Key.IGNITION_TOO) if (reading := _flag(told, key))]
    newest = max((reading.at for reading in said), default=None)
    if newest is None:
        return None
    return any(reading.value for reading in said if newest - reading.at <= _TOGETHER)


def is_moving(told: Told) -> bool | None:
    """Whether the car moves. Many never say so; but none moves that has been switched off since."""
    said = _flag(told, Key.IS_MOVING)
    if is_ignition_on(told) is False:
        newest = max(reading.at for key in (Key.IGNITION, Key.IGNITION_TOO) if (reading := _flag(told, key)))
        if said is None or newest >= said.at:
            return False
    return None if said is None else bool(said.value)


# Sides: BMW names doors and windows after driver and passenger.

_RIGHT_HAND_COUNTRIES: Final = frozenset({"AU", "CY", "GB", "HK", "IE", "IN", "JP", "MT", "MY", "NZ", "SG", "TH", "ZA"})


def is_left_hand_drive(steering: str | None, country: str | None) -> bool | None:
    """On which side the driver sits, None if there is nothing to tell it by: "LL" left, "RL" (or "RR") right."""
    if steering and steering[0].upper() in "LR":
        return steering[0].upper() == "L"
    return None if country is None else country.upper() not in _RIGHT_HAND_COUNTRIES


# When the car spoke: a stamp can be the moment of the question, or that of a guess.

NOT_THE_CARS: Final[frozenset[str]] = frozenset(
    {Key.SOC_PREDICTED, Key.MESSAGES, Noted.LOW_VOLTAGE_WANTS_CHARGE, Noted.LOW_VOLTAGE_WANTS_REPLACEMENT}
)
"""What is stamped when BMW is asked, and so is no sign of life."""


def is_bmws_stamp(at: datetime) -> bool:
    """Whether it was BMW that stamped a reading, with thousandths; the stamps of a car are whole seconds."""
    return at.microsecond != 0


def last_reported(told: Told) -> datetime | None:
    """When the car last spoke."""
    said = [reading.at for key, reading in told.items() if key not in NOT_THE_CARS and not is_bmws_stamp(reading.at)]
    newest = max(said, default=LONG_AGO)
    return None if newest == LONG_AGO else newest


def _known(told: Told, key: Key) -> Reading | None:
    reading = told.get(key)
    return reading if reading and reading.value is not None else None


def _number(told: Told, key: Key) -> Reading | None:
    reading = told.get(key)
    return reading if reading and isinstance(reading.value, int | float) else None


def _flag(told: Told, key: Key) -> Reading | None:
    reading = told.get(key)
    return reading if reading and isinstance(reading.value, bool) else None
