"""When a car is worth one of the 50 calls that BMW allows in a day.

With the stream, a car is read once a day for what does not stream, and when something happened that may have been
missed. Without it, the calls are spread over the day. A call costs the same whether it fails or not.

A car that could not be read is tried ever less often, whatever speaks for it: it may be one that BMW tells nothing of.

When calls become few, those go first without which least is wrong: after a trip everything has streamed but messages
and services, while a charge of which nobody said that it ended is shown as going on for as long as nobody asks.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from .cars import Car
from .quota import Reason

LEAST_REST: Final = timedelta(minutes=30)
"""Between two calls about a car, or for a container, that nobody has asked for."""

BASELINE: Final = timedelta(days=1)
"""How often is looked at what does not stream."""

TIRES_REST: Final = timedelta(hours=6)
"""So long after a failure the tires are looked at again, then after twice as long, in the end daily."""

CALLS_WITHOUT_STREAM: Final = 30
"""So many calls a day all cars share when nothing streams; the others are for what happens."""

LEFT_FOR_BETTER: Final[Mapping[Reason, int]] = {
    Reason.TRIP_ENDED: 25,
    Reason.NO_STREAM: 15,
    Reason.SET_UP: 8,
    Reason.DAILY: 8,
    Reason.RESTART: 8,
    Reason.STREAM_WAS_AWAY: 8,
}
"""So many calls are to be left for reasons that are better, unless a car was never tried; below the least of these is
the owner's reserve."""

_MOST_DOUBLINGS: Final = 10

_OVERDUE: Final = timedelta(minutes=10)
"""So long after a charge should have ended its end is missed."""
_SILENT: Final = timedelta(hours=2)
"""So long after the last word on a charge its end is missed if the car has not said when that should be."""
_STILL_CHARGING: Final = timedelta(hours=1)
"""So long after a look that has not told of the end there is another one, at the earliest."""


def rest_after(failures: int, first: timedelta = LEAST_REST, most: timedelta = BASELINE) -> timedelta:
    """How long something is left alone that has failed so many times in a row: each time twice as long."""
    doublings = min(max(failures - 1, 0), _MOST_DOUBLINGS)
    return min(first * (1 << doublings), most)


def reason_to_read(
    car: Car, now: datetime, *, silent_since: datetime | None, cars: int, calls_left: int
) -> Reason | None:
    """Why a car should be read now, None if it should not.

    `silent_since` is when the stream was there last, None while it is there; `cars` is how many share the calls.
    """
    moments = [moment for moment in (car.read_at, car.tried_at) if moment]
    if not moments:
        return Reason.SET_UP
    last_try = max(moments)
    if now < last_try + rest_after(car.failures):
        return None
    reasons = _reasons(car, now, last_try, silent_since=silent_since, cars=cars)
    return next((reason for reason in reasons if calls_left > LEFT_FOR_BETTER.get(reason, 0)), None)


def _reasons(
    car: Car, now: datetime, last_try: datetime, *, silent_since: datetime | None, cars: int
) -> Iterator[Reason]:
    """Everything that speaks for a call."""
    if car.read_at is None:
        yield Reason.SET_UP
        return
    for wish in (Reason.STREAM_WAS_AWAY, Reason.RESTART, Reason.TRIP_ENDED):
        if wish in car.wishes:
            yield wish
    if _is_charge_overdue(car, now, car.read_at):
        yield Reason.CHARGE_ENDED
    if silent_since and now >= max(last_try, silent_since) + timedelta(days=1) * cars / CALLS_WITHOUT_STREAM:
        yield Reason.NO_STREAM
    if now >= car.read_at + BASELINE or (car.tires_failures and wants_tires(car, now)):
        yield Reason.DAILY


def wants_basic(car: Car, now: datetime) -> bool:
    """Whether BMW should be asked what a car is.

    Again soon if that failed, whatever else did, else daily: if it was refused, or the answer did not say it.
    """
    if car.basic is not None and (car.vehicle is None or car.has_model):
        return False
    rest = rest_after(car.basic_failures) if car.basic_failures else BASELINE
    return car.basic_at is None or now >= car.basic_at + rest


def wants_tires(car: Car, now: datetime) -> bool:
    """Whether the tires should be looked at, too."""
    rest = rest_after(car.tires_failures, TIRES_REST) if car.tires_failures else BASELINE
    return car.tires_at is None or now >= car.tires_at + rest


def _is_charge_overdue(car: Car, now: datetime, read_at: datetime) -> bool:
    """Whether a charge may be over of which the car has not said so.

    Many cars never tell of the end (KV 72173e5), some not when it should be, or not anew after an interruption. BMW,
    too, may say "charging" for days: while there is nothing new of the charge, each look waits until the end has been
    missed for twice as long as at the look before.
    """
    charging = car.vehicle and car.vehicle.energy.charging
    if not charging or not charging.is_charging or charging.as_of is None:
        return False
    missed_since = charging.ends_at + _OVERDUE if charging.ends_at else charging.as_of + _SILENT
    if read_at < missed_since:
        return now >= missed_since
    return now >= read_at + max(read_at - missed_since, _STILL_CHARGING)
