"""From the dialog through the page and back, over HTTP, with the widget and the cloud of the simulator.

The requests are those of Home Assistant's frontend, of a tab that is not signed in, and of the widget's script.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
import re
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import httpx
import pytest
from yarl import URL

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.loopback import LOOPBACK

from .captcha_tab import Client, Tab
from .issued import Kind, issue
from .simulator import DEMO_PASSWORD, DEMO_USERNAMES, Fault, Simulator

ADDRESS: Final = "https://home.example:8443"
"""Where the browser knows Home Assistant: behind a proxy, say, of which Home Assistant itself knows nothing."""
FLOWS: Final = "/api/config/config_entries/flow"

pytestmark = pytest.mark.usefixtures("hass_storage")


@pytest.fixture
async def cloud(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Simulator]:  # noqa: ARG001 (asked for because of what it does)
    """A cloud with one car, which all requests go to."""
    async with Simulator(cars=["G26"]) as cloud:
        monkeypatch.setenv(LOOPBACK, cloud.url)
        yield cloud


@pytest.fixture
async def frontend(hass: HomeAssistant, tab: Tab, hass_client: Callable[[], Awaitable[Client]]) -> Client:  # noqa: ARG001 (the server is set up for it)
    """The frontend of an owner who is signed in."""
    assert await async_setup_component(hass, "config", {})
    return await hass_client()


async def dialog(frontend: Client, flow_id: str = "", typed: Mapping[str, str | bool] | None = None) -> dict[str, Json]:
    """A step of the dialog: begin, look, or send what was typed."""
    method = "GET" if typed is None else "POST"
    url = f"{FLOWS}/{flow_id}" if flow_id else FLOWS
    answer = await frontend.request(method, url, json=typed, headers={"HA-Frontend-Base": ADDRESS})
    assert answer.status == 200
    step: dict[str, Json] = await answer.json()
    return step


async def open_page(frontend: Client) -> tuple[str, URL]:
    """Walk to the page; its flow and its address."""
    flow_id = str((await dialog(frontend, typed={"handler": DOMAIN}))["flow_id"])
    await dialog(frontend, flow_id, {"next_step_id": "mybmw"})
    entered = {"username": DEMO_USERNAMES["row"], "password": DEMO_PASSWORD, "region": "rest_of_world"}
    menu = await dialog(frontend, flow_id, entered)
    assert menu["menu_options"] == ["captcha_page", "captcha_token"]
    external = await dialog(frontend, flow_id, {"next_step_id": "captcha_page"})
    return flow_id, URL(str(external["url"]))


async def solve(document: str) -> str:
    """Do what the widget's script does when the box is ticked."""
    [script] = re.findall(r'<script src="([^"]+)" async>', document)
    [site_key] = re.findall(r'data-sitekey="([^"]+)"', document)
    async with httpx.AsyncClient() as browser:
        assert "h-captcha-response" in (await browser.get(script)).text
        return (await browser.post(str(URL(script).with_path("/_captcha/token")), content=site_key)).text


async def test_a_human_at_another_address(hass: HomeAssistant, cloud: Simulator, tab: Tab, frontend: Client) -> None:
    flow_id, address = await open_page(frontend)
    assert str(address.origin()) == ADDRESS
    issue(Kind.KEY, address.query["secret"])
    token = await solve(await (await tab.client.get(address.relative())).text())

    answer = {"g-recaptcha-response": token, "h-captcha-response": token}
    own_address = str(tab.client.make_url("/").origin())
    assert (await tab.client.post(address.relative(), data=answer, headers={"Origin": own_address})).status == 403
    assert (await tab.client.post(address.relative(), data=answer, headers={"Origin": ADDRESS})).status == 200
    result = await dialog(frontend, flow_id)
    await hass.async_block_till_done()

    assert result["type"] == "create_entry"
    [entry] = hass.config_entries.async_entries(DOMAIN)
    assert entry.state is ConfigEntryState.LOADED
    assert cloud.garage["G26"].vin in entry.runtime_data.data
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_blocked(cloud: Simulator, tab: Tab, frontend: Client) -> None:
    flow_id, address = await open_page(frontend)
    token = await solve(await (await tab.client.get(address.relative())).text())
    cloud.faults.append(Fault(path="/authenticate", status=489, body="Blocked"))

    await tab.client.post(address.relative(), data={"h-captcha-response": token}, headers={"Origin": ADDRESS})
    form = await dialog(frontend, flow_id)

    assert (form["step_id"], form["errors"], form["data_schema"]) == ("sign_in_failed", {"base": "blocked"}, [])
    assert (await dialog(frontend, flow_id, {}))["step_id"] == "captcha"
