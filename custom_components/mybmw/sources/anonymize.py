"""Makes a cloud's answers fit to be shown to strangers: who owns the car, which one it is and where it was are gone.

A value goes if its key says that it is personal, if it looks like an identification number, a mail address or a
position, or if it is known to be personal from somewhere else. Better one value too many than one too few.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
import re
from typing import Final

from . import Json

_DEEPEST: Final = 60
"""Nothing below this many levels is shown; no real answer goes half as deep."""

_MOST_VALUES: Final = 200_000
"""No more values of a document are shown; those of the largest account have not half as many."""

_LONGEST_SHOWN: Final = 20_000
"""No more characters of a text are shown; the longest known has a quarter of them."""

_MOST_CHARACTERS: Final = 5_000_000
"""... and no more of all texts together."""

_LATITUDE: Final = 12.3456
_LONGITUDE: Final = 34.5678
_POSITION: Final = "some_position"
_PLACE: Final = "some_place"
_ADDRESS: Final = "some_address"
_STREET: Final = "some_street"
_CODE: Final = "some_postal_code"
_CITY: Final = "some_city"
_NAME: Final = "some_name"
_EMAIL: Final = "some_email"
_PHONE: Final = "some_phone"
_PLATE: Final = "some_license_plate"
_ID: Final = "some_id"
_HIDDEN: Final = "some_secret"
_VIN: Final = "some_vin"

_KEYS: Final[Mapping[str, Json]] = {
    "cid": _ID,
    "deviceid": _ID,
    "formatted": _ADDRESS,
    "gcid": _ID,
    "housenumber": "999",
    "long": _LONGITUDE,
    "streetnumber": "999",
    "sub": _ID,
    "subtitle": "some_subtitle",
    "ucid": _ID,
    "username": _NAME,
    "usid": _ID,
}
"""What stands in place of everything under a key. Keys are compared by their letters alone, whatever the case."""

_WORDS: Final[Mapping[str, Json]] = {
    "lat": _LATITUDE,
    "latitude": _LATITUDE,
    "lon": _LONGITUDE,
    "lng": _LONGITUDE,
    "longitude": _LONGITUDE,
    "heading": 123,
    "coordinate": _POSITION,
    "position": _POSITION,
    "geo": _POSITION,
    "gps": _POSITION,
    "address": _ADDRESS,
    "street": _STREET,
    "road": _STREET,
    "postal": _CODE,
    "postcode": _CODE,
    "zip": _CODE,
    "zipcode": _CODE,
    "city": _CITY,
    "town": _CITY,
    "district": "some_district",
    "settlement": "some_settlement",
    "location": _PLACE,
    "municipality": _PLACE,
    "poi": _PLACE,
    "suburb": _PLACE,
    "village": _PLACE,
    "email": _EMAIL,
    "mail": _EMAIL,
    "mobile": _PHONE,
    "msisdn": _PHONE,
    "phone": _PHONE,
    "plate": _PLATE,
    "authorization": _HIDDEN,
    "cookie": _HIDDEN,
    "credential": _HIDDEN,
    "passwd": _HIDDEN,
    "password": _HIDDEN,
    "pin": _HIDDEN,
    "secret": _HIDDEN,
    "session": _HIDDEN,
    "token": _HIDDEN,
    "account": _ID,
    "contract": _ID,
    "customer": _ID,
    "iban": _ID,
    "iccid": _ID,
    "imei": _ID,
    "serial": _ID,
    "ssid": _ID,
    "user": _ID,
    "birth": "some_day",
    "contact": _NAME,
    "name": _NAME,
    "names": _NAME,
    "owner": _NAME,
    "surname": _NAME,
    "vin": _VIN,
}
"""The same for keys that have such a word in them ("gpsLatitudeE6"); of several, the first here counts."""

_SHORTEST_FOUND: Final = 5
"""Words that are shorter have to stand alone between capitals; longer ones are found in lower case, too."""

_LEARNED: Final = frozenset({_ID, _HIDDEN, _PHONE, _EMAIL, _PLATE})
"""What is personal wherever else it stands, too."""
_SHORTEST_LEARNED: Final = 6
_LONGEST_LEARNED: Final = 5_000
_MOST_LEARNED: Final = 1_000
_BRANCHES: Final = 4

_DIGIT_OR_AT: Final = re.compile(r"[0-9@]")  # no ordinary word

_NO_LETTER: Final = re.compile(r"[^a-z]")
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_EMAIL_ADDRESS: Final = re.compile(r"(?<![^\s@\"<>,;:/?&=])[^\s@\"<>,;:/?&=]+(?:@|%(?:25)*40)[^\s@\"'<>,;:/?&=]{1,255}")

_VIN_LENGTH: Final = 17
_TAIL_LENGTH: Final = 7  # what BMW itself calls a car by
# A vehicle identification number is 17 characters; whatever it is run together with goes as well. Runs without a digit
# are words. Keys are read more strictly: camelCase names of fields are longer than that and may have a few
# digits.
_VIN_IN_VALUE: Final = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]*[0-9])[A-Za-z0-9]{17,}")
_VIN_IN_KEY: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:(?=[A-Z]*[0-9])[A-Z0-9]{17,}(?![a-z])|(?=(?:[A-Za-z]*[0-9]){5})[A-Za-z0-9]{17,})"
)

# Degrees with so many decimals tell a house; nothing else that a car tells is as exact. Moments are spared.
_MOST_DEGREES: Final = 180
_EXACT_DEGREES: Final = re.compile(r"(?<![0-9.])(?<![0-9]:)[0-9]{1,3}[.][0-9]{4,}")


class Anonymizer:
    """Replaces what is personal in JSON documents; the same car or address gets the same replacement in all of them."""

    def __init__(self, *secrets: str) -> None:
        """Have seen nothing yet but some secrets, such as the name of the account."""
        self._vins: dict[str, str] = {}
        self._emails: dict[str, str] = {}
        self._known: dict[str, str] = {}
        self._known_pattern: re.Pattern[str] | None = None
        self._values_left = self._characters_left = 0
        for secret in secrets:
            self._learn(secret, _ID)
            self._learn(secret.removeprefix("86"), _ID)  # a phone number without its country, which is China

    def __call__(self, document: Json) -> Json:
        """A copy of a document without anything personal."""
        self.learn(document)
        self._values_left, self._characters_left = _MOST_VALUES, _MOST_CHARACTERS
        return self._value(document, None, _DEEPEST)

    def learn(self, document: Json) -> None:
        """Remember what is personal in a document, so as to find it in others."""
        for value, meaning in islice(_values(document, None, _DEEPEST), 2 * _MOST_VALUES):  # keys and values
            if isinstance(value, str):
                for found in _VIN_IN_VALUE.finditer(value[:_LONGEST_SHOWN]):
                    self._vin(found)
            if isinstance(meaning, str) and meaning in _LEARNED:
                self._learn(str(value), meaning)

    def _learn(self, value: str, instead: str) -> None:
        is_one = _SHORTEST_LEARNED <= len(value) <= _LONGEST_LEARNED and _DIGIT_OR_AT.search(value)
        if is_one and len(self._known) < _MOST_LEARNED:
            self._known.setdefault(value.lower(), instead)
            self._known_pattern = None

    def _value(self, value: Json, instead: Json, levels_left: int) -> Json:
        """A value without anything personal; below a personal key, `instead` stands for every text and number."""
        self._values_left -= 1
        if not levels_left or self._values_left < 0:
            return None
        match value:
            case None | bool():
                return value
            case dict():
                return {
                    self._text(key, _VIN_IN_KEY): self._value(inner, meaning, levels_left - 1)
                    for key, inner, meaning in _fields(value, instead)
                }
            case list():
                return [self._value(inner, instead, levels_left - 1) for inner in value]
            case str():
                return self._shown(value, instead)
            case _:
                return self._number(value) if instead is None else instead

    def _shown(self, text: str, instead: Json) -> Json:
        if instead is None:
            return self._text(text, _VIN_IN_VALUE)
        if instead == _VIN and (shown := self._text(text, _VIN_IN_VALUE)) != text:
            return shown
        return instead

    def _number(self, number: float) -> Json:
        if abs(number) <= _MOST_DEGREES and _EXACT_DEGREES.search(repr(number)):
            return _LATITUDE
        return self._known.get(str(number), number)

    def _text(self, text: str, vin: re.Pattern[str]) -> str:
        if len(text) > (most := min(_LONGEST_SHOWN, self._characters_left)):
            text = text[:most].rpartition(" ")[0]  # half a word might not be recognized
        self._characters_left -= len(text)
        text = vin.sub(self._vin, _EMAIL_ADDRESS.sub(self._email, text))
        if self._known:
            self._known_pattern = self._known_pattern or _any_of(self._known)
            text = self._known_pattern.sub(lambda found: self._known.get(found[0].lower(), _ID), text)
        return _EXACT_DEGREES.sub(str(_LATITUDE), text)

    def _vin(self, found: re.Match[str]) -> str:
        vin = found[0].upper()
        if vin not in self._vins:
            self._vins[vin] = instead = f"{vin[:3]}0FINGERPRINT{len(self._vins) + 1:02}"
            if len(vin) == _VIN_LENGTH:
                self._learn(vin, instead)
                self._learn(vin[-_TAIL_LENGTH:], instead[-_TAIL_LENGTH:])
        return self._vins[vin]

    def _email(self, found: re.Match[str]) -> str:
        address = found[0].lstrip("'")
        quotes = "'" * (len(found[0]) - len(address))
        return quotes + self._emails.setdefault(address.lower(), f"someone{len(self._emails) + 1:02}@example.invalid")


def _any_of(texts: Iterable[str]) -> re.Pattern[str]:
    """A pattern for any of these texts, whatever their case; of several that fit, the longest counts."""
    return re.compile(_branches(sorted(texts, key=len, reverse=True), _BRANCHES), re.IGNORECASE)


def _branches(texts: list[str], levels: int) -> str:
    """Those that begin alike stand together, so that a letter tells which of a thousand it may be, if any."""
    if not levels:
        return f"(?:{'|'.join(map(re.escape, texts))})"
    rests: dict[str, list[str]] = {}
    for text in texts:
        rests.setdefault(text[0], []).append(text[1:])
    return f"(?:{'|'.join(re.escape(first) + _branches(rest, levels - 1) for first, rest in rests.items())})"


def _values(value: Json, meaning: Json, levels_left: int) -> Iterator[tuple[str | float, Json]]:
    """All keys, texts and numbers of a document, and what they are by the keys they stand under."""
    if not levels_left:
        return
    match value:
        case None | bool():
            pass
        case dict():
            for key, inner, inner_meaning in _fields(value, meaning):
                yield key, None
                yield from _values(inner, inner_meaning, levels_left - 1)
        case list():
            for inner in value:
                yield from _values(inner, meaning, levels_left - 1)
        case _:
            yield value, meaning


def _fields(document: dict[str, Json], meaning: Json) -> list[tuple[str, Json, Json]]:
    """The fields of an object and what they are. A value beside a latitude or a longitude is part of the position."""
    fields = [(key, inner, _meaning(key)) for key, inner in document.items()]
    is_position = any(own in {_LATITUDE, _LONGITUDE} for _, _, own in fields)
    beside = _POSITION if is_position and meaning is None else meaning
    return [
        (key, inner, own if own is not None else meaning if isinstance(inner, dict) else beside)
        for key, inner, own in fields
    ]


@lru_cache(maxsize=1_000)
def _meaning(key: str) -> Json:
    """What a key says about everything under it; None if nothing personal."""
    letters = _NO_LETTER.sub("", key.lower())
    if letters in _KEYS:
        return _KEYS[letters]
    words = {word.lower() for word in _WORD.findall(key)}
    for word, meaning in _WORDS.items():
        if word in words or (len(word) >= _SHORTEST_FOUND and word in letters):
            return meaning
    return _NAME if letters.endswith("name") else None
