"""What can be known of a descriptor beforehand: of what kind its values are, in which unit, in which words."""

from enum import StrEnum
from typing import Final, NamedTuple


class Kind(StrEnum):
    """Of what kind the values of a descriptor are."""

    NUMBER = "number"
    FLAG = "flag"
    WORD = "word"
    """One of several words."""
    TEXT = "text"
    MOMENT = "moment"
    """A moment that is written as text, in UTC."""
    STRUCTURE = "structure"
    """Text that holds a document, or many lines."""


class Entry(NamedTuple):
    """A descriptor in the catalogue; `unit` as Home Assistant writes it, `words` as BMW's catalogue does.

    What `is_personal` tells where somebody is or goes, or who they are; no stranger is shown it.
    """

    kind: Kind
    unit: str | None = None
    words: tuple[str, ...] = ()
    is_personal: bool = False


def number(unit: str | None) -> Entry:
    """A number in a unit."""
    return Entry(Kind.NUMBER, unit)


def words(*words: str) -> Entry:
    """One of some words; those that only say that nothing is known are left out."""
    return Entry(Kind.WORD, words=words)


def personal(entry: Entry) -> Entry:
    """The same, and nobody's business."""
    return entry._replace(is_personal=True)


FLAG: Final = Entry(Kind.FLAG)
TEXT: Final = Entry(Kind.TEXT)
MOMENT: Final = Entry(Kind.MOMENT)
STRUCTURE: Final = Entry(Kind.STRUCTURE)

AMPERE: Final = number("A")
CELSIUS: Final = number("°C")
COUNT: Final = number(None)
DEGREES: Final = number("°")
HOURS: Final = number("h")
KM: Final = number("km")
KMH: Final = number("km/h")
KPA: Final = number("kPa")
KWH: Final = number("kWh")
KWH_PER_100_KM: Final = number("kWh/100km")
LITERS: Final = number("L")
MINUTES: Final = number("min")
PERCENT: Final = number("%")
STARS: Final = number("stars")
VOLT: Final = number("V")

CHARGING_END: Final = words(
    "CHARGING_GOAL_REACHED",
    "END_REQUESTED_BY_DRIVER",
    "CONNECTOR_REMOVED",
    "POWERGRID_FAILED",
    "HV_SYSTEM_FAILURE",
    "CHARGING_STATION_FAILURE",
    "PARKING_LOCK_FAILED",
    "NO_PARKING_LOCK",
)
COMFORT: Final = words("OFF", "ON", "AUTOMATIC", "NO_CHANGE")
LOCK: Final = words("SECURED", "LOCKED", "UNLOCKED", "SELECTIVE_LOCKED")
OPENING: Final = words("CLOSED", "INTERMEDIATE", "OPEN")
PLUG: Final = words("CONNECTED", "DISCONNECTED")
TIMER: Final = words("ACTIVATE", "DEACTIVATE", "NO_ACTION")
