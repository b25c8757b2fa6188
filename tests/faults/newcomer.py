"""An owner who adds an account while a fault is on."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.coordinator import MyBMWConfigEntry
from tests.flow_texts import shown
from tests.simulator import DEMO_PASSWORD, DEMO_USERNAMES, Simulator

from .account import LOOK, LOOKS_PER_DAY, LOOKS_PER_HOUR, Living
from .findings import LOOK_MIN, VALUES, Glance, duration, error_text, glance, reason_text, repair_title, sentence
from .time import live, see_through

_TYPED = {"username": DEMO_USERNAMES["row"], "password": DEMO_PASSWORD, "region": "rest_of_world"}


@dataclass(slots=True, kw_only=True)
class Newcomer:
    """An owner in front of the forms, and what it took so far."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    cloud: Simulator
    _captchas: Iterator[int] = field(default_factory=count)

    async def meet(self, fault: str | None) -> tuple[list[str], int]:
        """Add an account while a fault is on, and again when it is over.

        Returns what a table says of it, and how many requests the first hour took.
        """
        if fault:
            self.cloud.switchboard.switch_on(fault)
        asked_before = len(self.cloud.requests)
        result = await self._add(await self._begin())
        if result["type"] is FlowResultType.CREATE_ENTRY:
            return await self._added(result["result"], asked_before)
        for _ in range(LOOKS_PER_HOUR):
            await live(self.hass, self.freezer, LOOK)
        requests = len(self.cloud.requests) - asked_before
        errors = result["errors"] or {}
        cells = [
            f"The form says “{error_text(errors['base'])}”.",
            "All that was typed." if result["step_id"] == "sign_in_failed" else "User name and region.",
            await self._try_again(result),
        ]
        return cells, requests

    async def _added(self, entry: MyBMWConfigEntry, asked_before: int) -> tuple[list[str], int]:
        """An account that was added and may not be set up."""
        await see_through(self.hass.async_block_till_done(), self.freezer)
        first = glance(self.hass, entry)
        seen = _welcome(entry, first)
        for _ in range(LOOKS_PER_HOUR):
            await live(self.hass, self.freezer, LOOK)
        requests = len(self.cloud.requests) - asked_before
        self.cloud.switchboard.switch_all_off()
        living = Living(hass=self.hass, freezer=self.freezer, cloud=self.cloud, entry=entry)
        looks = await self._looks_until_well(living)
        assert looks, "a new account has to get well by itself"
        is_well_now = seen == ["the account with its 2 cars"]
        cells = [
            sentence(seen),
            "The account.",
            "Nothing has to." if is_well_now else f"All of it, within {duration(looks * LOOK_MIN)}.",
        ]
        return cells, requests

    async def _try_again(self, result: ConfigFlowResult) -> str:
        """Sign in when the fault is over, as soon as it works."""
        self.cloud.switchboard.switch_all_off()
        for looks in range(LOOKS_PER_DAY):
            result = await self._add(result)
            if result["type"] is FlowResultType.CREATE_ENTRY:
                await see_through(self.hass.async_block_till_done(), self.freezer)
                assert len(glance(self.hass, result["result"]).cars) == len(self.cloud.garage)
                return (
                    f"The next attempt succeeds, after {duration(looks * LOOK_MIN)}."
                    if looks
                    else "The next attempt succeeds."
                )
            await live(self.hass, self.freezer, LOOK)
        return "Nothing."

    async def _looks_until_well(self, living: Living) -> int:
        for looks in range(1, LOOKS_PER_DAY + 2):
            look = await living.look()
            cars = look.seen.cars
            is_right = all(look.is_fresh(vin) and car.known == VALUES for vin, car in cars.items())
            if is_right and len(cars) == len(self.cloud.garage):
                return looks
        return 0

    async def _begin(self) -> ConfigFlowResult:
        menu = shown(await self.hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER}))
        return await self._submit(menu, {"next_step_id": "mybmw"})

    async def _add(self, form: ConfigFlowResult) -> ConfigFlowResult:
        if form["step_id"] == "mybmw":
            form = await self._submit(form, _TYPED)
        if form["step_id"] == "sign_in_failed":
            form = await self._submit(form, {})
        if form["type"] is not FlowResultType.MENU:
            return form
        form = await self._submit(form, {"next_step_id": "captcha_token"})
        return await self._submit(form, {"captcha_token": f"P1_{next(self._captchas)}"})

    async def _submit(self, form: ConfigFlowResult, typed: dict[str, str]) -> ConfigFlowResult:
        submitting = self.hass.config_entries.flow.async_configure(form["flow_id"], typed)
        return shown(await see_through(submitting, self.freezer))


def _welcome(entry: MyBMWConfigEntry, first: Glance) -> list[str]:
    """What an owner sees of an account right after it was added."""
    if entry.state is ConfigEntryState.LOADED:
        cars = {0: "account, without any car", 1: "account with its one car"}
        fewest = min((car.known for car in first.cars.values()), default=VALUES)
        account = cars.get(len(first.cars), f"account with its {len(first.cars)} cars")
        return [f"the {account}", *[f"{fewest} of {VALUES} values of a car"] * (fewest < VALUES)]
    assert entry.error_reason_translation_key
    return [
        f"the account, not set up yet: “{reason_text(entry.error_reason_translation_key)}”",
        *(f"repair “{repair_title(name)}”" for name in first.repairs),
        *["Home Assistant asks to sign in again"] * first.asks_to_sign_in,
    ]
