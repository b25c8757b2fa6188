"""Drive trains and software releases."""

import pytest

from custom_components.mybmw.vehicle import DriveTrain, Software


@pytest.mark.parametrize(
    ("drive_train", "has_engine", "has_high_voltage_battery"),
    [
        (DriveTrain.COMBUSTION, True, False),
        (DriveTrain.MILD_HYBRID, True, False),
        (DriveTrain.PLUGIN_HYBRID, True, True),
        (DriveTrain.ELECTRIC_WITH_RANGE_EXTENDER, True, True),
        (DriveTrain.ELECTRIC, False, True),
        (DriveTrain.UNKNOWN, False, False),
    ],
)
def test_what_a_drive_train_runs_on(
    *, drive_train: DriveTrain, has_engine: bool, has_high_voltage_battery: bool
) -> None:
    assert drive_train.has_engine is has_engine
    assert drive_train.has_high_voltage_battery is has_high_voltage_battery


@pytest.mark.parametrize(
    ("software", "text"),
    [
        (Software(month=7, year=2021, step=300), "07/2021.00"),
        (Software(month=11, year=2013, step=502), "11/2013.02"),
        (Software(month=7, year=2019, step=555), "07/2019.55"),
    ],
)
def test_software_is_written_as_in_the_car(software: Software, text: str) -> None:
    assert str(software) == text
