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

MOST_EXCUSED: Final = {"mybmw": 30, "cardata": 10}
"""Of how much of a day in percent something of a car may be missing, by door."""

OFF_BY_PERCENT: Final = 5
"""So far may what was struck be from what was to be."""

pytestmark = [pytest.mark.freeze_time(BEGIN), pytest.mark.usefixtures("socket_enabled")]


@pytest.mark.usefixtures("hass_storage")
async def test_hours_of_bad_weather(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch, plan: Plan
) -> None:
    async with open_house(hass, freezer, monkeypatch) as house:
        day = Day.begin(house, seed=plan.seed, percent=plan.percent)
        findings = await day.live(timedelta(hours=plan.hours))
    plan.tell_table(("in all", "how many"), sorted(findings.counts.items()))
    plan.tell_table(
        ("car", "entities", "compared", "never compared"),
        (
            (car, len(keys), len(findings.held[car]), ", ".join(sorted(keys - findings.held[car])))
            for car, keys in findings.entities.items()
        ),
    )
    plan.tell_table(
        ("door", "looks", "excused", "unavailable", "partly unknown"),
        (
            (door, looks, *(count[door] for count in (findings.excused, findings.away, findings.dim)))
            for door, looks in findings.looks.items()
        ),
    )
    plan.tell_table(("unavailable at most", "for"), findings.longest_away.items())
    plan.tell_table(("partly unknown at most", "for"), findings.longest_dim.items())
    plan.tell_table(("two reports mixed at most", "for"), findings.longest_torn.items())
    plan.tell_table(("shown as it is, after the last fault", "after"), findings.right_after.items())
    plan.tell_table(("faults", "times"), sorted(day.weather.seen.items()))
    for complaint in findings.complaints:
        plan.tell(complaint)
    assert findings.complaints == []
    struck_percent = 100 * findings.counts["requests struck"] / findings.counts["requests at risk"]
    assert abs(struck_percent - plan.percent) <= OFF_BY_PERCENT, "chance has not struck as it should"
    for door, most in MOST_EXCUSED.items():
        assert findings.excused_percent(door) <= most, f"too much is excused at {door} for the rest to say anything"
