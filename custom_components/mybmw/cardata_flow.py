"""Signs in to BMW CarData: a client id from BMW's portal, then a code that the owner enters on a page of BMW's."""

from asyncio import Task, sleep
from collections.abc import Mapping
import logging
from typing import Final, override

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    QrCodeSelector,
    QrCodeSelectorConfig,
    TextSelector,
    TextSelectorConfig,
)
from homeassistant.util import dt as dt_util
import probatio

from .account_flow import AccountFlow, SignedIn, log_unexpected
from .account_store import UnreadableError
from .connection import async_disconnect, connect
from .const import CARDATA_TITLE, CONF_CLIENT_ID, CONF_SOURCE
from .moments import local_minute
from .sources import SlowDownError, SourceError
from .sources.cardata import (
    API_SCOPE,
    STREAM_SCOPE,
    Cause,
    DeviceSignIn,
    Grant,
    cause_of,
    first_credentials,
    missing_scopes_of,
    read_client_id,
)

_LOGGER = logging.getLogger(__name__)

_SOURCE: Final = "cardata"

PORTALS: Final[Mapping[str, str]] = {
    "portal_bmw": "https://www.bmw.de/de-de/mybmw/vehicle-overview",
    "portal_mini": "https://www.mini.de/de-de/mymini/vehicle-overview",
}
"""Where an owner makes a client id. The account is the same in every country's portal."""

_CLIENT_SCHEMA: Final = probatio.Schema(
    {probatio.Required(CONF_CLIENT_ID): TextSelector(TextSelectorConfig(autocomplete="off"))}
)
_QR_CODE: Final = "qr_code"

_ABOUT_CLIENT: Final = {Cause.CLIENT_UNKNOWN: "client_unknown"}
_ABOUT_CODE: Final = {Cause.CODE_EXPIRED: "code_expired", Cause.DECLINED: "code_declined"}


class CarDataSteps(AccountFlow):
    """Signs an account in.

    Whatever the reason, the steps are the same: the client id; the code, which is shown until BMW says that it was
    entered. When that fails, the owner is led back to where something can be done about it: to the client id if it, or
    what it is switched on for, is the reason, else to another code.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        super().__init__()
        self._client_step = "cardata"
        self._client_id = ""
        self._sign_in: DeviceSignIn | None = None
        self._waiting: Task[Grant] | None = None
        self._is_removed = False

    async def async_step_cardata(self, user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Ask for the client id of an account that is new to CarData."""
        self._client_step = "cardata"
        return await self._async_step_client(user_input)

    async def async_step_cardata_again(self, user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Ask for the client id, which may have become another one, to sign in again."""
        self._client_step = "cardata_again"
        if entry := self._entry_of(_SOURCE):
            self._client_id = self._client_id or entry.data[CONF_CLIENT_ID]
        return await self._async_step_client(user_input)

    async def async_step_cardata_code(self, user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Show the code; BMW is asked all the while whether it has been entered."""
        if self._sign_in is None:
            return await self._async_begin()
        if user_input is not None:
            return await self.async_step_cardata_wait()
        code = self._sign_in.code
        qr_code = QrCodeSelector(QrCodeSelectorConfig(data=code.page_with_code, scale=6))
        return self.async_show_form(
            step_id="cardata_code",
            data_schema=probatio.Schema({probatio.Optional(_QR_CODE): qr_code}),
            description_placeholders=self._about_code(),
        )

    async def async_step_cardata_wait(self, _user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Wait until the code has been entered, or cannot be any more."""
        if self._waiting is None:
            return await self._async_begin()
        if not self._waiting.done():
            return self.async_show_progress(
                step_id="cardata_wait",
                progress_action="cardata_wait",
                description_placeholders=self._about_code(),
                progress_task=self._waiting,
            )
        return self.async_show_progress_done(next_step_id="cardata_entered")

    async def async_step_cardata_entered(self, _user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Go on with what the code has brought."""
        waiting, self._waiting, self._sign_in = self._waiting, None, None
        if waiting is None:
            return await self._async_begin()
        try:
            grant = waiting.result()
        except SourceError as err:
            return self._show_failure(err)
        except Exception as err:  # noqa: BLE001 (whatever it is: a flow that breaks off tells its owner nothing)
            log_unexpected(err)
            return self._show_failed("unknown")
        if missing := grant.missing_scopes:
            return self._show_client_form(_about_scopes(missing))
        settings = {CONF_SOURCE: _SOURCE, CONF_CLIENT_ID: self._client_id}
        title = f"{CARDATA_TITLE}{grant.gcid[:4]}…"
        return await self._async_finish(SignedIn(grant.gcid, first_credentials(grant), settings, title))

    async def async_step_cardata_failed(self, _user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Begin again with another code."""
        return await self._async_begin()

    @callback
    @override
    def async_remove(self) -> None:
        super().async_remove()
        self._is_removed = True
        if self._waiting:
            self._waiting.cancel()

    async def _async_step_client(self, user_input: Mapping[str, str] | None) -> ConfigFlowResult:
        if user_input is None:
            return self._show_client_form()
        try:
            self._client_id = read_client_id(user_input[CONF_CLIENT_ID])
        except ValueError:
            self._client_id = user_input[CONF_CLIENT_ID]
            return self._show_client_form("invalid_client_id")
        if self._entry is None:  # before a code is entered for nothing
            self._async_abort_entries_match({CONF_SOURCE: _SOURCE, CONF_CLIENT_ID: self._client_id})
        return await self._async_begin()

    async def _async_begin(self) -> ConfigFlowResult:
        """Have BMW make a code, show it, and ask from now on whether it has been entered."""
        if self._waiting:
            self._waiting.cancel()
        self._sign_in = self._waiting = None
        if self._has_to_wait:
            return self._show_failed("too_many_attempts")
        if entry := self._entry:  # before a code is entered for nothing
            try:
                await self._async_remembered(entry, _SOURCE)
            except UnreadableError as err:
                return self._not_stored(err)
        http = connect(self.hass)
        try:
            self._sign_in = await DeviceSignIn.begin(self._client_id, http=http, clock=dt_util.utcnow, sleep=sleep)
        except SourceError as err:
            return self._show_failure(err)
        except Exception as err:  # noqa: BLE001 (whatever it is: a flow that breaks off tells its owner nothing)
            log_unexpected(err)
            return self._show_failed("unknown")
        finally:
            if self._sign_in is None:
                await async_disconnect(http)

        async def _async_wait(sign_in: DeviceSignIn) -> Grant:
            try:
                return await sign_in.complete()
            finally:
                await async_disconnect(http)

        self._waiting = self.hass.async_create_background_task(
            _async_wait(self._sign_in), "mybmw cardata sign-in", eager_start=True
        )
        if self._is_removed:  # while BMW made the code
            self._waiting.cancel()
        return await self.async_step_cardata_code()

    def _show_failure(self, err: SourceError) -> ConfigFlowResult:
        _LOGGER.debug("The sign-in failed: %s", err)
        cause = cause_of(err)
        if isinstance(err, SlowDownError):
            self._wait_until = err.until
            return self._show_failed("too_many_attempts")
        if scopes := missing_scopes_of(err):
            return self._show_client_form(_about_scopes(scopes))
        if error := cause and _ABOUT_CLIENT.get(cause):
            return self._show_client_form(error)
        return self._show_failed(_ABOUT_CODE.get(cause, "cannot_connect") if cause else "cannot_connect")

    def _show_client_form(self, error: str | None = None) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=self._client_step,
            data_schema=self.add_suggested_values_to_schema(_CLIENT_SCHEMA, {CONF_CLIENT_ID: self._client_id}),
            errors={"base": error} if error else {},
            description_placeholders=dict(PORTALS),
        )

    def _show_failed(self, error: str) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="cardata_failed",
            data_schema=probatio.Schema({}),
            errors={"base": error},
            description_placeholders=self._end_of_wait(),
        )

    def _about_code(self) -> dict[str, str]:
        if self._sign_in is None:
            return {}
        code = self._sign_in.code
        return {
            "code": code.user_code,
            "page": code.page,
            "page_with_code": code.page_with_code,
            "until": local_minute(code.ends_at),
        }


def _about_scopes(scopes: frozenset[str]) -> str:
    """What to say of what the client is not switched on for."""
    match API_SCOPE in scopes, STREAM_SCOPE in scopes:
        case True, True:
            return "nothing_subscribed"
        case True, False:
            return "api_not_subscribed"
        case _:
            return "stream_not_subscribed"
