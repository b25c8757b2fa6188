"""BMW's door in the hands of the test, and the forms in front of it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from unittest.mock import AsyncMock

from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import httpx
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.coordinator import MyBMWConfigEntry
from custom_components.mybmw.sources import (
    Clock,
    Credentials,
    NotAllowedError,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    TryLaterError,
)
from custom_components.mybmw.sources.mybmw import Account

from .flow_texts import shown
from .issued import Kind, well_known

NOW: Final = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)

GCID: Final = "ceb64158-d2ca-47e9-9ee6-cbffb881434e"
OTHER_GCID: Final = "1f0f5b0e-6a3c-4a0e-9d1f-0a8a4d0c6f5e"
USERNAME: Final = "driver@example.com"
PHONE: Final = "8613912345678"
PASSWORD: Final = "not-to-be-told"
NEW_PASSWORD: Final = "not-to-be-told-either"
TOKEN: Final = "P1_first"
NEW_TOKEN: Final = "P1_second"

OLD_CREDENTIALS: Final[Credentials] = {"gcid": GCID, "refresh_token": "the-old-way-in", "build": "AP2A.123456.789"}
CREDENTIALS: Final[Credentials] = {"gcid": GCID, "refresh_token": "the-way-in", "build": "AP2A.123456.789"}
OF_ANOTHER_ACCOUNT: Final[Credentials] = {"gcid": OTHER_GCID, "refresh_token": "the-way-into-another"}

well_known(Kind.PERSON, USERNAME, PHONE, GCID, OTHER_GCID)
well_known(Kind.KEY, PASSWORD, NEW_PASSWORD, TOKEN, NEW_TOKEN, "way-in")

ENTERED: Final = {"username": USERNAME, "password": PASSWORD, "region": "rest_of_world"}
ENTERED_IN_CHINA: Final = {"username": PHONE, "password": PASSWORD, "region": "china"}

REFUSED: Final = SignInRequiredError("refused")
BLOCKED: Final = NotAllowedError("blocked", Refusal.BLOCKED)
FORBIDDEN: Final = NotAllowedError("forbidden", Refusal.FORBIDDEN)
SLOW_DOWN: Final = SlowDownError("slow down", NOW + timedelta(hours=2))
TRY_LATER: Final = TryLaterError("try later")
BUG: Final = RuntimeError("a bug")

PASSING: Final = {"blocked": BLOCKED, "cannot_connect": TRY_LATER, "unknown": BUG}
"""Errors that have nothing to do with what was typed and need no waiting, by the text that tells of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A sign-in that reached BMW."""

    account: Account
    captcha_token: str | None
    previous: Credentials | None
    http: httpx.AsyncClient


@dataclass(slots=True)
class Door:
    """BMW's door: what it answers, and who came; `set_up` is what happens to an account that was let in."""

    answer: Credentials | Exception = field(default_factory=lambda: CREDENTIALS)
    attempts: list[Attempt] = field(default_factory=list)
    set_up: AsyncMock = field(default_factory=lambda: AsyncMock(return_value=True))

    async def sign_in(
        self,
        account: Account,
        *,
        http: httpx.AsyncClient,
        clock: Clock,
        captcha_token: str | None = None,
        previous: Credentials | None = None,
    ) -> Credentials:
        """Answer a sign-in."""
        assert clock().tzinfo is UTC
        assert not http.is_closed
        self.attempts.append(Attempt(account=account, captcha_token=captcha_token, previous=previous, http=http))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def known_account(hass: HomeAssistant, region: str = "rest_of_world", *, gcid: str = GCID) -> MockConfigEntry:
    """An account that was added before."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="d…r@e…",
        unique_id=gcid,
        data={"source": "mybmw", "username": USERNAME, "password": PASSWORD, "region": region},
        options={"scan_interval": 7, "read_only": True},
    )
    entry.add_to_hass(hass)
    return entry


async def stored(hass: HomeAssistant, gcid: str = GCID) -> AccountStore:
    """What is remembered of an account."""
    store = AccountStore(hass, gcid)
    await store.async_load()
    return store


async def begin(hass: HomeAssistant, source: str = "mybmw") -> ConfigFlowResult:
    """Add an account, up to the first form of a source."""
    menu = shown(await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER}))
    return await choose(hass, menu, source)


async def reconfigure(hass: HomeAssistant, entry: MockConfigEntry, option: str = "mybmw_settings") -> ConfigFlowResult:
    """Change an account, up to the form about what is to be changed."""
    return await choose(hass, shown(await entry.start_reconfigure_flow(hass)), option)


async def submit(hass: HomeAssistant, form: ConfigFlowResult, **typed: str) -> ConfigFlowResult:
    """Fill a form in and send it."""
    return shown(await hass.config_entries.flow.async_configure(form["flow_id"], typed))


async def choose(hass: HomeAssistant, menu: ConfigFlowResult, option: str) -> ConfigFlowResult:
    """Choose from a menu."""
    assert menu["type"] is FlowResultType.MENU
    return await submit(hass, menu, next_step_id=option)


async def reach_captcha(hass: HomeAssistant) -> ConfigFlowResult:
    """Add an account, up to the captcha."""
    menu = await submit(hass, await begin(hass), **ENTERED)
    assert menu["step_id"] == "captcha"
    return menu


async def reach_token(hass: HomeAssistant, shown: ConfigFlowResult) -> ConfigFlowResult:
    """Go on to where a token is pasted: from the choice, or from an error before it."""
    menu = await submit(hass, shown) if shown["step_id"] == "sign_in_failed" else shown
    return await choose(hass, menu, "captcha_token")


async def paste(hass: HomeAssistant, shown: ConfigFlowResult, token: str) -> ConfigFlowResult:
    """Solve the captcha elsewhere and paste the token."""
    form = shown if shown["step_id"] == "captcha_token" else await reach_token(hass, shown)
    return await submit(hass, form, captcha_token=token)


def filled_in(form: ConfigFlowResult) -> dict[str, str]:
    """What stands in the fields of a form already."""
    assert form["data_schema"] is not None
    return {str(key): key.description["suggested_value"] for key in form["data_schema"].schema if key.description}


def entry_made(result: ConfigFlowResult) -> MyBMWConfigEntry:
    """The account that was added."""
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry: MyBMWConfigEntry = result["result"]
    return entry
