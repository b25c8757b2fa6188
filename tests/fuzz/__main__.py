"""Plays what nobody should send: answers, messages, files and orders that were real and have been changed.

A finding is told by its room and its seed, and played again by both:

    scripts/fuzz --only ROOM --seed SEED --count 1

Sizes that nobody should send are played as "hostile", each to a process of its own. Nothing of what was sent is shown:
it may hold what is secret. Exits with 1 if anything was found.
"""

import argparse
import asyncio
from collections.abc import Sequence
import os
import sys
import time
from typing import Final

from custom_components.mybmw.sources.loopback import LOOPBACK

from .hostile import HOSTILE, Met, meet
from .play import Found, Room, Score, play
from .rooms import ROOMS

_ALL: Final = 100_000
_SEED: Final = 1
_LONGEST_S: Final = 1.0
"""A case that is more work than this is a finding; most take a thousandth of it."""
_PROGRESS_S: Final = 2.0
_PERCENT: Final = 100
_PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy")

_HOSTILE: Final = "hostile"
"""What is played in no room: sizes."""
_MET_ROW: Final = "{:<36} {:>7} {:>7} {:>8}  {}"
_ROW: Final = "{:<16} {:>8} {:>7} {:>9} {:>10} {:>8}  {}"


class Progress:
    """One line that says how far it has come."""

    def __init__(self, total: int) -> None:
        """Nothing is done yet."""
        self._total = total
        self._done = self._told = 0
        self._next = 0.0

    def __call__(self, score: Score) -> None:
        """Count a case, and say so now and then."""
        self._done += 1
        for one in score.found[self._told if score.count > 1 else 0 :]:
            say(told(one).ljust(78))
        self._told = len(score.found)
        if (now := time.monotonic()) >= self._next:
            self._next = now + _PROGRESS_S
            found = f", {len(score.found)} findings" if score.found else ""
            say(f"{self._done:>7} of {self._total}: {score.room} {score.count}{found}".ljust(78), end="\r")

    def over(self) -> None:
        """Clear the line."""
        say(" " * 78, end="\r")


def say(text: str, end: str = "\n") -> None:
    """Tell whoever started it."""
    print(text, end=end, flush=True)  # noqa: T201 (that is what it is for)


def told(one: Found) -> str:
    """A finding, and how to play it again."""
    return f"{one.what}\n    scripts/fuzz --only {one.room} --seed {one.seed} --count 1"


def counts(rooms: Sequence[Room], count: int) -> dict[str, int]:
    """How many cases are played in each room."""
    shares = sum(room.share for room in rooms)
    return {room.name: max(1, round(count * room.share / shares)) for room in rooms}


async def fuzz(rooms: Sequence[Room], seed: int, count: int) -> list[Score]:
    """Play all rooms, one after the other."""
    shares = counts(rooms, count)
    progress = Progress(sum(shares.values()))
    scores = [await play(room, seed, shares[room.name], longest_s=_LONGEST_S, on_case=progress) for room in rooms]
    progress.over()
    return scores


def table(scores: Sequence[Score]) -> str:
    """What came of it."""
    rows = [_ROW.format("room", "cases", "found", "CPU s", "slowest ms", "MB more", "came of it")]
    for score in scores:
        ends = ", ".join(f"{end} {count}" for end, count in sorted(score.ends.items()))
        rows.append(
            _ROW.format(
                score.room,
                score.count,
                len(score.found),
                f"{score.took_s:.1f}",
                f"{1000 * score.slowest_s:.0f}",
                f"{score.grew_mb:.0f}",
                ends,
            )
        )
    return "\n".join(rows)


def met_table(met: Sequence[Met]) -> str:
    """What became of what is too large."""
    rows = [_MET_ROW.format("what is sent", "s", "CPU s", "MB more", "what comes of it")]
    for one in met:
        end = "; ".join([one.end, *(f"WRONG: {flaw}" for flaw in one.flaws)])
        rows.append(_MET_ROW.format(one.name, f"{one.took_s:.1f}", f"{one.worked_s:.2f}", f"{one.grew_mb:.0f}", end))
    return "\n".join(rows)


async def meet_all() -> list[Met]:
    """Have one process after the other meet what is too large."""
    met = []
    for hostile in HOSTILE:
        say(f"{hostile.name} …".ljust(78), end="\r")
        met.append(await meet(hostile))
    return met


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [*(room.name for room in ROOMS), _HOSTILE]
    parser.add_argument("--count", type=int, default=_ALL, help=f"how many cases, {_ALL} unless told")
    parser.add_argument("--seed", type=int, default=_SEED, help="the number of the first case of each room")
    parser.add_argument("--only", metavar="ROOM", choices=names, action="append", help=f"one of {', '.join(names)}")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Play, and tell what came of it."""
    options = parsed(arguments)
    for proxy in _PROXIES:  # what goes to a simulated cloud stays on this machine
        os.environ.pop(proxy, None)
        os.environ.pop(proxy.upper(), None)
    os.environ.pop(LOOPBACK, None)
    rooms = [room for room in ROOMS if options.only is None or room.name in options.only]
    scores = asyncio.run(fuzz(rooms, options.seed, options.count))
    if rooms:
        say(table(scores))
    found = [one for score in scores for one in score.found]
    for one in found:
        say(told(one))
    if options.only is None or _HOSTILE in options.only:
        met = asyncio.run(meet_all())
        say(met_table(met))
        return 1 if found or any(one.flaws for one in met) else 0
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
