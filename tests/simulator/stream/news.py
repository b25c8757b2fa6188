"""What the stream says of a car: everything new since it was looked at last, one descriptor in a message.

A car uploads; BMW takes the upload apart. All messages of an upload have the same time on the envelope, each value has
its own. An upload holds what the car knows, changed or not, so much of it repeats.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import orjson

from ..cardata import Customer
from ..garage import LivingCar
from ..living import Plug, Report
from ..speaks_cardata import Said, in_stream, said

_ENTITY: Final = "00000000-0000-0000-0000-000000000000"


class News(NamedTuple):
    """A message, ready to be sent."""

    topic: str
    payload: bytes


class Newsroom:
    """Follows the cars of a customer. What happened before the first look is nobody's news."""

    def __init__(self, customer: Customer) -> None:
        """Follow no car yet."""
        self._customer = customer
        self._told: dict[str, dict[str, datetime | None]] = {}
        self._looked_at: dict[str, datetime] = {}

    def bursts(self, *, is_charge_silent: bool = False) -> Iterator[list[News]]:
        """The messages of each upload since the last look, in the order of the uploads.

        With `is_charge_silent`, nobody is told how a charge goes on, nor that it has ended; only that it began.
        """
        cars = [car for car in self._customer.account.garage if isinstance(car, LivingCar)]
        for car in cars:
            if car.vin in self._customer.secondary:
                continue
            now = car.clock()
            since = self._looked_at.setdefault(car.vin, now)
            if car.vin not in self._told:
                self._told[car.vin] = {key: entry.at for key, entry in said(car.life, car.clock).items()}
            for report in car.life.reports(since, now):
                if since < report.at <= now and not (is_charge_silent and _is_of_charge(car, report)):
                    yield from self._upload(car, report.at)
            self._looked_at[car.vin] = now

    def snapshot(self, car: LivingCar) -> list[News]:
        """Everything that a car has said, as if it uploaded it now once more."""
        return self._messages(car, said(car.life, car.clock), car.clock.watched_at(car.clock()))

    def _upload(self, car: LivingCar, at: datetime) -> Iterator[list[News]]:
        entries, told = said(car.life, car.clock, now=at), self._told[car.vin]
        fresh = {key: entry for key, entry in entries.items() if entry.at != told.get(key)}
        told |= {key: entry.at for key, entry in entries.items()}
        if burst := self._messages(car, fresh, car.clock.watched_at(at)):
            yield burst

    def _messages(self, car: LivingCar, entries: dict[str, Said], sent_at: datetime) -> list[News]:
        envelope = sent_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        topic = f"{self._customer.account.gcid}/{car.vin}"
        return [
            News(
                topic,
                orjson.dumps(
                    {
                        "vin": car.vin,
                        "entityId": _ENTITY,
                        "topic": car.vin,
                        "timestamp": envelope,
                        "data": {key: in_stream(entry)},
                    }
                ),
            )
            for key, entry in entries.items()
            if entry.in_stream and entry.at is not None
        ]


def _is_of_charge(car: LivingCar, report: Report) -> bool:
    """Whether a car reports that it still charges, or that it does no more although the cable is in."""
    before = car.life.report(report.at - timedelta(seconds=1)).condition
    return before.plug is Plug.CHARGING and report.condition.plug is not Plug.OUT
