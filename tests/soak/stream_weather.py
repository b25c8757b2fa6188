"""What goes wrong with CarData's stream: a fault for a while, and now and then something that happens in a moment."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

import orjson

from tests.simulator import CARDATA_PRESETS, Simulator
from tests.simulator.stream import REFUSALS, News, Session, StreamFault

_FAULTS: Final = [name for name, preset in CARDATA_PRESETS.items() if preset.of_stream]
_CERTIFICATE: Final = "stream-strange-certificate"
"""The broker shows a certificate that nobody vouches for."""
_DOWN: Final = "stream-down"
"""The broker hangs up on everybody, and answers nobody."""

_OF_RIVALS: Final = 3
_OF_RIVALS_WITHIN: Final = timedelta(minutes=20)
"""So many cuts within so long look like another client's."""

_IS_OURS_AFTER: Final = timedelta(minutes=16)
"""After ten minutes a rival is believed to be gone, of which the next look tells."""

_STEPS_TO_HAPPEN: Final = 120
"""Something happens about so seldom."""


@dataclass(slots=True, kw_only=True)
class StreamWeather:
    """The faults of the stream; `happened` is how often what has happened to it."""

    cloud: Simulator
    chance: Random
    happened: Counter[str] = field(default_factory=Counter)
    _is_down: bool = False
    _is_strange: bool = False
    _knocks: int = 0
    _cuts: deque[datetime] = field(default_factory=lambda: deque(maxlen=_OF_RIVALS))

    async def change(self) -> list[str]:
        """Have a fault every other time, and tell which."""
        if self.chance.randrange(2):
            return []
        name = self.chance.choice([*_FAULTS, _CERTIFICATE, _DOWN])
        if name == _DOWN:
            self._is_down = True
            await self.cloud.stream.go_down()
        elif name == _CERTIFICATE:
            self._is_strange = True
            self.cloud.stream.show_certificate(strange=True)
            self._cut()
        else:
            self.cloud.switchboard.switch_on(name)
            if CARDATA_PRESETS[name].of_stream in REFUSALS:
                self._cut()  # who is in stays in otherwise
        return [name]

    async def clear(self) -> None:
        """End what was begun."""
        self._is_strange = False
        self.cloud.stream.show_certificate(strange=False)
        if self._is_down:
            self._is_down = False
            await self.cloud.stream.come_up()

    async def happen(self) -> None:
        """Now and then, have something happen to the stream, or to what opens it."""
        if self.chance.randrange(_STEPS_TO_HAPPEN):
            return
        match self.chance.choice(("streams cut", "keys ended early", "tokens ended early", "messages misdirected")):
            case "streams cut" as what:
                self._cut()
            case "keys ended early" as what:
                self.cloud.cardata.customers.forget_id_tokens()
                self._cut()
            case "tokens ended early" as what:
                self.cloud.cardata.customers.forget_access_tokens()
            case what:
                await self.cloud.stream.publish(self._misdirected())
        self.happened[what] += 1

    @property
    def looks_contested(self) -> bool:
        """Whether the stream was cut so often lately that somebody else might have done it."""
        return len(self._cuts) == _OF_RIVALS and datetime.now(UTC) - self._cuts[0] <= _OF_RIVALS_WITHIN

    @property
    def is_settled(self) -> bool:
        """Whether it has been connected for so long that nobody else can have it, and that has been shown."""
        return any(datetime.now(UTC) - session.since >= _IS_OURS_AFTER for session in self._sessions)

    def was_tried(self) -> bool:
        """Whether somebody has come to connect since the last time, or would have come to a door that is not there."""
        before, self._knocks = self._knocks, len(self.cloud.stream.gate.knocks)
        is_shut = self._is_down or self._is_strange or StreamFault.UNREACHABLE in self.cloud.stream.faults
        return is_shut or self._knocks > before

    def _cut(self) -> None:
        for session in self._sessions:
            self.cloud.stream.gate.cut(session)
            self._cuts.append(datetime.now(UTC))

    @property
    def _sessions(self) -> list[Session]:
        return [*self.cloud.stream.gate.sessions.values()]

    def _misdirected(self) -> Iterator[News]:
        """Messages that are about nobody, about somebody else or contradict themselves, with false news in them."""
        for session in self._sessions:
            account = session.grant.customer.account
            told = {
                "vehicle.vehicle.travelledDistance": {"value": 7, "unit": "km", "timestamp": "2026-12-31T00:00:00Z"}
            }
            stranger = "WBA00000000000000"
            for car in account.garage:
                for topic, vin in ((stranger, car.vin), (car.vin, stranger), (stranger, stranger), ("", None)):
                    payload = orjson.dumps({"vin": vin, "topic": topic, "data": told})
                    yield News(f"{account.gcid}/{topic}", payload)
