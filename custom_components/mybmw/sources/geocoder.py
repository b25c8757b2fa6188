"""Where an address is, as a geocoder says that the owner has named; nobody else is ever asked.

An address tells where somebody is about to go. So there is no geocoder of ours, and neither the address nor the URL,
which may hold a key, is logged or told. Nominatim's language (https://nominatim.org/release-docs/latest/api/Search) is
spoken by several services, and by one's own server.
"""

from typing import Final

import httpx

from ..vehicle import LONGEST_NAME, InvalidCommandError, Position, SendDestination
from . import Json, TryLaterError
from .exchange import exchange

_USER_AGENT: Final = "mybmw (https://github.com/mybmw-ha/mybmw)"  # operators of public servers ask who is there
_TOWNS: Final = ("city", "town", "village", "municipality")


class GeocoderError(Exception):
    """A geocoder did not answer as it should. The message is safe to show."""


async def look_up(http: httpx.AsyncClient, geocoder: str, address: str) -> SendDestination | None:
    """The place a geocoder finds for an address, with what it calls its parts; None if it knows none.

    `geocoder` is the URL of its search.

    Raises:
        GeocoderError: There is no answer, or none that can be understood.
    """
    try:
        url = httpx.URL(geocoder).copy_merge_params({"q": address, "format": "json", "addressdetails": 1, "limit": 1})
        request = httpx.Request("GET", url, headers={"user-agent": _USER_AGENT, "accept": "application/json"})
    except httpx.InvalidURL:
        message = "its address is not a URL"
        raise GeocoderError(message) from None
    try:
        answer = await exchange(http, request)
    except TryLaterError:
        message = "no answer"
        raise GeocoderError(message) from None  # the cause would quote the URL
    if not answer.is_success:
        message = f"HTTP status {answer.status}"
        raise GeocoderError(message)
    match answer.field():
        case []:
            return None
        case [dict() as found, *_]:
            return _place(found)
        case _:
            message = "an answer that is no list of places"
            raise GeocoderError(message)


def _place(found: dict[str, Json]) -> SendDestination:
    try:
        position = Position(latitude=float(str(found.get("lat"))), longitude=float(str(found.get("lon"))))
    except InvalidCommandError, ValueError:
        message = "a place that is not on earth"
        raise GeocoderError(message) from None
    parts = found.get("address")
    return SendDestination(
        position=position,
        street=_text(parts, "road"),
        house_number=_text(parts, "house_number"),
        postal_code=_text(parts, "postcode"),
        city=next((town for key in _TOWNS if (town := _text(parts, key))), ""),
        country=_text(parts, "country"),
    )


def _text(parts: Json, key: str) -> str:
    """A part of an address; empty if there is none, or none that a car could show."""
    value = parts.get(key) if isinstance(parts, dict) else None
    return value if isinstance(value, str) and value.isprintable() and len(value) <= LONGEST_NAME else ""
