"""Every question that can be asked, and what asking it raises."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

import pytest

from custom_components.mybmw.sources import (
    Json,
    SourceError,
)
from custom_components.mybmw.sources.cardata.client import Client
from custom_components.mybmw.sources.cardata.quota import Reason

from .rig import NOW, Rooms

VIN: Final = "WBA00000000LIVE01"
KEYS: Final = (
    "vehicle.vehicle.travelledDistance",
    "vehicle.drivetrain.batteryManagement.header",
    "vehicle.electricalSystem.battery.stateOfCharge",
    "vehicle.cabin.door.row1.driver.isOpen",
    "vehicle.status.conditionBasedServices",
    "vehicle.vehicle.avgAuxPower",
)

type Question = Callable[[Client], Awaitable[object]]

QUESTIONS: Final[Mapping[str, Question]] = {
    "cars": lambda client: client.cars(Reason.OWNER),
    "basic data": lambda client: client.basic_data(VIN, Reason.OWNER),
    "telematic data": lambda client: client.telematic_data(VIN, "S8T5R2P9Q1W3E", Reason.OWNER),
    "charging history": lambda client: client.charging_history(VIN, NOW - timedelta(days=9), NOW, Reason.OWNER),
    "charging places": lambda client: client.charging_places(VIN, Reason.OWNER),
    "tires": lambda client: client.tire_diagnosis(VIN, Reason.OWNER),
    "picture": lambda client: client.picture(VIN, Reason.OWNER),
    "containers": lambda client: client.containers(Reason.OWNER),
    "new container": lambda client: client.create_container("n", "p", KEYS, Reason.OWNER),
}


async def failure(rooms: Rooms, question: str = "cars") -> SourceError:
    """What a question raises."""
    with pytest.raises(SourceError) as raised:
        await QUESTIONS[question](rooms.client)
    return raised.value


def exve(code: str) -> dict[str, Json]:
    """BMW's error of a code, with words that are not for a log."""
    return {"exveErrorId": code, "exveErrorRef": "r", "exveErrorMsg": f"about {VIN}", "exveNote": f"about {VIN}"}
