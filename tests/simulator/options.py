"""What everybody who starts the cloud can choose: which cars there are, how they live, and what goes wrong."""

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.fingerprints import FingerprintError, read_fingerprint
from tests.recorded import RECORDED_CARS, RecordedCar

from .cardata_presets import ALL_PRESETS
from .living import LIVING_CARS

_NAMES: Final = (*LIVING_CARS, *RECORDED_CARS)
_SHORT: Final = {"living": tuple(LIVING_CARS), "recorded": tuple(RECORDED_CARS)}


def add_car_options(parser: ArgumentParser, *, cars: str, speed: float) -> None:
    """Add --cars, --speed and --seed, with defaults for the first two."""
    parser.add_argument(
        "--cars",
        type=_cars,
        default=cars,
        metavar="CARS",
        help=f"which cars are on the account: living, recorded, names ({', '.join(_NAMES)}), or the folder of a "
        "fingerprint or a file of diagnostics out of a bug report",
    )
    parser.add_argument("--speed", type=_speed, default=speed, help="how many times faster living cars live")
    parser.add_argument("--seed", type=int, default=1, help="what happens to living cars; the same for the same number")


def add_fault_option(parser: ArgumentParser, *, when: str) -> None:
    """Let whoever starts the cloud choose what goes wrong at it."""
    parser.set_defaults(fault=[])
    parser.add_argument(
        "--fault",
        action="append",
        choices=[*ALL_PRESETS],
        metavar="NAME",
        default=SUPPRESS,
        help=f"switch a fault on {when}, as docs/faults.md describes it; may be given several times",
    )
    parser.epilog = f"faults: {', '.join(ALL_PRESETS)}"


def _cars(names: str) -> Sequence[str | RecordedCar]:
    if "/" in names or Path(names).exists():
        try:
            return read_fingerprint(Path(names))
        except FingerprintError as err:
            raise ArgumentTypeError(str(err)) from err
    cars = [car for name in names.split(",") for car in _SHORT.get(name, (name,))]
    if unknown := set(cars).difference(_NAMES):
        message = f"there is no {', '.join(sorted(unknown))} (there are {', '.join(_NAMES)})"
        raise ArgumentTypeError(message)
    return list(dict.fromkeys(cars))


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0
    if not 0 < speed < float("inf"):
        message = f"{text} is no speed; 1 is as fast as life"
        raise ArgumentTypeError(message)
    return speed
