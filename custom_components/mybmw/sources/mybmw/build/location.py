"""Where the car is."""

from datetime import datetime
from typing import Final

from ....vehicle import Location
from ...fields import Fields
from ..coordinates import wgs84_of_gcj02

_HEADINGS: Final = range(361)


def build_location(state: Fields, as_of: datetime | None, *, in_china: bool) -> Location | None:
    """The position the car reported, if it is complete."""
    location = state.part("location")
    address = location.part("address").text("formatted")
    return _location(location, location.part("coordinates"), address, as_of, in_china=in_china)


def build_found_location(answer: Fields, found_at: datetime, *, in_china: bool) -> Location | None:
    """The position of a car that was looked for, from the answer to where it was found, if it is complete."""
    position = answer.part("positionData").part("position")
    return _location(position, position, position.text("formattedAddress"), found_at, in_china=in_china)


def _location(
    position: Fields, coordinates: Fields, address: str | None, as_of: datetime | None, *, in_china: bool
) -> Location | None:
    latitude, longitude = coordinates.number("latitude", -90, 90), coordinates.number("longitude", -180, 180)
    if latitude is None or longitude is None:
        return None
    if in_china:
        latitude, longitude = wgs84_of_gcj02(latitude, longitude)
    return Location(
        as_of=as_of,
        latitude=latitude,
        longitude=longitude,
        heading_deg=position.integer("heading", _HEADINGS),
        address=address,
    )
