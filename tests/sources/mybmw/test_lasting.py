"""What seldom changes about a car is made once, and again as soon as BMW writes something else of it."""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.fields import MOST_ODDITIES
from custom_components.mybmw.sources.mybmw.brands import ListBrand
from custom_components.mybmw.sources.mybmw.build import Lasting, build_vehicle
from custom_components.mybmw.vehicle import Brand
from tests.recorded import RECORDED_CARS

from .answers import REPORTED_AT, answers_with, recorded_answers


def test_the_same_is_not_made_twice() -> None:
    lasting, answers = Lasting(), recorded_answers(RECORDED_CARS["G26"])
    before = build_vehicle(answers, lasting=lasting)
    now = build_vehicle(replace(answers, state=deepcopy(answers.state)), lasting=lasting)
    assert now == before
    assert now.identity is before.identity
    assert now.capabilities is before.capabilities
    assert before.tires
    assert now.tires
    assert now.tires.front_left is before.tires.front_left
    assert now.maintenance.services is before.maintenance.services
    assert before.charging_plan
    assert now.charging_plan
    assert now.charging_plan.departure_timers is before.charging_plan.departure_timers


def test_what_a_car_tells_again_is_as_new_as_its_report() -> None:
    lasting = Lasting()
    told: dict[str, Json] = {
        "tireState": {"frontLeft": {"status": {"currentPressure": 240}}},
        "chargingProfile": {"chargingMode": "NO_ACTION"},
    }
    for at in (REPORTED_AT, REPORTED_AT + timedelta(hours=1)):
        state = {**told, "lastUpdatedAt": at.isoformat()}
        car = build_vehicle(answers_with(state, profile={"driveTrain": "ELECTRIC"}), lasting=lasting)
        assert car.tires
        assert car.charging_plan
        assert [car.tires.as_of, car.charging_plan.as_of, car.maintenance.as_of] == [at] * 3


def test_one_is_not_true() -> None:
    lasting = Lasting()
    allowed: tuple[Json, ...] = ({"lock": True}, {"lock": 1}, {"lock": True})
    cars = [build_vehicle(answers_with(capabilities=capabilities), lasting=lasting) for capabilities in allowed]
    assert [car.capabilities.lock for car in cars] == [True, False, True]
    assert [len(car.oddities) for car in cars] == [0, 1, 0]


def test_another_profile_is_another_identity() -> None:
    lasting = Lasting()
    profiles: tuple[Json, ...] = ({"model": "i4"}, {"model": "iX", "driveTrain": "ELECTRIC"}, {"model": ["i4"]}, None)
    cars = [build_vehicle(answers_with(profile=profile), lasting=lasting) for profile in profiles]
    assert [car.identity.model for car in cars] == ["i4", "iX", None, None]
    assert [len(car.oddities) for car in cars] == [0, 0, 1, 0]


def test_what_else_makes_an_identity_is_seen() -> None:
    lasting, answers = Lasting(), answers_with({"isLeftSteering": True})
    assert build_vehicle(answers, lasting=lasting).identity.is_left_hand_drive is True
    assert build_vehicle(answers_with(), lasting=lasting).identity.is_left_hand_drive is None
    moved = build_vehicle(replace(answers, brand=ListBrand.MINI), lasting=lasting)
    assert (moved.identity.brand, moved.identity.is_left_hand_drive) == (Brand.MINI, True)


def test_what_else_makes_capabilities_is_seen() -> None:
    lasting = Lasting()
    allowed: Json = {"climateNow": True}
    told: tuple[dict[str, Json], ...] = ({}, {"isLscSupported": True}, {"climateControlState": {"activity": "HEATING"}})
    cars = [build_vehicle(answers_with(state, capabilities=allowed), lasting=lasting) for state in told]
    assert [car.capabilities.reports_state for car in cars] == [False, True, False]
    assert [car.capabilities.stop_climate for car in cars] == [False, False, True]
    assert not build_vehicle(answers_with(capabilities={}), lasting=lasting).capabilities.start_climate


def test_what_stays_odd_is_told_each_time() -> None:
    lasting, answers = Lasting(), answers_with(profile={"year": "soon"}, capabilities={"lock": "maybe"})
    for _ in range(2):
        assert {oddity.path for oddity in build_vehicle(answers, lasting=lasting).oddities} == {
            "profile.year",
            "state.capabilities.lock",
        }


def test_what_is_odd_among_too_much_that_is_odd_is_told_once_the_rest_is_well() -> None:
    lasting = Lasting()
    profile: Json = {"year": "soon"}
    spoiled: Json = [{"isWeeklyTimer": 5}] * MOST_ODDITIES
    full = build_vehicle(answers_with({"climateTimers": spoiled}, profile=profile), lasting=lasting)
    assert len(full.oddities) == MOST_ODDITIES
    assert [odd.path for odd in build_vehicle(answers_with(profile=profile), lasting=lasting).oddities] == [
        "profile.year"
    ]


def test_what_cannot_be_written_is_made_each_time() -> None:
    """Half a character; of the last text that could be written nothing is left."""
    lasting, models = Lasting(), ("i4", "\ud800", "\ud801", "i4")
    cars = [build_vehicle(answers_with(profile={"model": model}), lasting=lasting) for model in models]
    assert [car.identity.model for car in cars] == ["i4", None, None, "i4"]
