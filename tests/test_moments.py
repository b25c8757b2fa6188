"""Moments as an owner reads them."""

from datetime import UTC, datetime

from homeassistant.core import HomeAssistant
import pytest

from custom_components.mybmw.moments import local_minute


@pytest.mark.freeze_time("2023-01-04 22:30:00+00:00")
@pytest.mark.parametrize(
    ("moment", "told"),
    [
        (datetime(2023, 1, 4, 22, 59, 59, tzinfo=UTC), "23:59"),
        (datetime(2023, 1, 4, 8, 5, tzinfo=UTC), "09:05"),
        (datetime(2023, 1, 4, 23, 0, tzinfo=UTC), "00:00 (2023-01-05)"),
        (datetime(2023, 1, 3, 22, 30, tzinfo=UTC), "23:30 (2023-01-03)"),
    ],
)
async def test_only_another_day_is_named(hass: HomeAssistant, moment: datetime, told: str) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    assert local_minute(moment) == told
