"""How old what is told of a car claims to be: no younger than the car's report, no older than what got through.

Nor older than it claimed to be before, whatever is struck. Such claims are in the sensors *Last reported* and *Last
fetched*, and in all that the action `get_vehicle_data` tells: when the car spoke, when each part of it was said, and
when BMW was asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from homeassistant.const import STATE_UNKNOWN
import orjson

from tests.simulator import Asked
from tests.simulator.garage import LivingCar

from .truth import NOT_TOLD

_STATE: Final = "/vehicles/state"
_TELEMATICS: Final = "/telematicData"
_CARDATA: Final = "/customers/"
_OK: Final = 200
_NO: Final = range(400, 500)
_LONGEST_LOOK: Final = timedelta(minutes=1)
"""From when a car is asked for until it answers at last, with all attempts; *Last fetched* is when it was asked for."""

_SPOKEN: Final = frozenset({"sensor.last_reported", "last_reported"})
_FETCHED: Final = frozenset({"sensor.last_fetched", "fetched_at"})
_CLAIMS: Final = frozenset({"as_of", "last_reported", "fetched_at"})
"""What claims are called in the data of a car."""

_SECOND: Final = timedelta(seconds=1)
"""Claims are in whole seconds."""

_HALVES: Final = frozenset(
    {
        "vehicle.cabin.infotainment.navigation.currentLocation.latitude",
        "vehicle.cabin.infotainment.navigation.currentLocation.longitude",
        "vehicle.powertrain.electric.battery.stateOfCharge.target",
    }
)
"""What alone is not to be believed yet, and so is no news."""


@dataclass(slots=True)
class Ages:
    """The claims about the cars of a door, `cars` by VIN; `heard` counts what has got through to be held against them.

    Of a look at a MyBMW account in which BMW says no to anything, nothing has: it is over for all its cars then.
    """

    cars: Mapping[str, LivingCar]
    is_streamed: bool
    heard: int = 0
    _claimed: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _spoke: dict[str, datetime] = field(default_factory=dict)
    _asked: dict[str, datetime] = field(default_factory=dict)
    _coming: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    _was_refused: bool = False

    def hear_answer(self, asked: Asked) -> None:
        """Take down what a car's state says that is all right: that of its last report."""
        self._was_refused |= not self.is_streamed and asked.status in _NO and not asked.path.startswith(_CARDATA)
        is_state = asked.path.endswith(_TELEMATICS if self.is_streamed else _STATE)
        if is_state and asked.vin in self.cars and asked.vin and asked.status == _OK and not asked.struck_by:
            self._coming.append((asked.vin, self.cars[asked.vin].life.report(asked.at).at, asked.at))

    def hear_messages(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Take down the moments of messages that have come, if the car they are about did report then."""
        now = datetime.now(UTC)
        for topic, payload in messages:
            for vin, moment in _moments_in(topic.rpartition("/")[2], payload):
                if car := self.cars.get(vin):
                    reported_at = car.life.report(min(moment + _SECOND, now)).at
                    if abs(reported_at - moment) < _SECOND:
                        self._coming.append((vin, reported_at, now))

    def settle(self) -> None:
        """Expect all that was taken down to be shown from now on."""
        coming, self._coming = [] if self._was_refused else self._coming, []
        self._was_refused = False
        self.heard += len(coming)
        for vin, reported_at, at in coming:
            self._spoke[vin] = max(reported_at, self._spoke.get(vin, reported_at))
            if not self.is_streamed:
                self._asked[vin] = at - _LONGEST_LOOK

    def wrong(self, vin: str, claims: Mapping[str, datetime]) -> Iterator[str]:
        """What is wrong with the claims about a car, by name, which are remembered."""
        now, car = datetime.now(UTC), self.cars[vin]
        newest, spoke, asked = car.life.report(now).at, self._spoke.get(vin), self._asked.get(vin)
        for name, claim in claims.items():
            is_of_asking = name in _FETCHED
            before = self._claimed.get((vin, name), claim)
            if claim > (now if is_of_asking else newest):
                yield f"{name} is {claim}, and it is {now}" if is_of_asking else f"{name} is {claim}, not {newest}"
            if claim < before:
                yield f"{name} is {claim}, and was {before} already"
            if name in _SPOKEN or not (is_of_asking or self.is_streamed):
                got_through = spoke
            else:
                got_through = asked if is_of_asking else None
            if got_through is not None and claim <= got_through - _SECOND:
                yield f"{name} is {claim}, though {got_through} has got through"
            self._claimed[vin, name] = claim


def claims(shown: Mapping[str, str], data: object) -> dict[str, datetime]:
    """All that is claimed by what is shown of a car, and by its data, by name."""
    of_sensors = {
        name: datetime.fromisoformat(shown[name])
        for name in _SPOKEN | _FETCHED
        if shown.get(name, STATE_UNKNOWN) not in NOT_TOLD
    }
    return of_sensors | dict(_claims_in(data, ()))


def _claims_in(data: object, path: tuple[str, ...]) -> Iterator[tuple[str, datetime]]:
    if not isinstance(data, Mapping):
        return
    for key, value in data.items():
        if key in _CLAIMS and isinstance(value, str):
            yield ".".join((*path, key)), datetime.fromisoformat(value)
        else:
            yield from _claims_in(value, (*path, str(key)))


def _moments_in(topic: str, payload: bytes) -> Iterator[tuple[str, datetime]]:
    """The car that a message is about, and the moments of what it says; nothing, if it contradicts itself."""
    try:
        message = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return
    if not isinstance(message, dict) or message.get("vin") != topic or not isinstance(message.get("data"), dict):
        return
    for key, entry in message["data"].items():
        if isinstance(entry, dict) and entry.get("value") is not None and key not in _HALVES:
            try:
                yield topic, datetime.fromisoformat(str(entry.get("timestamp")))
            except ValueError:
                continue
