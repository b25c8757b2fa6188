"""What is known of a descriptor without having seen a car: of what kind its values are, in which unit, in which words.

The catalogue is one list for the whole fleet; that a descriptor is in it does not mean that a car has it.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from .catalogue_facts import FLAGS, MOMENTS, NUMBERS, STRUCTURES, TEXTS
from .catalogue_words import WORDS


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
    """A descriptor in the catalogue; `unit` as Home Assistant writes it, `words` as BMW's catalogue does."""

    kind: Kind
    unit: str | None = None
    words: tuple[str, ...] = ()


def _entries() -> Iterator[tuple[str, Entry]]:
    for unit, descriptors in NUMBERS.items():
        yield from ((descriptor, Entry(Kind.NUMBER, unit)) for descriptor in descriptors)
    for words, descriptors in WORDS:
        yield from ((descriptor, Entry(Kind.WORD, words=words)) for descriptor in descriptors)
    kinds = {Kind.FLAG: FLAGS, Kind.TEXT: TEXTS, Kind.MOMENT: MOMENTS, Kind.STRUCTURE: STRUCTURES}
    for kind, descriptors in kinds.items():
        yield from ((descriptor, Entry(kind)) for descriptor in descriptors)


CATALOGUE: Final[Mapping[str, Entry]] = dict(_entries())
"""By descriptor."""

PERSONAL: Final = frozenset(
    {
        "vehicle.body.chargingPort.isoSessionId",
        "vehicle.cabin.infotainment.navigation.currentLocation.altitude",
        "vehicle.cabin.infotainment.navigation.currentLocation.heading",
        "vehicle.cabin.infotainment.navigation.currentLocation.latitude",
        "vehicle.cabin.infotainment.navigation.currentLocation.longitude",
        "vehicle.cabin.infotainment.navigation.destinationSet.arrivalTime",
        "vehicle.cabin.infotainment.navigation.destinationSet.distance",
        "vehicle.cabin.infotainment.navigation.destinationSet.latitude",
        "vehicle.cabin.infotainment.navigation.destinationSet.longitude",
        "vehicle.sevice.preferredSevicePartner",
        "vehicle.vehicleIdentification.connectedDriveContractList",
    }
)
"""What tells where somebody is or goes, or who they are; no stranger is shown it."""
