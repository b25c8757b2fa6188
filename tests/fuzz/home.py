"""A Home Assistant of our own, in a folder of its own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import async_test_home_assistant


@asynccontextmanager
async def a_home() -> AsyncGenerator[HomeAssistant]:
    """Start it, and stop it afterwards."""
    with TemporaryDirectory() as name:
        (Path(name) / ".storage").mkdir()
        async with async_test_home_assistant(config_dir=name) as hass:
            hass.data.pop("custom_components")
            yield hass
            await hass.async_stop(force=True)
