"""Places for addresses, from a server that the owner names; without one, nobody is asked."""

from typing import Final

import httpx
import orjson

from ..sources import Json
from ..vehicle import Position, SendDestination
from .console import Console
from .exits import Exit, StopError
from .session import connected

_TIMEOUT_S: Final = 15
_NEEDS_NAME: Final = (
    "An address has to be looked up, and the server that does it gets to know it: name one that speaks Nominatim's "
    "language with --geocoder or MYBMW_GEOCODER (https://…/search), or send coordinates with sendpoi"
)
_TOWNS: Final = ("city", "town", "village", "municipality")


async def destination(address: str, geocoder: str | None, console: Console, *, name: str) -> SendDestination:
    """The place that a server finds for an address.

    Raises:
        StopError: No server is named, it does not answer, or it does not know the address.
        InvalidCommandError: The name cannot be used.
    """
    if not geocoder:
        raise StopError(_NEEDS_NAME, Exit.USAGE)
    async with console.progress("looking the address up"):
        found = await _looked_up(address, geocoder)
    parts = found.get("address")
    texts = {key: _text(parts, key) for key in ("road", "house_number", "postcode", "country")}
    return SendDestination(
        position=_position(found),
        name=name,
        street=texts["road"],
        house_number=texts["house_number"],
        postal_code=texts["postcode"],
        city=next((town for key in _TOWNS if (town := _text(parts, key))), ""),
        country=texts["country"],
    )


async def _looked_up(address: str, geocoder: str) -> dict[str, Json]:
    question = {"q": address, "format": "json", "addressdetails": "1", "limit": "1"}
    try:
        async with connected() as http:
            # The User-Agent is what the operators of public servers ask for.
            answer = await http.get(geocoder, params=question, headers={"user-agent": "mybmw"}, timeout=_TIMEOUT_S)
        document: Json = orjson.loads(answer.raise_for_status().content)
    except (httpx.HTTPError, httpx.InvalidURL, orjson.JSONDecodeError) as err:
        message = f"The geocoder does not answer as it should ({type(err).__name__}). Nothing was sent to the car"
        raise StopError(message, Exit.TRY_LATER) from err
    match document:
        case [dict() as found, *_]:
            return found
        case _:
            message = "The geocoder does not know the address. Nothing was sent to the car"
            raise StopError(message, Exit.USAGE)


def _position(found: dict[str, Json]) -> Position:
    try:
        return Position(latitude=float(str(found.get("lat"))), longitude=float(str(found.get("lon"))))
    except ValueError as err:  # an impossible position, too
        message = "The geocoder answers with no place on earth. Nothing was sent to the car"
        raise StopError(message, Exit.TRY_LATER) from err


def _text(parts: Json, key: str) -> str:
    value = parts.get(key) if isinstance(parts, dict) else None
    return value if isinstance(value, str) else ""
