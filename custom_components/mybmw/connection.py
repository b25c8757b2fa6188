"""The HTTP client of one account."""

import os
from typing import Final, cast
from urllib.request import getproxies

from homeassistant.core import HomeAssistant
from homeassistant.helpers.httpx_client import create_async_httpx_client
from homeassistant.util.ssl import SSL_ALPN_HTTP11, client_context
import httpx

from .sources.loopback import LOOPBACK
from .sources.transport import PlainClient, Transport

_PROXIES: Final = frozenset({"http", "https", "all"})
"""What the environment may name a proxy for and concerns us; beside them stands who is to be spared one ("no")."""


def connect(hass: HomeAssistant) -> httpx.AsyncClient:
    """A client of our own: the shared one would carry the cookies of one account into the sign-in of another.

    It obeys the environment's proxies, but for requests to a simulated cloud: they are not to leave this machine.
    """
    if os.environ.get(LOOPBACK) or _PROXIES.isdisjoint(getproxies()):
        # Not over a session of Home Assistant's helper: it would tell its version to BMW, keep connections beyond the
        # account's life, and start zeroconf to look names up.
        return PlainClient(Transport(client_context(alpn_protocols=SSL_ALPN_HTTP11)))
    # Proxies are beyond our transport. Home Assistant 2026.11 serves httpx2 under the name of httpx, which only a type
    # checker takes for two things.
    client: object = create_async_httpx_client(hass, auto_cleanup=False)
    return cast(httpx.AsyncClient, client)


async def async_disconnect(client: httpx.AsyncClient) -> None:
    """Close a client made by `connect`; Home Assistant overrides its `aclose` so that nobody closes a shared one."""
    await type(client).aclose(client)
