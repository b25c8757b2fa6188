"""What goes wrong at the cloud: one fault by chance after the other."""

from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from tests.simulator import ALL_PRESETS, ANY_SERVERS, CARDATA_PRESETS, PRESETS, Asked, Simulator
from tests.simulator.stream import StreamFault

from .ages import Ages
from .excuses import Excuses
from .stream_weather import StreamWeather

_NEVER: Final = datetime.min.replace(tzinfo=UTC)

SPELL: Final = timedelta(minutes=20)
"""How long a fault is on."""

_RIVAL_IS_REMEMBERED: Final = timedelta(hours=1, minutes=30)
"""The longest pause after a fight for the stream, with what chance adds to it, and how long it then has to be ours."""

_REFUSED: Final = range(400, 500)
_UNTIL_ASKED_AGAIN: Final = timedelta(hours=2)
"""What CarData refused is believed until the next of its few calls."""

_CARDATA: Final = "/customers/"
_ARE_TOLD: Final = frozenset({StreamFault.RIVAL, StreamFault.DROP, StreamFault.BAD_CREDENTIALS})
"""The faults of the stream of which its owner is told."""

_A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Door:
    """Which faults there are at a door, and where some strike that would strike both doors, or nothing, otherwise."""

    faults: Sequence[str]
    endpoints: Mapping[str, str]


_DOORS: Final[Mapping[str, _Door]] = {
    "mybmw": _Door(faults=[*PRESETS], endpoints={"everything": "MyBMW"}),
    "cardata": _Door(
        faults=[*ANY_SERVERS, *(name for name, preset in CARDATA_PRESETS.items() if preset.of_stream is None)],
        endpoints={"everything": "CarData and tokens", "data": "CarData", "state": "CarData"},
    ),
}


@dataclass(slots=True, kw_only=True)
class Weather:
    """A fault after the other at each door, each at so many of a hundred requests, as chance will have it.

    Those about one car strike the one of `cars` that is behind the door. `excuses` is what may be missing for it,
    `refused_until` how long CarData's owner may be told of what BMW refused, `contested_until` how long of another
    client or of a stream that has ended, `most_calls` how many CarData was asked within 24 hours at most. What is
    answered is told to `ages`, too.
    """

    cloud: Simulator
    chance: Random
    cars: Mapping[str, str]
    excuses: Excuses
    ages: Collection[Ages] = ()
    percent: int = 20
    seen: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    refused_until: datetime = _NEVER
    contested_until: datetime = _NEVER
    most_calls: int = 0
    stream: StreamWeather = field(init=False)
    _calls: deque[datetime] = field(default_factory=deque)
    _until: datetime = _NEVER

    def __post_init__(self) -> None:
        """Have the stream in the same weather."""
        self.stream = StreamWeather(cloud=self.cloud, chance=self.chance)

    async def change(self, now: datetime) -> None:
        """Have other faults if it is time for them; now and then, something happens to the stream."""
        await self.stream.happen()
        if now < self._until:
            return
        self._until = now + SPELL
        await self.clear()
        for name, door in _DOORS.items():
            self._switch_on(door, self.cars[name])
        self.seen.update(await self.stream.change())

    def _switch_on(self, door: _Door, car: str) -> None:
        board = self.cloud.switchboard
        name = self.chance.choice([name for name in door.faults if name not in board.switches])
        preset = ALL_PRESETS[name]
        endpoint = door.endpoints.get(preset.endpoint, preset.endpoint)
        board.switch_on(name, endpoint=endpoint, car=car if preset.is_about_one_car else None, percent=self.percent)
        for fault in board.switches[name].faults:
            fault.percent = self.percent  # also of one that only leads to what the fault is about
            fault.counted_from = self.chance.randrange(100)  # or of what is seldom asked it would always be the same
        self.seen[name] += 1

    async def clear(self) -> None:
        """Have nothing go wrong."""
        self.cloud.switchboard.switch_all_off()
        await self.stream.clear()

    def note(self) -> None:
        """Take down what was struck since the last time."""
        self._note_stream()
        for asked in self.cloud.requests:
            self.counts["requests"] += 1
            self.counts["requests at risk"] += asked.was_at_risk
            self.counts["requests struck"] += bool(asked.struck_by)
            if asked.path.startswith(_CARDATA):
                self._note_call(asked)
            self.excuses.hear(asked)
            for ages in self.ages:
                ages.hear_answer(asked)
        self.cloud.requests.clear()

    def _note_stream(self) -> None:
        """Whoever fears a rival takes the next cut for one, too, and stays away for as long again."""
        now, faults, was_tried = datetime.now(UTC), self.cloud.stream.faults, self.stream.was_tried()
        if faults & _ARE_TOLD or self.stream.looks_contested:
            self.contested_until = now + _RIVAL_IS_REMEMBERED
        elif self.stream.is_settled:
            self.contested_until = _NEVER
        elif was_tried and now <= self.contested_until:
            self.contested_until = now + _RIVAL_IS_REMEMBERED
        if StreamFault.BAD_CREDENTIALS in faults:
            self.excuses.sign_in_lost(now)

    def _note_call(self, asked: Asked) -> None:
        self.counts["calls of CarData"] += 1
        self.counts["calls of CarData at risk"] += asked.was_at_risk
        self.counts["calls of CarData struck"] += bool(asked.struck_by)
        self._calls.append(asked.at)
        while self._calls[0] <= asked.at - _A_DAY:
            self._calls.popleft()
        self.most_calls = max(self.most_calls, len(self._calls))
        if asked.struck_by and asked.status in _REFUSED:
            self.refused_until = max(self.refused_until, asked.at + _UNTIL_ASKED_AGAIN)
