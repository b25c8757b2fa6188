"""The cases of a room, one after the other; each can be played again by its number."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
import resource
import time
import traceback
from typing import Final

from .mutation import Mutator
from .watch import Finding

type Case = Callable[[str], Awaitable[str]]
"""Plays the case of a seed; returns in a word what came of it. Whatever it raises is a finding."""

_HERE: Final = Path(__file__).parents[2]
_MOST_FINDINGS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A place where foreign data is read.

    `what` is changed there, `share` how many of all cases are played there, compared with other rooms. `opened` makes
    all that the cases have in common.
    """

    name: str
    what: str
    share: int
    opened: Callable[[], AbstractAsyncContextManager[Case]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What must not happen, by the `seed` of the case that showed it."""

    room: str
    seed: int
    what: str


@dataclass(slots=True, kw_only=True)
class Score:
    """What came of the cases of a room."""

    room: str
    count: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    found: list[Found] = field(default_factory=list)
    took_s: float = 0
    slowest_s: float = 0
    grew_mb: float = 0


async def play(
    room: Room,
    seed: int,
    count: int,
    *,
    longest_s: float | None = None,
    on_case: Callable[[Score], None] = lambda _: None,
) -> Score:
    """Play so many cases, the first by the seed and each by the next number.

    One that takes longer than `longest_s`, by processor time, is a finding.
    """
    score = Score(room=room.name)
    before_mb, began = _peak_mb(), time.process_time()
    async with room.opened() as case:
        for number in range(seed, seed + count):
            case_began = time.process_time()
            try:
                score.ends[await case(f"{room.name} {number}")] += 1
            except (Exception, asyncio.CancelledError) as err:  # noqa: BLE001 (that is what is looked for)
                score.found.append(Found(room=room.name, seed=number, what=_described(err)))
            case_took = time.process_time() - case_began
            score.slowest_s = max(score.slowest_s, case_took)
            if longest_s is not None and case_took > longest_s:
                score.found.append(Found(room=room.name, seed=number, what=f"{case_took:.1f} s of work"))
            score.count += 1
            on_case(score)
            if len(score.found) >= _MOST_FINDINGS:
                break
    score.took_s, score.grew_mb = time.process_time() - began, _peak_mb() - before_mb
    return score


def _described(err: BaseException) -> str:
    """What was raised and where, without what it says: that may be a secret."""
    if isinstance(err, Finding):
        return str(err)
    while isinstance(err, BaseExceptionGroup):
        err = err.exceptions[0]
    return " < ".join([type(err).__name__, *_places(err)])


def _places(err: BaseException) -> Iterator[str]:
    """Where in our own rooms it came through, the innermost first, and where it was raised if that is elsewhere."""
    frames = traceback.extract_tb(err.__traceback__)
    ours = [frame for frame in frames if "/custom_components/mybmw/" in frame.filename or "/tests/" in frame.filename]
    for frame in ([] if not frames or frames[-1] in ours else frames[-1:]) + ours[:-4:-1]:
        path = Path(frame.filename)
        yield f"{path.relative_to(_HERE) if path.is_relative_to(_HERE) else path.name}:{frame.lineno}"


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


__all__ = ["Case", "Found", "Mutator", "Room", "Score", "play"]
