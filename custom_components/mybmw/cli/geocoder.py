"""Places for addresses, from a server that the owner names; without one, nobody is asked."""

from dataclasses import replace
from typing import Final

from ..sources.geocoder import GeocoderError, look_up
from ..vehicle import SendDestination
from .console import Console
from .exits import Exit, StopError
from .session import connected

_NEEDS_NAME: Final = (
    "An address has to be looked up, and the server that does it gets to know it: name one that speaks Nominatim's "
    "language with --geocoder or MYBMW_GEOCODER (https://…/search), or send coordinates with sendpoi"
)


async def destination(address: str, geocoder: str | None, console: Console, *, name: str) -> SendDestination:
    """The place that a server finds for an address.

    Raises:
        StopError: No server is named, it does not answer, or it does not know the address.
        InvalidCommandError: The name cannot be used.
    """
    if not geocoder:
        raise StopError(_NEEDS_NAME, Exit.USAGE)
    async with console.progress("looking the address up"), connected() as http:
        try:
            found = await look_up(http, geocoder, address)
        except GeocoderError as err:
            message = f"The geocoder did not find the address: {err}. Nothing was sent to the car"
            raise StopError(message, Exit.TRY_LATER) from err
    if found is None:
        message = "The geocoder does not know the address. Nothing was sent to the car"
        raise StopError(message, Exit.USAGE)
    return replace(found, name=name)
