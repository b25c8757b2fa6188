"""The page on which the captcha is solved: what it shows, who may see it, and who may answer."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
import re
from typing import Final

from aiohttp import ClientResponse, FormData
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import UnknownFlow
import pytest
from yarl import URL

from custom_components.mybmw.sources.loopback import LOOPBACK
from custom_components.mybmw.sources.mybmw import Region

from .captcha_tab import Tab, go_on, is_waiting, open_page, says
from .door import (
    ENTERED,
    NEW_TOKEN,
    NOW,
    TOKEN,
    Door,
    begin,
    entry_made,
    submit,
)

pytestmark = pytest.mark.usefixtures("door")

FORM: Final = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("region", [Region.REST_OF_WORLD, Region.NORTH_AMERICA])
async def test_the_page_shows_bmws_captcha(hass: HomeAssistant, tab: Tab, region: Region) -> None:
    menu = await submit(hass, await begin(hass), **ENTERED | {"region": region.value})
    page = await open_page(hass, menu)
    assert page["description_placeholders"] == {"minutes": "5"}

    answer = await tab.look(page)

    assert (answer.status, answer.content_type) == (200, "text/html")
    document = await answer.text()
    assert f'data-sitekey="{region.captcha_widget().site_key}"' in document
    assert '<script src="https://js.hcaptcha.com/1/api.js" async>' in document
    assert "Solve BMW&#x27;s captcha" in document
    assert "$" not in document, "everything is filled in"


async def test_nothing_but_the_widget_may_run_on_the_page(hass: HomeAssistant, tab: Tab) -> None:
    page = await open_page(hass)
    answer = await tab.look(page)

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
    assert nonce not in await (await tab.look(page)).text(), "a nonce is for one answer"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("known", [True, False], ids=["a page", "no page"])
async def test_no_answer_is_kept_or_embedded(hass: HomeAssistant, tab: Tab, method: str, *, known: bool) -> None:
    page = await open_page(hass)
    url = page["url"] if known else f"{page['url']}x"

    answer = await tab.client.request(method, url)

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_messages_embed_nothing_at_all(hass: HomeAssistant, tab: Tab) -> None:
    answer = await tab.post(await open_page(hass))

    policy = answer.headers["Content-Security-Policy"]
    assert "https:" not in policy
    assert "frame-src 'none'; connect-src 'none'" in policy
    assert "window.close()" in await answer.text()


async def test_the_page_speaks_the_language_of_home_assistant(hass: HomeAssistant, tab: Tab) -> None:
    hass.config.language = "de"
    document = await (await tab.look(await open_page(hass))).text()
    assert '<html lang="de">' in document
    assert "<title>Captcha von BMW lösen</title>" in document


async def test_a_page_is_answered_once(hass: HomeAssistant, tab: Tab, door: Door) -> None:
    page = await open_page(hass)
    await tab.post(page)

    again = await tab.post(page)
    assert again.status == 404
    assert await says(again, "gone")
    assert (await tab.look(page)).status == 404

    entry_made(await go_on(hass, page))
    assert (await tab.post(page)).status == 404
    assert len(door.attempts) == 1


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"h-captcha-response=\xff", {}),
        (TOKEN.encode("utf-16"), {}),
        (b"h-captcha-response=x", {"Content-Type": f"{FORM}; charset=nobody"}),
        (b"h-captcha-response=x", {"Content-Encoding": "deflate"}),
    ],
    ids=["no UTF-8", "UTF-16", "encoded in no way there is", "not packed"],
)
async def test_what_cannot_be_read_is_refused_with_a_word(
    hass: HomeAssistant, tab: Tab, caplog: pytest.LogCaptureFixture, body: bytes, headers: dict[str, str]
) -> None:
    page = await open_page(hass)
    answer = await tab.send(page, body, **{"Content-Type": FORM, **headers})
    assert answer.status == 400
    assert await says(answer, "unusable")
    assert is_waiting(hass, page)
    assert "Error handling request" not in caplog.text


async def test_two_answers_at_once_are_one(hass: HomeAssistant, tab: Tab) -> None:
    page = await open_page(hass)
    arrived, overtaken = asyncio.Event(), asyncio.Event()

    async def slow_form() -> AsyncGenerator[bytes]:
        arrived.set()
        yield b"h-captcha-response="
        await overtaken.wait()
        yield NEW_TOKEN.encode()

    async def post_slowly() -> ClientResponse:
        form_type = {"Content-Type": "application/x-www-form-urlencoded"}
        return await tab.send(page, slow_form(), **form_type)

    slow = hass.async_create_task(post_slowly())
    await arrived.wait()
    assert (await tab.post(page)).status == 200
    overtaken.set()

    assert (await slow).status == 404
    entry_made(await go_on(hass, page))


async def test_a_page_is_for_its_flow_only(hass: HomeAssistant, tab: Tab) -> None:
    mine, other = await open_page(hass), await open_page(hass)
    secret, other_secret = (URL(page["url"]).query["secret"] for page in (mine, other))
    assert secret != other_secret
    assert len(secret) >= 43, "256 bits"

    for wrong in ("", "?secret=", "?secret=%C3%A4", f"?secret={secret[:-1]}", f"?secret={other_secret}"):
        url = f"{URL(mine['url']).path}{wrong}"
        assert (await tab.client.get(url)).status == 404
        assert (await tab.client.post(url, data={"h-captcha-response": TOKEN})).status == 404
    assert (await tab.client.get(f"/api/mybmw/captcha/unknown?secret={secret}")).status == 404
    assert is_waiting(hass, mine)
    assert is_waiting(hass, other)


async def test_before_any_flow_there_is_nothing(tab: Tab) -> None:
    assert (await tab.client.get("/api/mybmw/captcha/anything?secret=anything")).status == 404


async def test_a_page_ends_with_its_flow(hass: HomeAssistant, tab: Tab) -> None:
    page = await open_page(hass)

    hass.config_entries.flow.async_abort(page["flow_id"])

    assert (await tab.look(page)).status == 404
    assert (await tab.post(page)).status == 404
    with pytest.raises(UnknownFlow):
        await hass.config_entries.flow.async_configure(page["flow_id"])


@pytest.mark.parametrize("method", ["look", "post"])
async def test_a_page_that_was_open_for_too_long(
    hass: HomeAssistant, tab: Tab, freezer: FrozenDateTimeFactory, method: str
) -> None:
    freezer.move_to(NOW)
    page = await open_page(hass)
    freezer.tick(timedelta(minutes=5, seconds=-1))
    assert (await tab.look(page)).status == 200

    freezer.tick(1)
    answer = await (tab.look(page) if method == "look" else tab.post(page))

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
async def test_no_other_website_can_answer(hass: HomeAssistant, tab: Tab, headers: dict[str, str]) -> None:
    page = await open_page(hass)

    answer = await tab.post(page, **headers)

    assert answer.status == 403
    assert await says(answer, "foreign")
    assert is_waiting(hass, page)


async def test_an_answer_has_to_say_where_it_comes_from(hass: HomeAssistant, tab: Tab) -> None:
    page = await open_page(hass)
    answer = await tab.client.post(page["url"], data={"h-captcha-response": TOKEN})
    assert answer.status == 403
    assert is_waiting(hass, page)


async def test_a_browser_says_where_it_comes_from(hass: HomeAssistant, tab: Tab) -> None:
    assert (await tab.post(await open_page(hass), **{"Sec-Fetch-Site": "same-origin"})).status == 200


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
async def test_what_is_no_token(hass: HomeAssistant, tab: Tab, data: object, status: int) -> None:
    page = await open_page(hass)

    answer = await tab.send(page, data or FormData({"x": ""}))

    assert answer.status == status
    assert await says(answer, "unusable")
    assert is_waiting(hass, page), "the owner may try again"
    assert (await tab.post(page)).status == 200


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH"])
async def test_other_methods(hass: HomeAssistant, tab: Tab, method: str) -> None:
    page = await open_page(hass)
    assert (await tab.client.request(method, page["url"])).status == 405
    assert is_waiting(hass, page)


async def test_no_other_website_is_invited(hass: HomeAssistant, tab: Tab) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = await tab.client.options((await open_page(hass))["url"], headers=headers)
    assert answer.status == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_on_a_desk_the_widget_is_the_simulators(
    hass: HomeAssistant, tab: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LOOPBACK, "http://127.0.0.1:8199")
    answer = await tab.look(await open_page(hass))
    assert '<script src="http://127.0.0.1:8199/_captcha/api.js" async>' in await answer.text()
    policy = answer.headers["Content-Security-Policy"]
    assert "hcaptcha.com" not in policy
    assert "connect-src http://127.0.0.1:8199" in policy


async def test_nothing_secret_is_written_down(
    hass: HomeAssistant, tab: Tab, caplog: pytest.LogCaptureFixture, hass_storage: dict[str, object]
) -> None:
    caplog.set_level("DEBUG", "homeassistant")
    page = await open_page(hass)
    secret = URL(page["url"]).query["secret"]
    await tab.look(page)
    await tab.post(page, Origin="https://evil.example")
    await tab.post(page)
    entry_made(await go_on(hass, page))
    await hass.async_block_till_done()

    assert "Serving /api/mybmw/captcha/" in caplog.text
    assert secret not in str(hass_storage)
    assert TOKEN not in str(hass_storage)
