"""What a browser, or somebody else, sends to the page on which a captcha is solved."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final
from unittest.mock import AsyncMock, patch
from urllib.parse import urlencode

from aiohttp import TCPConnector
from aiohttp.test_utils import TestClient, TestServer
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from yarl import URL

from tests.captcha_tab import Client, open_page
from tests.door import PASSWORD, TOKEN, USERNAME, Door
from tests.fuzz.home import a_home
from tests.fuzz.mutation import Mutator
from tests.fuzz.play import Case, Room
from tests.fuzz.watch import Finding, Watch

_FORM: Final = "application/x-www-form-urlencoded"
_TYPES: Final = (
    *(_FORM, f"{_FORM}; charset=nobody", f"{_FORM}; charset=utf-16", f"{_FORM}; charset=\u00fc", f"{_FORM};;=", ""),
    *("multipart/form-data", "multipart/form-data; boundary=x", "application/json", "text/plain"),
)
_QUERIES: Final = ("", "secret=", "secret=%ff", "secret=%00", "secret=%ed%a0%80", "secret=\u00fc", "x=1&secret")
_ENCODINGS: Final = ("gzip", "deflate", "br", "x", "identity")


@asynccontextmanager
async def _opened() -> AsyncGenerator[Case]:
    watch = Watch(PASSWORD, USERNAME, TOKEN)
    async with a_home() as hass:
        await async_setup_component(hass, "http", {})
        door = Door()
        with (
            patch("custom_components.mybmw.mybmw_flow.sign_in", door.sign_in),
            patch("custom_components.mybmw.async_setup_entry", AsyncMock(return_value=True)),
            patch("custom_components.mybmw.async_unload_entry", return_value=True),
            patch.object(hass.http.app.router, "freeze"),
        ):
            client: Client = TestClient(TestServer(hass.http.app), connector=TCPConnector(force_close=True))
            async with client:
                page = await open_page(hass)

                async def play(seed: str) -> str:
                    nonlocal page
                    if not _is_waiting(hass, page):
                        await _start_over(hass)
                        page = await open_page(hass)
                    with watch.allowing():
                        return await _post(Mutator(seed), client, page)

                with watch.listening():
                    yield play
                await _start_over(hass)


async def _post(mutator: Mutator, client: Client, page: ConfigFlowResult) -> str:
    """Send something; whatever it is, the answer is one of those that were thought of."""
    body = urlencode({"g-recaptcha-response": TOKEN, "h-captcha-response": TOKEN, "x": "ü"}).encode()
    body = mutator.octets(mutator.octets(body)) if mutator.chance(0.5) else mutator.octets(body)
    if mutator.chance(0.05):
        body *= 2_000
    headers = {"Origin": str(client.make_url("/").origin()), "Content-Type": _FORM}
    if mutator.chance(0.4):
        headers["Content-Type"] = mutator.pick(_TYPES)
    if mutator.chance(0.1):
        headers["Content-Encoding"] = mutator.pick(_ENCODINGS)
    if mutator.chance(0.1):
        headers["Origin"] = mutator.pick(("null", "", "https://example.org", "http://[::1"))
    url = page["url"]
    if mutator.chance(0.2):
        url = f"{url.partition('?')[0]}?{mutator.pick(_QUERIES)}"
    is_looked_at = mutator.chance(0.1)
    async with client.request(
        "GET" if is_looked_at else "POST", URL(url, encoded=True), data=None if is_looked_at else body, headers=headers
    ) as answer:
        said = await answer.text()
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        message = f"it is answered with HTTP status {answer.status}"
        raise Finding(message)
    if PASSWORD in said or TOKEN in said:
        message = "the page tells a secret"
        raise Finding(message)
    return f"HTTP status {answer.status}"


def _is_waiting(hass: HomeAssistant, page: ConfigFlowResult) -> bool:
    return any(
        flow["flow_id"] == page["flow_id"] and flow["step_id"] == "captcha_page"
        for flow in hass.config_entries.flow.async_progress()
    )


async def _start_over(hass: HomeAssistant) -> None:
    """End all dialogs, and forget the account that may have come of one."""
    for flow in hass.config_entries.flow.async_progress():
        hass.config_entries.flow.async_abort(flow["flow_id"])
    for entry in hass.config_entries.async_entries("mybmw"):
        await hass.config_entries.async_remove(entry.entry_id)


CAPTCHA: Final = Room(name="captcha", what="what is sent to the page of the captcha", share=3, opened=_opened)
