"""Spans of time end when they should, also by a clock that is put right meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.mybmw.sources.spans import is_over

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
