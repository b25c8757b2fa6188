"""The page on which the captcha is solved: who may see it, who may answer, and what becomes of the answer."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
import re

from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

from custom_components.mybmw.sources.mybmw import Region
from custom_components.mybmw.sources.mybmw.regions import LOOPBACK

from .door import (
    CREDENTIALS,
    ENTERED,
    NEW_PASSWORD,
    NEW_TOKEN,
    NOW,
    PASSWORD,
    REFUSED,
    SLOW_DOWN,
    TOKEN,
    TRY_LATER,
    Door,
    begin,
    choose,
    entry_made,
    known_account,
    paste,
    reach_captcha,
    secrets_in,
    submit,
)
from .flow_texts import TEXTS, section, shown

type Client = TestClient[Request, Application]

pytestmark = pytest.mark.usefixtures("door")


@dataclass(slots=True)
class Browser:
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

    async def send(self, page: ConfigFlowResult, data: object) -> ClientResponse:
        """Send something else."""
        return await self.client.post(page["url"], data=data, headers={"Origin": self.origin})


@pytest.fixture
async def browser(
    hass: HomeAssistant,
    hass_client_no_auth: Callable[[], Awaitable[Client]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Browser:
    """A browser; the server takes views while it runs and does not log requests, as Home Assistant sets it up."""
    caplog.set_level("WARNING", "aiohttp.access")
    assert await async_setup_component(hass, "http", {})
    monkeypatch.setattr(hass.http.app.router, "freeze", lambda: None)
    return Browser(await hass_client_no_auth())


async def open_page(hass: HomeAssistant, menu: ConfigFlowResult | None = None) -> ConfigFlowResult:
    """Choose the page."""
    external = await choose(hass, menu or await reach_captcha(hass), "captcha_page")
    assert (external["type"], external["step_id"]) == (FlowResultType.EXTERNAL_STEP, "captcha_page")
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


@pytest.mark.parametrize("region", [Region.REST_OF_WORLD, Region.NORTH_AMERICA])
async def test_the_page_shows_bmws_captcha(hass: HomeAssistant, browser: Browser, region: Region) -> None:
    menu = await submit(hass, await begin(hass), **ENTERED | {"region": region.value})
    page = await open_page(hass, menu)
    assert page["description_placeholders"] == {"minutes": "5"}

    answer = await browser.look(page)

    assert (answer.status, answer.content_type) == (200, "text/html")
    document = await answer.text()
    assert f'data-sitekey="{region.captcha_widget().site_key}"' in document
    assert '<script src="https://js.hcaptcha.com/1/api.js" async>' in document
    assert "Solve BMW&#x27;s captcha" in document
    assert "$" not in document, "everything is filled in"


async def test_nothing_but_the_widget_may_run_on_the_page(hass: HomeAssistant, browser: Browser) -> None:
    page = await open_page(hass)
    answer = await browser.look(page)

    document = await answer.text()
    [nonce] = set(re.findall(r'nonce="([\w-]{40,})"', document))
    inline = re.findall(r"<(?:script|style)(?! src)([^>]*)>", document)
    assert inline == [f' nonce="{nonce}"'] * 2
    assert answer.headers["Content-Security-Policy"].split("; ") == [
        "default-src 'none'",
        f"script-src 'nonce-{nonce}' https://hcaptcha.com https://*.hcaptcha.com",
        f"style-src 'nonce-{nonce}' https://hcaptcha.com https://*.hcaptcha.com",
        "frame-src https://hcaptcha.com https://*.hcaptcha.com",
        "connect-src https://hcaptcha.com https://*.hcaptcha.com",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
    assert nonce not in await (await browser.look(page)).text(), "a nonce is for one answer"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("known", [True, False], ids=["a page", "no page"])
async def test_no_answer_is_kept_or_embedded(
    hass: HomeAssistant, browser: Browser, method: str, *, known: bool
) -> None:
    page = await open_page(hass)
    url = page["url"] if known else f"{page['url']}x"

    answer = await browser.client.request(method, url)

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_messages_embed_nothing_at_all(hass: HomeAssistant, browser: Browser) -> None:
    answer = await browser.post(await open_page(hass))

    policy = answer.headers["Content-Security-Policy"]
    assert "https:" not in policy
    assert "frame-src 'none'; connect-src 'none'" in policy
    assert "window.close()" in await answer.text()


async def test_the_page_speaks_the_language_of_home_assistant(hass: HomeAssistant, browser: Browser) -> None:
    hass.config.language = "de"
    document = await (await browser.look(await open_page(hass))).text()
    assert '<html lang="de">' in document
    assert "<title>Captcha von BMW lösen</title>" in document


async def test_a_new_account(hass: HomeAssistant, browser: Browser, door: Door) -> None:
    page = await open_page(hass)

    answer = await browser.post(page)

    assert answer.status == 200
    assert await says(answer, "done")
    assert door.attempts == [], "it is the dialog that goes on"
    entry = entry_made(await go_on(hass, page))
    assert entry.data == {"source": "mybmw", **ENTERED}
    assert [attempt.captcha_token for attempt in door.attempts] == [TOKEN]


@pytest.mark.parametrize("again", [MockConfigEntry.start_reauth_flow, MockConfigEntry.start_reconfigure_flow])
async def test_an_account_that_is_there_already(
    hass: HomeAssistant,
    browser: Browser,
    again: Callable[[MockConfigEntry, HomeAssistant], Awaitable[ConfigFlowResult]],
) -> None:
    entry = known_account(hass)
    form = await again(entry, hass)
    region = {"region": "north_america"} if form["step_id"] == "reconfigure" else {}
    page = await open_page(hass, await submit(hass, form, password=NEW_PASSWORD, **region))

    assert (await browser.post(page)).status == 200
    result = await go_on(hass, page)
    await hass.async_block_till_done()

    assert result["type"] is FlowResultType.ABORT
    assert entry.data == {"source": "mybmw", **ENTERED, "password": NEW_PASSWORD, **region}


async def test_a_page_is_answered_once(hass: HomeAssistant, browser: Browser, door: Door) -> None:
    page = await open_page(hass)
    await browser.post(page)

    again = await browser.post(page)
    assert again.status == 404
    assert await says(again, "gone")
    assert (await browser.look(page)).status == 404

    entry_made(await go_on(hass, page))
    assert (await browser.post(page)).status == 404
    assert len(door.attempts) == 1


async def test_two_answers_at_once_are_one(hass: HomeAssistant, browser: Browser) -> None:
    page = await open_page(hass)
    arrived = hass.loop.create_future()

    async def slow_form() -> AsyncGenerator[bytes]:
        arrived.set_result(None)
        yield b"h-captcha-response="
        await overtaken
        yield NEW_TOKEN.encode()

    overtaken = hass.loop.create_future()
    headers = {"Origin": browser.origin, "Content-Type": "application/x-www-form-urlencoded"}
    slow = hass.async_create_task(browser.client.post(page["url"], data=slow_form(), headers=headers)._coro)
    await arrived
    assert (await browser.post(page)).status == 200
    overtaken.set_result(None)

    assert (await slow).status == 404
    entry_made(await go_on(hass, page))


async def test_a_page_is_for_its_flow_only(hass: HomeAssistant, browser: Browser) -> None:
    mine, other = await open_page(hass), await open_page(hass)
    secret, other_secret = (URL(page["url"]).query["secret"] for page in (mine, other))
    assert secret != other_secret
    assert len(secret) >= 43, "256 bits"

    for wrong in ("", "?secret=", "?secret=%C3%A4", f"?secret={secret[:-1]}", f"?secret={other_secret}"):
        url = f"{URL(mine['url']).path}{wrong}"
        assert (await browser.client.get(url)).status == 404
        assert (await browser.client.post(url, data={"h-captcha-response": TOKEN})).status == 404
    assert (await browser.client.get(f"/api/mybmw/captcha/unknown?secret={secret}")).status == 404
    assert is_waiting(hass, mine)
    assert is_waiting(hass, other)


async def test_before_any_flow_there_is_nothing(browser: Browser) -> None:
    assert (await browser.client.get("/api/mybmw/captcha/anything?secret=anything")).status == 404


async def test_a_page_ends_with_its_flow(hass: HomeAssistant, browser: Browser) -> None:
    page = await open_page(hass)

    hass.config_entries.flow.async_abort(page["flow_id"])

    assert (await browser.look(page)).status == 404
    assert (await browser.post(page)).status == 404
    with pytest.raises(UnknownFlow):
        await hass.config_entries.flow.async_configure(page["flow_id"])


async def test_who_looks_at_the_dialog_again_gets_a_new_page(hass: HomeAssistant, browser: Browser) -> None:
    old = await open_page(hass)
    new = await go_on(hass, old)

    assert (await browser.look(old)).status == 404
    assert (await browser.post(new)).status == 200
    entry_made(await go_on(hass, new))


@pytest.mark.parametrize("method", ["look", "post"])
async def test_a_page_that_was_open_for_too_long(
    hass: HomeAssistant, browser: Browser, freezer: FrozenDateTimeFactory, method: str
) -> None:
    freezer.move_to(NOW)
    page = await open_page(hass)
    freezer.tick(timedelta(minutes=5, seconds=-1))
    assert (await browser.look(page)).status == 200

    freezer.tick(1)
    answer = await (browser.look(page) if method == "look" else browser.post(page))

    assert answer.status == 410
    assert await says(answer, "expired")
    assert (await go_on(hass, page))["step_id"] == "captcha", "the owner chooses anew"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
async def test_no_other_website_can_answer(hass: HomeAssistant, browser: Browser, headers: dict[str, str]) -> None:
    page = await open_page(hass)

    answer = await browser.post(page, **headers)

    assert answer.status == 403
    assert await says(answer, "foreign")
    assert is_waiting(hass, page)


async def test_an_answer_has_to_say_where_it_comes_from(hass: HomeAssistant, browser: Browser) -> None:
    page = await open_page(hass)
    answer = await browser.client.post(page["url"], data={"h-captcha-response": TOKEN})
    assert answer.status == 403
    assert is_waiting(hass, page)


async def test_a_browser_says_where_it_comes_from(hass: HomeAssistant, browser: Browser) -> None:
    assert (await browser.post(await open_page(hass), **{"Sec-Fetch-Site": "same-origin"})).status == 200


def multipart() -> FormData:
    form = FormData()
    form.add_field("h-captcha-response", TOKEN, filename="token")
    return form


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({}, 400),
        ({"h-captcha-response": ""}, 400),
        ({"h-captcha-response": "P1_one two"}, 400),
        ({"h-captcha-response": "P1_one\r\nx-header: 1"}, 400),
        ({"h-captcha-response": "P1_ähnlich"}, 400),
        ({"h-captcha-response": "P1_" + 8190 * "x"}, 400),
        ({"g-recaptcha-response": TOKEN}, 400),
        ({"h-captcha-response": 32 * 1024 * "x"}, 413),
        ('{"h-captcha-response": "P1_first"}', 415),
        (multipart(), 415),
    ],
    ids=[
        "nothing",
        "empty",
        "two words",
        "two lines",
        "no ASCII",
        "too long",
        "under another name",
        "too large",
        "JSON",
        "a file",
    ],
)
async def test_what_is_no_token(hass: HomeAssistant, browser: Browser, data: object, status: int) -> None:
    page = await open_page(hass)

    answer = await browser.send(page, data or FormData({"x": ""}))

    assert answer.status == status
    assert await says(answer, "unusable")
    assert is_waiting(hass, page), "the owner may try again"
    assert (await browser.post(page)).status == 200


async def test_the_longest_token(hass: HomeAssistant, browser: Browser, door: Door) -> None:
    token = "P1_" + 8189 * "x"
    page = await open_page(hass)
    answer = await browser.send(page, {"g-recaptcha-response": token, "h-captcha-response": token})
    assert answer.status == 200
    entry_made(await go_on(hass, page))
    assert [attempt.captcha_token for attempt in door.attempts] == [token]


async def test_the_way_back(hass: HomeAssistant, browser: Browser, door: Door) -> None:
    page = await open_page(hass)

    answer = await browser.send(page, {"h-captcha-response": "", "back": "yes"})

    assert answer.status == 200
    assert await says(answer, "left")
    menu = await go_on(hass, page)
    assert menu["step_id"] == "captcha"
    assert (await browser.look(page)).status == 404
    assert door.attempts == []
    entry_made(await paste(hass, menu, NEW_TOKEN))


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH"])
async def test_other_methods(hass: HomeAssistant, browser: Browser, method: str) -> None:
    page = await open_page(hass)
    assert (await browser.client.request(method, page["url"])).status == 405
    assert is_waiting(hass, page)


async def test_no_other_website_is_invited(hass: HomeAssistant, browser: Browser) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = await browser.client.options((await open_page(hass))["url"], headers=headers)
    assert answer.status == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_failure_is_told_and_another_captcha_helps(hass: HomeAssistant, browser: Browser, door: Door) -> None:
    page = await open_page(hass)
    door.answer = TRY_LATER
    await browser.post(page)
    form = await go_on(hass, page)
    assert (form["step_id"], form["errors"]) == ("sign_in_failed", {"base": "cannot_connect"})

    menu = await submit(hass, form)
    assert menu["step_id"] == "captcha"
    page = await open_page(hass, menu)
    await browser.post(page)
    form = await go_on(hass, page)
    assert (form["step_id"], form["errors"]) == ("sign_in_failed", {"base": "captcha_used"})
    assert len(door.attempts) == 1

    door.answer = CREDENTIALS
    page = await open_page(hass, await submit(hass, form))
    await browser.send(page, {"h-captcha-response": NEW_TOKEN})
    entry_made(await go_on(hass, page))


async def test_a_refused_sign_in_goes_back_to_the_account(hass: HomeAssistant, browser: Browser, door: Door) -> None:
    page = await open_page(hass)
    door.answer = REFUSED
    await browser.post(page)
    form = await go_on(hass, page)
    assert (form["step_id"], form["errors"]) == ("user", {"base": "invalid_auth"})


async def test_no_captcha_is_solved_while_bmw_wants_to_be_left_alone(
    hass: HomeAssistant, browser: Browser, door: Door, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(NOW)
    page = await open_page(hass)
    door.answer = SLOW_DOWN
    await browser.post(page)
    form = await go_on(hass, page)
    assert (form["step_id"], form["errors"]) == ("sign_in_failed", {"base": "too_many_attempts"})

    door.answer = CREDENTIALS
    assert (await submit(hass, form))["errors"] == {"base": "too_many_attempts"}
    freezer.tick(timedelta(hours=2))
    entry_made(await paste(hass, form, NEW_TOKEN))


async def test_a_second_window_does_not_sign_in_a_second_time(
    hass: HomeAssistant, browser: Browser, door: Door
) -> None:
    page = await open_page(hass)
    door.answer = TRY_LATER
    await browser.post(page)

    form = await go_on(hass, page)
    second = await hass.config_entries.flow._async_handle_step(
        hass.config_entries.flow._progress[page["flow_id"]], "captcha_solved", None
    )

    assert form["step_id"] == "sign_in_failed"
    assert second["step_id"] == "captcha"
    assert len(door.attempts) == 1


async def test_a_page_that_cannot_be_shown(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    menu = await reach_captcha(hass)
    monkeypatch.setenv(LOOPBACK, "http://example.com:80")

    form = await choose(hass, menu, "captcha_page")

    assert (form["step_id"], form["errors"]) == ("sign_in_failed", {"base": "unknown"})
    assert "MYBMW_LOOPBACK may only be http://127.0.0.1:PORT" in caplog.text


async def test_on_a_desk_the_widget_is_the_simulators(
    hass: HomeAssistant, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LOOPBACK, "http://127.0.0.1:8199")
    answer = await browser.look(await open_page(hass))
    assert '<script src="http://127.0.0.1:8199/_captcha/api.js" async>' in await answer.text()
    policy = answer.headers["Content-Security-Policy"]
    assert "hcaptcha.com" not in policy
    assert "connect-src http://127.0.0.1:8199" in policy


async def test_nothing_secret_is_written_down(
    hass: HomeAssistant, browser: Browser, caplog: pytest.LogCaptureFixture, hass_storage: dict[str, object]
) -> None:
    caplog.set_level("DEBUG", "homeassistant")
    page = await open_page(hass)
    secret = URL(page["url"]).query["secret"]
    await browser.look(page)
    await browser.post(page, Origin="https://evil.example")
    await browser.post(page)
    entry_made(await go_on(hass, page))
    await hass.async_block_till_done()

    assert "Serving /api/mybmw/captcha/" in caplog.text
    assert secrets_in(caplog.records, [TOKEN, secret, PASSWORD]) == []
    assert secret not in str(hass_storage)
    assert TOKEN not in str(hass_storage)
