"""The HTTP client of an account is its own, and gone when it is disconnected."""

from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import HomeAssistant

from custom_components.mybmw.connection import async_disconnect, connect


async def test_each_account_has_a_client_of_its_own(hass: HomeAssistant) -> None:
    first, second = connect(hass), connect(hass)
    first.cookies.set("session", "of the first account")
    assert dict(second.cookies) == {}
    assert first.timeout.read == second.timeout.connect == 30
    await async_disconnect(first)
    assert (first.is_closed, second.is_closed) == (True, False)
    await async_disconnect(second)


async def test_a_client_leaves_nothing_behind(hass: HomeAssistant) -> None:
    """Whoever let Home Assistant close the clients in the end would collect one with every reload."""
    before = hass.bus.async_listeners().get(EVENT_HOMEASSISTANT_CLOSE, 0)
    client = connect(hass)
    assert hass.bus.async_listeners().get(EVENT_HOMEASSISTANT_CLOSE, 0) == before
    await async_disconnect(client)
