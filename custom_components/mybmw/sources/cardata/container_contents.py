"""What goes into a container: all that a car can be asked about, or as much of it as BMW takes."""

from collections import deque
from collections.abc import Sequence
from hashlib import sha256
import re
from typing import Final

from .failures import Cause, DeniedError, FailedError

SHORTEST_LIST: Final = 30
"""A list is halved until it is shorter than this; every account took that many."""

_ABOUT_CONTENTS: Final = frozenset({Cause.UNEXPLAINED, Cause.KEY_UNKNOWN})
"""Refusals that less may help against."""

_WORD: Final = re.compile(r"[\w.]*\w")


def purpose_of(descriptors: Sequence[str]) -> str:
    """What a container of ours says that it is for; in whatever order, the same descriptors give the same."""
    fingerprint = sha256("\n".join(sorted(descriptors)).encode()).hexdigest()[:16]
    return f"github.com/mybmw-ha/mybmw list {fingerprint}"


def shorter_and_shorter(descriptors: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The whole list, its first half, and so on."""
    lists = [descriptors]
    while len(lists[-1]) // 2 >= SHORTEST_LIST:
        lists.append(lists[-1][: len(lists[-1]) // 2])
    return lists


class Contents:
    """What BMW is asked to take: less after each refusal, but always `more_than` so many descriptors.

    Of a list that was too long, it begins with what is `less_than` that.

    Descriptors that BMW names cost one attempt and themselves; if it goes on to name others, the list is halved, too.
    """

    def __init__(self, descriptors: tuple[str, ...], *, more_than: int = 0, less_than: int | None = None) -> None:
        """Begin with all `descriptors`, of which those that matter most come first."""
        lists = shorter_and_shorter(descriptors)
        self._lists = deque(one for one in lists if less_than is None or len(one) < less_than)
        self._unknown: set[str] = set()
        self._more_than = more_than

    @property
    def descriptors(self) -> tuple[str, ...]:
        """What to ask for now."""
        return tuple(key for key in self._lists[0] if key not in self._unknown)

    def reduce(self, err: DeniedError | FailedError) -> bool:
        """Leave out what BMW does not know or has no room for; return whether what remains is worth asking for."""
        if err.cause not in _ABOUT_CONTENTS:
            return False
        words = _WORD.findall(err.note) if err.cause is Cause.KEY_UNKNOWN else []
        named = set(words).intersection(self.descriptors)
        if self._unknown or not named:
            self._lists.popleft()
        self._unknown |= named
        return bool(self._lists) and len(self.descriptors) > self._more_than
