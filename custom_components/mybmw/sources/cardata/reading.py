"""A reading: what a car said for a descriptor, in which unit, and when. However it was written, it reads the same.

The stream sends numbers, truth values and words; REST sends text for all of them, and each has spellings of its own.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
import re
from typing import Final, NamedTuple

from .. import Json
from ..fields import LONGEST_TEXT
from .catalogue import CATALOGUE
from .entry import Entry, Kind

type Value = bool | int | float | str | None
"""What is read; None is the car's own word for "I do not know"."""

type Decode = Callable[[Json], Value]

LONGEST_STRUCTURE: Final = 20_000
"""Characters in a text that holds a document; the longest that was seen has some 5000."""

LARGEST_NUMBER: Final = 1e12
"""No number of a car comes near it."""

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When something was said if nobody says when."""

_SANE_YEARS: Final = range(1970, 2200)
_LONGEST_NUMBER: Final = 30
_SQUEEZED: Final = re.compile("[^A-Z0-9]+")

_ABSENT: Final = frozenset(
    {"", "NA", "INVALID", "UNKNOWN", "ISUNKNOWN", "NOTAVAILABLE", "SIGNALINVALID", "ISINVALID", "NULL", "NONE"}
)
"""Squeezed words that say that nothing is known."""

_SPELLINGS: Final = (
    ("TRUE", "OPEN"),
    ("ISTRUE", "OPEN"),
    ("FALSE", "CLOSED"),
    ("ISFALSE", "CLOSED"),
    ("FALSE", "UNLOCKED"),
    ("ISFALSE", "UNLOCKED"),
    ("DEACTIVE", "DEACTIVATE"),
)
"""Squeezed words, and what they mean where that is listed.

Doors are open or closed in REST, true or false in the stream; a timer is "deactive" in REST. For the lock BMW's
catalogue lists true and false twice, of all doors and of the trunk: false is not locked whichever it is, but true could
be the trunk alone, and so is no word for locked.
"""

_NO: Final = re.compile("(FALSE|UNLOCKED|CLOSED|NOTLOCKED|(IN|NOT|DE)ACTIVE?|INACTIVE|NOTCHOSEN|OFF|NO|0)$")
_YES: Final = re.compile("(TRUE|LOCKED|OPEN|ACTIVE|CHOSEN|ON|YES|1)$")

_UNITS: Final[Mapping[str, str]] = {
    "percent": "%",
    "%": "%",
    "degrees": "°",
    "degree": "°",
    "°": "°",
    "celsius": "°C",
    "°c": "°C",
    "fahrenheit": "°F",
    "°f": "°F",
    "km": "km",
    "kilometer": "km",
    "kilometers": "km",
    "mi": "mi",
    "mile": "mi",
    "miles": "mi",
    "m": "m",
    "ft": "ft",
    "kpa": "kPa",
    "bar": "bar",
    "psi": "psi",
    "w": "W",
    "kw": "kW",
    "kwh": "kWh",
    "min": "min",
    "minutes": "min",
    "s": "s",
    "h": "h",
    "months": "months",
    "weeks": "weeks",
    "v": "V",
    "a": "A",
    "l": "L",
    "liter": "L",
    "litre": "L",
    "gal": "gal",
    "gallon": "gal",
    "gallons": "gal",
    "km/h": "km/h",
    "mph": "mph",
    "stars": "stars",
    "kwh/100km": "kWh/100km",
    "mi/kwh": "mi/kWh",
}
"""Units as they are written by BMW (in small letters and without spaces) and by us."""


class OddReadingError(Exception):
    """What stands there is no reading. The message holds nothing of it."""

    def __init__(self, found: Json, wanted: str) -> None:
        """Say of what type it is."""
        super().__init__(f"{type(found).__name__} instead of {wanted}")


class Reading(NamedTuple):
    """What a car said.

    `at` is BMW's moment for it, `since` the moment of the first of all readings in a row that had this value.
    """

    value: Value
    unit: str | None
    at: datetime
    since: datetime


def unit_of(written: Json) -> str | None:
    """A unit, None if there is none or nobody knows it."""
    if not isinstance(written, str):
        return None
    word = written.lower().replace(" ", "").replace("â", "").replace("\ufffd", "°")
    return _UNITS.get(word)


def moment_in(written: Json) -> datetime | None:
    """BMW's moment of a reading, None if there is none. One without a zone is of UTC, as all of them are."""
    if not isinstance(written, str):
        return None
    try:
        moment = datetime.fromisoformat(written)
        if moment.year not in _SANE_YEARS:
            return None
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except ValueError, OverflowError:
        return None


def decoder_of(descriptor: str) -> Decode:
    """What reads the values of a descriptor; it raises OddReadingError for what is none."""
    if descriptor not in _DECODERS:
        return _guess
    return _DECODERS[descriptor]


def squeezed(word: str) -> str:
    """A word without what differs between its spellings: case, signs and BMW's "ASN_"."""
    return _SQUEEZED.sub("", word.upper().removeprefix("ASN_"))


def _number(raw: Json) -> Value:
    if type(raw) is int or type(raw) is float:
        value: int | float = raw
    elif isinstance(raw, str) and len(raw) <= _LONGEST_NUMBER:
        try:
            value = int(raw) if raw.isdecimal() else float(raw)
        except ValueError:
            if squeezed(raw) in _ABSENT:
                return None
            raise OddReadingError(raw, "a number") from None
    else:
        raise OddReadingError(raw, "a number")
    if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:  # which NaN is not, either
        raise OddReadingError(raw, "a number that a car could have")
    return value


def _flag(raw: Json) -> Value:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, int | float):
        raw = str(int(raw)) if raw in {0, 1} else "x"
    if not isinstance(raw, str) or len(raw) > LONGEST_TEXT:
        raise OddReadingError(raw, "a flag")
    word = squeezed(raw)
    if word in _ABSENT:
        return None
    if _NO.search(word):
        return False
    if _YES.search(word):
        return True
    raise OddReadingError(raw, "yes or no")


def _text(raw: Json, longest: int = LONGEST_TEXT) -> Value:
    if isinstance(raw, bool | int | float):
        return _guess(raw)
    if not isinstance(raw, str) or len(raw) > longest:
        raise OddReadingError(raw, f"a text of at most {longest} characters")
    if not raw.isprintable() and not raw.isascii() and any("\ud800" <= letter <= "\udfff" for letter in raw):
        raise OddReadingError(raw, "a text that can be written down")
    is_word = raw.isascii() and not raw.startswith(("[", "{", "<"))
    return None if is_word and squeezed(raw) in _ABSENT else raw


def _structure(raw: Json) -> Value:
    return _text(raw, LONGEST_STRUCTURE)


def _guess(raw: Json) -> Value:
    """A value of which nobody knows of what kind it is."""
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, int | float):
        return _number(raw)
    text = _text(raw)
    if not isinstance(text, str):
        return text
    if (word := text.lower()) in {"true", "false"}:
        return word == "true"
    try:
        return _number(text)
    except OddReadingError:
        return text


def _words(words: tuple[str, ...]) -> Decode:
    """What reads one of several words, however it is spelled. One that is not listed is taken as it comes."""
    listed = {squeezed(word): word for word in words}
    listed |= {spelling: listed[word] for spelling, word in _SPELLINGS if word in listed}
    known: dict[str, Value] = {word: word for word in words}

    def word(raw: Json) -> Value:
        if isinstance(raw, str) and raw in known:
            return known[raw]
        if isinstance(raw, bool):
            raw = str(raw)
        if not isinstance(raw, str) or len(raw) > LONGEST_TEXT:
            raise OddReadingError(raw, "a word")
        bare = squeezed(raw)
        if bare in listed:
            return listed[bare]
        return None if bare in _ABSENT else _text(raw.upper())

    return word


def _decoder(entry: Entry) -> Decode:
    match entry.kind:
        case Kind.NUMBER:
            return _number
        case Kind.FLAG:
            return _flag
        case Kind.WORD:
            return _words(entry.words)
        case Kind.STRUCTURE:
            return _structure
        case Kind.TEXT | Kind.MOMENT:
            return _text


_DECODERS: Final[Mapping[str, Decode]] = {descriptor: _decoder(entry) for descriptor, entry in CATALOGUE.items()}
