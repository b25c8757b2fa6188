"""How a car truly was when it reported, in the words of the entities that tell of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import floor
from typing import Final

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN

from tests.simulator.garage import LivingCar
from tests.simulator.living import Condition, Opening, Plug
from tests.simulator.living.energy import percent_of
from tests.simulator.speaks_mybmw import shown_percent

_NOT_TOLD: Final = {STATE_UNAVAILABLE, STATE_UNKNOWN}
_OPENINGS: Final = {
    opening.value: opening
    for opening in Opening
    if opening not in {Opening.WINDOW_REAR, Opening.SUNROOF}  # not every door tells of these
}


def wrong(car: LivingCar, shown: Mapping[str, str], now: datetime) -> list[str]:
    """The entities of a car that show something that was not so at the time of the report they show.

    Nothing shown is never wrong; whether it may be missing is another question.
    """
    reported = shown.get("sensor.last_reported", STATE_UNKNOWN)
    if reported in _NOT_TOLD:
        moments = [now - timedelta(minutes=minutes) for minutes in range(0, 25, 5)]
    else:
        moments = [datetime.fromisoformat(reported) + timedelta(seconds=1)]
    truths = [told(car, car.life.report(moment).condition) for moment in moments]
    return [
        f"{key}: {value} instead of {truths[0][key]}"
        for key, value in shown.items()
        if key in truths[0] and value not in _NOT_TOLD and all(truth[key] != value for truth in truths)
    ]


def told(car: LivingCar, condition: Condition) -> dict[str, str]:
    """What the entities of a car are to show when it has told of a condition."""
    truth = {
        "sensor.mileage": str(floor(condition.mileage_km)),
        "binary_sensor.door_lock": _on(not condition.is_locked),
        **{f"binary_sensor.{key}": _on(opening in condition.open) for key, opening in _OPENINGS.items()},
    }
    if battery := car.life.model.battery:
        truth["binary_sensor.charging"] = _on(condition.plug is Plug.CHARGING)
        truth["binary_sensor.plugged_in"] = _on(condition.plug is not Plug.OUT)
        if condition.plug is not Plug.CHARGING:  # BMW itself reckons how far a charge is
            truth["sensor.battery_level"] = str(shown_percent(percent_of(battery, condition.battery_kwh)))
    return truth


def _on(is_on: bool) -> str:  # noqa: FBT001 (all that it is about)
    return STATE_ON if is_on else STATE_OFF
