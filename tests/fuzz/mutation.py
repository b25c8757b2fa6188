"""How what was really sent is changed into what nobody should send.

hypothesis would draw a hundred thousand of these in hours, and could not play a single one again by its number. What is
drawn here depends on nothing but a seed.
"""

from collections.abc import Callable, Sequence
import gzip
import json as json_module
from random import Random
from typing import Final

from custom_components.mybmw.sources import Json

from .junk import NESTED, NUMBERS, WORDS, Change, Path, at, changed, without

_MOST_CHANGES: Final = 4
_LONG: Final = 2_000
_LONGEST: Final = 50_000
_MANY: Final = 300
_DEEP: Final = 3_000

_BYTES: Final = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xc0\xaf",
    b"null",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"1" * 400,
    b'"\\ud800"',
    b"{",
    b"]",
    b'"',
    b",",
    b"<html><body>502</body></html>",
    b"[" * _DEEP + b"]" * _DEEP,
    b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
)
_ENCODINGS: Final = ("utf-16", "utf-32", "utf-8-sig", "cp037", "latin-1")


class Mutator:
    """Everything that is drawn for one case; `strangers` are documents of which parts may turn up in others."""

    def __init__(self, seed: str, strangers: Sequence[Json] = ()) -> None:
        """Draw nothing yet."""
        self.random = Random(seed)  # noqa: S311 (nothing is to be kept secret by it)
        self._strangers = strangers
        self._may_multiply = True

    def pick[T](self, choices: Sequence[T]) -> T:
        """One of several."""
        return self.random.choice(choices)

    def chance(self, share: float) -> bool:
        """Whether something happens that happens so often."""
        return self.random.random() < share

    def junk(self) -> Json:
        """A value that nobody expects."""
        match self.random.randrange(8):
            case 0 | 1:
                return self.pick(NUMBERS)
            case 2 | 3:
                return self.pick(WORDS)
            case 4:
                return self.pick((None, True, False))
            case 5:
                return self.pick(NESTED)
            case 6:
                return "".join(map(chr, self.random.choices(range(0x250), k=self.random.randrange(20))))
            case _:
                return self._stranger()

    def document(self, json: Json, under: Path = ()) -> Json:
        """A document with some changes, all of them below a path of it."""
        self._may_multiply = True
        for _ in range(self.random.randint(1, _MOST_CHANGES)):
            json = self._changed_once(json, under)
        return json

    def path(self, json: Json, under: Path = ()) -> Path:
        """The way to one of a document's values, sooner a deep one than a shallow one."""
        path, value = under, at(json, under)
        while value and isinstance(value, dict | list) and not self.chance(0.15):
            key = self.pick([*value]) if isinstance(value, dict) else self.random.randrange(len(value))
            path, value = (*path, key), at(value, (key,))
        return path

    def written(self, json: Json) -> bytes:
        """A document as bytes, which may be no document any more."""
        try:
            whole = json_module.dumps(json, ensure_ascii=self.chance(0.5)).encode(errors="surrogatepass")
        except RecursionError:
            whole = b"[" * _DEEP
        return self.octets(whole) if self.chance(0.3) else whole

    def octets(self, whole: bytes) -> bytes:
        """Bytes of which some are others, more, fewer or written otherwise."""
        here, there = sorted((self.random.randrange(len(whole) + 1), self.random.randrange(len(whole) + 1)))
        ways: tuple[Callable[[], bytes], ...] = (
            lambda: whole[:here],
            lambda: whole[:here] + whole[there:],
            lambda: whole[:here] + self.pick(_BYTES) + whole[there:],
            lambda: whole[:here] + self.pick(_BYTES) + whole[here:],
            lambda: self._flipped(whole),
            lambda: whole.decode(errors="replace").encode(self.pick(_ENCODINGS), errors="replace"),
            lambda: gzip.compress(whole, mtime=0),
            lambda: whole[here:there] + whole,
        )
        return self.pick(ways)()

    def _flipped(self, whole: bytes) -> bytes:
        """Bytes with some bits of the other kind."""
        flipped = bytearray(whole)
        for _ in range(self.random.randint(1, 8) if whole else 0):
            flipped[self.random.randrange(len(whole))] ^= 1 << self.random.randrange(8)
        return bytes(flipped)

    def _changed_once(self, json: Json, under: Path) -> Json:
        path = self.path(json, under)
        *parent, key = path or (None,)
        if len(path) > len(under) and key is not None:
            match self.random.randrange(6):
                case 0:
                    return changed(json, tuple(parent), without(key))
                case 1:
                    return changed(json, tuple(parent), self._renamed(key))
                case 2:
                    return changed(json, tuple(parent), self._swapped(key))
                case _:
                    pass
        return changed(json, path, self._change())

    def _change(self) -> Change:
        """One way to spoil a value."""
        junk, stranger = self.junk(), self._stranger()
        changes: tuple[Change, ...] = (
            lambda _: junk,
            lambda _: junk,
            lambda _: stranger,
            lambda value: [value],
            lambda value: {"value": value},
            lambda value: [value] * self._many(),
            lambda value: next(iter(value.values()), None) if isinstance(value, dict) else str(value)[:50],
            lambda value: value[0] if isinstance(value, list) and value else [value, value],
            lambda value: value[::-1] if isinstance(value, list | str) else value,
            lambda value: (value * _LONG)[:_LONGEST] if isinstance(value, str) else junk,
            lambda value: value.swapcase() if isinstance(value, str) else junk,
            lambda value: f" {value}\t" if isinstance(value, str | int | float) else junk,
            lambda value: -value if isinstance(value, int | float) else junk,
            lambda value: value * 10**9 if isinstance(value, int | float) else junk,
            self._other_moment,
            self._grown,
        )
        return self.pick(changes)

    def _many(self) -> int:
        """How often something is repeated; not again and again within each other."""
        if not self._may_multiply:
            return 2
        self._may_multiply = False
        return self.pick((1, 2, _MANY))

    def _other_moment(self, value: Json) -> Json:
        """A moment of another year, or none."""
        if not isinstance(value, str) or len(value) < len("2023-01-01"):
            return self.junk()
        return self.pick(("0001", "0000", "1969", "2038", "2199", "9999", "12345", "-001")) + value[4:]

    def _grown(self, value: Json) -> Json:
        """The same with more in it."""
        match value:
            case dict():
                return value | {f"key{number}": self.junk() for number in range(self._many())}
            case list() if value:
                return value + [self.pick(value) for _ in range(self._many())]
            case _:
                return self.junk()

    def _renamed(self, key: str | int) -> Change:
        name = self.pick((str(key).upper(), str(key).lower(), f"{key} ", f"_{key}", "", "\ud83d", "ü" * 300))

        def change(json: Json) -> Json:
            if not isinstance(json, dict):
                return json
            return {name if own == key else own: value for own, value in json.items()}

        return change

    def _swapped(self, key: str | int) -> Change:
        """What has a value and one beside it change places."""
        draw = self.random.random()

        def change(json: Json) -> Json:
            match json, key:
                case dict(), str():
                    other = [*json][int(draw * len(json))]
                    return json | {key: json[other], other: json[key]}
                case list(), int():
                    at_other, items = int(draw * len(json)), [*json]
                    items[key], items[at_other] = items[at_other], items[key]
                    return items
                case _:
                    return json

        return change

    def _stranger(self) -> Json:
        if not self._strangers:
            return None
        other = self.pick(self._strangers)
        return at(other, self.path(other))
