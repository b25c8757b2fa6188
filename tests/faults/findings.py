"""What a fault does to a running Home Assistant: looked at from outside, like an owner, and put into plain words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
import re
from typing import Final

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.coordinator import MyBMWConfigEntry
from tests.flow_texts import TEXTS, Texts, section

LOOK_MIN: Final = 5
"""Minutes from one look at the account to the next."""

_TELLING: Final = {Platform.BINARY_SENSOR, Platform.DEVICE_TRACKER, Platform.IMAGE, Platform.SENSOR}
"""The platforms that tell values of a car; others do something with it."""

VALUES: Final = 39
"""How many values of each of the two cars are known in a good hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCar:
    """A car on the dashboard: its mileage, how many of its values are known, and what it says to be wrong."""

    mileage: str
    known: int
    trouble: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What the owner of an account sees: cars by VIN, repairs by name, and whether a new sign-in is asked for."""

    cars: Mapping[str, ShownCar]
    repairs: tuple[str, ...]
    asks_to_sign_in: bool


def glance(hass: HomeAssistant, entry: MyBMWConfigEntry) -> Glance:
    """Look at an account."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return Glance(
        cars={
            vin: _shown_car(hass, device.id, vin)
            for device in devices
            if device.entry_type is None  # or it is the account's own
            for domain, vin in device.identifiers
            if domain == DOMAIN
        },
        repairs=tuple(
            str(issue.translation_key) for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN
        ),
        asks_to_sign_in=any(entry.async_get_active_flows(hass, {SOURCE_REAUTH})),
    )


def _shown_car(hass: HomeAssistant, device_id: str, vin: str) -> ShownCar:
    states = {
        entity.unique_id.removeprefix(f"{vin}-"): state
        for entity in er.async_entries_for_device(er.async_get(hass), device_id)
        if entity.domain in _TELLING and not entity.unique_id.endswith("-command_status")  # which no car tells
        if (state := hass.states.get(entity.entity_id))
    }
    mileage, last_reported = states.get("mileage"), states.get("last_reported")
    return ShownCar(
        mileage=mileage.state if mileage else STATE_UNKNOWN,
        known=sum(state.state not in {STATE_UNAVAILABLE, STATE_UNKNOWN} for state in states.values()),
        trouble=last_reported.attributes.get("trouble") if last_reported else None,
    )


class Freshness(StrEnum):
    """How far what is shown of a car can be relied on."""

    FRESH = "fresh"
    OLD = "old"
    LOST = "lost"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A glance right after BMW was asked or should have been, and the true mileage of each car (VIN) then."""

    seen: Glance
    mileage: Mapping[str, str]

    def is_fresh(self, vin: str) -> bool:
        """Whether a car is shown as it is."""
        return self.seen.cars[vin].mileage == self.mileage.get(vin)

    def freshness(self, vin: str) -> Freshness:
        """How a car was doing."""
        car = self.seen.cars.get(vin)
        if car is None or car.mileage == STATE_UNAVAILABLE:
            return Freshness.GONE
        if car.mileage == STATE_UNKNOWN:
            return Freshness.LOST
        return Freshness.FRESH if self.is_fresh(vin) else Freshness.OLD


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A fault from its beginning to its end.

    The account has two cars, which drive all the time: `struck`, which a fault about one car is about, and `other`.
    `before` is from before the fault, `looks` are from while it was on. `requests` is how many it cost in its first
    hour, `minutes_back` how long after its end all was well again, None if that took a new sign-in. So many values of a
    car as `comes_and_goes` may be unknown without anything being wrong.
    """

    before: Glance
    looks: Sequence[Look]
    struck: str
    other: str
    requests: int
    minutes_back: int | None
    comes_and_goes: int = 0

    @property
    def values(self) -> int:
        """How many values of a car are known in a good hour."""
        return max(car.known for car in self.before.cars.values())

    @property
    def values_lost(self) -> int:
        """How many values of a car were unknown at most while others of it were shown."""
        lost = max(
            (
                self.before.cars[vin].known - look.seen.cars[vin].known
                for vin in (self.struck, self.other)
                for look in self.looks
                if look.freshness(vin) is not Freshness.GONE
            ),
            default=0,
        )
        return lost if lost > self.comes_and_goes else 0


def sees(course: Course) -> str:
    """What the owner sees while the fault is on."""
    seen = [
        f"repair “{repair_title(name)}”" for name in _once(name for look in course.looks for name in look.seen.repairs)
    ]
    if any(look.seen.asks_to_sign_in for look in course.looks):
        seen.append("Home Assistant asks to sign in again")
    troubles = _once(car.trouble for look in course.looks for car in look.seen.cars.values() if car.trouble)
    seen += [f"*Last reported* says “{_trouble(trouble)}”" for trouble in troubles]
    seen += _since(
        course, "unavailable", lambda look, vin: vin in look.cars and look.cars[vin].mileage == STATE_UNAVAILABLE
    )
    seen += _since(course, "off the list of devices", lambda look, vin: vin not in look.cars)
    if new := next(
        (number for number, look in enumerate(course.looks, 1) if look.seen.cars.keys() - course.before.cars.keys()), 0
    ):
        seen.append(f"a new car from the {_ordinal(new)} look on")
    if course.values_lost:
        seen.append(f"up to {course.values_lost} of {course.values} values of a car unknown")
    return sentence(seen) or "Nothing."


def keeps(course: Course) -> str:
    """What stays right while the fault is on."""
    of_struck, of_other = (_kept(course, vin) for vin in (course.struck, course.other))
    if of_struck == of_other:
        return sentence([of_struck])
    return sentence([f"of the car {of_struck}", f"of others {of_other}"])


def recovers(course: Course) -> str:
    """What gets well by itself when the fault is over."""
    if course.minutes_back is None:
        return "With a new sign-in."
    vins = (course.struck, course.other)
    is_fresh = all(look.freshness(vin) is Freshness.FRESH for look in course.looks for vin in vins)
    if sees(course) == "Nothing." and is_fresh:
        return "Nothing has to."
    return f"All of it, within {duration(course.minutes_back)}."


def error_text(error: str) -> str:
    """The first sentence that a form shows for an error."""
    return _first_sentence(_text("config", "error", error))


def reason_text(reason: str) -> str:
    """The first sentence by which Home Assistant says why an account is not set up."""
    return _first_sentence(_text("exceptions", reason, "message"))


def repair_title(name: str) -> str:
    """The title of a repair message, without the account's own."""
    return _text("issues", name, "title").format(account="…")


def sentence(parts: Iterable[str]) -> str:
    """One sentence of several remarks."""
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def duration(minutes: int) -> str:
    """A time as one speaks of it."""
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest))


def _since(course: Course, what: str, is_so: Callable[[Glance, str], bool]) -> list[str]:
    first = {
        vin: next((number for number, look in enumerate(course.looks, 1) if is_so(look.seen, vin)), 0)
        for vin in (course.struck, course.other)
    }
    if not any(first.values()):
        return []
    who = "all cars" if all(first.values()) else "the car"
    return [f"{who} {what} from the {_ordinal(max(first.values()))} look on"]


def _kept(course: Course, vin: str) -> str:
    spells = [(freshness, len([*spell])) for freshness, spell in groupby(look.freshness(vin) for look in course.looks)]
    match spells:
        case [(Freshness.FRESH, _)]:
            kept = "everything else, and fresh" if course.values_lost else "everything, and fresh"
        case [(Freshness.OLD, _)]:
            kept = "the last values"
        case [(Freshness.OLD, looks), (Freshness.GONE, _)]:
            kept = f"the last values, for {duration(looks * LOOK_MIN)}"
        case [*shown, (Freshness.GONE, _)] if shown and Freshness.GONE not in dict(shown):
            kept = f"values for {duration(sum(looks for _, looks in shown) * LOOK_MIN)}, then none"
        case [(Freshness.FRESH, _), (Freshness.GONE, looks), (Freshness.FRESH, _)]:
            kept = f"everything, but nothing for {duration(looks * LOOK_MIN)}"
        case [(Freshness.GONE, _)]:
            kept = "no values"
        case [(Freshness.LOST, _)]:
            kept = "what can be read"
        case _:
            oldest = max((looks for freshness, looks in spells if freshness is Freshness.OLD), default=0)
            assert oldest, spells
            kept = f"values at most {duration(oldest * LOOK_MIN)} old"
    return kept


def _ordinal(number: int) -> str:
    return {1: "1st", 2: "2nd", 3: "3rd"}.get(number, f"{number}th")


def _first_sentence(text: str) -> str:
    return re.sub(r"{\w+}", "…", text).partition(". ")[0].partition(": ")[0].removesuffix(".")


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _trouble(trouble: str) -> str:
    return _text("entity", "sensor", "last_reported", "state_attributes", "trouble", "state", trouble)


def _text(*path: str) -> str:
    *parents, key = path
    text: Texts = section(TEXTS["en"], *parents)[key]
    assert isinstance(text, str)
    return text
