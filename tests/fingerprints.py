"""Cars out of a bug report: the fingerprint that the command line takes, or a file of Home Assistant's diagnostics.

A folder is read by the names of its files (`<brand>-eadrax-<request>_<VIN>.json`), which bimmer_connected gives its
fingerprints, too; in a diagnostics file, everything called `recordings` counts. Whatever else is there is of no
interest. All of it comes from strangers, so nothing is believed that was not looked at.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
import re
from typing import Final

import orjson

from custom_components.mybmw.sources import Json

from .recorded import RecordedCar

_BRANDS: Final = ("bmw", "mini", "toyota")
_FILE: Final = re.compile(
    rf"(?P<brand>{'|'.join(_BRANDS)})-eadrax-"
    r"(?:(?P<profile>vcs_v\d+_vehicle-data_profile)|(?P<state>vcs_v\d+_vehicles_state)|(?P<charging>crccs_v\d+_vehicles))"
    r"_(?P<vin>[A-Za-z0-9]{17})\.json"
)
_VIN: Final = re.compile(r"[A-Za-z0-9]{17}")
_LARGEST: Final = 20_000_000
_DEEPEST: Final = 100
_MOST_CARS: Final = 100


class FingerprintError(ValueError):
    """There is no car to be made of this; the message says why."""


@dataclass(slots=True, kw_only=True)
class _Found:
    """What was found of one car so far."""

    brand: str
    parts: dict[str, Json] = field(default_factory=dict)


def read_fingerprint(path: Path) -> tuple[RecordedCar, ...]:
    """The cars in a fingerprint's folder or a diagnostics file.

    Raises:
        FingerprintError: There is none, or something is not as it should be.
    """
    try:
        found = _in_folder(path) if path.is_dir() else _in_diagnostics(_document(path))
    except OSError as err:
        message = f"{path} cannot be read: {err.strerror}"
        raise FingerprintError(message) from err
    if not found:
        message = f"{path} holds no car: it is neither the folder of a fingerprint nor a file of diagnostics"
        raise FingerprintError(message)
    if len(found) > _MOST_CARS:
        message = f"{path} holds {len(found)} cars, which nobody has"
        raise FingerprintError(message)
    return tuple(_car(vin, car) for vin, car in sorted(found.items()))


def _in_folder(folder: Path) -> Mapping[str, _Found]:
    found: dict[str, _Found] = {}
    for path in sorted(folder.rglob("*.json")):
        if (match := _FILE.fullmatch(path.name)) is None:
            continue
        part, vin = _part(match), match["vin"]
        car = found.setdefault(vin, _Found(brand=match["brand"]))
        if part in car.parts or car.brand != match["brand"]:
            message = f"{folder} holds several answers of one kind about {vin}: name one fingerprint"
            raise FingerprintError(message)
        car.parts[part] = _document(path)
    return found


def _part(match: re.Match[str]) -> str:
    return next(part for part in ("profile", "state", "charging") if match[part])


def _in_diagnostics(document: Json) -> Mapping[str, _Found]:
    found: dict[str, _Found] = {}
    for recording in _recordings(document, is_wanted=False):
        profile = recording.get("profile")
        names = (recording.get("vin"), profile.get("vin") if isinstance(profile, dict) else None)
        known = (name for name in names if isinstance(name, str) and _VIN.fullmatch(name) and name not in found)
        vin = next(known, None) or next(number for number in _numbers() if number not in found)
        parts = {part: recording.get(part) for part in ("profile", "state", "charging")}
        found[vin] = _Found(brand=str(recording["brand"]), parts=parts)
    return found


def _numbers() -> Iterator[str]:
    """Numbers for cars that have none."""
    return (f"WBA0FINGERPRINT{number:02}" for number in count(1))


def _recordings(document: Json, *, is_wanted: bool) -> Iterator[dict[str, Json]]:
    """What was recorded of cars, wherever it stands below something called recordings."""
    match document:
        case dict() if is_wanted and document.get("brand") in _BRANDS and "state" in document:
            yield document
        case dict():
            for key, inner in document.items():
                yield from _recordings(inner, is_wanted=is_wanted or key == "recordings")
        case list():
            for inner in document:
                yield from _recordings(inner, is_wanted=is_wanted)
        case _:
            pass


def _document(path: Path) -> Json:
    if path.stat().st_size > _LARGEST:
        message = f"{path} is too large to be what it should be"
        raise FingerprintError(message)
    try:
        document: Json = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as err:
        message = f"{path} is no JSON"
        raise FingerprintError(message) from err
    if _is_deeper(document, _DEEPEST):
        message = f"{path} is nested too deeply"
        raise FingerprintError(message)
    return document


def _is_deeper(document: Json, levels: int) -> bool:
    if not levels:
        return True
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return any(_is_deeper(value, levels - 1) for value in inner)


def _car(vin: str, found: _Found) -> RecordedCar:
    """A car, to be played; what was never answered is an empty answer."""
    state = _object(vin, "state", found.parts.get("state"))
    return RecordedCar(
        folder=vin,
        vin=vin,
        brand=found.brand,
        profile=_object(vin, "profile", found.parts.get("profile")),
        state={part: _object(vin, f"state.{part}", state.get(part)) for part in ("capabilities", "state")},
        charging=_object(vin, "charging", charging) if (charging := found.parts.get("charging")) is not None else None,
    )


def _object(vin: str, what: str, document: Json) -> dict[str, Json]:
    """An answer, or a part of one; empty if there is none."""
    if document is None:
        return {}
    if not isinstance(document, dict):
        message = f"what BMW answered about {vin} ({what}) is no JSON object"
        raise FingerprintError(message)
    return document
