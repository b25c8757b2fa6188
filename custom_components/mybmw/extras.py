"""What values are called that the model of a car has no place for.

Those of BMW's catalogue have names in the translations. One that BMW adds tomorrow is called what BMW calls it.
"""

from collections.abc import Iterator, Mapping
import re
from typing import Final

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+|[0-9]+V?")

_SPELLED_OUT: Final[Mapping[str, str]] = {
    "aux": "auxiliary",
    "avg": "average",
    "id": "ID",
    "max": "maximum",
    "min": "minimum",
    "sevice": "service",
    "travelled": "traveled",
}
"""What BMW abbreviates, or writes in its own way."""


def plain_name(descriptor: str) -> str:
    """What a value is called that nobody has named: the words of its descriptor."""
    words = (word if word.isupper() else word.lower() for word in _words_of(descriptor))
    name = " ".join(_SPELLED_OUT.get(word, word) for word in words)
    return name[:1].upper() + name[1:]


def translation_key(descriptor: str) -> str:
    """Under what the name of a value stands in the translations, if it has one."""
    return "_".join(_words_of(descriptor)).lower()


def _words_of(descriptor: str) -> Iterator[str]:
    """The words of a descriptor, without those that say what all say, or the same twice."""
    said = ""
    for part in descriptor.split("."):
        for word in _WORD.findall(part):
            if word.lower() not in {said, "vehicle"}:
                yield word
            said = word.lower()
