"""What an owner does with the actions of a car or an account."""

from typing import Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from custom_components.mybmw.const import DOMAIN

from .account import recorded_vehicle

I4: Final = recorded_vehicle("G26")


def device(hass: HomeAssistant, identifier: str = I4.vin) -> str:
    """The device of a car, or of the account."""
    [entry] = hass.config_entries.async_entries(DOMAIN)
    found = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, identifier), entry.entry_id)
    assert found
    return found.id


async def act(hass: HomeAssistant, action: str, identifier: str = I4.vin, /, **data: object) -> None:
    """Have an action done."""
    data = {ATTR_DEVICE_ID: device(hass, identifier), **data}
    await hass.services.async_call(DOMAIN, action, data, blocking=True)
