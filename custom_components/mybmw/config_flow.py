"""Chooses between BMW's two doors and leads an account through one of them; and asks for an account's options."""

from collections.abc import Mapping
from typing import Final, override

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow, OptionsFlowWithReload
from homeassistant.const import CONF_REGION, CONF_SCAN_INTERVAL, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)
import probatio

from .cardata_flow import CarDataSteps
from .const import CONF_READ_ONLY, CONF_SOURCE, DOMAIN
from .coordinator import MyBMWConfigEntry
from .mybmw_flow import MyBMWSteps
from .sources.mybmw import Region

_SHORTEST_INTERVAL_MIN: Final = 5
_LONGEST_INTERVAL_MIN: Final = 60

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
    }
)


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
    async def async_step_user(self, _user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        return self.async_show_menu(step_id="user", menu_options=["cardata", "mybmw"])

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
