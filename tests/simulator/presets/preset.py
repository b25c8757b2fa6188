"""What a fault with a name is, and what several of them have in common."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from ..dialect import EMPTY_DIALOG
from ..faults import Fault
from ..playing import Play
from ..stream import StreamFault


class Seen(NamedTuple):
    """A public report of a fault: the day or month, and where to read it."""

    when: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A fault with a name; what it strikes is what was reported, and can be chosen anew whenever it is played.

    `what` says what the servers did, `played` what the simulator does. The first begins with a verb that also reads
    after "The servers", as any but "be" does. With `is_about_one_car`, a car has to be chosen. One `of_stream` strikes
    no requests, and there is nothing to choose about it.
    """

    name: str
    what: str
    seen: tuple[Seen, ...] = ()
    played: str
    play: Play
    endpoint: str = "everything"
    is_about_one_car: bool = False
    percent: int = 100
    times: int | None = None
    of_stream: StreamFault | None = None


def core_issue(number: int) -> str:
    """An issue of Home Assistant."""
    return f"https://github.com/home-assistant/core/issues/{number}"


def library_issue(number: int) -> str:
    """An issue of bimmer_connected."""
    return f"https://github.com/bimmerconnected/bimmer_connected/issues/{number}"


def iobroker_issue(number: int) -> str:
    """An issue of ioBroker's adapter."""
    return f"https://github.com/TA2k/ioBroker.bmw/issues/{number}"


def streaming_issue(number: int) -> str:
    """An issue of the community's bmw-cardata-ha."""
    return f"https://github.com/kvanbiesen/bmw-cardata-ha/issues/{number}"


BLOCKED: Final = Fault(status=489, body="Blocked")
"""How BMW turns away everybody but its own app."""

WORDLESS: Final = Fault(status=403, body=EMPTY_DIALOG)
"""How BMW refuses something about one car."""
