"""The traps in what cars say about charging, each with what real owners met."""

from datetime import datetime, timedelta

import pytest

from custom_components.mybmw.sources.cardata.keys import Key
from custom_components.mybmw.vehicle import ChargingStatus
from tests.sources.cardata.sayings import NOON, Saying, car


def level(*sayings: Saying) -> int | None:
    battery = car(*sayings).energy.battery
    return battery.level_percent if battery else None


# Which state of charge


def test_the_prediction_is_believed_while_the_car_charges_in_silence() -> None:
    silent: tuple[Saying, ...] = ((Key.SOC_HEADER, 62, 105), (Key.SOC_PREDICTED, "65.0", 139))
    assert level(*silent, (Key.CHARGING_STATUS, "CHARGINGACTIVE", 104)) == 65
    assert level(*silent, (Key.CHARGING_STATUS, "NOCHARGING", 104)) == 62
    # ... nor does it fall back when the charge has ended, or nobody knows
    assert level(*silent, (Key.CHARGING_STATUS, "UNKNOWN", 150)) == 65
    assert level(*silent, (Key.CHARGING_STATUS, "CHARGINGENDED", 150)) == 65


@pytest.mark.parametrize("end", [(Key.CHARGING_STATUS, "CHARGINGENDED"), (Key.CHARGING_HV_STATUS, "FINISHED_NOT_FULL")])
def test_what_was_charged_is_not_lost_when_bmw_is_asked_again(end: tuple[Key, str]) -> None:
    key, word = end
    charged: tuple[Saying, ...] = ((Key.CHARGING_STATUS, "CHARGINGACTIVE", 104), (Key.SOC_HEADER, 62, 105))
    assert level(*charged, (Key.SOC_PREDICTED, 65, 139), (key, word, 150), (Key.SOC_PREDICTED, 65, 1600)) == 65
    assert level(*charged, (key, word, 150), (Key.SOC_PREDICTED, 80, 170)) == 80
    pulled: Saying = (Key.CHARGING_STATUS, "NOCHARGING", 400)
    assert level(*charged, (key, word, 150), (Key.SOC_PREDICTED, 80, 170), pulled, (Key.SOC_PREDICTED, 80, 1600)) == 80
    # ... until the car says what it has
    assert level(*charged, (key, word, 150), (Key.SOC_HEADER, 79, 160), (Key.SOC_PREDICTED, 80, 170)) == 79
    driven: Saying = (Key.SOC_HEADER, 40, 500)
    assert level(*charged, (key, word, 150), (Key.SOC_PREDICTED, 80, 170), driven, (Key.SOC_PREDICTED, 80, 1600)) == 40


def test_a_prediction_is_compared_with_the_trip_after_it() -> None:
    """As with an X3 30e, which never says its state of charge."""
    charge: tuple[Saying, ...] = (
        (Key.SOC_AT_TRIP_END, 20, 0),
        (Key.CHARGING_STATUS, "CHARGINGENDED", 150),
        (Key.SOC_PREDICTED, 80, 170),
        (Key.SOC_AT_TRIP_END, 20, 180),  # repeated
    )
    assert level(*charge) == 80
    assert level(*charge, (Key.SOC_AT_TRIP_END, 30, 600), (Key.SOC_PREDICTED, 80, 1600)) == 30


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


def test_power_can_be_known_before_the_status() -> None:
    power, charges = (Key.CHARGING_POWER, 11_000, 0, "W"), (Key.CHARGING_STATUS, "CHARGINGACTIVE", 1)
    charging = car(power, charges).energy.charging
    assert charging
    assert charging.power_w == 11_000
    lingering = car((Key.CHARGING_POWER, 11_000, -600, "W"), power, charges).energy.charging
    assert lingering
    assert lingering.power_w is None


@pytest.mark.parametrize(
    ("denied", "minute", "power", "ends_at"),
    [
        ("NOCHARGING", 11, 11_000, NOON + timedelta(minutes=121)),
        ("UNKNOWN", 11, 11_000, NOON + timedelta(minutes=121)),
        ("NOCHARGING", 60, None, None),
        ("CHARGINGENDED", 11, None, None),
    ],
)
def test_a_charge_that_is_denied_for_a_moment_goes_on(
    denied: str, minute: float, power: int | None, ends_at: datetime | None
) -> None:
    charging = car(
        (Key.CHARGING_STATUS, "CHARGINGACTIVE", 0),
        (Key.CHARGING_POWER, 11_000, 0, "W"),
        (Key.MINUTES_LEFT, 120, 1),
        (Key.CHARGING_STATUS, denied, 10),
        (Key.CHARGING_STATUS, "CHARGINGACTIVE", minute),
    ).energy.charging
    assert charging
    assert (charging.power_w, charging.ends_at) == (power, ends_at)


@pytest.mark.parametrize(
    ("sayings", "status"),
    [
        (
            [("CHARGING_STATUS", "CHARGINGACTIVE", 0), ("CHARGING_HV_STATUS", "CHARGING", 0)],
            ChargingStatus.CHARGING,
        ),
        (
            [
                ("CHARGING_STATUS", "CHARGINGACTIVE", 0),
                ("CHARGING_HV_STATUS", "CHARGING", 0),
                ("CHARGING_HV_STATUS", "FINISHED_FULLY_CHARGED", 240),
            ],
            ChargingStatus.FINISHED_FULLY_CHARGED,
        ),
        (
            [("CHARGING_STATUS", "NOCHARGING", 0), ("CHARGING_HV_STATUS", "CHARGING", 600)],
            ChargingStatus.CHARGING,
        ),
        # of like age, and unchanged
        ([("CHARGING_STATUS", "CHARGINGACTIVE", 0), ("CHARGING_HV_STATUS", "ERROR", 2)], ChargingStatus.CHARGING),
        (
            [
                ("CHARGING_HV_STATUS", "NOT_CHARGING", 0),
                ("CHARGING_STATUS", "CHARGINGACTIVE", 10),
                ("CHARGING_HV_STATUS", "NOT_CHARGING", 30),
            ],
            ChargingStatus.CHARGING,
        ),
        ([("CHARGING_STATUS", "CHARGINGACTIVE", 0), ("CHARGING_HV_STATUS", "INVALID", 30)], ChargingStatus.CHARGING),
    ],
)
def test_the_second_status_counts_once_it_moves_on(
    sayings: list[tuple[str, str, float]], status: ChargingStatus
) -> None:
    charging = car(*[(Key[name], word, minute) for name, word, minute in sayings]).energy.charging
    assert charging
    assert charging.status is status


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
    in_hours = car((Key.CHARGING_STATUS, "CHARGINGACTIVE", 0), (Key.MINUTES_LEFT, 2.5, 10, "h")).energy.charging
    assert in_hours is not None
    assert in_hours.remaining_min == 150
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
