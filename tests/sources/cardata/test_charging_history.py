"""What a car has charged: from BMW's words to plain ones, asked once and remembered for a while."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.mybmw.sources import Json, SignInRequiredError, SlowDownError, SourceError, TryLaterError
from custom_components.mybmw.sources.cardata.build import build_charging_sessions
from custom_components.mybmw.sources.cardata.client import MOST_PAGES
from custom_components.mybmw.sources.cardata.histories import REMEMBERED
from custom_components.mybmw.sources.cardata.quota import Reason
from custom_components.mybmw.sources.cardata.source import CarDataSource
from custom_components.mybmw.sources.fields import Oddities
from custom_components.mybmw.vehicle import ChargingPoint, ChargingSession
from custom_components.mybmw.vehicle.export import export
from tests.simulator import Fault, Simulator
from tests.simulator.living import Charge

from .questions import VIN, exve
from .rig import NOW, TOKEN, Clock, Rooms, asked

WEEK: Final = timedelta(days=7)
BEGAN: Final = datetime(2026, 2, 19, 17, 30, tzinfo=UTC)
SESSION: Final[Mapping[str, Json]] = {
    "startTime": int(BEGAN.timestamp()),
    "endTime": int((BEGAN + timedelta(hours=3)).timestamp()),
    "timeZone": "Europe/Berlin",
    "displayedStartSoc": 31,
    "displayedSoc": 80,
    "totalChargingDurationSec": 9000,
    "energyConsumedFromPowerGridKwh": 27.5,
    "energyDischargedKwh": 0.4,
    "isPreconditioningActivated": True,
    "mileage": 1000,
    "mileageUnits": "KM",
    "chargingLocation": {
        "municipality": "München",
        "formattedAddress": "Petuelring 130, München",
        "streetAddress": "Petuelring 130",
        "mapMatchedLatitude": 48.1772,
        "mapMatchedLongitude": 11.5594,
    },
    "publicChargingPoint": {
        "potentialChargingPointMatches": [
            {"providerName": "Volts", "streetAddress": "Petuelring", "postalCode": "80809", "city": "München"},
            {},
        ]
    },
    "chargingBlocks": [
        {"startTime": 1, "endTime": 61, "averagePowerGridKw": 10.9},
        {"startTime": 61, "endTime": 121, "averagePowerGridKw": 11.1},
    ],
    "businessErrors": [{"creationTime": "2026-02-19", "hint": "Charging was interrupted."}, {"hint": None}],
}
UNDERSTOOD: Final = ChargingSession(
    started_at=BEGAN,
    ended_at=BEGAN + timedelta(hours=3),
    time_zone="Europe/Berlin",
    charging_duration_s=9000,
    start_level_percent=31,
    end_level_percent=80,
    grid_energy_kwh=27.5,
    discharged_energy_kwh=0.4,
    max_power_kw=11.1,
    mileage_km=1000,
    is_battery_preconditioned=True,
    address="Petuelring 130, München",
    latitude=48.1772,
    longitude=11.5594,
    charging_points=(ChargingPoint(provider="Volts", street="Petuelring", postal_code="80809", city="München"),),
    problems=("Charging was interrupted.",),
)


def built(*told: Json) -> tuple[tuple[ChargingSession, ...], Oddities]:
    oddities: Oddities = {}
    return build_charging_sessions(told, oddities), oddities


@pytest.fixture
async def source(rooms: Rooms) -> CarDataSource:
    """An account whose cars are known; what that took is paid."""
    source = CarDataSource(rooms.access, clock=rooms.clock)
    await source.fetch()
    rooms.cloud.requests.clear()
    rooms.cloud.cardata.page_size = 100
    return source


# What is understood


def test_a_session() -> None:
    assert built({**SESSION}) == ((UNDERSTOOD,), {})
    assert UNDERSTOOD.average_power_kw == 11


@pytest.mark.parametrize(
    ("changed", "field", "value"),
    [
        ({"startTime": int(BEGAN.timestamp()) * 1000}, "started_at", BEGAN),
        ({"startTime": "2026-02-19T17:30:00.000Z"}, "started_at", BEGAN),
        ({"mileage": 100, "mileageUnits": "MileageUnits.MI"}, "mileage_km", 161),
        ({"mileage": 100, "mileageUnits": "MI"}, "mileage_km", 161),
        ({"mileageUnits": "MileageUnits.KM"}, "mileage_km", 1000),
        ({"mileageUnits": None}, "mileage_km", None),
        ({"chargingLocation": {"mapMatchedLatitude": 48.1}}, "latitude", None),
        ({"chargingLocation": {"municipality": "München"}}, "address", "München"),
        ({"chargingBlocks": None}, "max_power_kw", None),
        ({"totalChargingDurationSec": 0}, "average_power_kw", None),
        ({"publicChargingPoint": None}, "charging_points", ()),
    ],
)
def test_what_was_seen_in_other_words(changed: Mapping[str, Json], field: str, value: object) -> None:
    (session,), oddities = built({**SESSION, **changed})
    assert getattr(session, field) == value
    assert oddities == {}


def test_a_session_that_goes_on() -> None:
    """Observed without end and energy."""
    without = {"endTime", "energyConsumedFromPowerGridKwh"}
    (session,), oddities = built({key: value for key, value in SESSION.items() if key not in without})
    assert (session.ended_at, session.grid_energy_kwh, session.average_power_kw) == (None, None, None)
    assert oddities == {}


def test_nonsense_costs_what_it_says_and_is_noted() -> None:
    (session,), oddities = built({**SESSION, "displayedSoc": 101, "mileageUnits": "PARSEC", "endTime": 1})
    assert (session.end_level_percent, session.mileage_km, session.ended_at) == (None, None, None)
    assert oddities == {
        "session[0].displayedSoc": "a number instead of a whole number from 0 to 100",
        "session[0].mileageUnits": "PARSEC instead of a token we know",
    }


def test_the_newest_stands_first_and_each_once() -> None:
    older = {**SESSION, "startTime": int(BEGAN.timestamp()) - 86_400}
    sessions, _ = built(older, {**SESSION}, older, {**SESSION, "startTime": None}, "nonsense")
    assert [session.started_at for session in sessions] == [BEGAN, BEGAN - timedelta(days=1)]


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
ODD_SESSION: Final = st.fixed_dictionaries(
    {}, optional={key: JSON | st.just(value) for key, value in SESSION.items()}
) | st.builds(lambda start, rest: {**rest, "startTime": start}, st.integers() | st.floats(), st.just({**SESSION}))


@given(told=st.lists(ODD_SESSION | JSON, max_size=4))
def test_whatever_bmw_says_it_is_read_and_what_is_read_makes_sense(told: list[Json]) -> None:
    sessions, _ = built(*told)
    for session in sessions:
        assert session.started_at.utcoffset() == timedelta()
        assert session.ended_at is None or session.ended_at >= session.started_at
        assert session.end_level_percent is None or 0 <= session.end_level_percent <= 100
        assert session.average_power_kw is None or session.average_power_kw >= 0
        assert (session.latitude is None) == (session.longitude is None)


# What is asked


async def test_what_a_car_has_charged_is_what_it_has_charged(source: CarDataSource, cloud: Simulator) -> None:
    history = await source.charging_history(VIN, NOW - WEEK, NOW)
    charges = [entry for entry in cloud.world.life("I5").diary(NOW - WEEK, NOW) if isinstance(entry, Charge)]
    over = [charge for charge in charges if charge.end <= NOW]
    assert len(over) > 1
    told = {session.started_at: session for session in history.sessions}
    assert told.keys() == {charge.start.replace(microsecond=0) for charge in charges}
    for charge in over:
        session = told[charge.start.replace(microsecond=0)]
        assert session.ended_at == charge.end.replace(microsecond=0)
        assert session.grid_energy_kwh == pytest.approx(1.1 * (charge.end_kwh - charge.start_kwh), abs=0.01)
        assert session.mileage_km == int(cloud.world.life("I5").condition(charge.start).mileage_km)
        assert session.max_power_kw
        assert session.average_power_kw
        assert session.max_power_kw >= session.average_power_kw - 0.1
    assert history.is_complete
    assert history.grid_energy_kwh == pytest.approx(sum(told[at].grid_energy_kwh or 0 for at in told), abs=0.01)
    assert asked(cloud) == [("chargingHistory", 200)]
    assert "latitude" not in repr(history)


async def test_the_same_question_costs_nothing_for_a_while(
    source: CarDataSource, cloud: Simulator, clock: Clock
) -> None:
    first = await source.charging_history(VIN, NOW - WEEK, NOW)
    clock.advance(minutes=10)
    again = await source.charging_history(VIN, clock() - WEEK, clock())
    part = await source.charging_history(VIN, NOW - WEEK / 2, NOW - WEEK / 4)
    assert again.asked_at == first.asked_at == NOW
    assert set(again.sessions) <= set(first.sessions)
    assert all(NOW - WEEK / 2 <= session.started_at <= NOW - WEEK / 4 for session in part.sessions)
    assert len(asked(cloud)) == 1
    await source.charging_history(VIN, NOW - 2 * WEEK, clock())
    assert len(asked(cloud)) == 2, "it goes further back"
    clock.advance(seconds=REMEMBERED.total_seconds())
    await source.charging_history(VIN, NOW - WEEK, clock())
    assert len(asked(cloud)) == 3, "something may have been charged since"


async def test_of_a_time_long_ago_nothing_is_told_of_today(source: CarDataSource, cloud: Simulator) -> None:
    await source.charging_history(VIN, NOW - 2 * WEEK, NOW - WEEK)
    assert (await source.charging_history(VIN, NOW - WEEK, NOW)).sessions
    assert len(asked(cloud)) == 2


async def test_a_history_cut_short_says_so(source: CarDataSource, cloud: Simulator) -> None:
    cloud.cardata.page_size = 1
    history = await source.charging_history(VIN, NOW - 2 * WEEK, NOW)
    assert (len(history.sessions), history.is_complete) == (MOST_PAGES, False)
    assert not (await source.charging_history(VIN, NOW - 2 * WEEK, NOW)).is_complete
    assert len(asked(cloud)) == MOST_PAGES
    cloud.cardata.page_size = 100
    assert (await source.charging_history(VIN, NOW - WEEK, NOW)).is_complete, "a shorter time may be told to the end"


def page(day: int) -> Fault:
    """A page on which is what was charged on a day, and not the last one."""
    session = {**SESSION, "startTime": int((BEGAN - timedelta(days=day)).timestamp())}
    return Fault(path="/chargingHistory", status=200, body={"data": [session], "next_token": f"{day}"}, times=1)


@pytest.mark.parametrize(
    "fault",
    [Fault(status=500), Fault(status=403, body=exve("CU-429")), Fault(status=200, body="[]"), Fault(drop=True)],
    ids=["out of order", "calls used up", "nonsense", "broken off"],
)
async def test_a_history_that_fails_on_a_later_page_tells_what_it_has(
    source: CarDataSource, cloud: Simulator, fault: Fault
) -> None:
    cloud.faults[:] = [page(0), page(1), fault]
    history = await source.charging_history(VIN, NOW - WEEK, NOW)
    assert (len(history.sessions), history.is_complete) == (2, False)
    assert len(asked(cloud)) == 3


async def test_a_sign_in_that_ends_on_a_later_page_is_told(source: CarDataSource, cloud: Simulator) -> None:
    cloud.faults[:] = [
        page(0),
        Fault(path="/chargingHistory", status=401),
        Fault(path=TOKEN, status=400, body={"error": "invalid_grant"}),
    ]
    with pytest.raises(SignInRequiredError):
        await source.charging_history(VIN, NOW - WEEK, NOW)


async def test_a_car_that_does_not_charge(source: CarDataSource, cloud: Simulator) -> None:
    vin = cloud.garage["M240I"].vin
    assert (await source.charging_history(vin, NOW - WEEK, NOW)).sessions == ()
    cloud.faults.append(Fault(path="/chargingHistory", status=404))
    assert (await source.charging_history(vin, NOW - 2 * WEEK, NOW)).sessions == ()


@pytest.mark.parametrize(
    "fault", [Fault(status=500), Fault(status=403, body=exve("CU-104")), Fault(status=200, body="[]")]
)
async def test_what_failed_is_not_remembered(source: CarDataSource, cloud: Simulator, fault: Fault) -> None:
    cloud.faults.append(fault)
    with pytest.raises(SourceError):
        await source.charging_history(VIN, NOW - WEEK, NOW)
    cloud.faults.clear()
    assert (await source.charging_history(VIN, NOW - WEEK, NOW)).sessions


async def test_it_is_paid_from_what_is_kept_for_the_owner(
    source: CarDataSource, rooms: Rooms, cloud: Simulator
) -> None:
    while rooms.ledger.may_call(Reason.DAILY):
        await rooms.ledger.book(Reason.DAILY)
    left = rooms.ledger.calls_left
    assert left == rooms.ledger.reserve
    await source.charging_history(VIN, NOW - WEEK, NOW)
    assert rooms.ledger.calls_left == left - 1
    while rooms.ledger.calls_left:
        await rooms.ledger.book(Reason.OWNER)
    await source.charging_history(VIN, NOW - WEEK, NOW)
    with pytest.raises(SlowDownError):
        await source.charging_history(VIN, NOW - 2 * WEEK, NOW)
    assert len(asked(cloud)) == 1


async def test_a_car_of_somebody_else(source: CarDataSource, cloud: Simulator) -> None:
    with pytest.raises(TryLaterError):
        await source.charging_history("WBA00000000DEMO99", NOW - WEEK, NOW)
    assert asked(cloud) == []


async def test_it_is_plain_values_for_an_automation(source: CarDataSource) -> None:
    history = export(await source.charging_history(VIN, NOW - WEEK, NOW))
    assert history.keys() == {"asked_at", "start", "end", "is_complete", "sessions", "grid_energy_kwh"}
    assert history["asked_at"] == "2026-02-20T12:03:21Z"
