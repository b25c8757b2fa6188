"""Chooses between BMW's two doors and leads an account through one of them; and asks for an account's options."""

from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict, override

from homeassistant.config_entries import ConfigFlowResult, FlowType, OptionsFlow, OptionsFlowWithReload
from homeassistant.const import CONF_REGION, CONF_SCAN_INTERVAL, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio

from .cardata_flow import CarDataSteps
from .checkup_flow import DoctorSteps
from .const import CONF_READ_ONLY, CONF_SOURCE, CONF_UNLOCK_CODE, DOMAIN
from .coordinator import MyBMWConfigEntry
from .mybmw_flow import MyBMWSteps
from .sources.mybmw import Region

_SHORTEST_INTERVAL_MIN: Final = 5
_LONGEST_INTERVAL_MIN: Final = 60

_DOT: Final = "\N{BULLET}"
_CODE_KEPT: Final = 8 * _DOT
"""What stands in the form for a code that there is: who leaves it keeps the code, who empties the field removes it."""

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


class _Options(TypedDict):
    """What is typed into the form of options."""

    scan_interval: float
    read_only: bool
    unlock_code: NotRequired[str]


class MyBMWConfigFlow(CarDataSteps, MyBMWSteps, domain=DOMAIN):
    """Signs an account in: a new one, one that has to sign in again, or one that is to be changed.

    An account that is changed may also move from one source to the other; it stays what it is in Home Assistant.
    """

    VERSION = 1
    MINOR_VERSION = 1

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: MyBMWConfigEntry) -> OptionsFlow:
        return MyBMWOptionsFlow()

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Let the doctor have a look at a new account of CarData, for much of it was set up elsewhere."""
        entry = result["result"]
        if entry.data[CONF_SOURCE] == "cardata":
            doctor = await self.hass.config_entries.options.async_init(entry.entry_id)
            result["next_flow"] = (FlowType.OPTIONS_FLOW, doctor["flow_id"])
        return result

    @override
    async def async_step_user(self, user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        if (entry := self._entry) is None:
            return self.async_show_menu(step_id="user", menu_options=["cardata", "mybmw"])
        if user_input is None:  # the message that BMW blocks an account leads on to here
            return await self.async_step_cardata()
        return await self._async_begin_checkup(entry, user_input)  # as does a sign-in, and no user has typed this

    async def async_step_reauth(self, entry_data: Mapping[str, str]) -> ConfigFlowResult:
        """Begin when BMW no longer accepts the sign-in."""
        if entry_data[CONF_SOURCE] == "cardata":
            return await self.async_step_cardata_again()
        return await self.async_step_reauth_confirm()

    async def async_step_reconfigure(self, _user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Ask what to change of an account."""
        if self._entry_of("cardata"):
            return await self.async_step_reconfigure_cardata()
        return self.async_show_menu(step_id="reconfigure", menu_options=["mybmw_settings", "cardata"])

    async def async_step_reconfigure_cardata(self, _user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Ask what to change of an account that is reached through CarData."""
        return self.async_show_menu(step_id="reconfigure_cardata", menu_options=["cardata_again", "mybmw"])


class MyBMWOptionsFlow(DoctorSteps, OptionsFlowWithReload):
    """Asks how often the cars are read, and whether they may be commanded; of CarData, tells how it is doing."""

    async def async_step_init(self, user_input: _Options | None = None) -> ConfigFlowResult:
        """Show the form, or how CarData is doing: there, nothing is left to choose."""
        if self.config_entry.data[CONF_SOURCE] == "cardata":
            self._account, self._ends_as = self.config_entry, {"reason": "checked"}
            return await self.async_step_doctor()
        options = self.config_entry.options
        interval_min: int = options.get(
            CONF_SCAN_INTERVAL, Region(self.config_entry.data[CONF_REGION]).poll_interval_min
        )
        kept = {CONF_UNLOCK_CODE: options[CONF_UNLOCK_CODE]} if CONF_UNLOCK_CODE in options else {}
        chosen: dict[str, object] = {}
        errors: dict[str, str] = {}
        if user_input is not None:
            chosen = {
                CONF_SCAN_INTERVAL: int(user_input[CONF_SCAN_INTERVAL]),
                CONF_READ_ONLY: user_input[CONF_READ_ONLY],
            }
            typed = user_input.get(CONF_UNLOCK_CODE)
            if not typed:
                return self.async_create_entry(data=chosen)
            if typed == _CODE_KEPT and kept:
                return self.async_create_entry(data=chosen | kept)
            if error := _wrong_with(typed):
                errors[CONF_UNLOCK_CODE] = error
            else:
                return self.async_create_entry(data=chosen | {CONF_UNLOCK_CODE: typed})
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                _OPTIONS_SCHEMA,
                {
                    CONF_READ_ONLY: False,
                    **options,
                    CONF_SCAN_INTERVAL: max(_SHORTEST_INTERVAL_MIN, interval_min),  # a demo may ask more often
                    **chosen,
                    **dict.fromkeys(kept, _CODE_KEPT),
                },
            ),
            errors=errors,
        )


def _wrong_with(code: str) -> str | None:
    """Why a code for unlocking is not taken; None if nothing is wrong with it."""
    if not code.strip():
        return "unlock_code_blank"
    return "unlock_code_mixed" if _DOT in code else None
