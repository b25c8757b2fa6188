"""The traps in what cars say, each with what real owners met."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.cardata.build import Answers, build_vehicle
from custom_components.mybmw.sources.cardata.keys import Key, Noted
from custom_components.mybmw.sources.cardata.readings import Readings
from custom_components.mybmw.vehicle import ChargingStatus, DriveTrain, Extra, Lid, OpeningState, Vehicle, Window

NOON: Final = datetime(2026, 9, 14, 12, 0, tzinfo=UTC)
NOW: Final = NOON + timedelta(days=4)

type Saying = tuple[Key | Noted, Json, float] | tuple[Key | Noted, Json, float, str | None]
"""A descriptor, what was said, how many minutes after noon, and in which unit."""


def readings_of(*sayings: Saying) -> Readings:
    readings = Readings()
    for key, value, minute, *unit in sayings:
        at = (NOON + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")
        readings.take({key: {"value": value, "timestamp": at, "unit": unit[0] if unit else None}}, NOW)
    return readings


def car(*sayings: Saying, drive_train: str = "BEV", basic: Mapping[str, Json] | None = None) -> Vehicle:
    return build_vehicle(
        Answers(
            vin="WBA00000000DEMO99",
            basic={"driveTrain": drive_train, **(basic or {})},
            tires=None,
            readings=readings_of(*sayings).told,
            fetched_at=NOW,
        )
    )


def level(*sayings: Saying) -> int | None:
    battery = car(*sayings).energy.battery
    return battery.level_percent if battery else None


# Which state of charge


def test_the_prediction_is_believed_while_the_car_charges_in_silence() -> None:
    silent: tuple[Saying, ...] = ((Key.SOC_HEADER, 62, 105), (Key.SOC_PREDICTED, "65.0", 139))
    assert level(*silent, (Key.CHARGING_STATUS, "CHARGINGACTIVE", 104)) == 65
    assert level(*silent, (Key.CHARGING_STATUS, "NOCHARGING", 104)) == 62
    # ... nor does it fall back when the charge has ended
    assert level(*silent, (Key.CHARGING_STATUS, "CHARGINGENDED", 150)) == 65


def test_what_bmw_predicts_makes_nothing_younger_than_the_car_said_it() -> None:
    charging: Saying = (Key.CHARGING_STATUS, "CHARGINGACTIVE", 104)
    battery = car(
        (Key.SOC_HEADER, 62, 105), (Key.ELECTRIC_RANGE, 210, 105, "km"), (Key.SOC_PREDICTED, 65, 139), charging
    )
    assert battery.energy.battery
    assert (battery.energy.battery.level_percent, battery.energy.battery.as_of) == (65, NOON + timedelta(minutes=105))


def test_an_old_state_that_is_sent_again_changes_nothing() -> None:
    charging: Saying = (Key.CHARGING_STATUS, "CHARGINGACTIVE", 0)
    assert level(charging, (Key.SOC_HEADER, 65, 30), (Key.SOC_HEADER, 62, 5)) == 65
    assert level(charging, (Key.SOC_HEADER, 70, 60), (Key.SOC_PREDICTED, 65, 30)) == 70


def test_each_generation_of_cars_has_its_own_state_of_charge() -> None:
    assert level((Key.SOC_DISPLAYED, 67.6, 0)) == 67
    assert level((Key.SOC_HEADER, None, 5), (Key.SOC_DISPLAYED, 67.6, 0)) == 67
    assert level((Key.SOC_HEADER, 67, 0), (Key.SOC_DISPLAYED, 70.2, 9)) == 70
    assert level((Key.SOC_AT_TRIP_END, 41.5, 0)) == 41
    # ... that of the last trip is repeated with newer stamps
    assert level((Key.SOC_HEADER, 67, 0), (Key.SOC_AT_TRIP_END, 41.5, 60)) == 67
    assert level((Key.SOC_PREDICTED, 55, 0)) == 55
    assert level((Key.CHARGING_STATUS, "NOCHARGING", 0)) is None


# Power that lingers


def test_power_flows_only_while_the_car_charges() -> None:
    lingering: Saying = (Key.CHARGING_POWER, 11_000, 0, "W")
    for status, minute, power in (
        ("CHARGINGACTIVE", 0, 11_000),
        ("CHARGINGENDED", 60, 0),
        ("NOCHARGING", 60, 0),
        ("CHARGINGACTIVE", 2 * 24 * 60, None),  # the next charge, of which no power is known yet
        ("UNKNOWN", 60, None),
    ):
        charging = car(lingering, (Key.CHARGING_STATUS, status, minute), (Key.TARGET, 80, 0)).energy.charging
        assert charging is not None
        assert charging.power_w == power
    in_kilowatts = car((Key.CHARGING_POWER, 11, 0, "kW"), (Key.CHARGING_STATUS, "CHARGINGACTIVE", 0)).energy.charging
    assert in_kilowatts is not None
    assert in_kilowatts.power_w == 11_000


def test_a_charge_whose_end_nobody_told_is_over_when_the_cable_is_out() -> None:
    charging = car((Key.CHARGING_STATUS, "CHARGINGACTIVE", 0), (Key.PORT_STATUS, "DISCONNECTED", 300)).energy.charging
    assert charging is not None
    assert charging.status is ChargingStatus.NOT_CHARGING
    assert charging.power_w == 0
    assert charging.is_plugged_in is False


def test_a_charge_that_goes_on_is_told_with_its_end() -> None:
    charging = car(
        (Key.CHARGING_STATUS, "CHARGINGACTIVE", 0),
        (Key.MINUTES_LEFT, 200, 10),
        (Key.MINUTES_TO_FULL, 340, 10),
    ).energy.charging
    assert charging is not None
    assert (charging.remaining_min, charging.is_plugged_in) == (340, True)
    assert charging.ends_at == NOON + timedelta(minutes=350)
    left = car(
        (Key.CHARGING_STATUS, "CHARGINGACTIVE", 0),
        (Key.MINUTES_LEFT, 90, 10),
        (Key.MINUTES_TO_FULL, 20, 10),  # with a route set: until there is enough for it
    ).energy.charging
    assert left is not None
    assert left.remaining_min == 90
    old = car((Key.CHARGING_STATUS, "CHARGINGACTIVE", 600), (Key.MINUTES_LEFT, 90, 10)).energy.charging
    assert old is not None
    assert old.ends_at is None
    newest = car(
        (Key.CHARGING_STATUS, "CHARGINGACTIVE", 0), (Key.MINUTES_LEFT, 90, 10), (Key.MINUTES_TO_FULL, 70, 30)
    ).energy.charging
    assert newest is not None
    assert newest.remaining_min == 70


@pytest.mark.parametrize(
    ("hv_status", "status"),
    [
        ("FINISHED_FULLY_CHARGED", ChargingStatus.FINISHED_FULLY_CHARGED),
        ("FINISHED_NOT_FULL", ChargingStatus.FINISHED_NOT_FULL),
        ("CHARGING", ChargingStatus.COMPLETE),
    ],
)
def test_how_a_charge_ended(hv_status: str, status: ChargingStatus) -> None:
    ended = car((Key.CHARGING_STATUS, "CHARGINGENDED", 0), (Key.CHARGING_HV_STATUS, hv_status, 0)).energy.charging
    assert ended is not None
    assert ended.status is status
    alone = car((Key.CHARGING_HV_STATUS, "WAITING_FOR_CHARGING", 0)).energy.charging
    assert alone is not None
    assert alone.status is ChargingStatus.WAITING_FOR_CHARGING


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (100, ChargingStatus.FULLY_CHARGED),
        (80, ChargingStatus.TARGET_REACHED),
        (None, ChargingStatus.FINISHED_FULLY_CHARGED),
    ],
)
def test_full_is_as_full_as_wanted(target: int | None, status: ChargingStatus) -> None:
    sayings: list[Saying] = [
        (Key.CHARGING_STATUS, "CHARGINGENDED", 0),
        (Key.CHARGING_HV_STATUS, "FINISHED_FULLY_CHARGED", 0),
    ]
    wish: list[Saying] = [] if target is None else [(Key.TARGET, target, 0)]
    charging = car(*sayings, *wish).energy.charging
    assert charging
    assert charging.status is status


# False targets


def test_a_target_of_100_in_a_burst_without_state_of_charge_is_not_believed() -> None:
    """As an iX3 of the Neue Klasse sends them: in turns, the truth together with the state of charge."""
    told = readings_of((Key.SOC_DISPLAYED, 67.6, 0), (Key.TARGET, 80, 0), (Key.TARGET, 100, 10)).told
    assert told[Key.TARGET].value == 80


def test_a_target_of_100_is_believed_from_others_and_when_it_is_confirmed() -> None:
    before: tuple[Saying, ...] = ((Key.SOC_DISPLAYED, 67.6, 0), (Key.TARGET, 80, 0))
    assert readings_of(*before, (Key.SOC_DISPLAYED, 68, 10), (Key.TARGET, 100, 10)).told[Key.TARGET].value == 100
    assert readings_of(*before, (Key.TARGET, 100, 10), (Key.SOC_DISPLAYED, 68, 10)).told[Key.TARGET].value == 100
    assert readings_of(*before, (Key.TARGET, 100, 10), (Key.TARGET, 90, 20)).told[Key.TARGET].value == 90
    assert readings_of((Key.SOC_HEADER, 67, 0), (Key.TARGET, 80, 0), (Key.TARGET, 100, 9)).told[Key.TARGET].value == 100


def test_a_petrol_car_that_sends_a_target_has_no_battery() -> None:
    energy = car((Key.TARGET, 100, 0), (Key.FUEL_PERCENT, 58, 0), drive_train="CONV").energy
    assert (energy.battery, energy.charging) == (None, None)


def test_an_electric_car_that_sends_a_fuel_level_has_no_tank() -> None:
    energy = car((Key.FUEL_PERCENT, 0, 0), (Key.LAST_RANGE, 380, 0)).energy
    assert energy.fuel is None
    assert energy.battery
    assert energy.battery.range_km == energy.total_range_km == 380


def test_the_range_is_that_of_the_cluster_not_the_forecast() -> None:
    battery = car((Key.ELECTRIC_RANGE_FORECAST, 128, 9), (Key.ELECTRIC_RANGE, 379, 0)).energy.battery
    assert battery
    assert battery.range_km == 379


# Nonsense


def test_a_consumption_that_cannot_be_leaves_the_last_one() -> None:
    readings = readings_of((Noted.CONSUMPTION, "17.4", 0), (Noted.CONSUMPTION, 2_777_774, 30))
    assert readings.told[Noted.CONSUMPTION].value == 17.4
    assert readings.oddities == {Noted.CONSUMPTION: "a number that cannot be"}


# The odometer


@pytest.mark.parametrize(
    ("said", "km"),
    [
        ([(48_713, "km", 0), (48_720, "miles", 30)], 48_720),  # kilometers labelled miles
        ([(30_000, "mi", 0), (30_010, None, 30)], 48_296),  # miles without a unit
        ([(30_000, "mi", 0), (48_296, "km", 30)], 48_296),  # the truth in another unit
        ([(30_000, "mi", 0), (30_010, "km", 30)], 48_296),  # miles labelled kilometers
        ([(48_713, None, 0)], 48_713),
        ([(30_000, None, 0), (30_010, None, 30), (30_020, "miles", 60)], 48_312),  # a label speaks against a guess
        ([(20_000, "km", 0), (20_005, "miles", 72 * 60)], 20_005),  # parked so long that both could be
        ([(48_713, "km", 0), (30_280, None, 30)], 48_730),
        ([(48_713, "km", 0), (12, "km", 30)], 12),  # another odometer was put in
    ],
)
def test_an_odometer_is_in_the_unit_that_can_be(said: list[tuple[float, str | None, float]], km: int) -> None:
    sayings: list[Saying] = [(Key.MILEAGE, value, minute, unit) for value, unit, minute in said]
    assert car(*sayings).odometer.mileage_km == km


@pytest.mark.parametrize(
    ("said", "km"),
    [
        ([(20_005, "miles", 0), (20_010, "km", 1), (20_015, "km", 24)], 32_211),
        ([(20_005, "miles", 0), (20_010, "km", 1), (20_100, "km", 25)], 20_100),
        ([(20_005, "miles", 0), (20_010, "km", 1), (20_100, "km", 25), (20_110, None, 26)], 20_110),
        ([(20_005, "miles", 0), (20_010, "km", 1), (20_011, "miles", 2), (20_100, "km", 25)], 32_347),
        ([(20_005, "miles", 0), (20_010, "km", 1), (20_011, None, 2), (20_100, "km", 25)], 32_347),
    ],
)
def test_a_wrong_label_is_put_right_by_a_day_of_others(said: list[tuple[float, str | None, float]], km: int) -> None:
    sayings: list[Saying] = [(Key.MILEAGE, value, hour * 60, unit) for value, unit, hour in said]
    assert car(*sayings).odometer.mileage_km == km


def test_a_mileage_that_is_unknown_for_once_keeps_its_unit() -> None:
    unknown: Saying = (Key.MILEAGE, "INVALID", 30)
    assert car((Key.MILEAGE, 30_000, 0, "mi"), unknown).odometer.mileage_km is None
    assert car((Key.MILEAGE, 30_000, 0, "mi"), unknown, (Key.MILEAGE, 30_010, 60)).odometer.mileage_km == 48_296


# Frozen groups


def test_liters_that_were_overtaken_are_left_out() -> None:
    def liters(*sayings: Saying) -> int | None:
        fuel = car((Key.FUEL, "24", 0), *sayings, drive_train="CONV").energy.fuel
        assert fuel
        return fuel.level_l

    assert liters((Key.FUEL_PERCENT, "58", 2)) == 24
    assert liters((Key.FUEL_PERCENT, "58", 2), (Key.FUEL_PERCENT, "40", 34 * 60)) is None  # two trips later
    assert liters((Key.FUEL_PERCENT, "58", 2), (Key.FUEL_PERCENT, "58", 34 * 60)) == 24  # it was not driven


def test_what_is_stamped_by_bmw_is_no_sign_of_life() -> None:
    readings = readings_of((Key.MILEAGE, 48_713, 0, "km"))
    replace = "vehicle.electricalSystem.battery.serviceDemand.replace"
    readings.take({replace: {"value": "200", "timestamp": "2026-09-14T14:30:13.792Z", "unit": None}}, NOW)
    readings.take({Key.LOW_VOLTAGE: {"value": "13.92", "timestamp": "2026-09-14T13:49:14.941Z", "unit": "V"}}, NOW)
    readings.take({Key.SOC_PREDICTED: {"value": "50", "timestamp": "2026-09-14T14:30:13.000Z", "unit": "%"}}, NOW)
    readings.take_answer({Key.MESSAGES: {"value": None, "timestamp": None, "unit": None}}, NOW)
    answers = Answers(vin="WBA00000000DEMO99", basic=None, tires=None, readings=readings.told, fetched_at=NOW)
    vehicle = build_vehicle(answers)
    assert vehicle.last_reported == NOON
    assert vehicle.energy.low_voltage_battery
    assert vehicle.energy.low_voltage_battery.as_of == datetime(2026, 9, 14, 13, 49, 14, tzinfo=UTC)
    assert vehicle.maintenance.messages == ()
    assert vehicle.maintenance.as_of is None
    assert vehicle.extras[replace] == Extra(as_of=None, value=200)


# Ignition


@pytest.mark.parametrize(
    ("sayings", "is_on"),
    [
        ([(Key.IGNITION, True, 0), (Key.IGNITION_TOO, "ASN_isFalse", 0)], True),
        ([(Key.IGNITION, False, 0), (Key.IGNITION_TOO, "ASN_isTrue", 1)], True),
        ([(Key.IGNITION, True, 0), (Key.IGNITION_TOO, "ASN_isFalse", 60)], False),
        ([(Key.IGNITION_TOO, "ASN_isUnknown", 0)], None),
    ],
)
def test_the_ignition_is_on_if_either_of_both_says_so(sayings: list[Saying], is_on: bool | None) -> None:  # noqa: FBT001 (a row of the table)
    motion = car(*sayings).motion
    assert (motion and motion.is_ignition_on) is is_on


def test_a_car_that_is_off_does_not_move() -> None:
    off: Saying = (Key.IGNITION, False, 10)
    for sayings, moves in (
        (((Key.IS_MOVING, "ASN_isTrue", 5), off), False),
        (((Key.IS_MOVING, "ASN_isTrue", 15), off), True),
        ((off,), False),
        (((Key.IGNITION, True, 10),), None),
        (((Key.IS_MOVING, False, 15), (Key.IGNITION, True, 10)), False),
    ):
        motion = car(*sayings).motion
        assert motion
        assert motion.is_moving is moves


# Sides


@pytest.mark.parametrize(
    ("basic", "door", "window"),
    [
        ({"steering": "LL"}, Lid.DOOR_FRONT_LEFT, Window.FRONT_LEFT),
        ({"steering": "RL"}, Lid.DOOR_FRONT_RIGHT, Window.FRONT_RIGHT),
        ({"countryCode": "GB"}, Lid.DOOR_FRONT_RIGHT, Window.FRONT_RIGHT),
        ({"countryCode": "ES"}, Lid.DOOR_FRONT_LEFT, Window.FRONT_LEFT),
        ({}, Lid.DOOR_FRONT_LEFT, Window.FRONT_LEFT),
    ],
)
def test_the_drivers_door_is_where_the_driver_sits(basic: dict[str, Json], door: Lid, window: Window) -> None:
    body = car((Key.DOOR_FRONT_DRIVER, True, 0), (Key.WINDOW_FRONT_DRIVER, "INTERMEDIATE", 0), basic=basic).body
    assert body.lids == {door: OpeningState.OPEN}
    assert body.windows == {window: OpeningState.INTERMEDIATE}


def test_the_drive_train_is_guessed_only_if_bmw_does_not_name_it() -> None:
    assert car((Key.SOC_HEADER, 67, 0), drive_train="").identity.drive_train is DriveTrain.ELECTRIC
    hybrid = car((Key.SOC_HEADER, 67, 0), (Key.FUEL, 24, 0), drive_train="")
    assert hybrid.identity.drive_train is DriveTrain.PLUGIN_HYBRID
    assert car((Key.TARGET, 100, 0), drive_train="").identity.drive_train is DriveTrain.UNKNOWN
