"""The HTTP client of one account."""

import os
from typing import cast

from homeassistant.core import HomeAssistant
from homeassistant.helpers.httpx_client import create_async_httpx_client
import httpx

from .sources.loopback import LOOPBACK


def connect(hass: HomeAssistant) -> httpx.AsyncClient:
    """A client of our own: the shared one would carry the cookies of one account into the sign-in of another.

    It obeys the environment's proxies, but for requests to a simulated cloud: they are not to leave this machine.
    """
    # Home Assistant 2026.11 serves httpx2 under the name of httpx, which only a type checker takes for two things.
    client: object = create_async_httpx_client(hass, auto_cleanup=False, trust_env=not os.environ.get(LOOPBACK))
    return cast(httpx.AsyncClient, client)


async def async_disconnect(client: httpx.AsyncClient) -> None:
    """Close a client made by `connect`; Home Assistant overrides its `aclose` so that nobody closes a shared one."""
    await type(client).aclose(client)
