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
    coordinates = location.part("coordinates")
    latitude, longitude = coordinates.number("latitude", -90, 90), coordinates.number("longitude", -180, 180)
    if latitude is None or longitude is None:
        return None
    if in_china:
        latitude, longitude = wgs84_of_gcj02(latitude, longitude)
    return Location(
        as_of=as_of,
        latitude=latitude,
        longitude=longitude,
        heading_deg=location.integer("heading", _HEADINGS),
        address=location.part("address").text("formatted"),
    )
