"""Adding an account: what is asked for, what is said when it fails, and what is left behind when it works."""

from datetime import timedelta
import logging
from unittest.mock import AsyncMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.selector import TextSelectorType
import probatio
import pytest

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources.mybmw import Account, Region

from .door import (
    BLOCKED,
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
    PASSING,
    PASSWORD,
    PHONE,
    REFUSED,
    SLOW_DOWN,
    TOKEN,
    USERNAME,
    Door,
    begin,
    choose,
    entry_made,
    filled_in,
    known_account,
    paste,
    reach_captcha,
    stored,
    submit,
)
from .flow_texts import shown

pytestmark = pytest.mark.usefixtures("door")


@pytest.mark.parametrize("region", [Region.REST_OF_WORLD, Region.NORTH_AMERICA])
async def test_a_new_account(hass: HomeAssistant, door: Door, region: Region) -> None:
    form = await begin(hass)
    assert (form["step_id"], form["errors"], filled_in(form)) == ("mybmw", {}, {"region": "rest_of_world"})

    menu = await submit(hass, form, username=f" {USERNAME}\n", password=PASSWORD, region=region.value)
    assert (menu["step_id"], menu["menu_options"]) == ("captcha", ["captcha_page", "captcha_token"])
    form = await choose(hass, menu, "captcha_token")
    assert (form["step_id"], filled_in(form)) == ("captcha_token", {})
    assert not form["errors"]
    assert form["description_placeholders"] == {"captcha_page": region.captcha_page}
    assert door.attempts == []

    entry = entry_made(await paste(hass, form, f" {TOKEN[:5]}\n{TOKEN[5:]} "))

    assert entry.unique_id == GCID
    assert entry.title == "d…r@e…"
    assert entry.data == {"source": "mybmw", "username": USERNAME, "password": PASSWORD, "region": region.value}
    assert entry.options == {"read_only": False}, "the rhythm is the region's until the owner has a wish"
    assert (entry.version, entry.minor_version) == (1, 1)
    assert (await stored(hass)).credentials == CREDENTIALS
    [attempt] = door.attempts
    assert attempt.account == Account(username=USERNAME, password=PASSWORD, region=region)
    assert attempt.captcha_token == TOKEN
    assert attempt.previous
    assert attempt.previous.keys() == {"build", "session_id", "session_since"}


async def test_all_attempts_come_from_the_same_app(hass: HomeAssistant, door: Door) -> None:
    door.answer = REFUSED
    form = await paste(hass, await reach_captcha(hass), TOKEN)
    form = await submit(hass, form, **ENTERED)
    door.answer = BLOCKED
    form = await paste(hass, form, NEW_TOKEN)
    door.answer = CREDENTIALS
    entry_made(await paste(hass, form, "P1_third"))
    first, *others = [attempt.previous for attempt in door.attempts]
    assert first
    assert others == [first, first]


async def test_a_sign_in_that_cannot_be_stored_is_no_account(hass: HomeAssistant) -> None:
    with patch.object(AccountStore, "async_keep_credentials", AsyncMock(side_effect=OSError("disk full"))):
        form = await paste(hass, await reach_captcha(hass), TOKEN)
    assert (form["type"], form["reason"]) == (FlowResultType.ABORT, "not_stored")
    assert not hass.config_entries.async_entries(DOMAIN)


@pytest.mark.parametrize(
    ("country", "region"),
    [("DE", "rest_of_world"), (None, "rest_of_world"), ("US", "north_america"), ("CN", "china")],
)
async def test_the_region_is_that_of_the_home(
    hass: HomeAssistant, door: Door, country: str | None, region: str
) -> None:
    hass.config.country = country
    assert filled_in(await begin(hass)) == {"region": region}
    assert not door.attempts


@pytest.mark.parametrize("phone", [PHONE, "+86 139 1234 5678"])
async def test_a_new_account_in_china_needs_no_captcha(hass: HomeAssistant, door: Door, phone: str) -> None:
    entry = entry_made(await submit(hass, await begin(hass), **ENTERED_IN_CHINA | {"username": phone}))

    assert entry.title == "86…78"
    assert entry.data == {"source": "mybmw", **ENTERED_IN_CHINA}
    assert entry.options == {"read_only": False}
    assert (await stored(hass)).credentials == CREDENTIALS
    [attempt] = door.attempts
    assert attempt.account == Account(username=PHONE, password=PASSWORD, region=Region.CHINA)
    assert attempt.captcha_token is None


@pytest.mark.parametrize(
    ("username", "title"),
    [("max.power@example.com", "m…r@e…"), ("a@b", "a…a@b…"), ("plus+tag@example.com", "p…g@e…"), ("nonsense", "no…se")],
)
async def test_a_title_names_nobody(hass: HomeAssistant, username: str, title: str) -> None:
    form = await submit(hass, await begin(hass), **ENTERED | {"username": username})
    assert entry_made(await paste(hass, form, TOKEN)).title == title


async def test_a_refused_sign_in_goes_back_to_the_account(hass: HomeAssistant, door: Door) -> None:
    form = await reach_captcha(hass)
    door.answer = REFUSED

    form = await paste(hass, form, TOKEN)

    assert (form["step_id"], form["errors"]) == ("mybmw", {"base": "invalid_auth"})
    assert filled_in(form) == {"username": USERNAME, "region": "rest_of_world"}, "the password is to be typed anew"
    assert hass.config_entries.async_entries(DOMAIN) == []

    door.answer = CREDENTIALS
    form = await submit(hass, form, username="rider@example.com", password=NEW_PASSWORD, region="north_america")
    entry = entry_made(await paste(hass, form, NEW_TOKEN))

    assert entry.data == {
        "source": "mybmw",
        "username": "rider@example.com",
        "password": NEW_PASSWORD,
        "region": "north_america",
    }


async def test_a_refused_sign_in_in_china(hass: HomeAssistant, door: Door) -> None:
    door.answer = REFUSED
    form = await submit(hass, await begin(hass), **ENTERED_IN_CHINA)

    assert (form["step_id"], form["errors"]) == ("mybmw", {"base": "invalid_auth_china"})
    assert filled_in(form) == {"username": PHONE, "region": "china"}

    door.answer = CREDENTIALS
    entry_made(await submit(hass, form, **ENTERED_IN_CHINA))


@pytest.mark.parametrize(("text", "error"), PASSING.items(), ids=PASSING.keys())
async def test_an_error_that_is_nobodys_fault_costs_a_captcha(
    hass: HomeAssistant, door: Door, text: str, error: Exception
) -> None:
    form = await reach_captcha(hass)
    door.answer = error

    form = await paste(hass, form, TOKEN)
    assert (form["step_id"], form["errors"]) == ("sign_in_failed", {"base": text})
    assert (await stored(hass)).credentials == {}

    door.answer = CREDENTIALS
    assert entry_made(await paste(hass, form, NEW_TOKEN)).data == {"source": "mybmw", **ENTERED}


@pytest.mark.parametrize(("text", "error"), [*PASSING.items(), ("forbidden", FORBIDDEN)])
async def test_an_error_that_is_nobodys_fault_costs_nothing_in_china(
    hass: HomeAssistant, door: Door, text: str, error: Exception
) -> None:
    door.answer = error

    form = await submit(hass, await begin(hass), **ENTERED_IN_CHINA)
    assert (form["step_id"], form["errors"]) == ("mybmw", {"base": text})
    assert filled_in(form) == ENTERED_IN_CHINA

    door.answer = CREDENTIALS
    assert entry_made(await submit(hass, form, **filled_in(form))).data == {"source": "mybmw", **ENTERED_IN_CHINA}


async def test_a_forbidden_sign_in_may_be_in_the_wrong_region(hass: HomeAssistant, door: Door) -> None:
    form = await reach_captcha(hass)
    door.answer = FORBIDDEN

    form = await paste(hass, form, TOKEN)
    assert (form["step_id"], form["errors"]) == ("mybmw", {"base": "forbidden"})
    assert filled_in(form) == ENTERED

    door.answer = CREDENTIALS
    form = await submit(hass, form, **ENTERED | {"region": "north_america"})
    assert entry_made(await paste(hass, form, NEW_TOKEN)).data["region"] == "north_america"


async def test_bmw_is_left_alone_as_long_as_it_wants(
    hass: HomeAssistant, door: Door, freezer: FrozenDateTimeFactory
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    freezer.move_to(NOW)
    form = await reach_captcha(hass)
    door.answer = SLOW_DOWN

    form = await paste(hass, form, TOKEN)
    assert (form["step_id"], form["errors"]) == ("sign_in_failed", {"base": "too_many_attempts"})
    assert (form["description_placeholders"] or {})["until"] == "15:01"

    door.answer = CREDENTIALS
    freezer.move_to(NOW + timedelta(hours=2, seconds=-1))
    form = await submit(hass, form)
    assert (form["step_id"], form["errors"]) == ("sign_in_failed", {"base": "too_many_attempts"}), "no captcha in vain"
    assert len(door.attempts) == 1

    freezer.tick(1)
    entry_made(await paste(hass, form, NEW_TOKEN))


async def test_bmw_is_left_alone_in_china_too(hass: HomeAssistant, door: Door, freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to(NOW)
    door.answer = SLOW_DOWN
    form = await submit(hass, await begin(hass), **ENTERED_IN_CHINA)
    assert form["errors"] == {"base": "too_many_attempts"}

    door.answer = CREDENTIALS
    freezer.tick(timedelta(hours=2, seconds=-1))
    form = await submit(hass, form, **ENTERED_IN_CHINA)
    assert (form["step_id"], form["errors"]) == ("mybmw", {"base": "too_many_attempts"})
    assert len(door.attempts) == 1

    freezer.tick(1)
    entry_made(await submit(hass, form, **ENTERED_IN_CHINA))


@pytest.mark.parametrize("token", ["", " \n"])
async def test_a_captcha_token_that_is_missing(hass: HomeAssistant, door: Door, token: str) -> None:
    form = await paste(hass, await reach_captcha(hass), token)

    assert (form["step_id"], form["errors"]) == ("captcha_token", {"captcha_token": "missing_captcha"})
    assert door.attempts == []
    entry_made(await paste(hass, form, TOKEN))


async def test_a_captcha_token_that_was_used(hass: HomeAssistant, door: Door) -> None:
    form = await reach_captcha(hass)
    door.answer = REFUSED
    form = await paste(hass, form, TOKEN)
    door.answer = CREDENTIALS
    form = await submit(hass, form, **ENTERED)

    form = await paste(hass, form, f"{TOKEN}\n")

    assert (form["step_id"], form["errors"]) == ("captcha_token", {"captcha_token": "captcha_used"})
    assert len(door.attempts) == 1
    entry_made(await paste(hass, form, NEW_TOKEN))


async def test_the_same_user_name_is_recognized_before_a_captcha_is_solved(hass: HomeAssistant, door: Door) -> None:
    known_account(hass)

    result = await submit(hass, await begin(hass), **ENTERED)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert door.attempts == []


async def test_the_same_account_is_recognized_by_another_user_name(hass: HomeAssistant) -> None:
    known_account(hass)
    await (await stored(hass)).async_keep_credentials(OLD_CREDENTIALS)

    form = await submit(hass, await begin(hass), **ENTERED | {"username": "DRIVER@example.com"})
    result = await paste(hass, form, TOKEN)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert (await stored(hass)).credentials == OLD_CREDENTIALS, "they belong to an account that may be running"


async def test_one_user_name_may_have_an_account_in_each_region(hass: HomeAssistant, door: Door) -> None:
    known_account(hass)
    door.answer = OF_ANOTHER_ACCOUNT

    form = await submit(hass, await begin(hass), **ENTERED | {"region": "north_america"})
    entry = entry_made(await paste(hass, form, TOKEN))

    assert entry.unique_id == OTHER_GCID
    assert (await stored(hass, OTHER_GCID)).credentials == OF_ANOTHER_ACCOUNT


async def test_forms_can_be_looked_at_again(hass: HomeAssistant) -> None:
    form = await begin(hass)
    assert shown(await hass.config_entries.flow.async_configure(form["flow_id"]))["step_id"] == "mybmw"
    menu = await submit(hass, form, **ENTERED)
    assert shown(await hass.config_entries.flow.async_configure(menu["flow_id"]))["step_id"] == "captcha"
    form = await choose(hass, menu, "captcha_token")
    assert shown(await hass.config_entries.flow.async_configure(form["flow_id"]))["step_id"] == "captcha_token"


@pytest.mark.parametrize("kind", [AttributeError, KeyError, OSError, RuntimeError, UnicodeError, ValueError])
async def test_a_bug_is_shown_and_told_to_the_log_without_what_it_may_quote(
    hass: HomeAssistant, door: Door, caplog: pytest.LogCaptureFixture, kind: type[Exception]
) -> None:
    form = await reach_captcha(hass)
    door.answer = kind(f"cannot make sense of {PASSWORD} and {TOKEN}")
    door.answer.__cause__ = KeyError(USERNAME)

    form = await paste(hass, form, TOKEN)

    assert (form["step_id"], form["errors"]) == ("sign_in_failed", {"base": "unknown"})
    [record] = [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    text = logging.Formatter().format(record)
    assert f"Unexpected {kind.__name__} while signing in" in text
    assert "door.py" in text, "it says where"


async def test_the_password_is_not_shown_while_it_is_typed(hass: HomeAssistant) -> None:
    schema = (await begin(hass))["data_schema"]
    assert schema
    fields = {str(key): (key, field) for key, field in schema.schema.items()}
    key, field = fields["password"]
    assert field.config["type"] == TextSelectorType.PASSWORD
    assert field.config["autocomplete"] == "current-password"
    assert isinstance(key.schema, probatio.Secret)
    assert fields["username"][1].config["autocomplete"] == "username"
