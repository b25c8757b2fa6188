"""The time in the world of the cars, which may run faster than the time of those who watch."""

from bisect import bisect
from dataclasses import dataclass
from datetime import datetime

from custom_components.mybmw.sources import Clock


@dataclass(frozen=True, slots=True)
class _Stretch:
    """From these two moments on, which are the same, the world runs at one speed."""

    watch: datetime
    world: datetime
    speed: float

    def world_at(self, now: datetime) -> datetime:
        """The time in the world when the watch shows this."""
        return self.world + (now - self.watch) * self.speed


class WorldClock:
    """Tells the world's time; begins with that of the watch. Moments before the beginning are the same on both."""

    def __init__(self, watch: Clock, *, speed: float = 1) -> None:
        """Start now. `watch` is the clock of those who watch, `speed` how many times faster the world's runs."""
        now = watch()
        self._watch = watch
        self._stretches = [_Stretch(now, now, speed)]

    @property
    def speed(self) -> float:
        """How many seconds pass in the world in one second; may be changed at any time, and time never jumps."""
        return self._stretches[-1].speed

    @speed.setter
    def speed(self, speed: float) -> None:
        last, now = self._stretches[-1], self._watch()
        self._stretches.append(_Stretch(now, last.world_at(now), speed))

    def __call__(self) -> datetime:
        """The time in the world."""
        return self._stretches[-1].world_at(self._watch())

    def watched_at(self, moment: datetime) -> datetime:
        """When those who watch have seen, or will see, a moment of the world."""
        if moment < self._stretches[0].world:
            return moment
        stretch = self._stretches[bisect(self._stretches, moment, key=lambda stretch: stretch.world) - 1]
        return stretch.watch + (moment - stretch.world) / stretch.speed
