"""Reading a cloud's JSON one typed field at a time.

Whatever a cloud sends, reading it never fails: a value that does not fit reads as absent and is noted once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import Enum
from functools import lru_cache
import re
from typing import Final, Self

from . import Json

type Oddities = dict[str, str]
"""What was odd, by the path to it."""

LONGEST_LIST: Final = 100
"""No more of a list is read; a car has nothing in such numbers."""

LONGEST_TEXT: Final = 500
"""A longer text is no name, token or address and counts as odd."""

MOST_NAMES: Final = 200
"""No more names of fields are taken for values; the longest list of a car's switches has not half of that."""

MOST_ODDITIES: Final = 100
"""No more are noted; an answer with that many was not meant for us."""

DEEPEST_KEPT: Final = 100
"""So many levels of what was kept are read again; what is hundreds deep could be read, but not be written."""

_NEVER: Final = 1  # the year of a moment that is not set
_SANE_YEARS: Final = range(1970, 2200)
_FIRST_MILLISECOND: Final = 1e11
"""As seconds, this is in the year 5138; as milliseconds, in 1973."""
_LAST_MILLISECOND: Final = datetime(_SANE_YEARS[-1], 1, 1, tzinfo=UTC).timestamp() * 1000
_CLOCK: Final = re.compile(r"0001-01-01T([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\.[0-9]{3})?")
_HOURS: Final = range(24)
_MINUTES: Final = range(60)

# Only what looks like a token may be quoted: a VIN has digits, an address spaces, a name small letters.
_QUOTABLE: Final = re.compile(r"[A-Z][A-Z_]{0,39}")
# What may pass as a word or the name of a field: no sentence, and nothing with a number in it that may say whose it is.
_WORD: Final = re.compile(r"(?![A-Za-z0-9_]*[0-9]{5})[A-Za-z][A-Za-z0-9_]{0,59}")
_LONGEST_WORD: Final = 60
_WORDS_REMEMBERED: Final = 1024  # a cloud uses the same some hundred again and again
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

_KINDS: Final[Mapping[type, str]] = {
    bool: "a flag",
    dict: "an object",
    float: "a number",
    int: "a number",
    list: "a list",
    str: "a text",
    type(None): "nothing",
}


@dataclass(frozen=True, slots=True)
class Tokens[T]:
    """What the words mean that may stand in a field; their case does not matter."""

    meanings: Mapping[str, T]
    absent: T
    unlisted: T


def names_of[E: Enum](kind: type[E], *, unknown: E, more: Mapping[str, E] | None = None) -> Tokens[E]:
    """The tokens of a field for which a cloud happens to use the names of our own enum, and perhaps some more."""
    return Tokens(kind.__members__ | dict(more or {}), absent=unknown, unlisted=unknown)


class _OddError(Exception):
    """A value is not what it should be."""

    def __init__(self, found: str, wanted: str) -> None:
        super().__init__(f"{found} instead of {wanted}")


class Fields:
    """A JSON object, read field by field; false if it is empty.

    Where a field stands is worked out only if there is something to note about it: all fields of all cars are read
    every few minutes, and next to none is odd.
    """

    __slots__ = ("_index", "_name", "_outer", "_raw")

    def __init__(self, raw: dict[str, Json], name: str, outer: Fields | Oddities, index: int | None = None) -> None:
        """See an object that stands under a name in an outer one (or at an index of a list that stands there)."""
        self._raw = raw
        self._name = name
        self._outer = outer
        self._index = index

    @classmethod
    def of_answer(cls, answer: Json, name: str, oddities: Oddities) -> Self:
        """See a whole answer; what is odd in it goes to `oddities`. None is no answer, and not odd."""
        if isinstance(answer, dict):
            return cls(answer, name, oddities)
        if answer is not None:
            oddities[name] = f"{_kind(answer)} instead of an object"
        return cls({}, name, oddities)

    def __bool__(self) -> bool:
        return bool(self._raw)

    @property
    def raw(self) -> dict[str, Json]:
        """The object as it came, to tell whether it is the same as before."""
        return self._raw

    def note(self, key: str, problem: str) -> None:
        """Note that something is wrong with a field."""
        name = self._name if self._index is None else f"{self._name}[{self._index}]"
        path = f"{name}.{key}"
        if isinstance(self._outer, Fields):
            self._outer.note(path, problem)
        elif len(self._outer) < MOST_ODDITIES:
            self._outer.setdefault(path, problem)

    def part(self, key: str) -> Fields:
        """An object within this one; an empty one if it is absent."""
        value = self._raw.get(key)
        if isinstance(value, dict):
            return Fields(value, key, self)
        if value is not None:
            self.note(key, f"{_kind(value)} instead of an object")
        return NOTHING

    def parts(self, key: str, longest: int = LONGEST_LIST) -> list[Fields] | None:
        """A list of objects; items that do not fit are left out."""
        values = self._list(key, longest)
        if values is None:
            return None
        parts: list[Fields] = []
        for at, value in enumerate(values):
            if isinstance(value, dict):
                parts.append(Fields(value, key, self, at))
            else:
                self.note(f"{key}[{at}]", f"{_kind(value)} instead of an object")
        return parts

    def text(self, key: str) -> str | None:
        """A text; an empty one counts as absent."""
        value = self._raw.get(key)
        if value is None or (isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT and value.isprintable()):
            return value
        return self._take(key, value, _text)

    def word(self, key: str) -> str | None:
        """A token that is passed on as it is, in lower case."""
        value = self._raw.get(key)
        if value is None or value == "":
            return None
        if isinstance(value, str) and len(value) <= _LONGEST_WORD and (word := _lowered(value)):
            return word
        return self._take(key, value, _word)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; items that do not fit are left out."""
        return self._take_all(key, self._list(key) or [], _text)

    def token[T](self, key: str, tokens: Tokens[T]) -> T:
        """What a token means; whatever else stands there counts as not listed."""
        value = self._raw.get(key)
        if isinstance(value, str) and value in tokens.meanings:
            return tokens.meanings[value]
        if value is None or value == "":
            return tokens.absent
        try:
            return _meaning(value, tokens)
        except _OddError as odd:
            self.note(key, str(odd))
            return tokens.unlisted

    def tokens[T](self, key: str, tokens: Tokens[T | None]) -> tuple[T, ...]:
        """What the tokens of a list mean; those not listed are left out."""
        values = self._list(key)
        if not values:
            return ()
        meanings = [tokens.meanings.get(value) if isinstance(value, str) else None for value in values]
        known = tuple([meaning for meaning in meanings if meaning is not None])
        return known if len(known) == len(values) else self._take_all(key, values, lambda raw: _meaning(raw, tokens))

    def flag(self, key: str) -> bool | None:
        """A truth value."""
        value = self._raw.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.note(key, f"{_kind(value)} instead of a flag")
        return None

    def flags(self) -> frozenset[str]:
        """The names of all fields that are true."""
        return frozenset(self._named([name for name, value in self._raw.items() if value is True]))

    def named_parts(self) -> dict[str, Fields]:
        """All objects within this one, for those whose names are not known beforehand."""
        return {name: self.part(name) for name in self._named([*self._raw])}

    def integer(self, key: str, allowed: range) -> int | None:
        """A whole number, however it is written."""
        value = self._raw.get(key)
        if value is None or (type(value) is int and value in allowed):
            return value
        return self._take(key, value, lambda value: _integer(value, allowed))

    def integers(self, key: str, allowed: range) -> tuple[int, ...]:
        """A list of whole numbers; items that do not fit are left out."""
        values = self._list(key)
        return self._take_all(key, values, lambda value: _integer(value, allowed)) if values else ()

    def number(self, key: str, least: float, most: float) -> float | None:
        """A number between two bounds, which it may reach."""
        value = self._raw.get(key)
        return None if value is None else self._take(key, value, lambda value: _number(value, least, most))

    def moment(self, key: str) -> datetime | None:
        """A moment, in UTC and cut to the second."""
        value = self._raw.get(key)
        return None if value is None else self._take(key, value, _moment)

    def instant(self, key: str) -> datetime | None:
        """A moment, as text or counted since 1970 in seconds or, as its size tells, milliseconds; 0 is none."""
        value = self._raw.get(key)
        return None if value is None else self._take(key, value, _instant)

    def day(self, key: str) -> date | None:
        """The day on which a moment lies in UTC: the way clouds write a date that has no time."""
        moment = self.moment(key)
        return moment.date() if moment else None

    def clock(self, key: str) -> time | None:
        """A time of day on the car's own clock: an object of `hour` and `minute`, or a moment of the year 1."""
        value = self._raw.get(key)
        return None if value is None else self._take(key, value, _clock)

    def _named(self, names: list[str]) -> list[str]:
        """As many of the names as a cloud can mean to say, without those that are none."""
        sound = [name for name in names if len(name) <= _LONGEST_WORD and _lowered(name)][:MOST_NAMES]
        if len(sound) < len(names):
            self.note("*", f"{len(names) - len(sound)} names that are odd or too many")
        return sound

    def _list(self, key: str, longest: int = LONGEST_LIST) -> list[Json] | None:
        value = self._raw.get(key)
        if value is None:
            return None
        if not isinstance(value, list):
            self.note(key, f"{_kind(value)} instead of a list")
            return None
        if len(value) > longest:
            self.note(key, f"{len(value)} items, of which the first {longest} are read")
            return value[:longest]
        return value

    def _take[T](self, key: str, value: Json, read: Callable[[Json], T]) -> T | None:
        try:
            return read(value)
        except _OddError as odd:
            self.note(key, str(odd))
        return None

    def _take_all[T](self, key: str, values: list[Json], read: Callable[[Json], T | None]) -> tuple[T, ...]:
        try:
            taken = [read(value) for value in values]
        except _OddError:
            taken = [self._take(f"{key}[{at}]", value, read) for at, value in enumerate(values)]
        return tuple([item for item in taken if item is not None])


NOTHING: Final = Fields({}, "", {})
"""An object without fields."""


def is_shallow(document: Json, deepest: int) -> bool:
    """Whether no more than so many levels of lists and objects are in each other."""
    level: list[Json] = [document]
    for _ in range(deepest):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return True
    return not any(isinstance(rest, dict | list) for rest in level)


def _kind(value: Json) -> str:
    return _KINDS[type(value)]


def _text(value: Json) -> str | None:
    """A text that can be written down again, which one with half a surrogate pair cannot."""
    if isinstance(value, str) and len(value) <= LONGEST_TEXT and not _SURROGATE.search(value):
        return value or None
    raise _OddError(_kind(value), f"a text of at most {LONGEST_TEXT} characters")


def _word(value: Json) -> str:
    if isinstance(value, str) and len(value) <= _LONGEST_WORD and (word := _lowered(value)):
        return word
    raise _OddError(_kind(value), "a word")


@lru_cache(_WORDS_REMEMBERED)
def _lowered(text: str) -> str | None:
    """A word in lower case, None if it is none."""
    return text.lower() if _WORD.fullmatch(text) else None


def _meaning[T](value: Json, tokens: Tokens[T]) -> T:
    if not isinstance(value, str):
        raise _OddError(_kind(value), "a token")
    word = value.upper()
    if word in tokens.meanings:
        return tokens.meanings[word]
    found = value if _QUOTABLE.fullmatch(value) else _kind(value)
    raise _OddError(found, "a token we know")


def _integer(value: Json, allowed: range) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value in allowed:
        return value
    raise _OddError(_kind(value), f"a whole number from {allowed[0]} to {allowed[-1]}")


def _number(value: Json, least: float, most: float) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most:
        return float(value)
    raise _OddError(_kind(value), f"a number from {least} to {most}")


def _moment(value: Json) -> datetime | None:
    if not isinstance(value, str):
        raise _OddError(_kind(value), "a moment")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        if not value:
            return None
        raise _OddError(_kind(value), "a moment") from None
    if moment.year == _NEVER:
        return None
    if moment.tzinfo is None or moment.year not in _SANE_YEARS:
        raise _OddError(_kind(value), "a moment of our time")
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.replace(microsecond=0) if moment.microsecond else moment


def _instant(value: Json) -> datetime | None:
    if isinstance(value, str):
        return _moment(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LAST_MILLISECOND:
        raise _OddError(_kind(value), "a moment of our time")
    seconds = int(value if value < _FIRST_MILLISECOND else value / 1000)
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _clock(value: Json) -> time:
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return datetime.fromisoformat(value).time().replace(second=0, microsecond=0)
    if isinstance(value, dict):
        hour, minute = value.get("hour"), value.get("minute")
        if type(hour) is int and type(minute) is int and hour in _HOURS and minute in _MINUTES:
            return time(hour, minute)
    raise _OddError(_kind(value), "a time of day")
