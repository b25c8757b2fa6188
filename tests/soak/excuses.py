"""Which cars may be missing, and for how long: as docs/faults.md says of the requests that were struck, no longer.

An excuse is over as soon as all of the car is there again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import re
from typing import Final

from tests.simulator import Asked

_NEVER: Final = datetime.min.replace(tzinfo=UTC)

_LOOK: Final = timedelta(minutes=5)
_SLACK: Final = timedelta(minutes=1)
"""For which a look that fails lasts at most, with all its attempts."""
_NEXT_LOOK: Final = _LOOK + _SLACK
_MISSES: Final = 3
"""From the third look on that misses a car it is unavailable."""
_SETTINGS_SERVE: Final = 3
"""For so many looks in a row that do not tell how a car is set to charge, it is shown as it was set before."""
_SIGNS_IN: Final = timedelta(minutes=15)
"""Within it, who is asked to sign in again does."""
_LOOKS_AGAIN: Final = timedelta(hours=1, minutes=15)
"""The message about a refusal has BMW asked once an hour, by an owner who tries it every ten minutes."""
_UNTIL_LISTED: Final = timedelta(hours=1)
"""How often MyBMW is asked which cars there are, also after two attempts that failed."""

_RESTS: Final[Mapping[str, timedelta]] = {
    "quota": timedelta(hours=2, minutes=27),
    "quota-exceeded": timedelta(hours=1),
    "too-many-requests": timedelta(minutes=15),
    "retry-after": timedelta(minutes=10),
}
"""How long MyBMW is left alone after such an answer. Values are kept meanwhile, and what is missing stays away."""

_REFUSALS: Final = frozenset({"blocked", "blocked-data", "blocked-renewal", "renewal-forbidden"})
_ENDS: Final = frozenset({"sign-in-ended", "cardata-sign-in-ended", "cardata-client-deleted"})
_CUT: Final = "truncated"
_SOLD: Final = "car-sold"
_SPOIL: Final = frozenset({"no-capabilities", "no-tire-status", "missing-fields", "mistyped-fields", "unknown-fields"})
"""After these an answer is one, but some of what it tells is unknown."""
_MISLEADING: Final = frozenset({"binary_sensor.service_required", "sensor.next_service_type"})
"""What shows another thing, and not nothing, if BMW says a word that nobody has heard of."""
_TOLD_WITH_SETTINGS: Final = frozenset({"select.ac_limit"})
"""What the state of a car does not tell."""
_HARMLESS: Final = frozenset({"slow", "car-added"})

_CONFIG: Final = "/oauth/config"
"""What is asked before a token is."""
_TOKEN: Final = "/oauth/token"
_LIST: Final = "/vehicle-list"
_STATE: Final = "/vehicles/state"
_SETTINGS: Final = "/eadrax-crccs/v2/vehicles"
_OF_A_LOOK: Final = re.compile(f"{_CONFIG}|{_TOKEN}|{_LIST}|/vehicle-data/profile|{_STATE}|{_SETTINGS}$")
_OK: Final = 200
_ASK_AGAIN: Final = 401
"""With a new token."""


@dataclass(slots=True)
class Excuse:
    """A time in which something may be amiss, as long as it is."""

    until: datetime = _NEVER
    shows_by: datetime = _NEVER

    def give(self, at: datetime, rest: timedelta, *, shows_within: timedelta = _SLACK) -> None:
        """Excuse it from a moment on, for so long at most."""
        self.shows_by, self.until = max(self.shows_by, at + shows_within), max(self.until, at + rest)

    def prolong(self, at: datetime, rest: timedelta) -> None:
        """Excuse it for longer, if it is excused."""
        if self.holds(at):
            self.give(at, rest)

    def end(self, seen_at: datetime) -> None:
        """Excuse it no more: all is well, and what struck it would show by now."""
        if seen_at > self.shows_by:
            self.until = _NEVER

    def holds(self, at: datetime) -> bool:
        """Whether it is excused."""
        return at <= self.until


@dataclass(slots=True)
class OfCar:
    """Why a car may be unavailable (`away`), or some of it (`dim`), or how it is set to charge (`unset`), unknown.

    `came_back_unread` is since when it was unavailable, if it is there again and has not been read since: what is shown
    is from before, for which there is no excuse.
    """

    away: Excuse = field(default_factory=Excuse)
    dim: Excuse = field(default_factory=Excuse)
    unset: Excuse = field(default_factory=Excuse)
    came_back_unread: datetime | None = None
    _misses: int = 0
    _missed_at: datetime = _NEVER
    _has_gaps: bool = False
    _read_at: datetime = _NEVER
    _away_since: datetime | None = None
    _looks_without_settings: int | None = None
    _looked_at: datetime = _NEVER

    def read(self, at: datetime, *, with_gaps: bool = False) -> None:
        """Have had a look at it."""
        self._misses, self._has_gaps, self._read_at = 0, with_gaps, at

    def seen(self, at: datetime, *, is_there: bool) -> None:
        """Have looked whether it is shown."""
        if not is_there:
            self._away_since = self._away_since or at
        elif self._away_since and self._read_at >= self._away_since:
            self._away_since = None
        self.came_back_unread = self._away_since if is_there else None

    def asked(self, at: datetime) -> None:
        """Have looked, or begun to; one that has never told how it is set to charge has nothing to miss there."""
        if self._looks_without_settings is None:
            return
        if at >= self._looked_at + _LOOK - _SLACK:
            self._looks_without_settings += 1
            self._looked_at = at
        if self._looks_without_settings > _SETTINGS_SERVE:
            self.unset.give(at, _NEXT_LOOK)

    def told_settings(self) -> None:
        """Have been told how it is set to charge."""
        self._looks_without_settings = 0

    def forget_settings(self) -> None:
        """Show it no longer as it was set before."""
        if self._looks_without_settings is not None:
            self._looks_without_settings = _SETTINGS_SERVE + 1

    def miss(self, at: datetime) -> None:
        """Have looked in vain; what had gaps before is shown on."""
        if self._has_gaps:
            self.dim.give(at, _NEXT_LOOK)
        if at >= self._missed_at + _LOOK - _SLACK:
            self._misses += 1
            self._missed_at = at
        if self._misses >= _MISSES:
            self.away.give(at, _NEXT_LOOK)

    def prolong(self, at: datetime, rest: timedelta) -> None:
        """Have what is missing stay away for longer."""
        for excuse in (self.away, self.dim, self.unset):
            excuse.prolong(at, rest)

    def holds(self, at: datetime) -> bool:
        """Whether there is any excuse."""
        return any(excuse.holds(at) for excuse in (self.away, self.dim, self.unset))

    def may_be_unknown(self, key: str, at: datetime) -> bool:
        """Whether an entity may be unknown, or not there, while the car is."""
        return self.dim.holds(at) or (key in _TOLD_WITH_SETTINGS and self.unset.holds(at))


@dataclass(slots=True)
class Excuses:
    """The excuses of the cars of both doors, by VIN; `refused` is that for a message about a refusal.

    Those of `with_stream` are listened to, and go on to be told of while questions fail: only who has to sign in again
    is not told anything.
    """

    of_mybmw: Sequence[str]
    with_stream: Sequence[str]
    refused: Excuse = field(default_factory=Excuse)
    cars: dict[str, OfCar] = field(init=False)
    _sold: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Excuse nothing yet."""
        self.cars = {vin: OfCar() for vin in (*self.of_mybmw, *self.with_stream)}

    def hear(self, asked: Asked) -> None:
        """Take down what a request excuses, struck or not."""
        if asked.path.endswith(_TOKEN) and asked.brand is None:
            if not _ENDS.union({_CUT}).isdisjoint(asked.struck_by):
                self.sign_in_lost(asked.at)
        elif _OF_A_LOOK.search(asked.path):
            self._hear_of_look(asked)

    def sign_in_lost(self, at: datetime) -> None:
        """Have CarData's account sign in again. The stream may find that out first, the account at its next look."""
        for car in self._each(self.with_stream):
            car.away.give(at, _SIGNS_IN, shows_within=_NEXT_LOOK)

    def seen(self, vin: str, now: datetime, *, is_there: bool, is_known: bool) -> None:
        """Have looked at what is shown of a car: whether it is available, and nothing of it unknown."""
        car = self.cars[vin]
        if vin in self.of_mybmw:
            car.seen(now, is_there=is_there)
        if is_there:
            car.away.end(now)
            self._sold.discard(vin)
        if is_there and is_known:
            car.dim.end(now)
            car.unset.end(now)

    def misleads(self, vin: str, key: str, at: datetime) -> bool:
        """Whether an entity may be wrong, because nobody can know what BMW means."""
        return key in _MISLEADING and self.cars[vin].dim.holds(at)

    def _hear_of_look(self, asked: Asked) -> None:
        struck = set(asked.struck_by) - _HARMLESS
        is_of_all = asked.path.endswith((_CONFIG, _TOKEN, _LIST))
        cars = self._each(vin for vin in self.of_mybmw if is_of_all or vin == asked.vin)
        for car in cars:
            car.asked(asked.at)
        if struck:
            rest = _NEXT_LOOK + max(_RESTS.get(name, timedelta()) for name in struck)
            for car in self._each(self.of_mybmw) if struck & _RESTS.keys() else cars:
                car.prolong(asked.at, rest)
            self.refused.prolong(asked.at, rest)
            self._hear_of_fault(asked, struck, cars)
        elif asked.status == _OK:
            for car in cars:
                if asked.path.endswith(_STATE):
                    car.read(asked.at)
                elif asked.path.endswith(_SETTINGS):
                    car.told_settings()

    def _hear_of_fault(self, asked: Asked, struck: set[str], cars: Iterable[OfCar]) -> None:
        if struck & _REFUSALS and asked.status not in {0, _ASK_AGAIN}:
            self._refuse(asked.at)
        elif asked.path.endswith((_CONFIG, _TOKEN)):
            self._miss_token(asked.at, struck)
        elif asked.path.endswith(_LIST):
            self._miss_list(asked.at, struck)
        elif asked.path.endswith(_STATE):
            _miss_state(asked.at, struck, cars)

    def _refuse(self, at: datetime) -> None:
        self.refused.give(at, _LOOKS_AGAIN)
        for car in self._each(self.of_mybmw):
            car.away.give(at, _LOOKS_AGAIN)
            car.forget_settings()

    def _miss_token(self, at: datetime, struck: set[str]) -> None:
        if "forbidden" in struck:
            self._refuse(at)
        for car in self._each(self.of_mybmw):
            if struck & _ENDS or _CUT in struck:
                car.away.give(at, _SIGNS_IN)
                car.forget_settings()
            else:
                car.miss(at)

    def _miss_list(self, at: datetime, struck: set[str]) -> None:
        """A car that is not on the list is away until it is; a list that fails once more says so late."""
        if _SOLD in struck:
            self._sold.update(self.of_mybmw)
        for car in self._each(self._sold):
            car.away.give(at, _UNTIL_LISTED + _NEXT_LOOK)
            car.forget_settings()

    def _each(self, vins: Iterable[str]) -> list[OfCar]:
        return [self.cars[vin] for vin in vins]


def _miss_state(at: datetime, struck: set[str], cars: Iterable[OfCar]) -> None:
    for car in cars:
        if struck <= _SPOIL:
            car.read(at, with_gaps=True)
            car.dim.give(at, _NEXT_LOOK)
            car.forget_settings()  # a car that does not say that it can tell them is not asked
        elif not struck & _RESTS.keys():
            car.miss(at)
