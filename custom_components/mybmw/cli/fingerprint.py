"""What BMW answers about an account, made anonymous and written into a folder, for somebody else to replay.

The files are named as bimmer_connected names its fingerprints, so that either program's can be replayed; a report
beside them says what was not understood and what could not be read.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
import platform
from typing import Final

import orjson

from ..sources import Fetch, Json
from ..sources.mybmw import Region
from ..vehicle.export import EXPORT_VERSION
from .exits import Exit, StopError
from .session import Session

_FILES: Final[Mapping[str, str]] = {
    "profile": "vcs_v5_vehicle-data_profile",
    "state": "vcs_v4_vehicles_state",
    "charging": "crccs_v2_vehicles",
}
_LIST: Final = "vcs_v5_vehicle-list"


async def take(session: Session, folder: Path) -> Exit:
    """Read the whole account, and write what it answers into a new folder below this one.

    Raises:
        StopError: The folder cannot be written.
        SourceError: The account could not be read.
    """
    console = session.console
    fetch = await session.look()
    folder /= f"{console.clock().astimezone():%Y-%m-%d_%H-%M-%S}"
    _write(folder, dict(_files(session, fetch, console.clock())))
    console.answer(str(folder))
    console.say("Look through it before you give it to anybody: it should not say who you are or where your car was")
    return Exit.PARTLY if fetch.failures or fetch.unread_makes else Exit.DONE


def _files(session: Session, fetch: Fetch, now: datetime) -> Iterator[tuple[str, Json]]:
    """All files by name. A car is called by the number that stands for its VIN, in all of them."""
    source = session.source
    cars = [(vin, recording) for vin in (*fetch.vehicles, *fetch.failures) if (recording := _of_car(session, vin))]
    match source.recordings():
        case {"vehicle_lists": dict() as lists}:
            for brand, content in lists.items():
                if content is not None:
                    yield f"{brand}-eadrax-{_LIST}.json", content
        case _:
            pass
    for _vin, recording in cars:
        for part, name in _FILES.items():
            if recording[part] is not None:
                yield f"{recording['brand']}-eadrax-{name}_{recording['vin']}.json", recording[part]
    yield (
        "report.json",
        {
            "taken_at": now.isoformat(timespec="minutes"),
            "region": Region(session.store.settings["region"]).value,
            "python": platform.python_version(),
            "export_version": EXPORT_VERSION,
            "unread_makes": [make.value for make in sorted(fetch.unread_makes)],
            "cars": [
                {
                    "vin": recording["vin"],
                    "failure": str(fetch.failures[vin]) if vin in fetch.failures else None,
                    "oddities": [
                        {"path": oddity.path, "problem": oddity.problem}
                        for oddity in (fetch.vehicles[vin].oddities if vin in fetch.vehicles else ())
                    ],
                }
                for vin, recording in cars
            ],
        },
    )


def _of_car(session: Session, vin: str) -> dict[str, Json]:
    recording = session.source.recordings(vin)
    return recording if isinstance(recording, dict) else {}


def _write(folder: Path, files: Mapping[str, Json]) -> None:
    try:
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    except OSError as err:
        message = f"{folder} cannot be written: {err.strerror}"
        raise StopError(message, Exit.STORE) from err
