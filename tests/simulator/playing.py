"""How faults are played at the requests that are chosen for them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from tests.issued import Kind, issue

from . import spoiling
from .faults import Fault

COMMANDS: Final = "/remote-commands/(?!event)|/(start|stop)-charging|/charging-(settings|profile)$|/send-to-car"
"""What to look for in the path of a request that orders a car to do something."""

_CARDATA: Final = "/customers/"
_TOKEN: Final = "/oauth/token"

ENDPOINTS: Final[Mapping[str, str]] = {
    "everything": "",
    "MyBMW": f"/eadrax-|/oauth/authenticate|{_TOKEN}",
    "sign-in": "/oauth/|/eadrax-coas/",
    "password": "/oauth/authenticate|/login/pwd",
    "token": _TOKEN,
    "data": "/eadrax-(?!ucs|coas)",
    "list": "/vehicle-list",
    "profile": "/vehicle-data/profile",
    "state": "/vehicles/state",
    "charging": "/eadrax-crccs/v2/vehicles",
    "images": "/eadrax-ics/",
    "commands": COMMANDS,
    "command status": "/eventStatus",
    "CarData": _CARDATA,
    "CarData and tokens": f"{_CARDATA}|{_TOKEN}",
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


def refused_in_a_sentence(where: Where) -> Iterable[Fault]:
    """Say in a sentence that somebody's car cannot be told anything, and whose and where it is."""
    yield from plainly(Fault(status=409, body={"statusCode": 409, "message": _personal_sentence()}))(where)


def failed_in_a_sentence(where: Where) -> Iterable[Fault]:
    """Say so when the car has failed."""
    yield from plainly(Fault(fate=f"error:{_personal_sentence()}"))(where)


def _personal_sentence() -> str:
    vin, owner, place = "WBA00000000DEMO77", "driver@example.com", ("48.177334", "11.556274")
    issue(Kind.CAR, vin)
    issue(Kind.PERSON, owner)
    issue(Kind.PLACE, *place)
    return f"Vehicle {vin} of {owner} is in use at {', '.join(place)}"


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
