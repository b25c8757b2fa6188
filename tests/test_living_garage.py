"""The living garage keeps the laws of physics, is the same whenever one looks, and speaks as recorded cars do."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.mybmw.brands import ListBrand
from custom_components.mybmw.sources.mybmw.build import Answers, build_vehicle
from custom_components.mybmw.vehicle import ChargingStatus, Vehicle
from tests.clock import SetClock
from tests.recorded import RECORDED_CARS
from tests.simulator import Age, Garage
from tests.simulator.living import (
    GARAGE_OPENS,
    LIVING_CARS,
    AirTreated,
    Charge,
    Inflation,
    LeftOpen,
    Life,
    Plug,
    Refueling,
    Serviced,
    Trip,
    Unlocked,
    World,
    WorldClock,
)
from tests.simulator.living.energy import charging_kw, charging_steps
from tests.simulator.living.habits import HERE
from tests.simulator.living.places import FAST_CHARGERS, HOME, NUREMBERG, SALZBURG, UNIVERSITY
from tests.simulator.living.roads import Point, distance_km, length_km, route

STEADY: Final = settings(derandomize=True, database=None, deadline=None, max_examples=60)

FIRST: Final = datetime(2026, 1, 5, 4, tzinfo=UTC)
"""The garage opens: five o'clock in Munich."""
YEAR: Final = timedelta(days=365)
MINUTE: Final = timedelta(minutes=1)

NAMES: Final = st.sampled_from(sorted(LIVING_CARS))
MOMENTS: Final = st.integers(0, 120 * 24 * 3600 - 1).map(lambda seconds: FIRST + timedelta(seconds=seconds))


@cache
def life_of(name: str) -> Life:
    """The life of a car, which all tests may look at."""
    return Life(LIVING_CARS[name], seed=1)


@pytest.fixture(params=LIVING_CARS)
def life(request: pytest.FixtureRequest) -> Life:
    """Each life in turn."""
    name: str = request.param
    return life_of(name)


# Physics


def test_every_kwh_and_every_liter_is_accounted_for(life: Life) -> None:
    """What went into a car and what it took is what is in it now; and it takes what its papers say."""
    model, last = life.model, FIRST + YEAR
    diary = life.diary(FIRST, last)
    trips = [entry for entry in diary if isinstance(entry, Trip)]
    before, after = life.condition(FIRST), life.condition(last)

    driven_km = sum(trip.end_km - trip.start_km for trip in trips)
    assert after.mileage_km - before.mileage_km == pytest.approx(driven_km)
    charged = sum(entry.end_kwh - entry.start_kwh for entry in diary if isinstance(entry, Charge))
    taken = sum(entry.kwh for entry in diary if isinstance(entry, Trip | AirTreated))
    assert after.battery_kwh - before.battery_kwh == pytest.approx(charged - taken)
    filled = sum(entry.fuel_l for entry in diary if isinstance(entry, Refueling))
    burned = sum(trip.fuel_l for trip in trips)
    assert after.fuel_l - before.fuel_l == pytest.approx(filled - burned)

    distance_paid_for = 0.0
    if model.battery:
        distance_paid_for += 100 * sum(trip.kwh for trip in trips) / model.battery.kwh_per_100_km
    if model.tank:
        distance_paid_for += 100 * burned / model.tank.l_per_100_km
    assert 0.95 < distance_paid_for / driven_km < 1.35


def test_a_battery_takes_no_more_than_it_can(life: Life) -> None:
    battery = life.model.battery
    if battery is None:
        assert not [entry for entry in life.diary(FIRST, FIRST + YEAR) if isinstance(entry, Charge)]
        return
    most_kw = max(kw for _, kw in battery.curve)
    for charge in [entry for entry in life.diary(FIRST, FIRST + YEAR) if isinstance(entry, Charge)]:
        hours = (charge.end - charge.start) / timedelta(hours=1)
        is_fast = any(charge.at == place.address for place in FAST_CHARGERS)
        assert 0 < (charge.end_kwh - charge.start_kwh) / hours < (most_kw if is_fast else min(most_kw, 50)) * 1.02
        assert charge.end_kwh <= battery.kwh
        if not charge.is_complete:
            assert life.condition(charge.end + 2 * MINUTE).plug is Plug.OUT, "only leaving breaks it off"


def test_charging_slows_down_as_the_battery_fills() -> None:
    battery = LIVING_CARS["I5"].battery
    fast = FAST_CHARGERS[0].charger
    assert battery
    assert fast
    assert HOME.charger
    times = [timedelta(), *(after for after, _ in charging_steps(battery, fast, 0, 100))]
    assert len(times) == 101
    assert timedelta(minutes=18) < times[80] - times[10] < timedelta(minutes=32), "ten to eighty, as in its papers"
    assert times[100] - times[90] > times[30] - times[10]
    assert charging_kw(battery, fast, 10) > 200 > charging_kw(battery, fast, 60) > charging_kw(battery, fast, 95)
    assert charging_kw(battery, HOME.charger, 20) == charging_kw(battery, HOME.charger, 80) < 11
    assert list(charging_steps(battery, fast, battery.kwh * 0.8, 80)) == []


@given(NAMES, MOMENTS, st.integers(1, 3 * 24 * 3600))
@STEADY
def test_at_any_time_a_car_is_possible(name: str, moment: datetime, seconds: int) -> None:
    life = life_of(name)
    model, now, later = life.model, life.condition(moment), life.condition(moment + timedelta(seconds=seconds))
    assert now.mileage_km <= later.mileage_km
    assert (later.mileage_km - now.mileage_km) / (seconds / 3600) < 140, "km/h"
    assert 0 <= now.battery_kwh <= (model.battery.kwh if model.battery else 0)
    assert 0 < now.fuel_l <= model.tank.liters if model.tank else now.fuel_l == 0
    assert all(150 < kpa <= target for kpa, target in zip(now.tires_kpa, model.tires.target_kpa, strict=True))
    assert now.open <= model.openings
    assert not now.is_driving or not (now.is_locked or now.open or now.plug is not Plug.OUT)
    assert (now.plug is Plug.CHARGING) == (now.charging_ends_at is not None and moment <= now.charging_ends_at)
    assert 47 < now.latitude < 50
    assert 10 < now.longitude < 14


def test_roads_lead_where_they_should() -> None:
    assert 130 < length_km(HOME, SALZBURG) < 175
    assert 155 < length_km(HOME, NUREMBERG) < 195
    assert length_km(HOME, UNIVERSITY) < 8
    way = route(HOME, SALZBURG)
    assert way[-1].to == Point(SALZBURG.latitude, SALZBURG.longitude)
    assert 60 < way[-3].heading_deg < 120, "eastwards"
    assert sum(stretch.km for stretch in way) < 1.7 * distance_km(Point(HOME.latitude, HOME.longitude), way[-1].to)


# Everything happens


def test_what_a_year_brings() -> None:
    """Everything that there is to be shown comes about, and not to every car."""
    years = {name: life_of(name).diary(FIRST, FIRST + YEAR) for name in LIVING_CARS}
    for diary in years.values():
        assert {Trip, Unlocked, LeftOpen, Inflation} <= {type(entry) for entry in diary}
        assert sum(isinstance(entry, Trip) and entry.to == HOME.address for entry in diary) > 150
    assert any(isinstance(entry, Serviced) for entry in years["M240I"])
    electric = {name for name, model in LIVING_CARS.items() if model.battery}
    assert {name for name, diary in years.items() if any(isinstance(entry, Charge) for entry in diary)} == electric
    fueled = {name for name, model in LIVING_CARS.items() if model.tank}
    assert {name for name, diary in years.items() if any(isinstance(entry, Refueling) for entry in diary)} == fueled
    fast = {place.address for place in FAST_CHARGERS}
    assert any(isinstance(entry, Charge) and entry.at in fast for entry in years["I5"])
    assert any(isinstance(entry, Charge) and not entry.is_complete for entry in years["I5"] + years["COOPER"])


def test_days_begin_and_end_at_home(life: Life) -> None:
    for number in range(120):
        five_o_clock = FIRST.astimezone(HERE) + timedelta(days=number)
        morning = life.condition(five_o_clock + MINUTE)
        assert morning.address == HOME.address
        assert morning.is_locked
        assert not morning.open
        assert morning.plug in {Plug.OUT, Plug.DONE}, "the night is long enough for every charge"


# The same whenever one looks


@given(st.lists(st.tuples(NAMES, MOMENTS), min_size=1, max_size=6))
@settings(STEADY, max_examples=15)
def test_a_moment_is_the_same_whoever_looks_and_when(looks: list[tuple[str, datetime]]) -> None:
    world = World(WorldClock(lambda: FIRST), seed=1)
    for name, moment in looks:
        life = world.life(name)
        assert life.condition(moment) == life_of(name).condition(moment)
        assert life.report(moment) == life_of(name).report(moment)


def test_small_steps_and_large_ones_lead_to_the_same_world() -> None:
    end = FIRST + timedelta(days=10)
    small, large = (Life(LIVING_CARS["I5"], seed=3) for _ in range(2))
    for seconds in range(0, int((end - FIRST).total_seconds()), 97):
        small.condition(FIRST + timedelta(seconds=seconds))
    assert small.condition(end) == large.condition(end)
    assert small.diary(FIRST, end) == large.diary(FIRST, end)


def test_another_seed_is_another_world() -> None:
    one, other = (Life(LIVING_CARS["I5"], seed=seed).diary(FIRST, FIRST + timedelta(days=7)) for seed in (1, 2))
    assert one != other


def test_nobody_lived_before_the_garage_opened() -> None:
    with pytest.raises(ValueError, match=f"the garage opened on {GARAGE_OPENS}"):
        life_of("I5").condition(FIRST - MINUTE)


# What a car tells


@given(NAMES, MOMENTS)
@STEADY
def test_a_car_tells_only_when_something_happens(name: str, moment: datetime) -> None:
    life = life_of(name)
    report = life.report(moment)
    assert report.at <= moment
    told = list(life.reports(max(FIRST, moment - timedelta(days=3)), moment))
    assert not told or told[-1] == report
    now = life.condition(moment)
    assert report.condition.open == now.open
    assert report.condition.is_locked == now.is_locked
    assert report.condition.plug is now.plug
    assert report.condition.is_driving == now.is_driving
    for earlier, later in pairwise(told):
        assert earlier.condition != later.condition


# In the words of the MyBMW API


WATCH: Final = SetClock(FIRST)
GARAGE: Final = Garage(LIVING_CARS, age=Age.FRESH, clock=WATCH, world=World(WorldClock(WATCH), seed=1))


def vehicle_of(name: str, moment: datetime) -> Vehicle:
    """A car as the integration sees it that asks at a moment."""
    WATCH.now = moment
    car = GARAGE[name]
    return build_vehicle(
        Answers(
            vin=car.vin,
            brand=ListBrand(car.brand),
            profile=car.profile,
            state={"capabilities": car.capabilities, "state": GARAGE.state_of(car)},
            charging=car.charging,
            fetched_at=moment,
        )
    )


@given(NAMES, MOMENTS)
@STEADY
def test_a_living_car_is_understood_to_the_last_word(name: str, moment: datetime) -> None:
    vehicle, report = vehicle_of(name, moment), life_of(name).report(moment)
    told, model = report.condition, LIVING_CARS[name]
    assert vehicle.oddities == ()
    assert vehicle.last_reported == report.at
    assert vehicle.odometer.mileage_km == int(told.mileage_km)
    assert vehicle.body.lock.is_locked == told.is_locked
    assert {lid.value for lid, state in vehicle.body.lids.items() if state.is_open} | {
        window.value for window, state in vehicle.body.windows.items() if state.is_open
    } == {opening.value for opening in told.open}
    assert len(vehicle.body.lids) + len(vehicle.body.windows) == len(model.openings)
    assert (vehicle.energy.fuel is None) == (model.tank is None)
    assert (vehicle.energy.battery is None) == (model.battery is None)
    assert vehicle.energy.total_range_km is not None
    assert vehicle.location
    assert vehicle.location.address == told.address
    assert vehicle.tires
    assert vehicle.tires.has_warning == bool(
        vehicle.maintenance.messages
        and any(message.name == "tire_pressure" and message.severity > 2 for message in vehicle.maintenance.messages)
    )
    if charging := vehicle.energy.charging:
        assert charging.is_charging == (told.plug is Plug.CHARGING)
        assert charging.is_plugged_in == (told.plug is not Plug.OUT)
        if charging.ends_at and told.charging_ends_at:
            assert abs(charging.ends_at - told.charging_ends_at) <= MINUTE


def test_waiting_for_the_hours_of_cheap_electricity() -> None:
    evening = datetime(2026, 1, 7, 20, 30, tzinfo=UTC)
    assert life_of("X1").condition(evening).plug is Plug.WAITING
    vehicle = vehicle_of("X1", evening)
    assert vehicle.energy.charging
    assert vehicle.energy.charging.status is ChargingStatus.WAITING_FOR_CHARGING
    assert vehicle.next_charging_start(evening.astimezone(HERE)) == datetime(2026, 1, 7, 22, tzinfo=HERE)


RECORDINGS: Final = [
    {"profile": car.profile, "state": car.state, "charging": car.charging} for car in RECORDED_CARS.values()
]


def kinds(document: Json, path: str = "") -> Iterator[tuple[str, str]]:
    """Which fields a document has, and of which kind."""
    match document:
        case dict():
            for key, value in document.items():
                yield from kinds(value, f"{path}.{key}")
        case list():
            for value in document:
                yield from kinds(value, f"{path}[]")
        case _:
            yield path, type(document).__name__


@given(NAMES, MOMENTS)
@STEADY
def test_nothing_is_said_that_was_never_recorded(name: str, moment: datetime) -> None:
    """Every field of a living car is one that BMW was seen to send, and of the same kind."""
    WATCH.now = moment
    car = GARAGE[name]
    answers: Json = {
        "profile": car.profile,
        "state": {"capabilities": car.capabilities, "state": GARAGE.state_of(car)},
        "charging": car.charging,
    }
    recorded = {kind for recording in RECORDINGS for kind in kinds(recording)}
    assert set(kinds(answers)) - recorded <= SEEN_ELSEWHERE


SEEN_ELSEWHERE: Final = {(".state.capabilities.remoteChargingCommands.chargingControl[]", "str")}
"""In reports about newer cars."""


def test_a_living_car_can_be_told_what_to_say() -> None:
    WATCH.now = FIRST
    garage = Garage(["I5"], age=Age.FRESH, clock=WATCH)
    car = garage["I5"]
    car.change("state.doorsState.hood", "OPEN")
    car.change("profile.model", "i5 M60")
    with pytest.raises(KeyError):
        car.change("state.nothing.there", 1)
    for days in (0, 5):
        WATCH.now = FIRST + timedelta(days=days)
        doors = garage.state_of(car)["doorsState"]
        assert isinstance(doors, dict)
        assert (doors["hood"], doors["trunk"]) == ("OPEN", "CLOSED")
    assert car.profile["model"] == "i5 M60"
    assert garage.add("I5").profile["model"] == "i5 eDrive40 Touring"


# The clock


def test_a_world_in_a_hurry() -> None:
    watch = SetClock(FIRST)
    clock = WorldClock(watch, speed=60)
    assert clock() == FIRST
    watch.now += 10 * MINUTE
    assert clock() == FIRST + 600 * MINUTE
    clock.speed = 0.5
    assert (clock(), clock.speed) == (FIRST + 600 * MINUTE, 0.5)
    watch.now += 10 * MINUTE
    assert clock() == FIRST + 605 * MINUTE
    assert clock.watched_at(FIRST - YEAR) == FIRST - YEAR
    assert clock.watched_at(FIRST + 300 * MINUTE) == FIRST + 5 * MINUTE
    assert clock.watched_at(FIRST + 606 * MINUTE) == FIRST + 22 * MINUTE


def test_who_watches_a_world_in_a_hurry_is_told_the_time_of_the_watch() -> None:
    """An hour of charging is a minute for those who watch at sixty times the speed, and no moment is in the future."""
    watch = SetClock(FIRST)
    garage = Garage(["I5"], age=Age.FRESH, clock=watch, world=World(WorldClock(watch, speed=60), seed=1))
    charge = next(entry for entry in life_of("I5").diary(FIRST, FIRST + YEAR) if isinstance(entry, Charge))
    watch.now = garage.world.clock.watched_at(charge.start + MINUTE)
    state = garage.state_of(garage["I5"])
    reported = datetime.fromisoformat(str(state["lastUpdatedAt"]))
    assert watch.now - 2 * timedelta(seconds=1) < reported <= watch.now
    battery = state["electricChargingState"]
    assert isinstance(battery, dict)
    assert battery["remainingChargingMinutes"] == round((charge.end - charge.start) / 60 / MINUTE)
