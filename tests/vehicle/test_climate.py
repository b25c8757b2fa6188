"""Climate control."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.mybmw.vehicle import Climate, ClimateActivity

END = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("activity", "is_running"),
    [
        (ClimateActivity.HEATING, True),
        (ClimateActivity.COOLING, True),
        (ClimateActivity.VENTILATION, True),
        (ClimateActivity.STANDBY, False),
        (ClimateActivity.INACTIVE, False),
        (ClimateActivity.UNKNOWN, None),
    ],
)
def test_running_is_whatever_moves_air(*, activity: ClimateActivity, is_running: bool | None) -> None:
    assert activity.is_running is is_running


@pytest.mark.parametrize("off", [-90, -1, 0, 1, 90])
def test_the_end_stays_if_it_is_the_same_but_for_the_way_it_was_counted(off: int) -> None:
    settled = Climate(ends_at=END + timedelta(seconds=off)).settled(Climate(ends_at=END))
    assert settled.ends_at == END


@pytest.mark.parametrize("off", [-91, 91, 1800])
def test_another_end_is_another_end(off: int) -> None:
    end = END + timedelta(seconds=off)
    assert Climate(ends_at=end).settled(Climate(ends_at=END)).ends_at == end


def test_settling_invents_no_end() -> None:
    assert Climate().settled(Climate(ends_at=END)) == Climate()
    assert Climate(ends_at=END).settled(Climate()) == Climate(ends_at=END)


def test_settling_changes_nothing_but_the_end() -> None:
    before = Climate(activity=ClimateActivity.COOLING, ends_at=END)
    now = Climate(activity=ClimateActivity.HEATING, ends_at=END + timedelta(seconds=5))
    assert now.settled(before) == Climate(activity=ClimateActivity.HEATING, ends_at=END)
