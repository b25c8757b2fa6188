"""An account that is there already: signing in again, another password or region, its options."""

from datetime import timedelta
from unittest.mock import AsyncMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import Refusal
from custom_components.mybmw.sources.mybmw import Account, Region
from custom_components.mybmw.sources.pauses import Pause

from .door import (
    CREDENTIALS,
    ENTERED,
    ENTERED_IN_CHINA,
    FORBIDDEN,
    GCID,
    NEW_PASSWORD,
    NEW_TOKEN,
    NOW,
    OF_ANOTHER_ACCOUNT,
    OLD_CREDENTIALS,
    OTHER_GCID,
    PASSWORD,
    REFUSED,
    TOKEN,
    TRY_LATER,
    USERNAME,
    Door,
    filled_in,
    known_account,
    paste,
    reconfigure,
    stored,
    submit,
)
from .flow_texts import shown
from .issued import Kind, issue

pytestmark = pytest.mark.usefixtures("door")


async def test_signing_in_again(hass: HomeAssistant, door: Door) -> None:
    entry = known_account(hass)
    await (await stored(hass)).async_keep_credentials(OLD_CREDENTIALS)

    form = shown(await entry.start_reauth_flow(hass))
    assert (form["step_id"], filled_in(form)) == ("reauth_confirm", {})
    assert (form["description_placeholders"] or {})["username"] == USERNAME
    form = await submit(hass, form, password=NEW_PASSWORD)
    result = await paste(hass, form, TOKEN)
    await hass.async_block_till_done()

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert entry.data == {"source": "mybmw", **ENTERED, "password": NEW_PASSWORD}
    assert entry.options == {"scan_interval": 7, "read_only": True}
    assert (await stored(hass)).credentials == CREDENTIALS
    door.set_up.assert_awaited_once()
    [attempt] = door.attempts
    assert attempt.account == Account(username=USERNAME, password=NEW_PASSWORD, region=Region.REST_OF_WORLD)
    assert attempt.previous
    assert attempt.previous.items() > OLD_CREDENTIALS.items()


async def test_pictures_that_were_refused_are_asked_for_again_after_a_new_sign_in(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, hass_storage: dict[str, dict[str, object]]
) -> None:
    freezer.move_to(NOW)
    a_day_ago, in_a_week = (NOW - timedelta(days=1)).isoformat(), (NOW + timedelta(days=7)).isoformat()
    known = {"vin": "WBA00000000000001", "updated_at": a_day_ago, "due_at": in_a_week, "misses": 1}
    refused, other = known | {"view": "front_side", "is_refused": True}, known | {"view": "rear", "is_refused": False}
    index = f"{DOMAIN}.{GCID.replace('-', '_')}.picture_index"
    document: dict[str, object] = {"pictures": [refused, other], "rest_until": in_a_week}
    hass_storage[index] = {"version": 1, "key": index, "data": document}
    entry = known_account(hass)
    await submit(hass, await reconfigure(hass, entry), password=NEW_PASSWORD, region="china")
    asked_again = refused | {"due_at": NOW.isoformat(), "misses": 0, "is_refused": False}
    assert hass_storage[index]["data"] == {"pictures": [asked_again, other], "rest_until": None}


async def test_an_account_goes_on_when_a_new_sign_in_cannot_be_stored(hass: HomeAssistant, door: Door) -> None:
    entry = known_account(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    form = await submit(hass, shown(await entry.start_reauth_flow(hass)), password=NEW_PASSWORD)
    with patch.object(AccountStore, "async_keep_credentials", AsyncMock(side_effect=OSError("disk full"))):
        form = await paste(hass, form, TOKEN)
    await hass.async_block_till_done()
    assert (form["type"], form["reason"]) == (FlowResultType.ABORT, "not_stored")
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["password"] == PASSWORD
    assert door.set_up.await_count == 2


async def test_changing_password_and_region(hass: HomeAssistant, door: Door) -> None:
    entry = known_account(hass)

    form = await reconfigure(hass, entry)
    assert (form["step_id"], filled_in(form)) == ("mybmw_settings", {"region": "rest_of_world"})
    form = await submit(hass, form, password=NEW_PASSWORD, region="china")
    await hass.async_block_till_done()

    assert (form["type"], form["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert entry.data == {"source": "mybmw", "username": USERNAME, "password": NEW_PASSWORD, "region": "china"}
    assert (await stored(hass)).credentials == CREDENTIALS
    door.set_up.assert_awaited_once()
    assert [attempt.captcha_token for attempt in door.attempts] == [None]


@pytest.mark.parametrize("step", ["reauth_confirm", "mybmw_settings"])
async def test_failing_to_sign_in_again(hass: HomeAssistant, door: Door, step: str) -> None:
    entry = known_account(hass)
    await (await stored(hass)).async_keep_credentials(OLD_CREDENTIALS)
    is_reauth = step == "reauth_confirm"
    region = {} if is_reauth else {"region": "rest_of_world"}
    form = await (entry.start_reauth_flow(hass) if is_reauth else reconfigure(hass, entry))

    form = await submit(hass, form, password=NEW_PASSWORD, **region)
    door.answer = TRY_LATER
    form = await paste(hass, form, TOKEN)
    assert (form["step_id"], form["errors"]) == ("sign_in_failed", {"base": "cannot_connect"})
    door.answer = REFUSED
    form = await paste(hass, form, NEW_TOKEN)
    assert (form["step_id"], form["errors"]) == (
        step,
        {"base": "invalid_password" if is_reauth else "invalid_password_or_region"},
    )
    assert filled_in(form) == region
    assert (form["description_placeholders"] or {})["username"] == USERNAME
    assert entry.data["password"] == PASSWORD
    assert (await stored(hass)).credentials == OLD_CREDENTIALS
    door.set_up.assert_not_awaited()

    door.answer = CREDENTIALS
    form = await submit(hass, form, password=NEW_PASSWORD, **region)
    result = await paste(hass, form, "P1_third")
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.ABORT
    assert entry.data["password"] == NEW_PASSWORD


@pytest.mark.parametrize(
    ("answer", "in_reauth", "in_reconfigure"),
    [
        (REFUSED, "invalid_password_china", "invalid_password_china"),
        (FORBIDDEN, "forbidden_again", "forbidden"),
    ],
    ids=["refused", "forbidden"],
)
async def test_failing_to_sign_in_again_in_china(
    hass: HomeAssistant, door: Door, answer: Exception, in_reauth: str, in_reconfigure: str
) -> None:
    """`shown` sees to it that no error speaks of a field that is not there."""
    entry = known_account(hass, "china")
    door.answer = answer

    form = await submit(hass, await entry.start_reauth_flow(hass), password=NEW_PASSWORD)
    assert form["errors"] == {"base": in_reauth}
    form = await submit(hass, await reconfigure(hass, entry), password=NEW_PASSWORD, region="china")
    assert form["errors"] == {"base": in_reconfigure}


@pytest.mark.parametrize("is_reauth", [True, False])
async def test_signing_in_again_to_another_account_changes_nothing(
    hass: HomeAssistant, door: Door, *, is_reauth: bool
) -> None:
    entry = known_account(hass, "china")
    await (await stored(hass)).async_keep_credentials(OLD_CREDENTIALS)
    door.answer = OF_ANOTHER_ACCOUNT

    form = await (entry.start_reauth_flow(hass) if is_reauth else reconfigure(hass, entry))
    region = {} if is_reauth else {"region": "china"}
    result = await submit(hass, form, password=NEW_PASSWORD, **region)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "wrong_account")
    assert entry.data["password"] == PASSWORD
    assert (await stored(hass)).credentials == OLD_CREDENTIALS
    assert (await stored(hass, OTHER_GCID)).credentials == {}
    door.set_up.assert_not_awaited()


@pytest.mark.parametrize(
    ("pause", "left"),
    [
        (Pause(until=NOW, refusal=Refusal.BLOCKED), None),
        (Pause(until=NOW, refusal=Refusal.FORBIDDEN), None),
        (Pause(until=NOW), Pause(until=NOW)),
    ],
    ids=["blocked", "forbidden", "quota"],
)
async def test_who_is_let_in_is_refused_no_more_but_has_no_new_quota(
    hass: HomeAssistant, pause: Pause, left: Pause | None
) -> None:
    entry = known_account(hass, "china")
    await (await stored(hass)).async_pause(pause)

    await submit(hass, await entry.start_reauth_flow(hass), password=PASSWORD)
    await hass.async_block_till_done()

    assert (await stored(hass)).pause == left
    assert (await stored(hass)).credentials == CREDENTIALS


async def test_an_account_without_an_id_is_not_taken_for_the_right_one(hass: HomeAssistant) -> None:
    entry = MockConfigEntry(domain=DOMAIN, data={"source": "mybmw", **ENTERED_IN_CHINA})
    entry.add_to_hass(hass)

    result = await submit(hass, await entry.start_reauth_flow(hass), password=PASSWORD)

    assert result["reason"] == "wrong_account"


async def test_options(hass: HomeAssistant, door: Door) -> None:
    entry = known_account(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)

    form = shown(await hass.config_entries.options.async_init(entry.entry_id), "options")
    assert form["step_id"] == "init"
    assert filled_in(form) == entry.options == {"scan_interval": 7, "read_only": True}
    result = await hass.config_entries.options.async_configure(
        form["flow_id"], {"scan_interval": 15.0, "read_only": False}
    )
    await hass.async_block_till_done()

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"scan_interval": 15, "read_only": False}
    assert isinstance(entry.options["scan_interval"], int)
    assert door.set_up.await_count == 2, "new options are to be used at once"


async def test_an_account_that_asks_more_often_than_an_owner_may_can_be_saved(hass: HomeAssistant) -> None:
    """The demo's does."""
    entry = known_account(hass)
    hass.config_entries.async_update_entry(entry, options={"scan_interval": 1, "read_only": False})
    form = await hass.config_entries.options.async_init(entry.entry_id)

    await hass.config_entries.options.async_configure(form["flow_id"], filled_in(form))

    assert entry.options == {"scan_interval": 5, "read_only": False}


OPTIONS = {"scan_interval": 7, "read_only": False}
CODE = "SESAME-2468"


def account_with_code(hass: HomeAssistant, code: str | None = CODE) -> MockConfigEntry:
    """An account whose cars are unlocked with a code only."""
    issue(Kind.KEY, CODE)
    entry = known_account(hass)
    hass.config_entries.async_update_entry(entry, options=OPTIONS | ({"unlock_code": code} if code else {}))
    return entry


async def test_the_code_for_unlocking_does_not_go_to_the_browser(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    entry = account_with_code(hass)
    assert await async_setup_component(hass, "config", {})
    client = await hass_client()

    answer = await client.post("/api/config/config_entries/options/flow", json={"handler": entry.entry_id})

    told = await answer.text()
    assert '"name":"unlock_code"' in told.replace(" ", "")
    assert CODE not in told


@pytest.mark.parametrize("code", [None, CODE])
async def test_a_form_that_is_not_touched_changes_no_code(hass: HomeAssistant, code: str | None) -> None:
    entry = account_with_code(hass, code)
    form = shown(await hass.config_entries.options.async_init(entry.entry_id), "options")
    assert ("unlock_code" in filled_in(form)) is bool(code), "an owner sees whether there is one"

    await hass.config_entries.options.async_configure(form["flow_id"], filled_in(form))

    assert entry.options == OPTIONS | ({"unlock_code": code} if code else {})


@pytest.mark.parametrize("before", [None, CODE])
@pytest.mark.parametrize("typed", [{"unlock_code": "OTHER-1357"}, {"unlock_code": ""}, {}])
async def test_a_code_for_unlocking_comes_and_goes(
    hass: HomeAssistant, before: str | None, typed: dict[str, str]
) -> None:
    entry = account_with_code(hass, before)
    form = await hass.config_entries.options.async_init(entry.entry_id)

    await hass.config_entries.options.async_configure(form["flow_id"], OPTIONS | typed)

    assert entry.options == OPTIONS | ({"unlock_code": "OTHER-1357"} if typed.get("unlock_code") else {})


@pytest.mark.parametrize("before", [None, CODE])
@pytest.mark.parametrize(
    ("typed", "error"),
    [
        (" ", "unlock_code_blank"),
        ("\N{NO-BREAK SPACE}\t", "unlock_code_blank"),
        ("\N{BULLET}\N{BULLET}1357", "unlock_code_mixed"),
    ],
)
async def test_what_is_no_code_for_unlocking(hass: HomeAssistant, before: str | None, typed: str, error: str) -> None:
    entry = account_with_code(hass, before)
    options = entry.options
    form = await hass.config_entries.options.async_init(entry.entry_id)
    first = filled_in(form)

    form = await hass.config_entries.options.async_configure(
        form["flow_id"], {"scan_interval": 20, "read_only": True, "unlock_code": typed}
    )

    assert shown(form, "options")["errors"] == {"unlock_code": error}
    assert filled_in(form) == first | {"scan_interval": 20, "read_only": True}, "the rest has not to be typed again"
    assert entry.options == options


@pytest.mark.parametrize("minutes", [5, 60])
async def test_updates_as_often_as_is_sensible(hass: HomeAssistant, minutes: int) -> None:
    entry = known_account(hass)
    form = await hass.config_entries.options.async_init(entry.entry_id)

    await hass.config_entries.options.async_configure(form["flow_id"], {"scan_interval": minutes, "read_only": False})

    assert entry.options["scan_interval"] == minutes


@pytest.mark.parametrize("minutes", [4, 61])
async def test_updates_too_often_or_too_seldom(hass: HomeAssistant, minutes: int) -> None:
    entry = known_account(hass)
    form = await hass.config_entries.options.async_init(entry.entry_id)

    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(
            form["flow_id"], {"scan_interval": minutes, "read_only": False}
        )

    assert entry.options["scan_interval"] == 7
