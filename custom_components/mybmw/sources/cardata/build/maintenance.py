"""Services that become due and messages of the check control: each a list, written as a document in a text."""

from collections.abc import Mapping
from datetime import date
import json
import re
from typing import Final

from ....vehicle import CheckControlMessage, Maintenance, Service, ServiceStatus, ServiceType, Severity
from ... import Json
from ...fields import LONGEST_LIST, LONGEST_TEXT
from ..keys import Key
from .told import Told

# Only these numbers were seen; the others are told by their titles.
_TYPES: Final[Mapping[int, ServiceType]] = {
    1: ServiceType.OIL,
    2: ServiceType.BRAKE_PADS_FRONT,
    3: ServiceType.BRAKE_FLUID,
    32: ServiceType.VEHICLE_TUV,
    100: ServiceType.VEHICLE_CHECK,
}
_TITLES: Final = (
    ("rear brake", ServiceType.BRAKE_PADS_REAR),
    ("front brake", ServiceType.BRAKE_PADS_FRONT),
    ("brake fluid", ServiceType.BRAKE_FLUID),
    ("oil", ServiceType.OIL),
    ("emission", ServiceType.EMISSION_CHECK),
    ("exhaust", ServiceType.EMISSION_CHECK),
    ("statutory", ServiceType.VEHICLE_TUV),
    ("vehicle check", ServiceType.VEHICLE_CHECK),
)
_STATUS: Final[Mapping[str, ServiceStatus]] = ServiceStatus.__members__
_MESSAGES: Final[Mapping[int, str]] = {139: "tire_pressure", 164: "washing_fluid", 907: "brake_pads"}
_NO_WORD: Final = re.compile("[^a-z0-9]+")
_MONTH: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
_DISTANCE: Final = re.compile(r"(-?[0-9]{1,6})(\.[0-9]+)?")
_NOTHING: Final = frozenset({"", "-", "null", "NULL"})
_NAMELESS: Final = "other"


def build_maintenance(told: Told) -> Maintenance:
    """What is due, and the messages on display: those may be stamped with the moment of the question."""
    services, messages = _items(told, Key.SERVICES), _items(told.part(), Key.MESSAGES)
    return Maintenance(
        as_of=told.as_of,
        services=None if services is None else tuple([_service(item) for item in services]),
        messages=None if messages is None else tuple([_message(item) for item in messages]),
    )


def _items(told: Told, key: Key) -> list[dict[str, Json]] | None:
    text = told.text(key)
    if text is None:
        return None
    try:
        items: Json = json.loads(text)
    except ValueError, RecursionError:
        items = None
    if not isinstance(items, list):
        told.note(key, "no list in the text")
        return None
    return [item for item in items[:LONGEST_LIST] if isinstance(item, dict)]


def _service(item: Mapping[str, Json]) -> Service:
    """A service; its due date is a month."""
    title = _text(item.get("title")) or ""
    number = item.get("id")
    kind = _TYPES.get(number) if type(number) is int else None
    kind = kind or next((kind for words, kind in _TITLES if words in title.lower()), ServiceType.OTHER)
    status = (_text(item.get("status")) or "").upper()
    distance = _DISTANCE.fullmatch(str(item.get("unitOfLengthRemaining")))
    month = _MONTH.fullmatch(str(item.get("date")))
    return Service(
        type=kind,
        name=kind.value if kind is not ServiceType.OTHER else _name(title),
        status=_STATUS.get(status, ServiceStatus.UNKNOWN),
        due_date=date(int(month[1]), int(month[2]), 1) if month else None,
        due_distance_km=int(distance[1]) if distance else None,
        description=_text(item.get("description")) or _text(item.get("text")),
    )


def _message(item: Mapping[str, Json]) -> CheckControlMessage:
    """A message. BMW does not say how serious it is; but what is on display is more than "this system is monitored"."""
    text, number = _text(item.get("text")), item.get("id")
    name = _MESSAGES.get(number) if type(number) is int else None
    return CheckControlMessage(name=name or _name(text or ""), severity=Severity.MEDIUM, description=text)


def _text(value: Json) -> str | None:
    is_fit = isinstance(value, str) and len(value) <= LONGEST_TEXT and value.isprintable() and value not in _NOTHING
    return value if isinstance(value, str) and is_fit else None


def _name(title: str) -> str:
    return _NO_WORD.sub("_", title.lower()).strip("_")[:60] or _NAMELESS
