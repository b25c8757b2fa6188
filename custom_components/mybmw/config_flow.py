"""Signs an account in: for the first time, once again, or with another password or region; and asks for its options.

An entry's title tells an owner's accounts apart without naming anybody ("m…n@e…"): Home Assistant writes titles into
its log, where no e-mail address or phone number belongs.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
import logging
from traceback import format_tb
from typing import Final, NamedTuple, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
    OptionsFlowWithReload,
)
from homeassistant.const import CONF_PASSWORD, CONF_REGION, CONF_SCAN_INTERVAL, CONF_USERNAME, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util import dt as dt_util
import probatio

from .account_store import AccountStore
from .captcha_page import PAGE_LIFETIME, async_close_page, async_open_page
from .connection import async_disconnect, connect
from .const import CONF_CAPTCHA_TOKEN, CONF_READ_ONLY, CONF_SOURCE, CONF_UNLOCK_CODE, DOMAIN
from .coordinator import MyBMWConfigEntry
from .sources import Credentials, NotAllowedError, SignInRequiredError, SlowDownError, SourceError
from .sources.mybmw import Account, Region, sign_in, stranger

_LOGGER = logging.getLogger(__name__)

_SOURCE: Final = "mybmw"

_SHORTEST_INTERVAL_MIN: Final = 5
_LONGEST_INTERVAL_MIN: Final = 60

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
_OPTIONS_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(CONF_SCAN_INTERVAL): NumberSelector(
            NumberSelectorConfig(
                min=_SHORTEST_INTERVAL_MIN,
                max=_LONGEST_INTERVAL_MIN,
                mode=NumberSelectorMode.BOX,
                unit_of_measurement=UnitOfTime.MINUTES,
            )
        ),
        probatio.Required(CONF_READ_ONLY): BooleanSelector(),
        probatio.Optional(probatio.Secret(CONF_UNLOCK_CODE)): TextSelector(
            TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="new-password")
        ),
    }
)


class _AccountForm(NamedTuple):
    """What has to be known of an account to sign in, as far as it is not known already.

    `errors` are those that are said differently here, as their usual words name fields that this form does not have.
    """

    step_id: str
    schema: probatio.Schema
    errors: Mapping[str, str]


_NEW_ACCOUNT: Final = _AccountForm("user", probatio.Schema(_USERNAME | _PASSWORD | _REGION), {})
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
    "reconfigure",
    probatio.Schema(_PASSWORD | _REGION),
    {"invalid_auth": "invalid_password_or_region", "invalid_auth_china": "invalid_password_china"},
)


class MyBMWConfigFlow(ConfigFlow, domain=DOMAIN):
    """Signs an account in.

    Whatever the reason, the steps are the same: the account, as far as it is not known; a captcha, where BMW wants one,
    solved on a page of ours or elsewhere; the sign-in. When it fails, the owner is led back to where something can be
    done about it: to the account if BMW may not have liked what stands there, else to another captcha.
    """

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Know nothing yet."""
        self._account_form = _NEW_ACCOUNT
        self._settings: Mapping[str, str] = {}
        self._token_from_page: str | None = None
        self._spent_tokens: set[str] = set()
        self._wait_until: datetime | None = None
        self._stranger = stranger(dt_util.utcnow())

    @staticmethod
    @callback
    @override
    def async_get_options_flow(_config_entry: MyBMWConfigEntry) -> OptionsFlow:
        return MyBMWOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        return await self._async_step_account(_NEW_ACCOUNT, user_input)

    async def async_step_reauth(self, _entry_data: Mapping[str, str]) -> ConfigFlowResult:
        """Begin when BMW no longer accepts the sign-in."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Ask for the password."""
        return await self._async_step_account(_SAME_ACCOUNT, user_input)

    async def async_step_reconfigure(self, user_input: dict[str, str] | None = None) -> ConfigFlowResult:
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
        async_close_page(self.hass, self.flow_id)

    @property
    def _entry(self) -> MyBMWConfigEntry | None:
        """The account that is signed in anew, None for one that is added."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_entry()
        return None

    @property
    def _region_of_home(self) -> Region:
        """The region that an account of somebody who lives here is likely to be from."""
        return _REGION_OF_COUNTRY.get(self.hass.config.country or "", Region.REST_OF_WORLD)

    @property
    def _region(self) -> Region:
        return Region(self._settings[CONF_REGION])

    @property
    def _has_to_wait(self) -> bool:
        """Whether BMW asked not to be asked now."""
        return self._wait_until is not None and dt_util.utcnow() < self._wait_until

    async def _async_step_account(self, form: _AccountForm, user_input: Mapping[str, str] | None) -> ConfigFlowResult:
        self._account_form = form
        entry = self._entry
        known = entry.data if entry else {CONF_SOURCE: _SOURCE, CONF_REGION: self._region_of_home.value}
        if user_input is None:
            return self._show_account_form(_without_password(known))
        self._settings = _tidied({**known, **user_input})
        if entry is None:  # before a captcha is solved for nothing
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
        previous = await self._async_previous_credentials()
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
            _log_unexpected(err)
            return self._show_error("unknown")
        finally:
            await async_disconnect(http)
        return await self._async_finish(str(credentials["gcid"]), credentials)

    async def _async_previous_credentials(self) -> Credentials:
        """What an account was let in with until now: with it, BMW sees the same copy of its app sign in again."""
        entry = self._entry
        if entry is None or entry.unique_id is None:
            return self._stranger
        store = AccountStore(self.hass, entry.unique_id)
        await store.async_load()
        return {**self._stranger, **store.credentials}

    async def _async_finish(self, gcid: str, credentials: Credentials) -> ConfigFlowResult:
        """Store what the sign-in brought, unless it is for the wrong account, and set the account up with it."""
        await self.async_set_unique_id(gcid)
        if entry := self._entry:
            self._abort_if_unique_id_mismatch(reason="wrong_account")
            await self._async_halt(entry)
        else:
            self._abort_if_unique_id_configured()
        try:
            await self._async_keep(gcid, credentials)
        except OSError:
            _LOGGER.exception("What the sign-in brought cannot be stored")
            if entry:
                self.hass.config_entries.async_schedule_reload(entry.entry_id)
            return self.async_abort(reason="not_stored")
        if entry:
            return self.async_update_reload_and_abort(entry, data_updates=self._settings)
        return self.async_create_entry(
            title=_title(self._settings[CONF_USERNAME]),
            data=self._settings,
            options={CONF_READ_ONLY: False},
        )

    async def _async_halt(self, entry: MyBMWConfigEntry) -> None:
        """Take an account down, or its next token might be stored over the new one; let it come up first if it does."""
        async with entry.setup_lock:
            pass
        if entry.state.recoverable:
            await self.hass.config_entries.async_unload(entry.entry_id)

    async def _async_keep(self, gcid: str, credentials: Credentials) -> None:
        """Put the credentials where the set-up looks for them.

        Who is let in is not refused any more, so one look at the cars is in order. A quota, though, is as empty as it
        was before.

        Raises:
            OSError: They could not be stored.
        """
        store = AccountStore(self.hass, gcid)
        await store.async_load()
        if store.pause and store.pause.refusal:
            await store.async_pause(None)
        await store.async_keep_credentials(credentials)

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

    def _end_of_wait(self) -> dict[str, str]:
        """The first full minute after the wait BMW asked for, to be named in a text."""
        if self._wait_until is None:
            return {}
        return {"until": f"{dt_util.as_local(self._wait_until + timedelta(minutes=1)):%Y-%m-%d %H:%M}"}


class MyBMWOptionsFlow(OptionsFlowWithReload):
    """Asks how often the cars are read, and whether they may be commanded."""

    async def async_step_init(self, user_input: dict[str, float] | None = None) -> ConfigFlowResult:
        """Show the only form there is."""
        if user_input is not None:
            return self.async_create_entry(data={**user_input, CONF_SCAN_INTERVAL: int(user_input[CONF_SCAN_INTERVAL])})
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                _OPTIONS_SCHEMA,
                {
                    CONF_SCAN_INTERVAL: Region(self.config_entry.data[CONF_REGION]).poll_interval_min,
                    CONF_READ_ONLY: False,
                    **self.config_entry.options,
                },
            ),
        )


def _without_password(settings: Mapping[str, str]) -> Mapping[str, str]:
    return {key: value for key, value in settings.items() if key != CONF_PASSWORD}


def _log_unexpected(err: Exception) -> None:
    """Tell the log of a bug all but its message: that may quote what was typed, or what BMW answered."""
    where = "".join(format_tb(err.__traceback__))
    _LOGGER.error("Unexpected %s while signing in; it happened at\n%s", type(err).__name__, where)


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
