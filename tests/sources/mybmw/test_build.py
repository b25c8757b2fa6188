"""From BMW's answers to a car: two whole recorded cars, what holds for every part, and the lists of cars.

Values that `bimmer_connected` reads too are compared for all recorded cars in test_parity.py.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.mybmw.brands import ListBrand
from custom_components.mybmw.sources.mybmw.build import Answers, build_vehicle, vins_of
from custom_components.mybmw.sources.mybmw.build.answers import MOST_CARS
from custom_components.mybmw.vehicle import (
    Battery,
    Body,
    Brand,
    Capabilities,
    Charging,
    ChargingMode,
    ChargingPlan,
    ChargingPreference,
    ChargingStatus,
    ChargingWindow,
    Climate,
    ClimateFunction,
    ClimateTimer,
    ClimateTimerTrigger,
    DepartureTimer,
    DigitalKey,
    DriveTrain,
    Energy,
    Fuel,
    HeadUnit,
    Identity,
    Lid,
    Location,
    LockState,
    Maintenance,
    Oddity,
    Odometer,
    OpeningState,
    Service,
    ServiceStatus,
    ServiceType,
    Software,
    TimerType,
    Tire,
    TireSeason,
    Vehicle,
    Weekday,
    Window,
)
from tests.recorded import RECORDED_CARS

from .answers import ASKED_AT, REPORTED_AT, answers_with, car_with, recorded_answers


@pytest.mark.parametrize("folder", RECORDED_CARS)
def test_nothing_is_odd_about_a_recorded_car(folder: str) -> None:
    assert build_vehicle(recorded_answers(RECORDED_CARS[folder])).oddities == ()


def test_an_i3_with_range_extender_as_a_whole() -> None:
    as_of = datetime(2022, 6, 22, 13, 58, 52, tzinfo=UTC)
    midweek = (Weekday.MONDAY, Weekday.TUESDAY, Weekday.WEDNESDAY, Weekday.THURSDAY, Weekday.FRIDAY)
    closed = OpeningState.CLOSED
    car = build_vehicle(recorded_answers(RECORDED_CARS["I01_REX"]))
    assert replace(car, capabilities=replace(car.capabilities, features=frozenset())) == Vehicle(
        vin="WBY00000000REXI01",
        identity=Identity(
            brand=Brand.BMW,
            model="i3 (+ REX)",
            model_year=2015,
            body_type="I01",
            color_argb=0xFF5A5856,
            country="CZ",
            is_left_hand_drive=True,
            drive_train=DriveTrain.ELECTRIC_WITH_RANGE_EXTENDER,
            head_unit=HeadUnit(type="NBT", hardware="MGU_02_L", idrive="ID4"),
            telematics_unit="WAVE01",
            software=Software(month=11, year=2021, step=510, series="I001"),
            software_ex_factory=Software(month=3, year=2015, step=502, series="I001"),
        ),
        capabilities=Capabilities(
            reports_state=True,
            find_vehicle=True,
            lock=True,
            unlock=True,
            flash_lights=True,
            sound_horn=True,
            start_climate=True,
            send_destination=True,
            charging_plan=True,
            last_state_call="activated",
            state_source="last_state_call",
            climate_function=ClimateFunction.AIR_CONDITIONING,
            climate_timer_trigger=ClimateTimerTrigger.DEPARTURE_TIMER,
        ),
        odometer=Odometer(as_of=as_of, mileage_km=137009),
        body=Body(
            as_of=as_of,
            lids=dict.fromkeys(Lid, closed),
            windows={Window.FRONT_LEFT: closed, Window.FRONT_RIGHT: closed},
            roof_type="sun_roof",
            lock=LockState.UNLOCKED,
        ),
        energy=Energy(
            fuel=Fuel(as_of=as_of, level_l=6, range_km=105),
            battery=Battery(as_of=as_of, level_percent=82, range_km=174),
            charging=Charging(
                as_of=as_of,
                status=ChargingStatus.WAITING_FOR_CHARGING,
                target_percent=100,
                is_plugged_in=True,
                connection_type="conductive",
            ),
            total_range_km=279,
        ),
        charging_plan=ChargingPlan(
            as_of=as_of,
            mode=ChargingMode.DELAYED_CHARGING,
            preference=ChargingPreference.CHARGING_WINDOW,
            timer_type=TimerType.WEEKLY_PLANNER,
            window=ChargingWindow(start=time(18, 1), end=time(1, 30)),
            departure_timers=(
                DepartureTimer(id=1, is_active=False, weekdays=midweek, departs_at=time(7, 35)),
                DepartureTimer(id=2, is_active=False, weekdays=tuple(Weekday), departs_at=time(18, 0)),
                DepartureTimer(id=3, is_active=False, departs_at=time(7, 0)),
                DepartureTimer(id=4, is_active=False),
            ),
            is_pre_entry_climatization_on=False,
            target_percent=100,
            acoustic_limit="no_action",
            hospitality="no_action",
            service_pack="TCB1",
        ),
        climate=Climate(
            as_of=as_of,
            timers=(
                ClimateTimer(
                    is_weekly=True,
                    is_active=True,
                    weekdays=(Weekday.THURSDAY, Weekday.SUNDAY),
                    departs_at=time(6, 40),
                ),
                ClimateTimer(is_weekly=False, is_active=True, weekdays=(Weekday.MONDAY,), departs_at=time(12, 50)),
                ClimateTimer(is_weekly=True, is_active=False, weekdays=(Weekday.WEDNESDAY,), departs_at=time(18, 59)),
            ),
        ),
        maintenance=Maintenance(
            as_of=as_of,
            services=(
                Service(
                    type=ServiceType.BRAKE_FLUID,
                    name="brake_fluid",
                    status=ServiceStatus.OK,
                    due_date=date(2022, 10, 1),
                    description="Next service due by the specified date.",
                ),
                Service(
                    type=ServiceType.VEHICLE_CHECK,
                    name="vehicle_check",
                    status=ServiceStatus.OK,
                    due_date=date(2023, 5, 1),
                    description="Next vehicle check due after the specified distance or date.",
                ),
                Service(
                    type=ServiceType.VEHICLE_TUV,
                    name="vehicle_tuv",
                    status=ServiceStatus.OK,
                    due_date=date(2023, 5, 1),
                    description="Next state inspection due by the specified date.",
                ),
            ),
            messages=(),
        ),
        last_reported=as_of,
        is_privacy_mode_on=False,
    )


def test_what_else_an_i4_tells() -> None:
    as_of = datetime(2023, 1, 4, 14, 57, 6, tzinfo=UTC)
    car = build_vehicle(recorded_answers(RECORDED_CARS["G26"]))
    assert car.location == Location(
        as_of=as_of,
        latitude=48.177334,
        longitude=11.556274,
        heading_deg=180,
        address="Am Olympiapark 1, 80809 München",
    )
    assert car.tires is not None
    assert car.tires.rear_right == Tire(
        pressure_kpa=331,
        target_pressure_kpa=303,
        pressure_status=0,
        wear_status=0,
        season=TireSeason.SUMMER,
        manufacturer="Pirelli",
        tread="P-ZERO",
        size="255/30 R20 92Y XL",
        part_number="2461757",
        manufactured=date(2019, 3, 18),
        mounted=date(2022, 3, 7),
        top_speed_kmh=300,
        is_top_speed_exceedable=False,
        is_made_for_bmw=True,
    )
    assert car.charging_plan is not None
    assert car.charging_plan.is_pre_entry_climatization_on is False  # only in the charging details
    assert car.charging_plan.ac_limits_a == (*range(6, 17), 20, 32)
    assert (car.charging_plan.ac_limit_min_a, car.charging_plan.ac_limit_max_a) == (6, 32)
    assert car.charging_plan.is_ac_unlimited is False
    assert car.charging_plan.warn_below_percent == 0
    assert car.charging_plan.acoustic_limit == "unlimited_loud"
    assert car.charging_plan.is_cable_unlocked_when_full is False
    assert car.charging_plan.is_flap_permanently_unlocked is False
    assert car.body.is_alarm_armed is False
    assert {"climateNow", "isChargingHistorySupported"} <= car.capabilities.features
    assert car.capabilities.services == {"doorLock", "doorUnlock", "hornBlow", "lightFlash", "remote360"}
    assert car.capabilities.digital_key == DigitalKey(
        state="activated", package="smacc_1_5", needs_software_upgrade=False
    )
    assert "isCarSharingSupported" not in car.capabilities.features  # false
    assert "digitalKey" not in car.capabilities.features  # no flag


@pytest.mark.parametrize("nothing", [None, [], "", "text", 0, 1.5, True, {}])
def test_a_car_without_answers_is_a_car(nothing: Json) -> None:
    answers = Answers(
        vin="WBA00000000DEMO99",
        brand=ListBrand.MINI,
        profile=nothing,
        state=nothing,
        charging=nothing,
        fetched_at=ASKED_AT,
    )
    car = build_vehicle(answers)
    assert car == Vehicle(
        vin="WBA00000000DEMO99",
        identity=Identity(brand=Brand.MINI),
        capabilities=Capabilities(find_vehicle=True),
    )
    assert car.fetched_at == ASKED_AT
    assert {oddity.path for oddity in car.oddities} == (
        set() if nothing in (None, {}) else {"profile", "state", "charging"}
    )


def test_what_is_odd_is_told_where_it_stands() -> None:
    car = car_with(state={"tireState": {"frontLeft": {"status": {"currentPressure": "hard"}}}, "climateTimers": [None]})
    assert car.oddities == (
        Oddity(path="state.state.climateTimers[0]", problem="nothing instead of an object"),
        Oddity(
            path="state.state.tireState.frontLeft.status.currentPressure",
            problem="a text instead of a whole number from 0 to 1999",
        ),
    )


def test_a_part_is_as_old_as_the_cars_last_report() -> None:
    car = car_with(state={"location": {"coordinates": {"latitude": 1, "longitude": 2}}, "climateTimers": []})
    assert car.last_reported == REPORTED_AT
    assert car.odometer.as_of == car.body.as_of == car.maintenance.as_of == REPORTED_AT
    assert car.location is not None
    assert car.location.as_of == REPORTED_AT
    assert car.climate == Climate(as_of=REPORTED_AT)


@pytest.mark.parametrize("never", ["0001-01-01T00:00:00Z", None])
def test_what_a_car_that_never_reported_is_like_has_no_age(never: str | None) -> None:
    car = car_with(state={"lastUpdatedAt": never})
    assert car.last_reported is None
    assert car.body.as_of is None


def test_asking_again_changes_nothing() -> None:
    answers = answers_with({"currentMileage": 5})
    assert build_vehicle(answers) == build_vehicle(replace(answers, fetched_at=ASKED_AT + timedelta(minutes=5)))


def test_vins_of_a_list() -> None:
    entries: Json = [
        {"vin": "WBA00000000DEMO01", "mappingStatus": "CONFIRMED"},
        {"vin": "wz100000000000j29"},
        {"vin": "WBA00000000DEMO01"},
        {"vin": "../../etc/passwd?"},
        {"vin": "WBA00000000DEMO0\n"},
        {"vin": "TOO_SHORT"},
        {"vin": 5},
        {},
        "WBA00000000DEMO02",
    ]
    assert vins_of({"gcid": "x", "mappingInfos": entries}) == ("WBA00000000DEMO01", "wz100000000000j29")


def test_a_fleet_is_read_as_far_as_is_reasonable() -> None:
    entries: Json = [{"vin": f"WBA0000000{number:07}"} for number in range(MOST_CARS + 1)]
    assert len(vins_of({"mappingInfos": entries})) == MOST_CARS


@pytest.mark.parametrize("nothing", [None, [], "text", {}, {"mappingInfos": None}, {"mappingInfos": []}])
def test_a_list_without_cars(nothing: Json) -> None:
    assert vins_of(nothing) == ()
