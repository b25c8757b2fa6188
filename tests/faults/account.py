"""An account with two cars at the simulated cloud, in a Home Assistant whose time is in the hands of the test."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
import httpx
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.const import CONF_SOURCE, DOMAIN
from custom_components.mybmw.coordinator import MyBMWConfigEntry
from custom_components.mybmw.sources.mybmw import Account, sign_in
from tests.simulator import DEMO_PASSWORD, DEMO_USERNAMES, Simulator

from .findings import LOOK_MIN, Course, Glance, Look, glance
from .time import live, see_through

LOOK: Final = timedelta(minutes=LOOK_MIN, seconds=1)
LOOKS_PER_HOUR: Final = 12
LOOKS_PER_DAY: Final = 24 * LOOKS_PER_HOUR

_SETTINGS: Final = {
    CONF_SOURCE: "mybmw",
    "username": DEMO_USERNAMES["row"],
    "password": DEMO_PASSWORD,
    "region": "rest_of_world",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Living:
    """An account and the world it lives in. Time passes in looks: as long as the account waits from one to the next."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    cloud: Simulator
    entry: MyBMWConfigEntry

    async def look(self) -> Look:
        """Let the cars drive until the next look."""
        mileage = self._drive_on()
        await live(self.hass, self.freezer, LOOK)
        return Look(seen=glance(self.hass, self.entry), mileage=mileage)

    async def play(self, fault: str) -> Course:
        """Play a fault for a little more than an hour, end it, and wait until all is well again."""
        struck, other = (car.vin for car in self.cloud.garage)
        before = glance(self.hass, self.entry)
        asked_before = len(self.cloud.requests)
        self.cloud.switchboard.switch_on(fault)
        looks = [await self.look() for _ in range(LOOKS_PER_HOUR)]
        requests = len(self.cloud.requests) - asked_before
        looks.append(await self.look())
        self.cloud.switchboard.switch_all_off()
        minutes_back = await self.minutes_until_well(before)
        if minutes_back is None:
            await self._sign_in_again()
            assert await self.minutes_until_well(before) is not None
        return Course(
            before=before, looks=looks, struck=struck, other=other, requests=requests, minutes_back=minutes_back
        )

    async def minutes_until_well(self, before: Glance) -> int | None:
        """How long it takes until everything is shown as before, and fresh; None if it takes more than a day."""
        for looks in range(1, LOOKS_PER_DAY + 2):
            look = await self.look()
            cars = look.seen.cars
            is_fresh = all(look.is_fresh(vin) and car.trouble is None for vin, car in cars.items())
            is_whole = {vin: car.known for vin, car in cars.items()} == {
                vin: car.known for vin, car in before.cars.items()
            }
            if is_fresh and is_whole and not look.seen.repairs:
                return looks * LOOK_MIN
        return None

    def _drive_on(self) -> Mapping[str, str]:
        """Let both cars drive some kilometers; returns the mileage of each."""
        mileage: dict[str, str] = {}
        for car in self.cloud.garage:
            known = car.state["currentMileage"]
            assert isinstance(known, int)
            car.state["currentMileage"] = known + 1
            mileage[car.vin] = str(known + 1)
        return mileage

    async def _sign_in_again(self) -> None:
        """Do what Home Assistant asks for."""
        [flow] = self.entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})
        for typed in (
            {"password": DEMO_PASSWORD},
            {"next_step_id": "captcha_token"},
            {"captcha_token": "P1_again"},
        ):
            result = await see_through(
                self.hass.config_entries.flow.async_configure(flow["flow_id"], typed), self.freezer
            )
        assert result["reason"] == "reauth_successful"
        await see_through(self.hass.async_block_till_done(), self.freezer)


async def settled_account(hass: HomeAssistant, freezer: FrozenDateTimeFactory, cloud: Simulator) -> Living:
    """An account that was added, and looked at for the first time, some minutes ago."""
    async with httpx.AsyncClient() as http:
        account = Account.of(_SETTINGS)
        signing_in = sign_in(account, http=http, clock=lambda: datetime.now(UTC), captcha_token="P1_first")
        credentials = await see_through(signing_in, freezer)
    gcid = str(credentials["gcid"])
    await AccountStore(hass, gcid).async_keep_credentials(credentials)
    entry = MockConfigEntry(domain=DOMAIN, unique_id=gcid, data=_SETTINGS, options={"scan_interval": LOOK_MIN})
    entry.add_to_hass(hass)
    await see_through(hass.config_entries.async_setup(entry.entry_id), freezer)
    living = Living(hass=hass, freezer=freezer, cloud=cloud, entry=entry)
    await living.look()
    return living
