"""The HTTP client of one account."""

from typing import Final, cast

from homeassistant.core import HomeAssistant
from homeassistant.helpers.httpx_client import create_async_httpx_client
import httpx

_TIMEOUT_S: Final = 30


def connect(hass: HomeAssistant) -> httpx.AsyncClient:
    """A client of our own: the shared one would carry the cookies of one account into the sign-in of another."""
    # Home Assistant 2026.11 serves httpx2 under the name of httpx, which only a type checker takes for two things.
    client: object = create_async_httpx_client(hass, auto_cleanup=False, timeout=_TIMEOUT_S)
    return cast(httpx.AsyncClient, client)


async def async_disconnect(client: httpx.AsyncClient) -> None:
    """Close a client made by `connect`; Home Assistant overrides its `aclose` so that nobody closes a shared one."""
    await type(client).aclose(client)
