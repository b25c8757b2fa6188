"""BMW's telematics catalogue (September 2026): the descriptors that it knows, and what is known of each.

It is one list for the whole fleet; that a descriptor is in it does not mean that a car has it. Names are BMW's, with
their misspellings: one that BMW does not know has it refuse a whole container. Left out is what has an address of its
own (basic data, picture, charging, tire diagnosis). Where BMW names no unit it is the one that cars were seen to send.
"""

from collections.abc import Mapping
from typing import Final

from .catalogue_daily import DAILY, SILENT
from .catalogue_rest import REST
from .entry import Entry

CATALOGUE: Final[Mapping[str, Entry]] = {str(key): entry for key, entry in (DAILY | SILENT | REST).items()}
"""By descriptor, the most important first."""

DESCRIPTORS: Final = tuple(CATALOGUE)
"""What a car can be asked about by container. If BMW wants a shorter list it is cut at its end."""

PERSONAL: Final = frozenset(key for key, entry in CATALOGUE.items() if entry.is_personal)
"""What tells where somebody is or goes, or who they are; no stranger is shown it."""


def is_personal(descriptor: str, value: object) -> bool:
    """Whether no stranger is to be shown what a descriptor says.

    What a text says that the catalogue does not know, nobody can tell: it may be a name or a number plate.
    """
    return descriptor in PERSONAL or (descriptor not in CATALOGUE and isinstance(value, str))
