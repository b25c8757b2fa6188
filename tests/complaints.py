"""What an owner reads when something was done in vain."""

from collections.abc import Awaitable
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_translations
import pytest

from custom_components.mybmw.const import DOMAIN

LANGUAGES: Final = ("de", "en")


async def read(hass: HomeAssistant, err: HomeAssistantError, language: str) -> str:
    """The words of an error in a language."""
    texts = await async_get_translations(hass, language, "exceptions", [str(err.translation_domain)])
    text = texts[f"component.{err.translation_domain}.exceptions.{err.translation_key}.message"]
    return text.format(**(err.translation_placeholders or {}))


async def complaint(hass: HomeAssistant, act: Awaitable[object]) -> tuple[str, str]:
    """What an owner reads of something done in vain, in German and in English."""
    with pytest.raises(HomeAssistantError) as raised:
        await act
    assert raised.value.translation_domain == DOMAIN
    return await read(hass, raised.value, "de"), await read(hass, raised.value, "en")
