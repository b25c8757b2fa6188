"""Everything BMW says of a recorded car is read, or stands in `UNREAD` with the reason why not.

docs/clouds.md shows the same table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.mybmw.build import Answers, build_vehicle
from tests.recorded import RECORDED_CARS

from .answers import recorded_answers

UNREAD: Final[Mapping[str, str]] = {
    "profile.vin": "the car was asked for under it",
    "profile.driverGuideInfo.": "links to the handbook's app",
    "state.capabilities.a4aType": "how the old app reached the car from a phone inside it",
    "state.capabilities.digitalKey.isDigitalKeyFirstSupported": "never true in the recordings; meaning unknown",
    "state.capabilities.digitalKey.readerGraphics": "a picture for the app",
    "state.capabilities.locationBasedCommerceFeatures.": "shops in the app; never true in the recordings",
    "state.capabilities.remoteChargingCommands.flapControl[]": "no command for it is known; never supported in the "
    "recordings",
    "state.capabilities.remoteChargingCommands.plugControl[]": "no command for it is known; never supported in the "
    "recordings",
    "state.capabilities.remoteServices.*.id": "repeats the name it stands under",
    "state.capabilities.specialThemeSupport": "always empty in the recordings",
    "state.state.doorsState.combinedState": "follows from the doors",
    "state.state.windowsState.combinedState": "follows from the windows",
    "state.state.range": "the total range only for some drive trains (for a range extender the electric one); follows "
    "from the ranges of fuel and battery",
    "state.state.vehicleSoftwareVersion.": "zeros in most recordings; the profile tells the software",
    "charging.chargeAndClimateSettings.": "texts for the app's screen, in the language of the account",
}
"""Why the parser passes over a field; a name that ends with a dot stands for everything below it."""

DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "clouds.md"

type Place = tuple[str | int, ...]


def _leaves(json: Json, place: Place = ()) -> Iterator[tuple[Place, Json]]:
    """Where values stand in a document that are no objects or lists, or empty ones."""
    items: list[tuple[str | int, Json]] = []
    if isinstance(json, dict):
        items = [*json.items()]
    elif isinstance(json, list):
        items = [*enumerate(json)]
    if not items:
        yield place, json
    for key, value in items:
        yield from _leaves(value, (*place, key))


def _put(json: Json, place: Place, value: Json) -> Json:
    """The document with another value at a place, sharing everything else with the original."""
    if not place:
        return value
    key, *rest = place
    match json, key:
        case dict(), str():
            return {**json, key: _put(json[key], tuple(rest), value)}
        case list(), int():
            return [*json[:key], _put(json[key], tuple(rest), value), *json[key + 1 :]]
    raise KeyError(key)


def _name(place: Place) -> str:
    """A place without the numbers of lists and of remote services."""
    name = ".".join("[]" if isinstance(key, int) else key for key in place).replace(".[]", "[]")
    service = place[3] if len(place) > 4 and place[2] == "remoteServices" else None
    return name.replace(f"remoteServices.{service}.", "remoteServices.*.")


def _is_read(answers: Answers, part: str, place: Place, value: Json) -> bool:
    """Whether a car differs, or something is odd about it, if a value does not fit or is another."""
    before = build_vehicle(answers)
    document: Json = getattr(answers, part)
    others: tuple[Json, ...] = ([1.5], not value if isinstance(value, bool) else 0.5)
    for other in others:
        after = build_vehicle(_with(answers, part, _put(document, place, other)))
        if after != before or after.oddities != before.oddities:
            return True
    return False


def _with(answers: Answers, part: str, document: Json) -> Answers:
    match part:
        case "profile":
            return replace(answers, profile=document)
        case "state":
            return replace(answers, state=document)
        case _:
            return replace(answers, charging=document)


def _without_plan(answers: Answers) -> Answers:
    """Answers whose plan stands only in the charging details."""
    assert isinstance(answers.state, dict)
    return replace(answers, state=_put(answers.state, ("state", "chargingProfile"), None))


def _read_and_unread() -> tuple[set[str], set[str]]:
    seen: set[str] = set()
    read: set[str] = set()
    for car in RECORDED_CARS.values():
        answers = recorded_answers(car)
        ways = [answers]
        if car.charging is not None:
            ways.append(_without_plan(answers))
        for way in ways:
            for part in ("profile", "state", "charging"):
                document: Json = getattr(way, part)
                for place, value in _leaves(document):
                    name = _name((part, *place))
                    if document is not None and name not in read:
                        seen.add(name)
                        if _is_read(way, part, place, value):
                            read.add(name)
    empty = {name for name in seen - read if any(other.startswith((f"{name}.", f"{name}[")) for other in read)}
    return read, seen - read - empty


def test_what_is_not_read_is_not_read_on_purpose() -> None:
    read, unread = _read_and_unread()
    assert len(read) > 150
    reasons = {
        name: [listed for listed in UNREAD if name == listed or (listed.endswith(".") and name.startswith(listed))]
        for name in read | unread
    }
    assert {name for name in unread if not reasons[name]} == set()
    assert {name for name in read if reasons[name]} == set()
    assert {listed for name in unread for listed in reasons[name]} == UNREAD.keys()


def test_the_document_tells_what_is_not_read() -> None:
    rows = [f"| `{name}{'…' if name.endswith('.') else ''}` | {reason} |" for name, reason in UNREAD.items()]
    document = DOCUMENT.read_text(encoding="utf-8").splitlines()
    heading = document.index("| field | why it is not read |")
    assert document[heading + 2 : heading + 2 + len(rows) + 1] == [*rows, ""]
