"""Every secret that the tests use, told by whoever makes it up: a simulated cloud, a fixture, a person at a form.

Nobody listens where the simulated cloud runs without tests. In a run of the tests `leaks.py` does, and fails every test
in which one of these turns up where others can read it.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a secret is about, which decides where it may be."""

    KEY = "key"
    """A password, a token, a code: whoever has it is let in."""
    PERSON = "person"
    """Who the owner is: a user name, the number of an account, a client ID."""
    CAR = "car"
    """Which car it is: a VIN."""
    PLACE = "place"
    """Where somebody or something is: a position, an address."""


type Witness = Callable[[Kind, str], None]

WELL_KNOWN: Final[dict[str, Kind]] = {}
"""Those that stand in the tests themselves."""

_witnesses: Final[list[Witness]] = []


def well_known(kind: Kind, *secrets: str) -> None:
    """Tell of secrets that are the same in every test; to be called once, beside their definition."""
    WELL_KNOWN.update(dict.fromkeys(secrets, kind))


def issue(kind: Kind, *secrets: object) -> None:
    """Tell of secrets that were made up just now, or are about to be used."""
    for witness in _witnesses:
        for secret in secrets:
            witness(kind, str(secret))


def watch(witness: Witness) -> None:
    """Have somebody told of every secret from now on."""
    _witnesses.append(witness)


def unwatch(witness: Witness) -> None:
    """Have them told no more."""
    _witnesses.remove(witness)
