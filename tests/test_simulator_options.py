"""What can be chosen at the command line of the simulator and the demo."""

from argparse import ArgumentError, ArgumentParser, Namespace

import pytest

from tests.recorded import RECORDED_CARS
from tests.simulator.living import LIVING_CARS
from tests.simulator.options import add_car_options


def chosen(*arguments: str) -> Namespace:
    """What is chosen at the command line, if the living garage is what one gets otherwise."""
    parser = ArgumentParser(exit_on_error=False)
    add_car_options(parser, cars="living", speed=30)
    return parser.parse_args(arguments)


@pytest.mark.parametrize(
    ("cars", "names"),
    [
        ("living", [*LIVING_CARS]),
        ("recorded", [*RECORDED_CARS]),
        ("living,recorded", [*LIVING_CARS, *RECORDED_CARS]),
        ("I5,G26,I5", ["I5", "G26"]),
    ],
)
def test_cars_are_chosen_by_kind_or_name(cars: str, names: list[str]) -> None:
    assert chosen("--cars", cars).cars == names


def test_what_one_gets_without_choosing() -> None:
    choice = chosen()
    assert (choice.cars, choice.speed, choice.seed) == ([*LIVING_CARS], 30, 1)


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--cars", "I5,I9", "there is no I9 "),
        ("--speed", "0", "0 is no speed"),
        ("--speed", "inf", "inf is no speed"),
        ("--speed", "fast", "fast is no speed"),
    ],
)
def test_what_cannot_be_chosen_is_named(option: str, value: str, complaint: str) -> None:
    with pytest.raises(ArgumentError, match=complaint):
        chosen(option, value)
