"""All that one car has said, by descriptor: the newest of each, whichever way and in whatever order it came.

The newest is what BMW stamps newest. Taking a reading is what happens most often of all, so what has been heard before
is recognized at once.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
import re
from typing import Final, Self

from .. import Json
from ..fields import MOST_ODDITIES, Oddities
from . import traps
from .catalogue import CATALOGUE
from .keys import Key
from .reading import LONG_AGO, OddReadingError, Reading, decoder_of, moment_in, unit_of

MOST_READINGS: Final = 500
"""No more descriptors are kept of a car; BMW's catalogue has 295."""

_CLOCKS_DIFFER: Final = timedelta(minutes=2)
"""So far in the future a stamp may be; one that is farther off is taken to be of now."""

_DESCRIPTOR: Final = re.compile(r"(?!.*[0-9]{5})vehicle(\.[A-Za-z0-9_]{1,60}){1,12}")
"""What a descriptor that we do not know may look like: nothing that could say whose car it is."""

_FIELDS: Final = 3
"""Value, unit and timestamp: an entry that has more is not remembered word by word."""

_HALVES: Final = {Key.LATITUDE: Key.LONGITUDE, Key.LONGITUDE: Key.LATITUDE}
_MOST_HALVES: Final = 8
"""So many latitudes and longitudes wait; a burst has been seen to bring the halves of two positions."""

_NO_FIX: Final = "NO_FIX"


class Readings:
    """What is known of one car; `told` by descriptor, and what was odd about it in `oddities`.

    A latitude waits for its longitude and the other way round, and a target or the unit of a mileage that is in doubt
    for what confirms it.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self.told: dict[str, Reading] = {}
        self.oddities: Oddities = {}
        self._heard: dict[str, Json] = {}
        self._waiting: dict[str, Reading] = {}
        self._halves: dict[Key, dict[datetime, Reading]] = {key: {} for key in _HALVES}
        self._place_before: tuple[Reading, Reading] | None = None
        self._status_before: dict[str, Reading] = {}

    @classmethod
    def kept(cls, page: Json, now: datetime) -> Self:
        """What was written down by `to_keep`; what cannot be read of it is left out."""
        readings = cls()
        for key, entry in page.items() if isinstance(page, dict) else ():
            match entry:
                case [value, unit, str() as at, str() as since] if readings._is_welcome(key):
                    readings._restore(key, value, unit, (at, since), now)
        return readings

    def to_keep(self) -> dict[str, Json]:
        """All readings, as they survive a restart."""
        return {
            key: [reading.value, reading.unit, reading.at.isoformat(), reading.since.isoformat()]
            for key, reading in self.told.items()
        }

    def take(self, data: Json, now: datetime, sent_at: datetime = LONG_AGO) -> bool:
        """Take in what BMW says: by descriptor an object of value, unit and timestamp. Return whether anything is new.

        `sent_at` is the moment of what has none of its own. What says nothing (null) changes nothing.
        """
        if not isinstance(data, dict):
            self._note("data", "no object")
            return False
        is_news = False
        heard = self._heard
        for key, entry in data.items():
            if heard.get(key) != entry and self._take(key, entry, now, sent_at):
                is_news = True
        return is_news

    def take_answer(self, data: Json, now: datetime) -> bool:
        """Take in an answer of REST, in which no check-control message is said by null; return whether it is news.

        When there came to be none nobody says: whatever message is told later counts, if it is stamped before or not.
        """
        is_news = self.take(data, now)
        if isinstance(data, dict) and isinstance(none := data.get(Key.MESSAGES), dict) and none.get("value") is None:
            before = self.told.get(Key.MESSAGES)
            if before is None or before.value != "[]":
                self.told[Key.MESSAGES] = Reading("[]", None, LONG_AGO, LONG_AGO)
                self._heard.pop(Key.MESSAGES, None)
                is_news = True
        return is_news

    def _take(self, key: str, entry: Json, now: datetime, sent_at: datetime) -> bool:
        if not isinstance(entry, dict):
            self._note_if_welcome(key, "no object")
            return False
        raw = entry.get("value")
        if raw is None or not self._is_welcome(key):
            return False
        try:
            value = decoder_of(key)(raw)
        except OddReadingError as err:
            self._note(key, str(err))
            return False
        if traps.is_nonsense(key, value):
            self._note(key, "a number that cannot be")
            return False
        unit_written = entry.get("unit")
        if len(entry) <= _FIELDS and not isinstance(unit_written, list | dict):
            self._heard[key] = entry
        at = moment_in(entry.get("timestamp")) or sent_at
        if value is None and traps.is_bmws_stamp(at):
            at = LONG_AGO  # it is not the car that does not know; so this overwrites nothing, and anything this
        elif at > now + _CLOCKS_DIFFER:
            at = now
        before = self.told.get(key)
        if before is not None and (at < before.at or (at == before.at and value == before.value)):
            return False
        label = unit_of(unit_written)
        unit = label or self._last_unit(key, before)
        is_same = before is not None and before.value == value and before.unit == unit
        since = before.since if before is not None and is_same else at
        return self._settle(key, Reading(value, unit, at, since), before, label)

    def _last_unit(self, key: str, before: Reading | None) -> str | None:
        """Units vanish now and then; what one was once, it still is. The odometer's is worked out later."""
        if before is not None:
            return before.unit
        return CATALOGUE[key].unit if key in CATALOGUE and key != Key.MILEAGE else None

    def _settle(self, key: str, reading: Reading, before: Reading | None, label: str | None) -> bool:
        """Put a new reading where it belongs; a trap may be there. `label` is the unit that came with it."""
        match key:
            case Key.LATITUDE | Key.LONGITUDE:
                return self._take_half(Key(key), reading)
            case Key.GPS_FIX if reading.value == _NO_FIX:
                self._lose_place(reading.at)
            case Key.MILEAGE:
                reading = self._in_its_unit(reading, before, label)
            case Key.CHARGING_STATUS | Key.CHARGING_HV_STATUS if before and before.value != reading.value:
                reading = self._after_blip(key, reading, before)
            case Key.TARGET if traps.is_doubtful_target(reading.value, self.told):
                soc = self.told[Key.SOC_DISPLAYED]
                if not traps.is_one_burst(soc.at, reading.at):
                    self._waiting[key] = reading
                    return False
            case Key.TARGET:
                self._waiting.pop(key, None)
            case Key.SOC_DISPLAYED if (target := self._waiting.get(Key.TARGET)) and traps.is_one_burst(
                target.at, reading.at
            ):
                self.told[Key.TARGET] = self._waiting.pop(Key.TARGET)
        self.told[key] = reading
        return True

    def _in_its_unit(self, mileage: Reading, before: Reading | None, label: str | None) -> Reading:
        """A mileage in the unit that it is in; the first of a row whose label is not believed is remembered.

        Only another label ends the row: REST gives none, day by day.
        """
        doubted = self._waiting.get(Key.MILEAGE)
        unit = traps.odometer_unit(mileage, before, doubted)
        if label == unit:
            self._waiting.pop(Key.MILEAGE, None)
        elif label and (doubted is None or doubted.unit != label):
            self._waiting[Key.MILEAGE] = mileage
        return mileage._replace(unit=unit)

    def _after_blip(self, key: str, status: Reading, before: Reading) -> Reading:
        """Another status than the last one; if that was a blip, it is as old as what it goes on with."""
        earlier, self._status_before[key] = self._status_before.get(key), before
        return status._replace(since=earlier.since) if earlier and traps.is_blip(earlier, before, status) else status

    def _take_half(self, key: Key, half: Reading) -> bool:
        """Take half a position, which is worth something only with its other half.

        Halves come in any order, and those of two positions at once (KV #202): a latitude and a longitude belong
        together if of all that came lately each is stamped nearest to the other. So a pair that is farther apart is
        put right once the true half comes.
        """
        if not isinstance(half.value, int | float):
            return False
        other = _HALVES[key]
        mine, others = self._halves[key], self._halves[other]
        mine[half.at] = half
        if len(mine) > _MOST_HALVES:
            del mine[min(mine)]
        partner = _nearest(others.values(), half.at)
        if partner is None or _nearest(mine.values(), partner.at) is not half:
            return False
        if (half.value == 0 and partner.value == 0) or self._had_no_fix(half.at):
            return False
        is_put_right = self.told.get(other) in {None, partner}
        if key in self.told and not is_put_right:
            self._place_before = self.told[Key.LATITUDE], self.told[Key.LONGITUDE]
        self.told[key], self.told[other] = half, partner
        return True

    def _had_no_fix(self, at: datetime) -> bool:
        fix = self.told.get(Key.GPS_FIX)
        return fix is not None and fix.value == _NO_FIX and traps.is_one_burst(fix.at, at)

    def _lose_place(self, at: datetime) -> None:
        """Go back to where the car was before, if it says that it did not know where it was."""
        if (place := self.told.get(Key.LATITUDE)) and traps.is_one_burst(place.at, at):
            before, self._place_before = self._place_before, None
            for key in _HALVES:
                self.told.pop(key, None)
                self._heard.pop(key, None)
            if before:
                self.told[Key.LATITUDE], self.told[Key.LONGITUDE] = before

    def _restore(self, key: str, value: Json, unit: Json, moments: tuple[str, str], now: datetime) -> None:
        at, since = map(moment_in, moments)
        try:
            decoded = None if value is None else decoder_of(key)(value)
        except OddReadingError:
            return
        if at and since:
            at = min(at, now)
            self.told[key] = Reading(decoded, unit_of(unit), at, min(at, since))

    def _is_welcome(self, key: str) -> bool:
        """Whether there is a place for a descriptor."""
        if key in self.told or key in CATALOGUE:
            return True
        return len(self.told) < MOST_READINGS and _DESCRIPTOR.fullmatch(key) is not None

    def _note_if_welcome(self, key: str, problem: str) -> None:
        self._note(key if self._is_welcome(key) else "data", problem)

    def _note(self, key: str, problem: str) -> None:
        if len(self.oddities) < MOST_ODDITIES:
            self.oddities[key] = problem


def _nearest(halves: Iterable[Reading], at: datetime) -> Reading | None:
    """The half position that was stamped nearest to a moment, the newer one of two; None if none is of its burst."""
    near = [half for half in halves if traps.is_one_burst(half.at, at)]
    return max(near, key=lambda half: (-abs(half.at - at), half.at), default=None)
