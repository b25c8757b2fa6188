"""The charging window, on the car's own clock."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from custom_components.mybmw.vehicle import ChargingWindow

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = ChargingWindow(start=time(18, 1), end=time(1, 30))


@pytest.mark.parametrize(
    ("now", "start"),
    [
        (datetime(2026, 1, 31, 12, 0, tzinfo=BERLIN), datetime(2026, 1, 31, 18, 1, tzinfo=BERLIN)),
        (datetime(2026, 1, 31, 18, 1, tzinfo=BERLIN), datetime(2026, 2, 1, 18, 1, tzinfo=BERLIN)),
        (datetime(2026, 1, 31, 23, 59, tzinfo=BERLIN), datetime(2026, 2, 1, 18, 1, tzinfo=BERLIN)),
        # The night in which clocks go forward: an hour less until the window opens.
        (datetime(2026, 3, 28, 19, 0, tzinfo=BERLIN), datetime(2026, 3, 29, 18, 1, tzinfo=BERLIN)),
    ],
)
def test_the_window_opens_today_or_tomorrow(now: datetime, start: datetime) -> None:
    assert NIGHT.next_start(now) == start
    assert NIGHT.next_start(now).tzinfo is BERLIN
