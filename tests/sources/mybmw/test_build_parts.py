"""From BMW's answers to all that is neither energy nor climate."""

from datetime import date

import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.mybmw.brands import ListBrand
from custom_components.mybmw.sources.mybmw.build import build_vehicle
from custom_components.mybmw.vehicle import (
    Body,
    Brand,
    CheckControlMessage,
    ClimateFunction,
    ClimateTimerTrigger,
    DriveTrain,
    Lid,
    Location,
    LockState,
    Maintenance,
    Oddity,
    OpeningState,
    Service,
    ServiceStatus,
    ServiceType,
    Severity,
    Software,
    Tire,
    Tires,
    TireSeason,
    Window,
)

from .answers import REPORTED_AT, answers_with, car_with


@pytest.mark.parametrize(
    ("listed", "told", "brand"),
    [
        (ListBrand.BMW, "BMW", Brand.BMW),
        (ListBrand.BMW, "BMW_I", Brand.BMW),
        (ListBrand.BMW, None, Brand.BMW),
        (ListBrand.BMW, "MINI", Brand.MINI),
        (ListBrand.MINI, "SOMETHING_NEW", Brand.MINI),
        (ListBrand.TOYOTA, "DRITTKUNDE", Brand.TOYOTA),
        (ListBrand.TOYOTA, None, Brand.TOYOTA),
    ],
)
def test_brand(listed: ListBrand, told: str | None, brand: Brand) -> None:
    assert build_vehicle(answers_with(profile={"brand": told}, brand=listed)).identity.brand is brand


@pytest.mark.parametrize(
    ("told", "drive_train"),
    [
        ("COMBUSTION", DriveTrain.COMBUSTION),
        ("HYBRID", DriveTrain.MILD_HYBRID),
        ("MILD_HYBRID", DriveTrain.MILD_HYBRID),
        ("plugin_hybrid", DriveTrain.PLUGIN_HYBRID),
        ("ELECTRIC", DriveTrain.ELECTRIC),
        ("ELECTRIC_WITH_RANGE_EXTENDER", DriveTrain.ELECTRIC_WITH_RANGE_EXTENDER),
        ("FUEL_CELL", DriveTrain.UNKNOWN),
        ("", DriveTrain.UNKNOWN),
    ],
)
def test_drive_train(told: str, drive_train: DriveTrain) -> None:
    assert car_with(told).identity.drive_train is drive_train


@pytest.mark.parametrize(
    ("version", "software"),
    [
        ({"iStep": 502, "puStep": {"month": 11, "year": 13}}, Software(month=11, year=2013, step=502)),
        ({"iStep": 502, "puStep": {"month": 0, "year": 13}}, None),
        ({"iStep": 502, "puStep": {"month": 11}}, None),
        ({"puStep": {"month": 11, "year": 13}}, None),
        ({"iStep": 502}, None),
        ({}, None),
        ("11/2013", None),
    ],
)
def test_software(version: Json, software: Software | None) -> None:
    car = build_vehicle(answers_with(profile={"softwareVersionCurrent": version}))
    assert car.identity.software == software
    assert car.identity.software_ex_factory is None


@pytest.mark.parametrize("commands", [None, {}, {"chargingControl": None}, {"chargingControl": ["NOT_SUPPORTED"]}, []])
def test_no_charging_commands(commands: Json) -> None:
    capabilities = build_vehicle(answers_with(capabilities={"remoteChargingCommands": commands})).capabilities
    assert (capabilities.start_charging, capabilities.stop_charging) == (False, False)


def test_charging_commands() -> None:
    capabilities = build_vehicle(
        answers_with(capabilities={"remoteChargingCommands": {"chargingControl": ["STOP"]}})
    ).capabilities
    assert (capabilities.start_charging, capabilities.stop_charging) == (False, True)


@pytest.mark.parametrize(
    ("flag", "control", "may_stop"),
    [(True, {"activity": "INACTIVE"}, True), (False, {"activity": "INACTIVE"}, False), (True, None, False)],
)
def test_climate_can_be_stopped_where_its_state_is_known(*, flag: bool, control: Json, may_stop: bool) -> None:
    car = build_vehicle(answers_with({"climateControlState": control}, capabilities={"climateNow": flag}))
    assert car.capabilities.start_climate is flag
    assert car.capabilities.stop_climate is may_stop


@pytest.mark.parametrize("control", [{"activity": "UNKNOWN"}, {"remainingSeconds": 5}, {}])
def test_climate_that_does_not_tell_what_it_does_cannot_be_stopped(control: Json) -> None:
    car = build_vehicle(
        answers_with({"climateControlState": control, "climateTimers": []}, capabilities={"climateNow": True})
    )
    assert car.capabilities.start_climate
    assert not car.capabilities.stop_climate


@pytest.mark.parametrize(
    ("function", "trigger", "is_odd"),
    [
        *[(function, None, False) for function in ClimateFunction],
        *[(None, trigger, False) for trigger in ClimateTimerTrigger],
        (None, None, True),
    ],
)
def test_how_climate_is_started(
    function: ClimateFunction | None, trigger: ClimateTimerTrigger | None, *, is_odd: bool
) -> None:
    said: dict[str, Json] = {
        "climateFunction": function and function.name,
        "climateTimerTrigger": trigger and trigger.name,
    }
    if is_odd:
        said = {"climateFunction": "DEFROSTING", "climateTimerTrigger": "SUNRISE"}
    car = build_vehicle(answers_with(capabilities=said))
    assert car.capabilities.climate_function is function
    assert car.capabilities.climate_timer_trigger is trigger
    assert len(car.oddities) == (2 if is_odd else 0)


def test_only_services_that_are_activated_work() -> None:
    services: Json = {
        "doorLock": {"id": "doorLock", "state": "ACTIVATED"},
        "hornBlow": {"id": "hornBlow", "state": "NOT_AVAILABLE"},
        "remote360": {"id": "remote360"},
        "M-AB 1234": {"state": "ACTIVATED"},
    }
    car = build_vehicle(answers_with(capabilities={"remoteServices": services}))
    assert car.capabilities.services == {"doorLock"}
    assert [oddity.path for oddity in car.oddities] == ["state.capabilities.remoteServices.*"]


def test_only_what_is_fitted_can_be_open() -> None:
    car = car_with(
        state={
            "doorsState": {
                "leftFront": "OPEN",
                "rightFront": "CLOSED",
                "leftRear": "INVALID",
                "hood": "INTERMEDIATE",
                "trunk": "AJAR",
                "combinedState": "OPEN",
                "combinedSecurityState": "SELECTIVE_LOCKED",
            },
            "windowsState": {"leftFront": "OPEN_TILT", "rear": "INVALID", "combinedState": "OPEN"},
            "roofState": {"roofState": "INVALID", "roofStateType": "CONVERTIBLE_TOP"},
            "securityOverviewMode": "ARMED",
        }
    )
    assert car.body == Body(
        as_of=REPORTED_AT,
        lids={
            Lid.DOOR_FRONT_LEFT: OpeningState.OPEN,
            Lid.DOOR_FRONT_RIGHT: OpeningState.CLOSED,
            Lid.HOOD: OpeningState.INTERMEDIATE,
            Lid.TRUNK: OpeningState.UNKNOWN,
        },
        windows={Window.FRONT_LEFT: OpeningState.OPEN_TILT},
        roof_type="convertible_top",
        lock=LockState.SELECTIVE_LOCKED,
        is_alarm_armed=True,
    )


def test_a_roof_needs_no_doors() -> None:
    car = car_with(state={"roofState": {"roofState": "OPEN", "roofStateType": "SUN_ROOF"}})
    assert car.body.lids == {Lid.SUNROOF: OpeningState.OPEN}


def test_each_tire_is_read_on_its_own() -> None:
    car = car_with(
        state={
            "tireState": {
                "frontLeft": {"status": {"currentPressure": 241}},
                "frontRight": {"details": {"season": 4}, "news": True},
                "rearLeft": {},
            }
        }
    )
    assert car.tires == Tires(
        as_of=REPORTED_AT, front_left=Tire(pressure_kpa=241), front_right=Tire(season=TireSeason.WINTER)
    )


@pytest.mark.parametrize("tires", [None, {}, {"frontLeft": {}, "rearRight": {"status": {}, "details": {}}}])
def test_no_tires_are_known(tires: Json) -> None:
    assert car_with(state={"tireState": tires}).tires is None


@pytest.mark.parametrize(
    ("season", "meaning"), [(2, TireSeason.SUMMER), (4, TireSeason.WINTER), (7, TireSeason.UNKNOWN), (None, None)]
)
def test_season(season: int | None, meaning: TireSeason | None) -> None:
    details: Json = {"season": season, "manufacturer": "Pirelli"}
    tires = car_with(state={"tireState": {"rearLeft": {"details": details}}}).tires
    assert tires is not None
    assert tires.rear_left == Tire(season=meaning, manufacturer="Pirelli")


def test_an_unknown_season_is_odd() -> None:
    car = car_with(state={"tireState": {"rearLeft": {"details": {"season": 7}}}})
    assert car.oddities == (
        Oddity(path="state.state.tireState.rearLeft.details.season", problem="7 instead of a code we know"),
    )


def test_a_tire_that_is_not_known_yet_says_so() -> None:
    tires = car_with(state={"tireState": {"rearLeft": {"details": {"identificationInProgress": True}}}}).tires
    assert tires is not None
    assert tires.rear_left == Tire(is_being_identified=True)


@pytest.mark.parametrize(
    ("week", "monday", "is_odd"),
    [
        (4021, date(2021, 10, 4), False),
        (119, date(2018, 12, 31), False),
        (5320, date(2020, 12, 28), False),
        (5299, None, False),  # what BMW writes when it does not know
        (5321, None, True),  # 2021 had 52 weeks
        (21, None, True),
        (9921, None, True),
        (123456, None, True),
    ],
)
def test_week_of_production(week: int, monday: date | None, *, is_odd: bool) -> None:
    car = car_with(state={"tireState": {"rearLeft": {"details": {"manufacturingWeek": week, "treadDesign": "P-ZERO"}}}})
    assert car.tires is not None
    assert car.tires.rear_left == Tire(tread="P-ZERO", manufactured=monday)
    assert bool(car.oddities) is is_odd


def test_services() -> None:
    services: Json = [
        {"type": "BRAKE_PADS_FRONT", "status": "OVERDUE", "mileage": -500, "dateTime": "2026-02-01T00:00:00.000Z"},
        {"type": "WIPER_BLADES", "status": "PENDING", "mileage": 0, "dateTime": "0001-01-01T00:00:00Z"},
        {"status": "SOON", "description": ""},
    ]
    car = car_with(state={"requiredServices": services})
    assert car.maintenance.services == (
        Service(
            type=ServiceType.BRAKE_PADS_FRONT,
            name="brake_pads_front",
            status=ServiceStatus.OVERDUE,
            due_date=date(2026, 2, 1),
            due_distance_km=-500,
        ),
        Service(type=ServiceType.OTHER, name="wiper_blades", status=ServiceStatus.PENDING),
        Service(type=ServiceType.OTHER, name="other"),
    )
    assert [oddity.problem for oddity in car.oddities] == [
        "WIPER_BLADES instead of a token we know",
        "SOON instead of a token we know",
    ]


def test_messages_that_say_all_is_well_are_none() -> None:
    messages: Json = [
        {"type": "WASHING_FLUID", "severity": "OK"},
        {"type": "ENGINE_OIL", "severity": "CRITICAL", "longDescription": "Stop."},
        {"severity": "HIGH"},
        {"type": "COOLANT", "severity": "APOCALYPTIC"},
    ]
    assert car_with(state={"checkControlMessages": messages}).maintenance.messages == (
        CheckControlMessage(name="engine_oil", severity=Severity.CRITICAL, description="Stop."),
        CheckControlMessage(name="other", severity=Severity.HIGH),
        CheckControlMessage(name="coolant", severity=Severity.UNKNOWN),
    )


def test_nothing_due_is_something_else_than_nothing_said() -> None:
    assert car_with().maintenance == Maintenance(as_of=REPORTED_AT)
    assert car_with(state={"requiredServices": [], "checkControlMessages": []}).maintenance == Maintenance(
        as_of=REPORTED_AT, services=(), messages=()
    )


@pytest.mark.parametrize(
    "location",
    [
        None,
        {},
        {"coordinates": None, "heading": 180},
        {"coordinates": {"latitude": None, "longitude": None}},
        {"coordinates": {"latitude": 48.1}},
        {"coordinates": {"latitude": 148.1, "longitude": 11.5}},
        {"coordinates": {"latitude": "48.1", "longitude": 11.5}},
    ],
)
def test_half_a_position_is_none(location: Json) -> None:
    assert car_with(state={"location": location}).location is None


def test_a_position_without_heading_and_address() -> None:
    location: Json = {"coordinates": {"latitude": 48.1, "longitude": 11}, "heading": -1, "address": None}
    assert car_with(state={"location": location}).location == Location(as_of=REPORTED_AT, latitude=48.1, longitude=11.0)


def test_a_position_from_the_cloud_for_china_is_converted() -> None:
    answers = answers_with({"location": {"coordinates": {"latitude": 39.83492, "longitude": 116.23221}}})
    there, here = build_vehicle(answers, in_china=True).location, build_vehicle(answers).location
    assert there is not None
    assert here is not None
    assert (round(there.latitude, 5), round(there.longitude, 5)) == (39.83370, 116.22617)
    assert (here.latitude, here.longitude) == (39.83492, 116.23221)


@pytest.mark.parametrize(("told", "is_on"), [("ON", True), ("OFF", False), ("HALF", None), (None, None)])
def test_privacy_mode(told: str | None, is_on: bool | None) -> None:  # noqa: FBT001 (what is expected)
    assert car_with(state={"driverPreferences": {"lscPrivacyMode": told}}).is_privacy_mode_on is is_on


def test_deep_sleep() -> None:
    assert car_with(state={"isDeepSleepModeActive": True}).is_in_deep_sleep is True
