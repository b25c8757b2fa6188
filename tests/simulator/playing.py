"""How faults are played at the requests that are chosen for them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from . import spoiling
from .faults import Fault

COMMANDS: Final = "/remote-commands/(?!event)|/(start|stop)-charging|/charging-(settings|profile)$|/send-to-car"
"""What to look for in the path of a request that orders a car to do something."""

ENDPOINTS: Final[Mapping[str, str]] = {
    "everything": "",
    "sign-in": "/oauth/|/eadrax-coas/",
    "password": "/oauth/authenticate|/login/pwd",
    "token": "/oauth/token",
    "data": "/eadrax-(?!ucs|coas)",
    "list": "/vehicle-list",
    "profile": "/vehicle-data/profile",
    "state": "/vehicles/state",
    "charging": "/eadrax-crccs/v2/vehicles",
    "images": "/eadrax-ics/",
    "commands": COMMANDS,
    "command status": "/eventStatus",
    "CarData": "/customers/",
    "telematic data": "/telematicData",
    "containers": "/customers/containers",
}
"""Which requests a fault can be limited to: a name, and what to look for in their path (a regular expression)."""


class Where(NamedTuple):
    """Which requests are struck; all values are as in `Fault`, but that `vin` is known."""

    path: str
    vin: str | None
    percent: int
    times: int | None


type Play = Callable[[Where], Iterable[Fault]]
"""The faults to be played, in their order."""


def plainly(*faults: Fault) -> Play:
    """Play these faults, and nothing that has to be known of their car."""
    return lambda where: [
        replace(fault, path=fault.path or where.path, vin=where.vin, percent=where.percent, times=where.times)
        for fault in faults
    ]


def without_access(renewal: Fault) -> Play:
    """Accept no access token for data, so that a new one has to be fetched, which goes wrong, too."""
    return lambda where: [
        replace(renewal, path=ENDPOINTS["token"], percent=where.percent, times=where.times),
        Fault(path=where.path, vin=where.vin, status=401),
    ]


def sold(where: Where) -> Iterable[Fault]:
    """Take the car off its list and know nothing of it any more."""
    vin = where.vin or ""
    yield Fault(path=ENDPOINTS["list"], spoil=spoiling.document(spoiling.list_without(vin)))
    yield Fault(vin=vin, status=404, body={"statusCode": 404, "message": "Resource not found"})


def bought(where: Where) -> Iterable[Fault]:
    """Put a twin of the car on its list; what is asked about it is answered as for the car."""
    vin = where.vin or ""
    twin = vin[:-1] + ("1" if vin.endswith("0") else "0")
    yield Fault(path=ENDPOINTS["list"], spoil=spoiling.document(spoiling.list_with_twin(vin, twin)))
    yield Fault(vin=twin, asked_as=vin)
