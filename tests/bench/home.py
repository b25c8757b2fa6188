"""A Home Assistant to measure in, and an account of ours in it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
import os
from tempfile import TemporaryDirectory
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import CONF_SOURCE, DOMAIN
from custom_components.mybmw.sources.loopback import LOOPBACK
from tests.simulator import DEMO_PASSWORD, DEMO_USERNAMES

from .cloud import FarCloud

_LASTS: Final = timedelta(hours=12)


@asynccontextmanager
async def home() -> AsyncGenerator[HomeAssistant]:
    """A Home Assistant that runs, with a folder of its own."""
    with TemporaryDirectory(prefix="mybmw-bench-") as folder:
        async with async_test_home_assistant(config_dir=folder) as hass:
            hass.data.pop(DATA_CUSTOM_COMPONENTS)
            try:
                yield hass
            finally:
                await hass.async_stop(force=True)


async def account_at(hass: HomeAssistant, cloud: FarCloud) -> MockConfigEntry:
    """An account of ours that has signed in at a cloud, to be set up."""
    os.environ[LOOPBACK] = cloud.url
    store = AccountStore(hass, cloud.gcid)
    await store.async_load()
    await store.async_keep_credentials(
        {
            "access_token": cloud.access_token,
            "expires_at": (datetime.now(UTC) + _LASTS).isoformat(),
            "refresh_token": cloud.refresh_token,
            "gcid": cloud.gcid,
        }
    )
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="d…o@e…",
        unique_id=cloud.gcid,
        data={
            CONF_SOURCE: "mybmw",
            "username": DEMO_USERNAMES["row"],
            "password": DEMO_PASSWORD,
            "region": "rest_of_world",
        },
    )
    entry.add_to_hass(hass)
    return entry
