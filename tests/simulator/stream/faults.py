"""What goes wrong with the stream, by name: each was seen by somebody, see docs/clouds.md."""

from collections.abc import Iterable, Set as AbstractSet
from enum import StrEnum
from typing import Final

from .news import News


class StreamFault(StrEnum):
    """Faults that can be on together."""

    RIVAL = "rival"
    """Another client of the owner's comes back ten seconds after it was evicted, and evicts in turn."""
    REFUSED = "refused"
    """Everybody is refused, with code 5."""
    BAD_CREDENTIALS = "bad-credentials"
    """Everybody is refused, with code 4."""
    BUSY = "busy"
    """Everybody is refused, with code 3."""
    UNREACHABLE = "unreachable"
    """Nobody answers, as behind a port that is blocked; who was connected is cut off."""
    SILENT = "silent"
    """Nothing comes, and what would have come never does."""
    SILENT_CHARGE = "silent-charge"
    """While a car charges nothing comes of it, and that it has ended does not come either."""
    DROP = "drop"
    """The connection is closed in the middle of each upload."""
    GARBAGE = "garbage"
    """Between the messages there are others, of which nothing can be made."""
    LATE = "late"
    """An upload comes only together with the next one."""
    DUPLICATE = "duplicate"
    """Each message comes twice."""
    OUT_OF_ORDER = "out-of-order"
    """The messages of an upload come in the opposite order."""


GARBAGE: Final = (
    b"",
    b"\x00\xff\xfe",
    b'{"vin": "WBA',
    b"null",
    b"[1, 2, 3]",
    b'{"vin": 5, "data": []}',
    b'{"vin": "WBA99999999999999", "data": null}',
    b"[" * 100_000,
    b'{"data": ' * 200 + b"1" + b"}" * 200,
    b'{"data": "' + b"x" * 200_000 + b'"}',
)


def spoiled(burst: list[News], faults: AbstractSet[StreamFault]) -> Iterable[News]:
    """What arrives of an upload."""
    order = reversed(burst) if StreamFault.OUT_OF_ORDER in faults else burst
    for number, news in enumerate(order):
        if StreamFault.GARBAGE in faults:
            yield News(news.topic, GARBAGE[number % len(GARBAGE)])
        yield news
        if StreamFault.DUPLICATE in faults:
            yield news
