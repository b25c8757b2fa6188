"""A changed charging window is waited for end by end."""

from datetime import UTC, datetime, time

import pytest

from custom_components.mybmw.vehicle import ChargingPlan, ChargingWindow, SetChargingPlan, Vehicle, WindowChange
from custom_components.mybmw.vehicle.effects import shows_effect

NIGHT = ChargingWindow(start=time(22), end=time(5))


@pytest.mark.parametrize(
    ("change", "is_shown"),
    [
        (WindowChange(start=time(22)), True),
        (WindowChange(end=time(5)), True),
        (WindowChange(start=time(22), end=time(5)), True),
        (NIGHT, True),
        (WindowChange(start=time(21)), False),
        (WindowChange(start=time(22), end=time(6)), False),
    ],
)
def test_the_ends_that_were_to_change_count(change: WindowChange | ChargingWindow, *, is_shown: bool) -> None:
    command = SetChargingPlan(window=change)
    now = datetime.now(UTC)
    assert shows_effect(Vehicle(vin="V", charging_plan=ChargingPlan(window=NIGHT)), command, now) is is_shown
    assert not shows_effect(Vehicle(vin="V", charging_plan=ChargingPlan()), command, now)
