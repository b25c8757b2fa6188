"""Spans of time end when they should, also by a clock that is put right meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.mybmw.sources.spans import has_come, is_over

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("since", "over"),
    [
        (None, True),
        (NOW, False),
        (NOW - timedelta(minutes=59), False),
        (NOW - HOUR, True),
        (NOW + timedelta(seconds=30), False),
        (NOW + timedelta(minutes=2), True),
        (NOW + timedelta(days=9000), True),
    ],
)
def test_when_an_hour_is_over(since: datetime | None, *, over: bool) -> None:
    assert is_over(since, HOUR, NOW) is over


@pytest.mark.parametrize(
    ("moment", "come"),
    [
        (NOW, True),
        (NOW - 9000 * HOUR, True),
        (datetime.min.replace(tzinfo=UTC), True),
        (NOW + timedelta(seconds=1), False),
        (NOW + HOUR, False),
        (NOW + HOUR + timedelta(seconds=30), False),
        (NOW + HOUR + timedelta(minutes=2), True),
        (datetime.max.replace(tzinfo=UTC), True),
    ],
)
def test_whether_what_is_waited_for_an_hour_at_most_has_come(moment: datetime, *, come: bool) -> None:
    assert has_come(moment, HOUR, NOW) is come
