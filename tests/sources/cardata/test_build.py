"""From what BMW tells to the car, part by part; and whatever BMW tells, a car comes of it."""

from datetime import UTC, date, datetime, time, timedelta
import json
from typing import Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.cardata.build import Answers, build_vehicle
from custom_components.mybmw.sources.cardata.build.told import written_moment
from custom_components.mybmw.sources.cardata.catalogue import CATALOGUE
from custom_components.mybmw.sources.cardata.keys import Key
from custom_components.mybmw.sources.cardata.readings import Readings
from custom_components.mybmw.vehicle import (
    Brand,
    Climate,
    ClimateActivity,
    ClimateTimer,
    DriveTrain,
    Extra,
    Lid,
    Location,
    LockState,
    OpeningState,
    Service,
    ServiceStatus,
    ServiceType,
    Severity,
    TireSeason,
    Vehicle,
)
from tests.sources.mybmw.soundness import misfits

VIN: Final = "WBA00000000DEMO99"
NOW: Final = datetime(2026, 9, 14, 15, 0, tzinfo=UTC)
AT: Final = datetime(2026, 9, 14, 13, 51, 32, tzinfo=UTC)

X1: Final[Json] = {
    "bodyType": "Sports Activity Vehicle",
    "brand": "BMW",
    "colourCodeRaw": "300",
    "colourDescription": "ALPINWEISS  III",
    "constructionDate": "2022-10-17T00:00:00.000+0000",
    "countryCode": "ES",
    "driveTrain": "CONV",
    "engine": "B38N",
    "fullSAList": "0478,05AV,06WC",
    "hasNavi": False,
    "hasSunRoof": False,
    "headUnit": "HU_MGU",
    "modelKey": "11EE",
    "modelName": "X1 sDrive18i",
    "numberOfDoors": 5,
    "propulsionType": "BE",
    "series": "X",
    "seriesDevt": "U11",
    "simStatus": "ACTIVE",
    "steering": "LL",
}
ANSWER: Final[Json] = {
    "vehicle.vehicle.travelledDistance": {"timestamp": "2026-09-14T13:51:32.000Z", "unit": "km", "value": "48713"},
    "vehicle.drivetrain.fuelSystem.level": {"timestamp": "2026-09-14T13:51:32.000Z", "unit": "%", "value": "58"},
    "vehicle.drivetrain.fuelSystem.remainingFuel": {
        "timestamp": "2026-09-14T13:49:14.941Z",
        "unit": None,
        "value": "24",
    },
    "vehicle.electricalSystem.battery.voltage": {
        "timestamp": "2026-09-14T13:49:14.941Z",
        "unit": "V",
        "value": "13.92",
    },
    "vehicle.electricalSystem.battery.stateOfCharge": {"timestamp": None, "unit": "%", "value": None},
    "vehicle.isMoving": {"timestamp": None, "unit": None, "value": None},
    "vehicle.status.serviceTime.inspectionDateLegal": {
        "timestamp": "2026-09-14T13:49:14.941Z",
        "unit": None,
        "value": "17.01.2027 00:00:00 UTC",
    },
    "vehicle.electricalSystem.battery.serviceDemand.replace": {
        "timestamp": "2026-09-14T14:30:13.792Z",
        "unit": None,
        "value": "200",
    },
}


def built(basic: Json = None, tires: Json = None, **values: Json) -> Vehicle:
    """A car that says something, by names of `Key`."""
    data: dict[str, Json] = {
        Key[name].value: {"value": value, "timestamp": AT.isoformat(), "unit": None} for name, value in values.items()
    }
    readings = Readings()
    readings.take(data, NOW)
    return build_vehicle(Answers(vin=VIN, basic=basic, tires=tires, readings=readings.told, fetched_at=NOW))


def test_a_petrol_car_as_rest_really_tells_it() -> None:
    readings = Readings()
    readings.take_answer(ANSWER, NOW)
    car = build_vehicle(Answers(vin=VIN, basic=X1, tires=None, readings=readings.told, fetched_at=NOW))
    assert not car.oddities
    assert (car.identity.brand, car.identity.model, car.identity.model_year) == (Brand.BMW, "X1 sDrive18i", 2022)
    assert (car.identity.body_type, car.identity.country) == ("U11", "ES")
    assert (car.identity.drive_train, car.identity.is_left_hand_drive) == (DriveTrain.COMBUSTION, True)
    assert car.identity.head_unit.type == "HU_MGU"
    assert (car.odometer.mileage_km, car.odometer.as_of) == (48_713, AT)
    assert car.last_reported == AT
    assert car.energy.fuel
    assert (car.energy.fuel.level_percent, car.energy.fuel.level_l, car.energy.fuel.as_of) == (58, 24, AT)
    assert car.energy.low_voltage_battery
    assert car.energy.low_voltage_battery.voltage_v == pytest.approx(13.92)
    assert (car.energy.battery, car.energy.charging, car.charging_plan, car.climate, car.tires) == (None,) * 5
    assert (car.location, car.motion, car.maintenance.messages) == (None, None, None)
    assert car.capabilities.reports_state
    assert not car.capabilities.lock
    assert car.extras == {
        "vehicle.status.serviceTime.inspectionDateLegal": Extra(
            as_of=datetime(2026, 9, 14, 13, 49, 14, tzinfo=UTC), value=datetime(2027, 1, 17, tzinfo=UTC)
        ),
        "vehicle.electricalSystem.battery.serviceDemand.replace": Extra(as_of=None, value=200),
    }


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("17.01.2027 14:30:00 UTC", datetime(2027, 1, 17, 14, 30, tzinfo=UTC)),
        ("01/17/2027 14:30 UTC", datetime(2027, 1, 17, 14, 30, tzinfo=UTC)),
        ("01/17/2027 12:00:00 AM UTC", datetime(2027, 1, 17, tzinfo=UTC)),
        ("17.01.2027", datetime(2027, 1, 17, tzinfo=UTC)),
        ("2027-01-17T14:30:00Z", datetime(2027, 1, 17, 14, 30, tzinfo=UTC)),
        ("soon", None),
    ],
)
def test_a_moment_is_told_however_it_is_written(text: str, moment: datetime | None) -> None:
    assert written_moment(text) == moment


def test_services_and_messages_are_documents_in_a_text() -> None:
    services: Json = [
        {
            "id": 2,
            "messageType": "CBS",
            "title": "Front Brake",
            "status": "PENDING",
            "date": "null",
            "unitOfLengthRemaining": "1900",
            "description": "-",
            "text": "Brakes soon.",
        },
        {"id": 32, "title": "Statutory vehicle inspection", "status": "OK", "date": "2027-01"},
        {"id": 7, "title": "Rear Brake", "status": "LATE", "unitOfLengthRemaining": "-"},
        {"id": 77, "title": "Microfilter!", "status": "OVERDUE", "date": "2026-13", "unitOfLengthRemaining": -500.0},
        "no service",
    ]
    messages: Json = [
        {"id": 164, "messageType": "CCM", "status": "NULL", "title": None, "text": "Washer fluid low."},
        {"id": 5, "text": "Key battery low"},
        {"id": None},
    ]
    maintenance = built(SERVICES=json.dumps(services), MESSAGES=json.dumps(messages)).maintenance
    assert maintenance.services == (
        Service(
            type=ServiceType.BRAKE_PADS_FRONT,
            name="brake_pads_front",
            status=ServiceStatus.PENDING,
            due_distance_km=1900,
            description="Brakes soon.",
        ),
        Service(type=ServiceType.VEHICLE_TUV, name="vehicle_tuv", status=ServiceStatus.OK, due_date=date(2027, 1, 1)),
        Service(type=ServiceType.BRAKE_PADS_REAR, name="brake_pads_rear", status=ServiceStatus.UNKNOWN),
        Service(type=ServiceType.OTHER, name="microfilter", status=ServiceStatus.OVERDUE, due_distance_km=-500),
    )
    assert maintenance.messages
    assert [message.name for message in maintenance.messages] == ["washing_fluid", "key_battery_low", "other"]
    assert {message.severity for message in maintenance.messages} == {Severity.MEDIUM}
    odd = built(SERVICES='{"id": 1}', MESSAGES="[" * 5000)
    assert (odd.maintenance.services, odd.maintenance.messages) == (None, None)
    assert {oddity.path for oddity in odd.oddities} == {Key.SERVICES, Key.MESSAGES}


def test_a_diagnosis_of_zeros_says_nothing_of_the_tires() -> None:
    zeros: Json = {"label": "x", "dimension": {"label": "x", "value": "0/0 R0"}, "runFlat": {"runFlat": False}}
    skeleton: Json = {"passengerCar": {"mountedTyres": {"frontLeft": zeros, "rearRight": zeros}}, "errors": []}
    assert built(tires=skeleton).tires is None
    assert built(tires={"errors": [{"type": "x"}]}).tires is None
    wheel: Json = {
        "dimension": {"value": "245/45 R19"},
        "season": {"season": "WINTER"},
        "tyreProductionDate": {"value": "40/2021"},
        "mountingDate": {"mountingDate": "2022-10-17T00:00:00Z"},
        "partNumber": {"partNumber": "2471561"},
        "tread": {"manufacturer": "Pirelli", "treadDesign": "P-ZERO"},
    }
    odd: Json = {"tyreProductionDate": {"value": "77/2021"}, "season": {"season": "MONSOON"}}
    tires = built(
        tires={"passengerCar": {"mountedTyres": {"frontLeft": wheel, "rearLeft": odd}}},
        PRESSURE_FRONT_LEFT="241",
        TARGET_PRESSURE_FRONT_LEFT="-NA-",
        PRESSURE_FRONT_RIGHT=2.5,
    ).tires
    assert tires
    assert tires.front_left
    assert (tires.front_left.pressure_kpa, tires.front_left.target_pressure_kpa) == (241, None)
    assert (tires.front_left.season, tires.front_left.size) == (TireSeason.WINTER, "245/45 R19")
    assert (tires.front_left.manufactured, tires.front_left.mounted) == (date(2021, 10, 4), date(2022, 10, 17))
    assert tires.rear_left
    assert (tires.rear_left.manufactured, tires.rear_left.season) == (None, TireSeason.UNKNOWN)
    assert tires.as_of == AT


@pytest.mark.parametrize(
    ("wear", "defect", "statuses", "has_warning"),
    [
        ("GREEN", "GREEN", (0, 0), False),
        ("YELLOW", "GREEN", (1, 0), True),
        ("GREEN", "RED", (0, 2), True),
        ("GREY", "GREY", (None, None), None),
        (None, "green", (None, 0), False),
        ("PURPLE", 5, (None, None), None),
    ],
)
def test_what_bmw_thinks_of_a_tire(
    wear: Json, defect: Json, statuses: tuple[int | None, int | None], *, has_warning: bool | None
) -> None:
    judged: dict[str, Json] = {
        "tyreWear": {"label": "Wear", "status": "x", "statusColor": wear, "dueMileage": 0, "unit": "KILOMETER"},
        "tyreDefect": {"label": "Defect", "status": "x", "statusColor": defect},
        "optimizedForOem": {"label": "x", "optimizedForOem": True},
    }
    known: Json = {**judged, "dimension": {"value": "245/45 R19"}}
    filled_in: Json = {**judged, "dimension": {"value": "0/0 R0"}, "optimizedForOem": {"optimizedForOem": False}}
    car = built(tires={"passengerCar": {"mountedTyres": {"frontLeft": known, "rearRight": filled_in}}})
    assert car.tires
    assert car.tires.front_left
    assert (car.tires.front_left.wear_status, car.tires.front_left.defect_status) == statuses
    assert car.tires.front_left.is_made_for_bmw is True
    assert car.tires.rear_right is None, "BMW fills in what it does not know"
    assert car.tires.has_warning is has_warning


def test_roofs_locks_and_alarm() -> None:
    body = built(CONVERTIBLE="OPENSECURED", SUNROOF="CLOSED", ALARM="unarmed", HOOD="INVALID", TRUNK="false").body
    assert body.lids == {Lid.SUNROOF: OpeningState.OPEN, Lid.TRUNK: OpeningState.CLOSED}
    assert (body.roof_type, body.is_alarm_armed, body.lock) == ("convertible", False, LockState.UNKNOWN)
    assert built(SUNROOF="OPEN_TILT").body.lids == {Lid.SUNROOF: OpeningState.OPEN_TILT}
    assert built(X1, SUNROOF="CLOSED").body.lids == {}  # it has none
    assert built(LOCK="SELECTIVELOCKED", LOCK_IN_REST="LOCKED").body.lock is LockState.SELECTIVE_LOCKED
    assert built(LOCK_IN_REST="SELECTIVE-LOCKED").body.lock is LockState.SELECTIVE_LOCKED
    assert built(LOCK="ASN_isFalse").body.lock is LockState.UNLOCKED
    assert built(LOCK="ASN_isTrue").body.lock is LockState.UNKNOWN  # it could be the trunk alone
    odd = built(LOCK="AJAR", TRUNK="HALF")
    assert (odd.body.lock, odd.body.lids) == (LockState.UNKNOWN, {Lid.TRUNK: OpeningState.UNKNOWN})
    assert {oddity.path for oddity in odd.oddities} == {Key.LOCK, Key.TRUNK}


def test_climate_and_its_timers() -> None:
    climate = built(
        CLIMATE="HEATING",
        CLIMATE_MINUTES_LEFT="25",
        TIMER_ONCE_ACTION="deactivate",
        TIMER_1_ACTION="ACTIVATE",
        TIMER_1_HOUR="7",
        TIMER_1_MINUTE="30",
    ).climate
    assert climate == Climate(
        as_of=AT,
        activity=ClimateActivity.HEATING,
        ends_at=AT + timedelta(minutes=25),
        timers=(
            ClimateTimer(is_weekly=False, is_active=False),
            ClimateTimer(is_weekly=True, is_active=True, departs_at=time(7, 30)),
        ),
    )
    assert built(CLIMATE="INVALID").climate == Climate()
    off = built(CLIMATE="inactive", CLIMATE_MINUTES_LEFT=25).climate
    assert off
    assert off.ends_at is None


def test_a_place_is_told_with_heading_and_height() -> None:
    car = built(LATITUDE=50.0000000556, LONGITUDE=8.5, HEADING=359.4, ALTITUDE="412.6")
    assert car.location == Location(as_of=AT, latitude=50.0000000556, longitude=8.5, heading_deg=359, altitude_m=412)
    assert car.tracked_location == car.location
    nowhere = built(LATITUDE=91, LONGITUDE=8)
    assert nowhere.location is None
    assert nowhere.oddities


def test_a_hybrid_gets_its_fuel_range_from_what_is_left() -> None:
    hybrid: Json = {"driveTrain": "PHEV"}
    energy = built(hybrid, LAST_RANGE=500, ELECTRIC_RANGE=60).energy
    assert energy.fuel
    assert energy.battery
    assert (energy.fuel.range_km, energy.battery.range_km, energy.total_range_km) == (440, 60, 500)
    odd = built(hybrid, LAST_RANGE=50, ELECTRIC_RANGE=60)
    assert odd.energy.total_range_km == 50
    assert {oddity.path for oddity in odd.oddities} == {Key.LAST_RANGE}
    assert built(hybrid, LAST_RANGE=500).energy.total_range_km == 500


def test_the_capacity_is_what_is_known_of_it() -> None:
    electric: dict[str, Json] = {"driveTrain": "BEV"}
    for said, kwh in (
        ({"CAPACITY": "0.0", "USABLE_CAPACITY": 74.1}, 74.1),
        ({"CAPACITY": 80.7, "USABLE_CAPACITY": 74.1}, 80.7),
        ({"CAPACITY": 0, "HEALTH": "97"}, None),
    ):
        battery = built(electric, **said).energy.battery
        assert (battery.capacity_kwh if battery else None) == kwh
    battery = built({**electric, "hvsMaxEnergyAbsolute": 81.2}).energy.battery
    assert battery
    assert battery.capacity_kwh == pytest.approx(81.2)


def test_the_plan_as_far_as_it_is_told() -> None:
    plan = built(
        {"driveTrain": "BEV"},
        PLAN_MODE="IMMEDIATE_CHARGING",
        PLAN_PREFERENCE="SMART_CHARGING",
        ACOUSTIC_LIMIT="LIMITED",
        FLAP_UNLOCKED="FLAP_UNLOCKED",
        HOSPITALITY="HOSPITALITY_ACTIVE",
        AC_LIMIT="16",
        TARGET="80",
    ).charging_plan
    assert plan
    assert (plan.mode, plan.acoustic_limit, plan.ac_limit_a) == ("immediate_charging", "limited", 16)
    assert (plan.is_flap_permanently_unlocked, plan.is_cable_unlocked_when_full) == (True, True)
    assert plan.target_percent == 80
    assert built({"driveTrain": "BEV"}).charging_plan is None


def test_words_of_the_wrong_type_are_noted() -> None:
    car = built(IN_DEEP_SLEEP="INVALID", IS_PLUGGED=True, TRUNK=None)
    assert car.is_in_deep_sleep is None
    assert built(IN_DEEP_SLEEP="true").is_in_deep_sleep
    assert not car.oddities


# Whatever comes

_VALUES: Final = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=30),
    st.sampled_from(
        ["[]", "[1]", '[{"id": true, "date": 5, "text": ["x"]}]', "CLOSED", "CHARGINGACTIVE", "-NA-", "[" * 999, "99"]
    ),
)
_BASIC: Final = st.dictionaries(
    st.sampled_from(["brand", "modelName", "driveTrain", "steering", "countryCode", "constructionDate", "hasSunRoof"]),
    _VALUES | st.sampled_from(["BEV", "PHEV", "CONV", "BEV_REX", "RL"]) | st.lists(_VALUES, max_size=2),
)


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(
    basic=_BASIC | _VALUES,
    tires=_VALUES | st.fixed_dictionaries({"passengerCar": st.fixed_dictionaries({"mountedTyres": _VALUES})}),
    data=st.dictionaries(
        st.sampled_from(sorted(CATALOGUE)),
        st.fixed_dictionaries(
            {
                "value": _VALUES,
                "timestamp": st.datetimes(datetime(2026, 9, 1), datetime(2026, 9, 14)).map(  # noqa: DTZ001 (bounds of hypothesis)
                    lambda at: f"{at.isoformat()}Z"
                ),
                "unit": st.sampled_from(["km", "mi", "%", None, "kW", "bar", "x"]),
            }
        ),
        max_size=40,
    ),
)
def test_whatever_bmw_tells_a_car_comes_of_it(basic: Json, tires: Json, data: Json) -> None:
    readings = Readings()
    readings.take_answer(data, NOW)
    car = build_vehicle(Answers(vin=VIN, basic=basic, tires=tires, readings=readings.told, fetched_at=NOW))
    assert misfits(car) == []


@settings(derandomize=True, database=None, deadline=None, max_examples=150)
@given(key=st.sampled_from(sorted(CATALOGUE.keys() - set(Key))), value=_VALUES)
def test_a_descriptor_without_a_place_changes_nothing_but_itself(key: str, value: Json) -> None:
    readings = Readings()
    readings.take_answer(ANSWER, NOW)
    before = build_vehicle(Answers(vin=VIN, basic=X1, tires=None, readings=dict(readings.told), fetched_at=NOW))
    readings.take({key: {"value": value, "timestamp": AT.isoformat(), "unit": None}}, NOW)
    after = build_vehicle(Answers(vin=VIN, basic=X1, tires=None, readings=readings.told, fetched_at=NOW))
    assert {name for name in after.extras if after.extras[name] != before.extras.get(name)} <= {key}
    assert (after.energy, after.body, after.odometer, after.last_reported) == (
        before.energy,
        before.body,
        before.odometer,
        before.last_reported,
    )
