"""What goes wrong at the cloud: one fault by chance after the other, and what each of them excuses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from tests.simulator import PRESETS, Simulator
from tests.simulator.stream import StreamFault

_NEVER: Final = datetime.min.replace(tzinfo=UTC)

SPELL: Final = timedelta(minutes=20)
"""How long a fault is on."""

_MISSES: Final = timedelta(minutes=11)
"""Two looks: what fails at one that is struck may be missed until the one after the next."""

_EXCUSES: Final[Mapping[str, timedelta]] = {
    "blocked": timedelta(hours=1),
    "blocked-data": timedelta(hours=1),
    "blocked-renewal": timedelta(hours=1),
    "forbidden": timedelta(hours=1),
    "renewal-forbidden": timedelta(hours=1),
    "quota": timedelta(hours=2, minutes=27),
    "quota-exceeded": timedelta(hours=1),
    "car-sold": timedelta(hours=1),
}
"""How long a cloud that said this is left alone, if its owner presses what there is to press."""

_RIVAL_IS_REMEMBERED: Final = timedelta(hours=1, minutes=30)
"""The longest pause after a fight for the stream, with what chance adds to it, and how long it then has to be ours."""


_DOORS: Final[Mapping[str, tuple[str, ...]]] = {
    "mybmw": ("/eadrax-", "/gcdm/", "/oneid/"),
    "cardata": ("/customers/", "/gcdm/"),
}
"""What is asked through each door; what is struck excuses nothing that is missed behind the other one."""

_CARDATA: Final = "/customers/"
_TOKEN: Final = "/gcdm/oauth/token"
_REFUSED: Final = range(400, 500)
_UNTIL_ASKED_AGAIN: Final = timedelta(hours=2)
"""What CarData refused is believed until the next of its few calls."""


@dataclass(slots=True, kw_only=True)
class Weather:
    """A fault after the other, each at so many of a hundred requests, as chance will have it."""

    cloud: Simulator
    chance: Random
    percent: int = 20
    seen: dict[str, int] = field(default_factory=dict)
    excused_until: dict[str, datetime] = field(default_factory=lambda: dict.fromkeys(_DOORS, _NEVER))
    refused_until: datetime = _NEVER
    struck: int = 0
    asked: int = 0
    cuts: int = 0
    _until: datetime = _NEVER

    def change(self, now: datetime) -> None:
        """Have another fault if it is time for one; now and then, the stream breaks off."""
        if self.chance.randrange(180) == 0:
            for session in [*self.cloud.stream.gate.sessions.values()]:
                self.cloud.stream.gate.cut(session)
                self.cuts += 1
        if now < self._until:
            return
        self._until = now + SPELL
        self.clear()
        name = self.chance.choice([*PRESETS])
        endpoint = "everything" if PRESETS[name].endpoint == "data" else None  # so that both doors are struck
        self.cloud.switchboard.switch_on(name, endpoint=endpoint, percent=self.percent)
        self.seen[name] = self.seen.get(name, 0) + 1
        self.cloud.stream.faults.clear()
        if self.chance.randrange(4) == 0:
            self.cloud.stream.faults.add(self.chance.choice([StreamFault.BUSY, StreamFault.GARBAGE, StreamFault.RIVAL]))

    def clear(self) -> None:
        """Have nothing go wrong."""
        self.cloud.switchboard.switch_all_off()
        self.cloud.stream.faults.clear()

    def note(self) -> None:
        """Take down what was struck since the last time."""
        if StreamFault.RIVAL in self.cloud.stream.faults:
            self.refused_until = max(self.refused_until, datetime.now(UTC) + _RIVAL_IS_REMEMBERED)
        for asked in self.cloud.requests:
            self.asked += 1
            self.struck += bool(asked.struck_by)
            if asked.struck_by and asked.path.startswith(_CARDATA) and asked.status in _REFUSED:
                self.refused_until = max(self.refused_until, asked.at + _UNTIL_ASKED_AGAIN)
            if asked.struck_by and asked.path == _TOKEN:  # what is lost with the answer is asked for at the next look
                self.refused_until = max(self.refused_until, asked.at + _MISSES)
            for name in asked.struck_by:
                until = asked.at + _EXCUSES.get(name, timedelta()) + _MISSES
                for door, paths in _DOORS.items():
                    if asked.path.startswith(paths):
                        self.excused_until[door] = max(self.excused_until[door], until)
                if _EXCUSES.get(name):
                    self.refused_until = max(self.refused_until, asked.at + timedelta(hours=1) + _MISSES)
        self.cloud.requests.clear()
