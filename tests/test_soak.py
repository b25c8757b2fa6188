"""A small share of scripts/soak: hours in which every fifth request goes wrong, and accounts that come and go."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import gc
from itertools import pairwise
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import orjson
import pytest

from .simulator.commands import Order
from .simulator.living import Plug
from .simulator.log import Asked
from .simulator.stream.gate import Knock
from .soak.ages import claims
from .soak.day import Day
from .soak.excuses import Excuses
from .soak.house import open_house, unload
from .soak.reloads import come_and_go, encrypted, our_objects
from .soak.truth import is_behind, told, wrong

NOW: Final = datetime(2026, 2, 17, 5, 0, tzinfo=UTC)
"""A morning on which the cars are about to set out."""

TRUE: Final = (
    "binary_sensor.charging",
    "binary_sensor.lids",
    "binary_sensor.windows",
    "binary_sensor.service_required",
    "device_tracker.location.latitude",
    "lock.lock",
    "number.target_soc",
    "sensor.battery_level",
    "sensor.charging_status",
    "sensor.climate_status",
    "sensor.mileage",
    "sensor.next_service_date",
    "sensor.range_electric",
    "sensor.tire_pressure_rear_left",
    "switch.climate",
)
"""Some of what is compared with how the car was."""

pytestmark = [pytest.mark.freeze_time(NOW), pytest.mark.usefixtures("socket_enabled", "hass_storage")]


async def test_a_little_bad_weather(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(hass, freezer, monkeypatch) as house:
        day = Day.begin(house, seed=10, percent=50)
        findings = await day.live(timedelta(minutes=40), calm=timedelta(minutes=20))
    assert findings.complaints == []
    assert 0 < findings.counts["requests struck"] <= findings.counts["requests at risk"] < findings.counts["requests"]
    assert findings.counts["commands"] >= findings.counts["orders that BMW took"] > 0
    assert findings.counts["connections to the stream"] > 0
    assert findings.counts["values compared"] > 1000


async def test_a_few_reloads_leave_nothing_behind(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(hass, freezer, monkeypatch) as house:
        assert house.cloud.url.startswith("https://")
        while_there, connections = our_objects(), encrypted()
        await unload(house, house.entries)
        gc.collect()
        assert encrypted() == 0, "an account that is taken down waits until its connections are"
        first = await come_and_go(house, 2)
        assert (await come_and_go(house, 3)).exact == first.exact
    assert while_there > first.objects + 100, "what is counted are the objects of ours"
    assert connections > first.encrypted == 0


async def test_the_soak_notices_what_is_wrong(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(hass, freezer, monkeypatch) as house:
        [vin, *_] = house.cars(house.mybmw)
        car = house.cars(house.mybmw)[vin]
        shown = house.shown(house.mybmw, vin)
        day = Day.begin(house, seed=1)
        day.look_at_values(car, shown, is_streamed=False)
        assert day.findings.complaints == []
        for key in TRUE:
            assert key in day.findings.held[car.name]
            false = "unlocked" if key == "lock.lock" else "1"
            assert [*wrong(car, shown | {key: false}, NOW, is_streamed=False)] == [key], key
        counted = day.findings.counts["values compared"]
        assert counted == sum(key in day.findings.held[car.name] for key in shown) < len(shown)
        day.look_at_values(car, dict.fromkeys(shown, STATE_UNAVAILABLE), is_streamed=False)
        day.look_at_values(car, {"button.find_vehicle": "1"}, is_streamed=False)
        assert day.findings.counts["values compared"] == counted, "what cannot be compared is not counted"

        order = Order(service="light-flash", vin=vin, at=NOW, query={}, body={}, fate=None)
        for given, sent in ((0, 0), (1, 1), (1, 0)):
            house.cloud.orders.extend([order] * sent)
            day.look_at_orders(expected=given)
        assert day.findings.complaints == []
        house.cloud.orders.extend([order] * 2)
        day.look_at_orders(expected=1)
        assert len(day.findings.complaints) == day.findings.counts["orders that nobody gave"] == 1


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_the_soak_notices_what_is_of_another_age_than_it_says(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch, *, is_streamed: bool
) -> None:
    async with open_house(hass, freezer, monkeypatch) as house:
        entry = house.cardata if is_streamed else house.mybmw
        [vin, *_] = house.cars(entry)
        car, shown, day = house.cars(entry)[vin], house.shown(entry, vin), Day.begin(house, seed=1)
        told, ages = claims(shown, await house.data(entry, vin)), day.ages[entry.entry_id]
        assert told.keys() >= {"sensor.last_reported", "last_reported", "sensor.last_fetched", "fetched_at"}
        assert told.keys() >= {"odometer.as_of", "location.as_of", "tires.as_of"}
        now, second = datetime.now(UTC), timedelta(seconds=1)
        reported_at = car.life.report(now).at

        def complaints(other: Mapping[str, datetime]) -> int:
            before = day.findings.counts["complaints"]
            day.look_at_claims(entry, vin, {**told, **other})
            return day.findings.counts["complaints"] - before

        assert complaints({}) == 0
        assert day.findings.counts["moments told"] == len(told)
        for name in told:
            newest = now if "fetched" in name else reported_at
            assert complaints({name: newest + second}) == 1, f"{name} is still to come"
            assert complaints({}) == 1, f"{name} goes back"
            assert complaints({}) == 0

        older = dict.fromkeys(("sensor.last_reported", "last_reported", "odometer.as_of"), reported_at - second)
        older |= dict.fromkeys(("sensor.last_fetched", "fetched_at"), now - timedelta(minutes=2))
        assert complaints(older) == sum(told[name] > moment for name, moment in older.items())
        if is_streamed:
            data = {"vehicle.vehicle.travelledDistance": {"value": 1, "timestamp": reported_at.isoformat()}}
            ages.hear_messages([(f"{entry.unique_id}/{vin}", orjson.dumps({"vin": vin, "data": data}))])
        else:
            state = "/eadrax-vcs/v4/vehicles/state"
            ages.hear_answer(asked(state, now, vin=vin))
            ages.hear_answer(asked(state, now, "quota", vin=vin, status=403))
            ages.settle()
            ages.hear_answer(asked(state, now, "server-error", vin=vin))
            ages.settle()
            assert ages.heard == 0
            ages.hear_answer(asked(state, now, vin=vin))
        assert complaints(older) == 0, "it is still to be shown"
        ages.settle()
        assert ages.heard == 1
        of_them = {"sensor.last_reported", "last_reported"} if is_streamed else {*older}
        assert {remark.partition(" ")[0] for remark in ages.wrong(vin, older)} == of_them


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_the_soak_notices_what_is_missing(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch, *, is_streamed: bool
) -> None:
    async with open_house(hass, freezer, monkeypatch) as house:
        entry = house.cardata if is_streamed else house.mybmw
        [vin, *_] = house.cars(entry)
        car, shown, day = house.cars(entry)[vin], house.shown(entry, vin), Day.begin(house, seed=1)
        excuses = day.weather.excuses

        def complaints(shown: Mapping[str, str]) -> int:
            before = day.findings.counts["complaints"]
            day.look_for_missing(car, shown, is_streamed=is_streamed)
            return day.findings.counts["complaints"] - before

        away = {
            key: value if key.startswith(("sensor.last", "image")) else "unavailable" for key, value in shown.items()
        }
        assert complaints(shown) == 0
        for key in ("binary_sensor.windows", "binary_sensor.lids", "sensor.tire_pressure_rear_left"):
            assert complaints(shown | {key: "unavailable"}) == 1, key
            assert complaints(shown | {key: "unknown"}) == 1, key
            assert complaints({other: value for other, value in shown.items() if other != key}) == 1, key
        assert complaints(away) == complaints({}) == 1
        now = datetime.now(UTC)
        assert complaints(shown) == (not is_streamed), "it has not been read since"
        excuses.cars[vin].read(now)
        assert complaints(shown) == 0
        freezer.tick(timedelta(seconds=1))
        excuses.cars[vin].dim.give(now, timedelta(minutes=1))
        assert complaints(shown | {"binary_sensor.lids": "unknown"}) == 0
        assert complaints(away) == 1, "it is excused for less"
        excuses.cars[vin].away.give(now, timedelta(minutes=1))
        assert complaints(away) == 0
        freezer.tick(timedelta(minutes=1, seconds=1))
        assert complaints(away) == 1, "it is excused no longer"
        assert complaints(shown) == (not is_streamed), "it was read before"
        door = entry.data["source"]
        assert 0 < day.findings.excused_percent(door) < 100
        assert day.findings.excused[door] < day.findings.away[door] + day.findings.dim[door] < day.findings.looks[door]


def test_a_car_is_excused_for_its_own_faults_and_as_long_as_they_last() -> None:
    state, token = "/eadrax-vcs/v4/vehicles/state", "/gcdm/oauth/token"

    def excused(*heard: Asked, after: timedelta = timedelta()) -> str:
        excuses = Excuses(of_mybmw=["A", "B"], with_stream=["C"])
        for each in heard:
            excuses.hear(each)
        at = max(each.at for each in heard) + after
        return " ".join(vin + ("" if car.away.holds(at) else "?") for vin, car in excuses.cars.items() if car.holds(at))

    def looks(*faults: str) -> list[Asked]:
        return [
            asked(state, NOW + number * timedelta(minutes=5), *([fault] if fault else []), vin="A")
            for number, fault in enumerate(faults)
        ]

    assert excused(*looks("server-error", "server-error")) == "", "two misses leave values standing"
    assert excused(*looks("server-error", "server-error", "dropped")) == "A"
    assert excused(*looks("server-error", "server-error", "", "dropped")) == ""
    assert excused(*looks("server-error", "server-error", "dropped"), after=timedelta(minutes=7)) == ""
    assert excused(*looks("missing-fields")) == "A?"
    assert excused(*looks("missing-fields"), after=timedelta(minutes=7)) == ""
    assert excused(*looks("quota")) == "", "who waits for a quota keeps what is known"
    assert excused(*looks("missing-fields", "quota"), after=timedelta(hours=2)) == "A?"
    assert excused(*looks("blocked-data")) == "A B"
    assert excused(*looks("blocked-data"), after=timedelta(hours=1, minutes=16)) == ""
    assert excused(asked(token, NOW, "sign-in-ended", brand="bmw")) == "A B"
    assert excused(asked(token, NOW, "sign-in-ended", brand="bmw"), after=timedelta(minutes=16)) == ""
    assert excused(asked(token, NOW, "server-error", brand="bmw")) == ""
    assert excused(asked(token, NOW, "cardata-client-deleted")) == "C"
    assert excused(asked(token, NOW, "server-error")) == ""
    for harmless in ("/eadrax-ics/v5/presentation/vehicles/images", "/customers/vehicles/mappings"):
        assert excused(asked(harmless, NOW, "blocked", vin="A")) == ""


def test_how_a_car_is_set_to_charge_is_excused_only_when_it_can_be_known_no_longer() -> None:
    state, settings, token = "/eadrax-vcs/v4/vehicles/state", "/eadrax-crccs/v2/vehicles", "/gcdm/oauth/token"

    def excused(*faults: str, told_at_first: bool = True, before: Asked | None = None) -> str:
        excuses = Excuses(of_mybmw=["A", "B"], with_stream=[])
        if told_at_first:
            excuses.hear(asked(settings, NOW, vin="A"))
        if before:
            excuses.hear(before)
        for number, fault in enumerate(faults, 1):
            at = NOW + number * timedelta(minutes=5)
            excuses.hear(asked(state, at, vin="A"))
            excuses.hear(asked(settings, at, *([fault] if fault else []), vin="A", status=404 if fault else 200))
            excuses.hear(asked(settings, at + timedelta(seconds=30), *([fault] if fault else []), vin="A"))
        at = NOW + len(faults) * timedelta(minutes=5, seconds=6)
        return " ".join(vin for vin, car in excuses.cars.items() if car.may_be_unknown("select.ac_limit", at))

    assert excused(*["html-not-found"] * 3) == "", "those of before serve"
    assert excused(*["server-error"] * 2, "", *["server-error"] * 3) == ""
    assert excused(*["html-not-found"] * 4) == "A"
    assert excused(*["html-not-found"] * 9, told_at_first=False) == "", "there was nothing to be missed"
    for gone in (
        asked(state, NOW, "blocked-data", vin="B", status=489),
        asked(token, NOW, "sign-in-ended", brand="bmw"),
        asked("/eadrax-vcs/v5/vehicle-list", NOW, "car-sold", brand="bmw"),
        asked(state, NOW, "no-capabilities", vin="A", status=200),
    ):
        assert excused("server-error", before=gone) == "A", gone.struck_by
    assert excused("server-error", before=asked(state, NOW, "server-error", vin="A")) == ""


async def test_the_soak_notices_what_is_wrong_with_cardata(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(hass, freezer, monkeypatch) as house:
        [vin, *_] = house.cars(house.cardata)
        car = house.cars(house.cardata)[vin]
        before, after = (
            next(car.life.reports(since, NOW + timedelta(hours=9))) for since in (NOW, NOW + timedelta(hours=3))
        )
        now, apart = after.at, after.at - before.at
        truth = told(car, before, now, is_streamed=True)
        torn = {key: value for key, value in truth.items() if isinstance(value, str)}
        torn["sensor.last_reported"] = after.at.isoformat()
        assert wrong(car, torn, now, is_streamed=True)
        assert wrong(car, torn, now, is_streamed=True, since=before.at) == {}
        assert [*wrong(car, torn | {"sensor.mileage": "1"}, now, is_streamed=True, since=before.at)] == [
            "sensor.mileage"
        ]
        assert is_behind(car, torn, now, timedelta(minutes=2), is_streamed=True)
        torn["sensor.last_reported"] = before.at.isoformat()
        assert not is_behind(car, torn, now, apart, is_streamed=True)

        reports = car.life.reports(NOW, NOW + timedelta(days=3))
        charging, ended = next(
            (one, other)
            for one, other in pairwise(reports)
            if one.condition.plug is Plug.CHARGING is not other.condition.plug
        )
        torn = {"sensor.last_reported": ended.at.isoformat(), "sensor.charging_power": "4.9"}
        assert [*wrong(car, torn, ended.at, is_streamed=True)] == ["sensor.charging_power"]
        assert wrong(car, torn, ended.at, is_streamed=True, since=charging.at) == {}, "how much it was, nobody knows"

        day = Day.begin(house, seed=1)
        weather = day.weather
        house.cloud.requests.extend(asked("/customers/containers", NOW + timedelta(days=2)) for _ in range(50))
        weather.note()
        day.look_at_cardata()
        assert day.findings.complaints == []
        house.cloud.requests.append(asked("/customers/containers", NOW + timedelta(days=3, seconds=-1)))
        weather.note()
        house.cloud.stream.gate.evictions += 1
        day.look_at_cardata()
        assert day.findings.counts["complaints"] == len(day.findings.complaints) == 2


async def test_a_rival_is_an_excuse_until_the_stream_has_been_ours_for_a_while(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour, rest = timedelta(hours=1), timedelta(hours=1, minutes=30)
    async with open_house(hass, freezer, monkeypatch) as house:
        weather, gate = Day.begin(house, seed=1).weather, house.cloud.stream.gate
        sessions = dict(gate.sessions)

        def contested_for() -> timedelta:
            weather.note()
            return weather.contested_until - datetime.now(UTC)

        assert contested_for() < timedelta()
        house.cloud.switchboard.switch_on("stream-rival")
        assert contested_for() == rest
        house.cloud.switchboard.switch_all_off()
        gate.sessions.clear()
        freezer.tick(hour)
        assert contested_for() == rest - hour, "nobody has come"
        gate.knocks.append(Knock(at=datetime.now(UTC), is_in=True))
        assert contested_for() == rest, "whoever comes may be cut off once more"
        freezer.tick(hour)
        gate.sessions.update(sessions)
        assert contested_for() < timedelta(), "by now it is ours"
        gate.sessions.clear()
        gate.knocks.append(Knock(at=datetime.now(UTC), is_in=True))
        assert contested_for() < timedelta(), "one cut is no rival"
        gate.sessions.update(sessions)


def asked(
    path: str,
    at: datetime,
    *struck_by: str,
    vin: str | None = None,
    brand: str | None = None,
    status: int | None = None,
) -> Asked:
    status = status or (500 if struck_by else 200)
    return Asked(method="GET", path=path, vin=vin, brand=brand, status=status, struck_by=struck_by, at=at)
