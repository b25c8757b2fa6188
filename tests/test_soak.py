"""A small share of scripts/soak: hours in which every fifth request goes wrong, and accounts that come and go."""

from datetime import UTC, datetime, timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from .simulator.commands import Order
from .simulator.log import Asked
from .soak.day import Day
from .soak.house import open_house, unload
from .soak.reloads import come_and_go, our_objects
from .soak.truth import wrong

NOW: Final = datetime(2026, 2, 17, 5, 0, tzinfo=UTC)
"""A morning on which the cars are about to set out."""

pytestmark = [pytest.mark.freeze_time(NOW), pytest.mark.usefixtures("socket_enabled", "hass_storage")]


async def test_a_little_bad_weather(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(hass, freezer, monkeypatch) as house:
        day = Day.begin(house, seed=1, percent=50)
        findings = await day.live(timedelta(minutes=40), calm=timedelta(minutes=20))
    assert findings.complaints == []
    assert findings.counts["requests struck"] > 0
    assert findings.counts["commands"] >= findings.counts["orders that BMW took"] > 0
    assert findings.counts["connections to the stream"] > 0
    assert findings.counts["values compared"] > 1000


async def test_a_few_reloads_leave_nothing_behind(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(hass, freezer, monkeypatch) as house:
        while_there = our_objects()
        await unload(house, house.entries)
        first = await come_and_go(house, 2)
        assert (await come_and_go(house, 3)).exact == first.exact
    assert while_there > first.objects + 100, "what is counted are the objects of ours"


async def test_the_soak_notices_what_is_wrong(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(hass, freezer, monkeypatch) as house:
        [vin, *_] = house.cars(house.mybmw)
        car = house.cars(house.mybmw)[vin]
        shown = house.shown(house.mybmw, vin)
        assert wrong(car, shown, NOW) == []
        assert wrong(car, shown | {"sensor.mileage": "1"}, NOW) == [
            f"sensor.mileage: 1 instead of {shown['sensor.mileage']}"
        ]
        day = Day.begin(house, seed=1)
        order = Order(service="light-flash", vin=vin, at=NOW, query={}, body={}, fate=None)
        for given, sent in ((0, 0), (1, 1), (1, 0)):
            house.cloud.orders.extend([order] * sent)
            day.look_at_orders(expected=given)
        assert day.findings.complaints == []
        house.cloud.orders.extend([order] * 2)
        day.look_at_orders(expected=1)
        assert len(day.findings.complaints) == day.findings.counts["orders that nobody gave"] == 1

        weather = day.weather
        path = "/customers/vehicles/mappings"
        struck = Asked(method="GET", path=path, vin=None, brand=None, status=500, struck_by=("outage",), at=NOW)
        house.cloud.requests.append(struck)
        weather.note()
        assert weather.excused_until["cardata"] > NOW > weather.excused_until["mybmw"]
