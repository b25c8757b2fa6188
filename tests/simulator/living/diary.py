"""What truly happened to a car, for whoever wants to know whether it was seen.

The diary is read off the car's true conditions; what the car told anybody plays no part in it.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise

from .condition import Air, Condition, Opening, Plug, Work
from .day import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that began and ended."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip(Entry):
    """From one place to the next, with what it took from the battery and from the tank."""

    to: str
    start_km: float
    end_km: float
    kwh: float
    fuel_l: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge(Entry):
    """Energy flowed into the battery; `is_complete` if as much as was wanted."""

    at: str
    start_kwh: float
    end_kwh: float
    is_complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refueling(Entry):
    """Fuel flowed."""

    at: str
    fuel_l: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Inflation(Entry):
    """The tires got their pressure back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOpen(Entry):
    """Something stood open."""

    opening: Opening


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocked(Entry):
    """The car was not locked: driven, or forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AirTreated(Entry):
    """The climate control ran before somebody got in, on `kwh` of the battery if not on those of the plug."""

    air: Air
    kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Serviced(Entry):
    """A workshop did what was due."""

    works: frozenset[Work]


def diary(frames: Sequence[Frame]) -> list[Entry]:
    """What the frames tell, in the order in which it began."""
    entries = [
        *_trips(frames),
        *_charges(frames),
        *_care(frames),
        *_left_open(frames),
        *(
            Unlocked(start=start.at, end=end.at)
            for start, end, _ in _spans(frames, lambda condition: not condition.is_locked)
        ),
        *(
            AirTreated(
                start=start.at,
                end=end.at,
                air=air,
                kwh=start.condition.battery_kwh - end.condition.battery_kwh if start.condition.plug is Plug.OUT else 0,
            )
            for start, end, air in _spans(frames, lambda condition: condition.air)
            if air is not Air.OFF
        ),
    ]
    return sorted(entries, key=lambda entry: entry.start)


def _trips(frames: Sequence[Frame]) -> Iterator[Trip]:
    for start, end, _ in _spans(frames, lambda condition: condition.is_driving):
        before, after = start.condition, end.condition
        yield Trip(
            start=start.at,
            end=end.at,
            to=after.address or "",
            start_km=before.mileage_km,
            end_km=after.mileage_km,
            kwh=before.battery_kwh - after.battery_kwh,
            fuel_l=before.fuel_l - after.fuel_l,
        )


def _charges(frames: Sequence[Frame]) -> Iterator[Charge]:
    for start, end, _ in _spans(frames, lambda condition: condition.plug is Plug.CHARGING):
        yield Charge(
            start=start.at,
            end=end.at,
            at=start.condition.address or "",
            start_kwh=start.condition.battery_kwh,
            end_kwh=end.condition.battery_kwh,
            is_complete=end.condition.plug is Plug.DONE,
        )


def _care(frames: Sequence[Frame]) -> Iterator[Entry]:
    for before, after in pairwise(frames):
        old, new = before.condition, after.condition
        if new.fuel_l > old.fuel_l:
            yield Refueling(start=before.at, end=after.at, at=new.address or "", fuel_l=new.fuel_l - old.fuel_l)
        if sum(new.tires_kpa) > sum(old.tires_kpa):
            yield Inflation(start=before.at, end=after.at)
        if works := frozenset(work for work, stamp in new.done.items() if stamp != old.done[work]):
            yield Serviced(start=before.at, end=after.at, works=works)


def _left_open(frames: Sequence[Frame]) -> Iterator[LeftOpen]:
    for opening in Opening:

        def is_open(condition: Condition, opening: Opening = opening) -> bool:
            return opening in condition.open

        for start, end, _ in _spans(frames, is_open):
            yield LeftOpen(start=start.at, end=end.at, opening=opening)


def _spans[T: Hashable](frames: Sequence[Frame], what: Callable[[Condition], T]) -> Iterator[tuple[Frame, Frame, T]]:
    """The times in which something was so, each from its first frame to the one that ended it; nothing false."""
    start = 0
    for value, group in groupby(frames, key=lambda frame: what(frame.condition)):
        after = start + len(list(group))
        if value:
            yield frames[start], frames[min(after, len(frames) - 1)], value
        start = after
