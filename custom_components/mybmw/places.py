"""Where a destination is: out of a text, an entity of Home Assistant, or an address the owner has a geocoder for."""

import re
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.location import get_state_coordinates

from .connection import async_disconnect, connect
from .const import DOMAIN
from .sources.geocoder import GeocoderError, look_up
from .vehicle import Position, SendDestination

_DEGREES: Final = r"([+-]?\d{1,3}(?:\.\d+)?)"
_COORDINATES: Final = re.compile(rf"{_DEGREES}(?:\s*[,;]\s*|\s+){_DEGREES}", re.ASCII)
_GEO_URI: Final = re.compile(rf"geo:{_DEGREES},{_DEGREES}(?:[,;?].*)?", re.ASCII | re.IGNORECASE)


def position_in(text: str) -> Position | None:
    """The place that a text gives in degrees, "48.1772, 11.5594" or "geo:48.1772,11.5594"; None if it gives none.

    Raises:
        InvalidCommandError: There is no such place.
    """
    found = _COORDINATES.fullmatch(text.strip()) or _GEO_URI.fullmatch(text.strip())
    return Position(latitude=float(found[1]), longitude=float(found[2])) if found else None


def position_of(hass: HomeAssistant, entity_id: str) -> Position:
    """Where an entity is: a zone, a person, another car or whatever has coordinates.

    Raises:
        ServiceValidationError: It is nowhere.
    """
    state = hass.states.get(entity_id)
    coordinates = get_state_coordinates(state) if state else None
    if coordinates is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="entity_without_place",
            translation_placeholders={"entity": entity_id},
        )
    return Position(latitude=coordinates.latitude, longitude=coordinates.longitude)


async def async_look_up(hass: HomeAssistant, geocoder: str, address: str) -> SendDestination:
    """What a geocoder finds for an address.

    Raises:
        ServiceValidationError: It knows no such address.
        HomeAssistantError: It does not answer, or not as it should.
    """
    http = connect(hass)
    try:
        found = await look_up(http, geocoder, address)
    except GeocoderError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="geocoder_failed",
            translation_placeholders={"error": str(err)},
        ) from err
    finally:
        await async_disconnect(http)
    if found is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="address_unknown")
    return found
