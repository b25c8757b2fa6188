"""Shows an owner how an account of CarData is doing: whenever wanted, and after each sign-in."""

from asyncio import Task
from collections.abc import Mapping

from homeassistant.config_entries import ConfigEntryBaseFlow, ConfigFlow, ConfigFlowResult, FlowType

from .const import CONF_SOURCE
from .coordinator import MyBMWConfigEntry
from .doctor import async_look_again, signs
from .next_flow import async_begin_next


class DoctorSteps(ConfigEntryBaseFlow):
    """Shows the checkup of an account, as often as its owner wants another look.

    `_ends_as` is what is said in the end: a `reason`, of our own or in the texts of a `domain`.
    """

    _account: MyBMWConfigEntry
    _ends_as: Mapping[str, str]

    async def async_step_doctor(self, _user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Tell what is in order, and what to do about what is not."""
        return self.async_show_menu(
            step_id="doctor",
            menu_options=["doctor_again", "doctor_done"],
            description_placeholders=signs(self._account),
        )

    async def async_step_doctor_again(self, _user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Look again."""
        await async_look_again(self._account)
        return await self.async_step_doctor()

    async def async_step_doctor_done(self, _user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Leave all as it is."""
        return self.async_abort(reason=self._ends_as["reason"], translation_domain=self._ends_as.get("domain"))


class CheckupSteps(DoctorSteps, ConfigFlow):
    """Waits for an account that is set up anew, shows the checkup, and ends as the sign-in would have ended.

    That is a flow of its own, which the sign-in's leads to: Home Assistant ends a flow that asks for a new sign-in when
    it reloads the account, and only then is there anything to show.
    """

    _setting_up: Task[None]

    async def async_step_checkup(self, _user_input: dict[str, str] | None = None) -> ConfigFlowResult:
        """Wait until there is something to tell; nothing is asked for it that would not be asked anyway."""
        if not self._setting_up.done():
            return self.async_show_progress(
                step_id="checkup", progress_action="checkup", progress_task=self._setting_up
            )
        return self.async_show_progress_done(next_step_id="doctor")

    async def _async_begin_checkup(self, account: MyBMWConfigEntry, ends_as: Mapping[str, str]) -> ConfigFlowResult:
        """Begin the flow after a sign-in."""

        async def _async_wait() -> None:
            async with account.setup_lock:  # which is held as long as the account is reloaded
                pass

        self._account, self._ends_as = account, ends_as
        self._setting_up = self.hass.async_create_task(_async_wait(), "mybmw checkup")
        return await self.async_step_checkup()

    async def _async_lead_to_checkup(self, account: MyBMWConfigEntry, end: ConfigFlowResult) -> ConfigFlowResult:
        """Have a sign-in to an account that is being reloaded end with the checkup, if there is anything to it."""
        if account.data[CONF_SOURCE] != "cardata":
            return end
        domain = end.get("translation_domain")
        ends_as = {"reason": end["reason"]} | ({"domain": domain} if domain else {})
        checkup = await async_begin_next(self.hass, account.entry_id, ends_as)
        return self.async_abort(
            reason=end["reason"], translation_domain=domain, next_flow=(FlowType.CONFIG_FLOW, checkup)
        )
