"""The nine recorded cars, read from the installed `bimmer_connected` package, which ships them for its own tests.

The recordings are real answers of BMW's cloud, made anonymous. Their names say all there is to know of a car:
`<folder>/<brand>-eadrax-<request>[_<VIN>].json`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # whoever only plays BMW's cloud need not load the integration
    from custom_components.mybmw.sources import Json

_PROFILE: Final = "vcs_v5_vehicle-data_profile_"
_STATE: Final = "vcs_v4_vehicles_state_"
_CHARGING: Final = "crccs_v2_vehicles_"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCar:
    """What BMW answered for one car; `charging` is None for a car that is never asked for its charging details.

    `folder` is the development code the recording is filed under ("I20"), `brand` the list the car stood on ("bmw").
    The answers are shared by all tests: copy one before changing it.
    """

    folder: str
    vin: str
    brand: str
    profile: Json
    state: Json
    charging: Json


def _cars() -> dict[str, RecordedCar]:
    folders = files("bimmer_connected").joinpath("tests", "responses").iterdir()
    cars = [_car(folder) for folder in folders if folder.is_dir() and _recordings(folder, _PROFILE)]
    return {car.folder: car for car in sorted(cars, key=lambda car: car.folder)}


def _car(folder: Traversable) -> RecordedCar:
    [profile] = _recordings(folder, _PROFILE)
    [state] = _recordings(folder, _STATE)
    charging = _recordings(folder, _CHARGING)
    return RecordedCar(
        folder=folder.name,
        vin=profile.name.removesuffix(".json").rpartition("_")[2],
        brand=profile.name.partition("-")[0],
        profile=_read(profile),
        state=_read(state),
        charging=_read(charging[0]) if charging else None,
    )


def _recordings(folder: Traversable, request: str) -> list[Traversable]:
    return [file for file in folder.iterdir() if f"-eadrax-{request}" in file.name]


def _read(recording: Traversable) -> Json:
    answer: Json = json.loads(recording.read_text(encoding="utf-8"))
    return answer


RECORDED_CARS: Final[Mapping[str, RecordedCar]] = _cars()
"""All recorded cars by folder."""
