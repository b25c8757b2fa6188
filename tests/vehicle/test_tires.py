"""Tires."""

import pytest

from custom_components.mybmw.vehicle import Tire, Tires, Wheel


@pytest.mark.parametrize(
    ("codes", "has_warning"),
    [
        ((None, None, None), None),
        ((0, None, None), False),
        ((None, 0, None), False),
        ((None, None, 0), False),
        ((0, 0, 0), False),
        ((1, 0, 0), True),
        ((None, 3, None), True),
        ((None, 0, 2), True),
    ],
)
def test_any_code_but_0_is_a_warning(
    *, codes: tuple[int | None, int | None, int | None], has_warning: bool | None
) -> None:
    pressure, wear, defect = codes
    assert Tire(pressure_status=pressure, wear_status=wear, defect_status=defect).has_warning is has_warning


def test_each_wheel_has_its_tire() -> None:
    tires = {wheel: Tire(part_number=wheel) for wheel in Wheel}
    car = Tires(
        front_left=tires[Wheel.FRONT_LEFT],
        front_right=tires[Wheel.FRONT_RIGHT],
        rear_left=tires[Wheel.REAR_LEFT],
        rear_right=tires[Wheel.REAR_RIGHT],
    )
    assert {wheel: car.at(wheel) for wheel in Wheel} == tires
    assert list(car) == list(tires.values())


def test_tires_nothing_is_known_of_are_passed_over() -> None:
    tire = Tire(pressure_kpa=241)
    assert list(Tires(rear_left=tire)) == [tire]
    assert Tires(rear_left=tire).at(Wheel.FRONT_LEFT) is None


GOOD, BAD, SILENT = Tire(pressure_status=0), Tire(wear_status=1), Tire(pressure_kpa=241)


@pytest.mark.parametrize(
    ("tires", "has_warning"),
    [
        (Tires(), None),
        (Tires(front_left=SILENT), None),
        (Tires(front_left=GOOD, rear_left=SILENT), False),
        (Tires(front_left=GOOD, rear_left=BAD), True),
    ],
)
def test_one_bad_tire_is_enough(*, tires: Tires, has_warning: bool | None) -> None:
    assert tires.has_warning is has_warning
