"""Signing in with the answer of the captcha page."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from .captcha_tab import Tab, go_on, open_page, says
from .door import (
    CREDENTIALS,
    ENTERED,
    NEW_PASSWORD,
    NEW_TOKEN,
    NOW,
    REFUSED,
    SLOW_DOWN,
    TOKEN,
    TRY_LATER,
    Door,
    entry_made,
    known_account,
    paste,
    reconfigure,
    submit,
)

pytestmark = pytest.mark.usefixtures("door")


async def test_a_new_account(hass: HomeAssistant, tab: Tab, door: Door) -> None:
    page = await open_page(hass)

    answer = await tab.post(page)

    assert answer.status == 200
    assert await says(answer, "done")
    assert door.attempts == [], "it is the dialog that goes on"
    entry = entry_made(await go_on(hass, page))
    assert entry.data == {"source": "mybmw", **ENTERED}
    assert [attempt.captcha_token for attempt in door.attempts] == [TOKEN]


@pytest.mark.parametrize("is_reauth", [True, False])
async def test_an_account_that_is_there_already(hass: HomeAssistant, tab: Tab, *, is_reauth: bool) -> None:
    entry = known_account(hass)
    form = await (entry.start_reauth_flow(hass) if is_reauth else reconfigure(hass, entry))
    region = {} if is_reauth else {"region": "north_america"}
    page = await open_page(hass, await submit(hass, form, password=NEW_PASSWORD, **region))

    assert (await tab.post(page)).status == 200
    result = await go_on(hass, page)
    await hass.async_block_till_done()

    assert result["type"] is FlowResultType.ABORT
    assert entry.data == {"source": "mybmw", **ENTERED, "password": NEW_PASSWORD, **region}


async def test_who_looks_at_the_dialog_again_gets_a_new_page(hass: HomeAssistant, tab: Tab) -> None:
    old = await open_page(hass)
    new = await go_on(hass, old)

    assert (await tab.look(old)).status == 404
    assert (await tab.post(new)).status == 200
    entry_made(await go_on(hass, new))


async def test_the_longest_token(hass: HomeAssistant, tab: Tab, door: Door) -> None:
    token = "P1_" + 8189 * "x"
    page = await open_page(hass)
    answer = await tab.send(page, {"g-recaptcha-response": token, "h-captcha-response": token})
    assert answer.status == 200
    entry_made(await go_on(hass, page))
    assert [attempt.captcha_token for attempt in door.attempts] == [token]


async def test_the_way_back(hass: HomeAssistant, tab: Tab, door: Door) -> None:
    page = await open_page(hass)

    answer = await tab.send(page, {"h-captcha-response": "", "back": "yes"})

    assert answer.status == 200
    assert await says(answer, "left")
    menu = await go_on(hass, page)
    assert menu["step_id"] == "captcha"
    assert (await tab.look(page)).status == 404
    assert door.attempts == []
    entry_made(await paste(hass, menu, NEW_TOKEN))


async def test_a_failure_is_told_and_another_captcha_helps(hass: HomeAssistant, tab: Tab, door: Door) -> None:
    page = await open_page(hass)
    door.answer = TRY_LATER
    await tab.post(page)
    form = await go_on(hass, page)
    assert (form["step_id"], form["errors"]) == ("sign_in_failed", {"base": "cannot_connect"})

    menu = await submit(hass, form)
    assert menu["step_id"] == "captcha"
    page = await open_page(hass, menu)
    await tab.post(page)
    form = await go_on(hass, page)
    assert (form["step_id"], form["errors"]) == ("sign_in_failed", {"base": "captcha_used"})
    assert len(door.attempts) == 1

    door.answer = CREDENTIALS
    page = await open_page(hass, await submit(hass, form))
    await tab.send(page, {"h-captcha-response": NEW_TOKEN})
    entry_made(await go_on(hass, page))


async def test_a_refused_sign_in_goes_back_to_the_account(hass: HomeAssistant, tab: Tab, door: Door) -> None:
    page = await open_page(hass)
    door.answer = REFUSED
    await tab.post(page)
    form = await go_on(hass, page)
    assert (form["step_id"], form["errors"]) == ("mybmw", {"base": "invalid_auth"})


async def test_no_captcha_is_solved_while_bmw_wants_to_be_left_alone(
    hass: HomeAssistant, tab: Tab, door: Door, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(NOW)
    page = await open_page(hass)
    door.answer = SLOW_DOWN
    await tab.post(page)
    form = await go_on(hass, page)
    assert (form["step_id"], form["errors"]) == ("sign_in_failed", {"base": "too_many_attempts"})

    door.answer = CREDENTIALS
    assert (await submit(hass, form))["errors"] == {"base": "too_many_attempts"}
    freezer.tick(timedelta(hours=2))
    entry_made(await paste(hass, form, NEW_TOKEN))


async def test_a_second_window_does_not_sign_in_a_second_time(hass: HomeAssistant, tab: Tab, door: Door) -> None:
    page = await open_page(hass)
    door.answer = TRY_LATER
    await tab.post(page)

    form = await go_on(hass, page)
    second = await hass.config_entries.flow._async_handle_step(
        hass.config_entries.flow._progress[page["flow_id"]], "captcha_solved", None
    )

    assert form["step_id"] == "sign_in_failed"
    assert second["step_id"] == "captcha"
    assert len(door.attempts) == 1
