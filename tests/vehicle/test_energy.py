"""Charging and its end."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.mybmw.vehicle import Charging, ChargingStatus

END = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
REPORTED_AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("status", ChargingStatus)
def test_charging_is_one_status_only(status: ChargingStatus) -> None:
    expected = None if status is ChargingStatus.UNKNOWN else status is ChargingStatus.CHARGING
    assert Charging(status=status).is_charging is expected


def _charging(*, minutes: int, end: datetime | None, later: int = 0) -> Charging:
    return Charging(
        as_of=REPORTED_AT + timedelta(minutes=later),
        status=ChargingStatus.CHARGING,
        remaining_min=minutes,
        ends_at=end,
    )


@pytest.mark.parametrize("off", [-3, -1, 0, 2, 3])
def test_the_end_stays_if_it_is_the_same_but_for_the_way_it_was_counted(off: int) -> None:
    before = _charging(minutes=60, end=END)
    now = _charging(minutes=55, end=END + timedelta(minutes=off), later=5)
    assert now.settled(before) == _charging(minutes=55, end=END, later=5)


@pytest.mark.parametrize("off", [-4, 4, 60])
def test_another_end_is_another_end(off: int) -> None:
    now = _charging(minutes=55, end=END + timedelta(minutes=off), later=5)
    assert now.settled(_charging(minutes=60, end=END)) == now


def test_the_same_minutes_in_a_new_report_are_a_new_end() -> None:
    now = _charging(minutes=60, end=END + timedelta(minutes=30), later=30)
    assert now.settled(_charging(minutes=60, end=END)) == now


def test_settling_invents_no_end() -> None:
    over = Charging(status=ChargingStatus.COMPLETE)
    assert over.settled(_charging(minutes=60, end=END)) == over
    now = _charging(minutes=60, end=END)
    assert now.settled(over) == now
