"""What tests of pictures share: an account with a picture, and somebody who looks at it."""

from pathlib import Path
from typing import Final

from homeassistant.components.image import Image, async_get_image
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import (
    TryLaterError,
)
from custom_components.mybmw.vehicle import Vehicle, View

from .account import (
    GCID,
    FakeSource,
    a_car,
    a_picture,
    account_entry,
    set_up,
    state_of,
)

INDEX: Final = f"{DOMAIN}.{GCID.replace('-', '_')}.picture_index"
FOLDER: Final = Path(".storage", f"{DOMAIN}.{GCID.replace('-', '_')}.pictures")

I4: Final = a_car("i4")
BLUE, RED = a_picture("blue"), a_picture("red", "JPEG")
SILENT: Final = TryLaterError("BMW does not answer")


async def open_gallery(hass: HomeAssistant, source: FakeSource) -> MockConfigEntry:
    """Set up an account with one car, of which there is a blue picture."""
    source.show(I4)
    source.pictures = {View.FRONT_SIDE: BLUE}
    entry = account_entry()
    await set_up(hass, entry)
    return entry


async def glimpse(hass: HomeAssistant, car: Vehicle = I4, view: View = View.FRONT_SIDE) -> Image | None:
    """What a browser is shown; None if there is nothing to show."""
    try:
        return await async_get_image(hass, state_of(hass, Platform.IMAGE, car, view).entity_id)
    except HomeAssistantError:
        return None


async def looked_at(hass: HomeAssistant, car: Vehicle = I4, view: View = View.FRONT_SIDE) -> Image | None:
    """The same, and then time for what goes on behind it."""
    image = await glimpse(hass, car, view)
    await hass.async_block_till_done(wait_background_tasks=True)
    return image


def updated(hass: HomeAssistant, car: Vehicle = I4) -> str:
    """The state of the picture: when it became what it is."""
    return state_of(hass, Platform.IMAGE, car, View.FRONT_SIDE).state


def files(hass: HomeAssistant) -> list[Path]:
    """The pictures on disk."""
    folder = Path(hass.config.path(str(FOLDER)))
    return sorted(folder.iterdir()) if folder.exists() else []
