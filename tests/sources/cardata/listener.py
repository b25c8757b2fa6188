"""An account as tests see it: what it tells and what it asks for, with the stream put in by hand."""

from collections.abc import Callable, Mapping
from typing import Final

import httpx

from custom_components.mybmw.sources import (
    Credentials,
    Json,
)
from custom_components.mybmw.sources.cardata.access import Access
from custom_components.mybmw.sources.cardata.keys import Key
from custom_components.mybmw.sources.cardata.quota import Reason
from custom_components.mybmw.sources.cardata.source import CarDataSource
from custom_components.mybmw.vehicle import Vehicle
from tests.simulator import Simulator

from .rig import Clock, Keeper

I5: Final = "WBA00000000LIVE01"


class Alarm:
    """A timer in the hands of the test."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, Callable[[], None]]] = []

    def __call__(self, seconds: float, do: Callable[[], None]) -> Callable[[], object]:
        """Set it."""
        self.waiting.append((seconds, do))
        return lambda: self.waiting.remove((seconds, do))

    def ring(self) -> None:
        """Let it ring."""
        (_, do) = self.waiting.pop()
        do()


class Account:
    """A source, and what it tells."""

    def __init__(
        self, cloud: Simulator, http: httpx.AsyncClient, clock: Clock, keep: Keeper, credentials: Credentials
    ) -> None:
        self.told: list[Mapping[str, Vehicle]] = []
        self.alarm = Alarm()
        self.clock = clock
        settings = {"client_id": cloud.cardata.customer().client_id}
        self.access = Access.of(settings, credentials, http=http, keep=keep, clock=clock)
        self.source = CarDataSource(self.access, clock=clock, on_change=self.told.append, later=self.alarm)

    def reasons(self) -> list[Reason]:
        """What its calls within a day were made for."""
        return [call.reason for call in self.access.ledger.calls]


def said(clock: Clock, **values: Json) -> Json:
    """A message of the stream, by names of `Key`."""
    at = clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "vin": I5,
        "timestamp": at,
        "data": {Key[name].value: {"timestamp": at, "value": value} for name, value in values.items()},
    }


def said_data(clock: Clock, *, on: bool) -> Json:
    """What a message says of the ignition, under both of its names."""
    at = clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {Key.IGNITION: {"timestamp": at, "value": on}, Key.IGNITION_TOO: {"timestamp": at, "value": on}}
