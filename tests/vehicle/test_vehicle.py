"""The car as a whole."""

from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime, time, timedelta

import pytest

from custom_components.mybmw.vehicle import (
    Brand,
    Capabilities,
    Charging,
    ChargingPlan,
    ChargingStatus,
    ChargingWindow,
    Climate,
    ClimateActivity,
    Energy,
    Identity,
    Location,
    Oddity,
    Odometer,
    Vehicle,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
VIN = "WBA00000000DEMO99"


def test_a_car_is_called_by_its_model_or_else_by_its_make() -> None:
    assert Vehicle(vin=VIN, identity=Identity(brand=Brand.MINI, model="Cooper SE")).name == "Cooper SE"
    assert Vehicle(vin=VIN, identity=Identity(brand=Brand.MINI)).name == "MINI"
    assert Vehicle(vin=VIN).name == "BMW Group"


def test_the_name_of_a_car_is_a_plain_text() -> None:
    assert type(Vehicle(vin=VIN, identity=Identity(brand=Brand.MINI)).name) is str


def test_equal_means_that_nothing_about_the_car_differs() -> None:
    car = Vehicle(vin=VIN, odometer=Odometer(mileage_km=1121))
    assert car == replace(car, fetched_at=NOW, oddities=(Oddity(path="state", problem="odd"),))
    assert car != replace(car, odometer=Odometer(mileage_km=1122))
    assert car != replace(car, last_reported=NOW)


def test_nobody_changes_a_car_in_passing() -> None:
    car = Vehicle(vin=VIN)
    with pytest.raises(FrozenInstanceError):
        car.vin = "WBA00000000DEMO98"  # type: ignore[misc]


def test_a_car_is_somewhere_only_if_its_owner_lets_it_tell() -> None:
    here = Location(latitude=48.177334, longitude=11.556274)
    assert Vehicle(vin=VIN, location=here, capabilities=Capabilities(tracking=True)).tracked_location == here
    assert Vehicle(vin=VIN, location=here).tracked_location is None


def test_read_only_leaves_what_a_car_tells_and_takes_what_it_can_be_asked() -> None:
    every_flag = {field.name: True for field in fields(Capabilities) if field.type is bool}
    all_flags = Capabilities(**every_flag)  # type: ignore[arg-type]  # only flags are set
    told = replace(all_flags, state_source="a4a", features=frozenset({"lock"})).read_only()
    assert told == Capabilities(reports_state=True, tracking=True, state_source="a4a", features=frozenset({"lock"}))


def _busy(end: datetime) -> Vehicle:
    return Vehicle(
        vin=VIN,
        energy=Energy(charging=Charging(status=ChargingStatus.CHARGING, ends_at=end), total_range_km=340),
        climate=Climate(activity=ClimateActivity.HEATING, ends_at=end),
    )


def test_a_car_settles_with_all_its_ends() -> None:
    before, after = _busy(NOW), _busy(NOW + timedelta(seconds=60))
    assert after != before
    assert after.settled(before) == before


def test_a_car_does_not_settle_to_another_range() -> None:
    before, after = _busy(NOW), _busy(NOW + timedelta(seconds=60))
    after = replace(after, energy=replace(after.energy, total_range_km=339))
    assert after.settled(before) == replace(before, energy=replace(before.energy, total_range_km=339))


def test_there_is_nothing_to_settle_in_a_car_that_is_idle_or_was() -> None:
    busy, idle = _busy(NOW), Vehicle(vin=VIN)
    assert busy.settled(idle) == busy
    assert idle.settled(busy) == idle


@pytest.mark.parametrize("status", ChargingStatus)
def test_only_a_car_that_waits_will_begin_to_charge(status: ChargingStatus) -> None:
    plan = ChargingPlan(window=ChargingWindow(start=time(18, 1), end=time(1, 30)))
    car = Vehicle(vin=VIN, energy=Energy(charging=Charging(status=status)), charging_plan=plan)
    waits = status is ChargingStatus.WAITING_FOR_CHARGING
    assert car.next_charging_start(NOW) == (datetime(2026, 3, 1, 18, 1, tzinfo=UTC) if waits else None)


@pytest.mark.parametrize("plan", [None, ChargingPlan()])
def test_a_car_may_wait_for_something_else_than_a_window(plan: ChargingPlan | None) -> None:
    charging = Charging(status=ChargingStatus.WAITING_FOR_CHARGING)
    assert Vehicle(vin=VIN, energy=Energy(charging=charging), charging_plan=plan).next_charging_start(NOW) is None


def test_a_car_without_a_plug_waits_for_nothing() -> None:
    assert Vehicle(vin=VIN).next_charging_start(NOW) is None
