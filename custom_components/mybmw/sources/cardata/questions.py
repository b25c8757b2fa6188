"""What can be asked of CarData, and how the answers are told from nonsense. What they mean is read elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
import re
from typing import Final

from .. import Json

VIN: Final = re.compile(r"[A-Z0-9]{17}")
"""What may stand in an address as the number of a car."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A car that is mapped to the account; only to its primary user does BMW tell more than this.

    BMW's words are PRIMARY and SECONDARY, and cars without several users count as the former. So every other word, or
    none, is no reason to leave a car out: if BMW tells nothing of it, it will say so (CU-104).
    """

    vin: str = field(repr=False)
    is_primary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A named list of descriptors that the cars of an account can be asked for together.

    `container_id` is BMW's; one that `is_active` no longer stays on the list for a month.
    """

    container_id: str
    name: str
    purpose: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture of a car, as a file."""

    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What a long answer says on the pages that were read; whether these are all."""

    items: list[Json] = field(repr=False)
    is_complete: bool


def mapped_cars(answer: Json) -> list[Mapped] | None:
    """The cars in an answer, which is a list or, as BMW's own papers have it, a single one; None if it is neither."""
    if isinstance(answer, dict):
        answer = [answer] if "vin" in answer else None
    if not isinstance(answer, list):
        return None
    return [car for item in answer if isinstance(item, dict) and (car := _mapped(item))]


def containers(answer: Json) -> list[Container] | None:
    """The containers in an answer, none if it does not name any; None if it is no such answer."""
    if not isinstance(answer, dict):
        return None
    items = answer.get("containers")
    return [
        container
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict) and (container := container_in(item))
    ]


def container_in(answer: Json) -> Container | None:
    """The container that an answer describes."""
    if not isinstance(answer, dict) or not (container_id := _text(answer, "containerId")):
        return None
    return Container(
        container_id=container_id,
        name=_text(answer, "name"),
        purpose=_text(answer, "purpose"),
        is_active=_text(answer, "state").upper() in {"ACTIVE", ""},
    )


def page_of(answer: Json, next_key: str) -> tuple[list[Json], str] | None:
    """What stands on a page, and what the next one is asked for with (empty on the last); None if it is no page."""
    if not isinstance(answer, dict):
        return None
    data = answer.get("data")
    return data if isinstance(data, list) else [], _text(answer, next_key)


def in_utc(moment: datetime) -> str:
    """A moment as BMW wants to have it written."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _mapped(item: Mapping[str, Json]) -> Mapped | None:
    vin = _text(item, "vin")
    if not VIN.fullmatch(vin):
        return None
    return Mapped(vin=vin, is_primary=_text(item, "mappingType").upper() != "SECONDARY")


def _text(document: Mapping[str, Json], key: str) -> str:
    value = document.get(key)
    return value if isinstance(value, str) else ""
