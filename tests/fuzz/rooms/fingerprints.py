"""Folders and files of bug reports, as the simulator reads and plays them: a car comes of them, or a word."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
import shutil
from tempfile import TemporaryDirectory
from typing import Final

import orjson

from custom_components.mybmw.sources import Json
from tests.fingerprints import FingerprintError, read_fingerprint
from tests.fuzz.mutation import Mutator
from tests.fuzz.play import Case, Room
from tests.fuzz.watch import Watch
from tests.recorded import RECORDED_CARS, RecordedCar
from tests.simulator.garage import Age, Garage

_FILES: Final = {
    "profile": "vcs_v5_vehicle-data_profile",
    "state": "vcs_v4_vehicles_state",
    "charging": "crccs_v2_vehicles",
}
_NAMES: Final = ("report.json", "x.json", ".json", "bmw-eadrax-vcs_v5_vehicle-list.json", "ü\udcff.json")
_NOW: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)


@asynccontextmanager
async def _opened() -> AsyncGenerator[Case]:
    watch = Watch()
    cars = [RECORDED_CARS["G26"], RECORDED_CARS["J29"]]
    strangers: list[Json] = [car.state for car in cars]
    diagnostics: Json = {"data": {"source": {"recordings": [_recording(car) for car in cars]}}}
    with TemporaryDirectory() as name:

        async def play(seed: str) -> str:
            mutator, path, end = Mutator(seed, strangers), Path(name) / "fingerprint", "refused"
            if mutator.chance(0.5):
                path.write_bytes(mutator.written(mutator.document(diagnostics)))
            else:
                _write(path, mutator, cars)
            try:
                with watch.allowing(FingerprintError):
                    found = read_fingerprint(path)
                    end = f"{len(found)} cars"
                    _play(found)
            finally:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            return end

        yield play


def _play(found: tuple[RecordedCar, ...]) -> None:
    """Have the cars answer, as the simulated cloud does."""
    for age in Age:
        garage = Garage(found, age=age, clock=lambda: _NOW)
        for car in garage:
            orjson.dumps(garage.state_of(car))
            garage.charging_of(car)


def _recording(car: RecordedCar) -> dict[str, Json]:
    return {"brand": car.brand, "vin": car.vin, "profile": car.profile, "state": car.state, "charging": car.charging}


def _write(folder: Path, mutator: Mutator, cars: list[RecordedCar]) -> None:
    """Write a folder in which some files are not as they should be."""
    folder.mkdir()
    for car in cars:
        answers: Mapping[str, Json] = {"profile": car.profile, "state": car.state, "charging": car.charging}
        for part, request in _FILES.items():
            file = folder / f"{car.brand}-eadrax-{request}_{car.vin}.json"
            if mutator.chance(0.05):
                file = folder / mutator.pick(_NAMES)
            if file.is_dir():  # the name came up before
                continue
            if mutator.chance(0.02) and not file.exists():
                file.mkdir()
            else:
                is_spoiled = mutator.chance(0.4)
                answer = answers[part]
                file.write_bytes(mutator.written(mutator.document(answer)) if is_spoiled else orjson.dumps(answer))


FINGERPRINTS: Final = Room(
    name="fingerprints", what="folders and diagnostics files of bug reports, read and played", share=4, opened=_opened
)
