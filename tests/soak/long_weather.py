"""What scripts/soak runs: whole days of bad weather, and hundreds of reloads, as long as its options say."""

from datetime import UTC, datetime, timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from . import Plan
from .day import Day
from .house import open_house

BEGIN: Final = datetime(2026, 2, 17, 5, 0, tzinfo=UTC)
"""A morning on which the cars are about to set out."""

pytestmark = [pytest.mark.freeze_time(BEGIN), pytest.mark.usefixtures("socket_enabled")]


@pytest.mark.usefixtures("hass_storage")
async def test_hours_of_bad_weather(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch, plan: Plan
) -> None:
    async with open_house(hass, freezer, monkeypatch) as house:
        day = Day.begin(house, seed=plan.seed, percent=plan.percent)
        findings = await day.live(timedelta(hours=plan.hours))
    plan.tell_table(("in all", "how many"), sorted(findings.counts.items()))
    plan.tell_table(("unavailable at most", "for"), findings.longest_away.items())
    for complaint in findings.complaints:
        plan.tell(complaint)
    assert findings.complaints == []
