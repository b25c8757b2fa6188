"""The tab in which an owner solves the captcha, and the dialog that waits for it."""

from dataclasses import dataclass, field

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from yarl import URL

from .door import TOKEN, choose, reach_captcha
from .flow_texts import TEXTS, section, shown
from .issued import Kind, issue

type Client = TestClient[Request, Application]


@dataclass(slots=True)
class Tab:
    """A browser that is not signed in to Home Assistant, with the address it knows it by."""

    client: Client
    origin: str = field(init=False)

    def __post_init__(self) -> None:
        self.origin = str(self.client.make_url("/").origin())

    async def look(self, page: ConfigFlowResult) -> ClientResponse:
        """Open a page."""
        return await self.client.get(page["url"])

    async def post(self, page: ConfigFlowResult, **headers: str) -> ClientResponse:
        """Send the token of a solved captcha, as hCaptcha's script fills the form in."""
        fields = {"g-recaptcha-response": TOKEN, "h-captcha-response": TOKEN}
        return await self.client.post(page["url"], data=fields, headers={"Origin": self.origin, **headers})

    async def send(self, page: ConfigFlowResult, data: object, **headers: str) -> ClientResponse:
        """Send something else."""
        return await self.client.post(page["url"], data=data, headers={"Origin": self.origin, **headers})


async def open_page(hass: HomeAssistant, menu: ConfigFlowResult | None = None) -> ConfigFlowResult:
    """Choose the page."""
    external = await choose(hass, menu or await reach_captcha(hass), "captcha_page")
    assert (external["type"], external["step_id"]) == (FlowResultType.EXTERNAL_STEP, "captcha_page")
    issue(Kind.KEY, URL(external["url"]).query["secret"])
    return external


async def go_on(hass: HomeAssistant, page: ConfigFlowResult) -> ConfigFlowResult:
    """What the dialog shows next; it asks again as soon as it hears that the page was answered."""
    return shown(await hass.config_entries.flow.async_configure(page["flow_id"]))


def is_waiting(hass: HomeAssistant, page: ConfigFlowResult) -> bool:
    """Whether the flow still waits for an answer of the page."""
    [flow] = (flow for flow in hass.config_entries.flow.async_progress() if flow["flow_id"] == page["flow_id"])
    return flow["step_id"] == "captcha_page"


async def says(answer: ClientResponse, text: str) -> bool:
    """Whether an answer is the text of this name."""
    sentence = section(TEXTS["en"], "common")[f"captcha_page_{text}"]
    return f"<p>{sentence}</p>" in await answer.text()
