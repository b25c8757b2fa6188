"""The traps in what cars say, each with what real owners met."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.cardata.build import Answers, build_vehicle
from custom_components.mybmw.sources.cardata.keys import Key, Noted
from custom_components.mybmw.vehicle import DriveTrain, Extra, Lid, OpeningState, Window
from tests.sources.cardata.sayings import NOON, NOW, Saying, car, readings_of

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


def test_a_hybrid_whose_electric_range_moves_on_alone_keeps_the_total() -> None:
    def fuel_and_total(*sayings: Saying) -> tuple[int | None, int | None]:
        energy = car(*sayings, drive_train="PHEV").energy
        return energy.fuel.range_km if energy.fuel else None, energy.total_range_km

    parked: tuple[Saying, ...] = ((Key.ELECTRIC_RANGE, 60, 0), (Key.LAST_RANGE, 500, 0), (Key.LAST_RANGE, 500, 480))
    assert fuel_and_total(*parked) == (440, 500)  # the other has not changed since, it was only not repeated
    assert fuel_and_total(*parked, (Key.ELECTRIC_RANGE, 70, 600)) == (None, 500)
    assert fuel_and_total((Key.ELECTRIC_RANGE, 60, 0), (Key.LAST_RANGE, 500, 120)) == (None, 500)


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
        ([(20_000, "km", 0), (20_001, None, 30), (20_002, "miles", 60)], 20_002),  # as labelled before
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
        ([(20_005, "miles", 0), (20_010, "km", 1), (20_011, None, 2), (20_100, "km", 25)], 20_100),
        ([(20_005, "miles", 0), (20_010, "km", 1), (20_011, None, 25)], 32_204),  # which is no label
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


# Climate


def test_the_end_of_heating_is_not_that_of_yesterday() -> None:
    def ends_at(*sayings: Saying) -> datetime | None:
        climate = car(*sayings).climate
        assert climate
        return climate.ends_at

    heats: tuple[Saying, ...] = ((Key.CLIMATE, "HEATING", 2), (Key.CLIMATE_MINUTES_LEFT, 20, 1))
    assert ends_at(*heats) == NOON + timedelta(minutes=21)
    again: tuple[Saying, ...] = ((Key.CLIMATE, "INACTIVE", 20), (Key.CLIMATE, "HEATING", 24 * 60))
    assert ends_at(*heats, *again) is None
    assert ends_at(*heats, *again, (Key.CLIMATE_MINUTES_LEFT, 20, 24 * 60)) == NOON + timedelta(days=1, minutes=20)


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
