"""Signs in to MyBMW: user name, password, region, and a captcha where BMW wants one.

An entry's title tells an owner's accounts apart without naming anybody ("m…n@e…"): Home Assistant writes titles into
its log, where no e-mail address or phone number belongs.
"""

from collections.abc import Mapping
from datetime import timedelta
import logging
from typing import Final, NamedTuple, override

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_REGION, CONF_USERNAME
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util import dt as dt_util
import probatio

from .account_flow import AccountFlow, SignedIn, log_unexpected
from .account_store import UnreadableError
from .captcha_page import PAGE_LIFETIME, async_close_page, async_open_page
from .connection import async_disconnect, connect
from .const import CONF_CAPTCHA_TOKEN, CONF_SOURCE
from .sources import Credentials, NotAllowedError, SignInRequiredError, SlowDownError, SourceError
from .sources.mybmw import Account, Region, sign_in, stranger

_LOGGER = logging.getLogger(__name__)

_SOURCE: Final = "mybmw"

# The one that most accounts are from stands first.
_REGIONS: Final = (Region.REST_OF_WORLD, Region.NORTH_AMERICA, Region.CHINA)
_REGION_OF_COUNTRY: Final = {"CA": Region.NORTH_AMERICA, "CN": Region.CHINA, "US": Region.NORTH_AMERICA}

_USERNAME: Final = {
    probatio.Required(CONF_USERNAME): TextSelector(TextSelectorConfig(autocomplete="username")),
}
_PASSWORD: Final = {
    probatio.Required(probatio.Secret(CONF_PASSWORD)): TextSelector(
        TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
    ),
}
_REGION: Final = {
    probatio.Required(CONF_REGION): SelectSelector(
        SelectSelectorConfig(options=[region.value for region in _REGIONS], translation_key="region")
    ),
}
_CAPTCHA_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(probatio.Secret(CONF_CAPTCHA_TOKEN)): TextSelector(TextSelectorConfig(autocomplete="off")),
    }
)


class _AccountForm(NamedTuple):
    """What has to be known of an account to sign in, as far as it is not known already.

    `errors` are those that are said differently here, as their usual words name fields that this form does not have.
    """

    step_id: str
    schema: probatio.Schema
    errors: Mapping[str, str]


_NEW_ACCOUNT: Final = _AccountForm("mybmw", probatio.Schema(_USERNAME | _PASSWORD | _REGION), {})
_SAME_ACCOUNT: Final = _AccountForm(
    "reauth_confirm",
    probatio.Schema(_PASSWORD),
    {
        "forbidden": "forbidden_again",
        "invalid_auth": "invalid_password",
        "invalid_auth_china": "invalid_password_china",
    },
)
_CHANGED_ACCOUNT: Final = _AccountForm(
    "mybmw_settings",
    probatio.Schema(_PASSWORD | _REGION),
    {"invalid_auth": "invalid_password_or_region", "invalid_auth_china": "invalid_password_china"},
)


class MyBMWSteps(AccountFlow):
    """Signs an account in.

    Whatever the reason, the steps are the same: the account, as far as it is not known; a captcha, where BMW wants one,
    solved on a page of ours or elsewhere; the sign-in. When it fails, the owner is led back to where something can be
    done about it: to the account if BMW may not have liked what stands there, else to another captcha.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        super().__init__()
        self._account_form = _NEW_ACCOUNT
        self._settings: Mapping[str, str] = {}
        self._token_from_page: str | None = None
        self._spent_tokens: set[str] = set()
        self._stranger = stranger(dt_util.utcnow())

    async def async_step_mybmw(self, user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Ask for an account."""
        return await self._async_step_account(_NEW_ACCOUNT, user_input)

    async def async_step_reauth_confirm(self, user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Ask for the password."""
        return await self._async_step_account(_SAME_ACCOUNT, user_input)

    async def async_step_mybmw_settings(self, user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Ask for another password or region."""
        return await self._async_step_account(_CHANGED_ACCOUNT, user_input)

    async def async_step_captcha(self, _user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Ask where the captcha shall be solved, unless it would be solved for nothing."""
        if self._has_to_wait:
            return self._show_error("too_many_attempts")
        return self.async_show_menu(step_id="captcha", menu_options=["captcha_page", "captcha_token"])

    async def async_step_captcha_page(self, user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Wait until the page that shows the captcha answers: with a token, or without one to go back to the choice.

        Who looks at this step again gets a new page.
        """
        if user_input is None:
            return self.async_external_step(
                step_id="captcha_page",
                url=async_open_page(self.hass, self.flow_id, self._region.captcha_widget()),
                description_placeholders={"minutes": f"{PAGE_LIFETIME // timedelta(minutes=1)}"},
            )
        async_close_page(self.hass, self.flow_id)
        self._token_from_page = user_input.get(CONF_CAPTCHA_TOKEN)
        return self.async_external_step_done(next_step_id="captcha_solved" if self._token_from_page else "captcha")

    async def async_step_captcha_solved(self, _user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Sign in with the token from the page; who asks twice, from two windows, has to choose again."""
        token, self._token_from_page = self._token_from_page, None
        if token is None:
            return await self.async_step_captcha()
        if token in self._spent_tokens:
            return self._show_error("captcha_used")
        return await self._async_sign_in(token)

    async def async_step_captcha_token(self, user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Ask for the token that shows that a human is signing in."""
        if user_input is None:
            return self._show_token_form()
        token = "".join(user_input[CONF_CAPTCHA_TOKEN].split())
        if not token:
            return self._show_token_form({CONF_CAPTCHA_TOKEN: "missing_captcha"})
        if token in self._spent_tokens:
            return self._show_token_form({CONF_CAPTCHA_TOKEN: "captcha_used"})
        return await self._async_sign_in(token)

    async def async_step_sign_in_failed(self, _user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Begin again with the captcha: the last one is spent."""
        return await self.async_step_captcha()

    @callback
    @override
    def async_remove(self) -> None:
        super().async_remove()
        async_close_page(self.hass, self.flow_id)

    @property
    def _region_of_home(self) -> Region:
        """The region that an account of somebody who lives here is likely to be from."""
        return _REGION_OF_COUNTRY.get(self.hass.config.country or "", Region.REST_OF_WORLD)

    @property
    def _region(self) -> Region:
        return Region(self._settings[CONF_REGION])

    async def _async_step_account(self, form: _AccountForm, user_input: Mapping[str, str] | None) -> ConfigFlowResult:
        self._account_form = form
        entry = self._entry_of(_SOURCE)
        known = entry.data if entry else {CONF_SOURCE: _SOURCE, CONF_REGION: self._region_of_home.value}
        if user_input is None:
            return self._show_account_form(_without_password(known))
        self._settings = _tidied({**known, **user_input})
        if self._entry is None:  # before a captcha is solved for nothing
            self._async_abort_entries_match({key: self._settings[key] for key in (CONF_USERNAME, CONF_REGION)})
        try:
            self._region.api_origin()
        except ValueError as err:
            _LOGGER.error("The sign-in cannot even be tried: %s", err)  # noqa: TRY400 (the text says it all)
            return self._show_account_form(self._settings, "unknown")
        return await (self.async_step_captcha() if self._region.needs_captcha else self._async_sign_in())

    async def _async_sign_in(self, captcha_token: str | None = None) -> ConfigFlowResult:
        if self._has_to_wait:
            return self._show_error("too_many_attempts")
        if captcha_token:
            self._spent_tokens.add(captcha_token)
        try:
            previous = await self._async_previous_credentials()
        except UnreadableError as err:
            return self._not_stored(err)
        http = connect(self.hass)
        try:
            credentials = await sign_in(
                Account.of(self._settings),
                http=http,
                clock=dt_util.utcnow,
                captcha_token=captcha_token,
                previous=previous,
            )
        except SourceError as err:
            _LOGGER.debug("The sign-in failed: %s", err)
            return self._show_source_error(err)
        except Exception as err:  # noqa: BLE001 (whatever it is: a flow that breaks off tells its owner nothing)
            log_unexpected(err)
            return self._show_error("unknown")
        finally:
            await async_disconnect(http)
        return await self._async_finish(
            SignedIn(str(credentials["gcid"]), credentials, self._settings, _title(self._settings[CONF_USERNAME]))
        )

    async def _async_previous_credentials(self) -> Credentials:
        """What an account was let in with until now: with it, BMW sees the same copy of its app sign in again."""
        entry = self._entry
        return {**self._stranger, **(await self._async_remembered(entry, _SOURCE) if entry else {})}

    def _show_source_error(self, err: SourceError) -> ConfigFlowResult:
        match err:
            case SignInRequiredError():
                error = "invalid_auth" if self._region.needs_captcha else "invalid_auth_china"
                return self._show_account_form(_without_password(self._settings), error)
            case NotAllowedError():
                return self._show_error(err.reason.value)
            case SlowDownError():
                self._wait_until = err.until
                return self._show_error("too_many_attempts")
            case _:
                return self._show_error("cannot_connect")

    def _show_error(self, error: str) -> ConfigFlowResult:
        """Show what went wrong, and nothing that was typed is lost.

        A menu cannot show an error, so the choice of the next captcha has a form before it that can.
        """
        if self._region.needs_captcha and error != "forbidden":
            return self.async_show_form(
                step_id="sign_in_failed",
                data_schema=probatio.Schema({}),
                errors={"base": error},
                description_placeholders=self._end_of_wait(),
            )
        return self._show_account_form(self._settings, error)

    def _show_account_form(self, suggested: Mapping[str, str], error: str | None = None) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=self._account_form.step_id,
            data_schema=self.add_suggested_values_to_schema(self._account_form.schema, suggested),
            errors={"base": self._account_form.errors.get(error, error)} if error else {},
            description_placeholders={"username": suggested.get(CONF_USERNAME, "")} | self._end_of_wait(),
        )

    def _show_token_form(self, errors: dict[str, str] | None = None) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="captcha_token",
            data_schema=_CAPTCHA_SCHEMA,
            errors=errors,
            description_placeholders={"captcha_page": self._region.captcha_page or ""},
        )


def _without_password(settings: Mapping[str, str]) -> Mapping[str, str]:
    return {key: value for key, value in settings.items() if key != CONF_PASSWORD}


def _tidied(settings: Mapping[str, str]) -> Mapping[str, str]:
    """The settings with a user name as BMW knows it: no white space, and no plus before a phone number."""
    username = "".join(settings[CONF_USERNAME].split())
    if settings[CONF_REGION] == Region.CHINA:
        username = username.removeprefix("+")
    return {**settings, CONF_USERNAME: username}


def _title(username: str) -> str:
    """The first and last letter of an e-mail address's name and the first of its domain, or the ends of a number."""
    name, at, domain = username.partition("@")
    return f"{name[:1]}…{name[-1:]}@{domain[:1]}…" if at else f"{name[:2]}…{name[-2:]}"
