"""Days in which every fifth request goes wrong, and what an owner would have had to complain about."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, Self

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import Platform
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.repairs import LookAgainFlow, async_create_fix_flow
from tests.faults.time import see_through

from .house import STEP, House
from .truth import wrong
from .weather import Weather

CALM: Final = timedelta(hours=3)
"""So long nothing goes wrong in the end, after which all has to be well."""

_MOST_WORDS: Final = 20
_STEPS_PER_LOOK: Final = 30
"""How often an owner looks at a repair message."""


@dataclass(slots=True, kw_only=True)
class Findings:
    """What became of some hours. `complaints` are what should not have been, `counts` what there was."""

    complaints: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    longest_away: dict[str, timedelta] = field(default_factory=dict)

    def complain(self, what: str) -> None:
        """Note what is wrong, with the moment; some of each run are enough."""
        if len(self.complaints) < _MOST_WORDS:
            self.complaints.append(f"{datetime.now(UTC):%d %H:%M} {what}")


@dataclass(slots=True, kw_only=True)
class Day:
    """Time that passes in a house, in some weather.

    Its owner does what Home Assistant asks for, and now and then has a car flash its lights.
    """

    house: House
    weather: Weather
    chance: Random
    findings: Findings = field(default_factory=Findings)
    _away_since: dict[str, datetime] = field(default_factory=dict)
    _orders: int = 0

    @classmethod
    def begin(cls, house: House, *, seed: int, percent: int = 20) -> Self:
        """Have it begin; what happens is much the same for the same seed."""
        weather, owner = Random(seed), Random(seed + 1)  # noqa: S311 (no secrets)
        return cls(house=house, weather=Weather(cloud=house.cloud, chance=weather, percent=percent), chance=owner)

    async def live(self, time: timedelta, *, calm: timedelta = CALM) -> Findings:
        """Let so much time pass, and then some in which nothing goes wrong."""
        end = datetime.now(UTC) + time
        while datetime.now(UTC) < end:
            self.weather.change(datetime.now(UTC))
            await self._step()
        self.weather.clear()
        end = datetime.now(UTC) + calm
        while datetime.now(UTC) < end:
            await self._step()
        self._see_that_all_is_well()
        return self.findings

    async def _step(self) -> None:
        house = self.house
        if self.chance.randrange(45) == 0:
            await self._flash()
        await house.live(STEP)
        self.weather.note()
        for entry in house.entries:
            self._look_at(entry)
        self._look_at_repairs()
        self.look_at_orders(expected=0)
        self.findings.counts["steps"] += 1
        for entry in house.entries:
            self.findings.counts["new sign-ins"] += await self._sign_in_again(entry)
        if self.findings.counts["steps"] % _STEPS_PER_LOOK == 0:
            await self._look_again()

    async def _flash(self) -> None:
        """Press the button *Flash lights* of a car."""
        vin = self.chance.choice([*self.house.cars(self.house.mybmw)])
        entity_id = er.async_get(self.house.hass).async_get_entity_id(Platform.BUTTON, DOMAIN, f"{vin}-flash_lights")
        if entity_id is None:
            return
        self.look_at_orders(expected=0)
        self.findings.counts["commands"] += 1
        pressing = self.house.hass.services.async_call(
            Platform.BUTTON, "press", {"entity_id": entity_id}, blocking=True
        )
        try:
            await see_through(pressing, self.house.freezer)
        except HomeAssistantError:
            self.findings.counts["commands that came to nothing"] += 1
        self.look_at_orders(expected=1)

    async def _sign_in_again(self, entry: MockConfigEntry) -> bool:
        """Sign in again if asked to, when nothing goes wrong, as one who has been locked out by a fault would."""
        if not [*entry.async_get_active_flows(self.house.hass, {SOURCE_REAUTH})]:
            return False
        faults = [*self.house.cloud.faults]
        self.house.cloud.faults.clear()
        is_signed_in = await self.house.sign_in_again(entry)
        self.house.cloud.faults.extend(faults)
        return is_signed_in

    async def _look_again(self) -> None:
        """Press *Look again now* in each repair message that has it, however early it is."""
        hass = self.house.hass
        for issue in self._issues():
            if issue.translation_key in {"blocked", "forbidden"}:
                self.findings.counts["looks at a refusal"] += 1
                flow = await async_create_fix_flow(hass, issue.issue_id, issue.data)
                flow.hass, flow.handler, flow.flow_id, flow.context = hass, DOMAIN, "by hand", {}
                assert isinstance(flow, LookAgainFlow)
                await see_through(flow.async_step_look_again({}), self.house.freezer)

    def _look_at(self, entry: MockConfigEntry) -> None:
        """See that nothing wrong is shown of the cars of an account, and that nothing is missing for too long."""
        now = datetime.now(UTC)
        for vin, car in self.house.cars(entry).items():
            shown = self.house.shown(entry, vin)
            for remark in wrong(car, shown, now):
                self.findings.complain(f"{car.name} shows {remark}")
            self.findings.counts["values compared"] += len(shown)
            if not self.house.is_gone(entry, vin):
                self._away_since.pop(car.name, None)
                continue
            since = self._away_since.setdefault(car.name, now)
            longest = self.findings.longest_away
            longest[car.name] = max(longest.get(car.name, timedelta()), now - since)
            if now > self.weather.excused_until[entry.data["source"]]:
                self.findings.complain(f"{car.name} is unavailable without an excuse, since {since:%H:%M}")

    def _look_at_repairs(self) -> None:
        """See that every repair message has a cause."""
        if datetime.now(UTC) > self.weather.refused_until:
            for issue in self._issues():
                self.findings.complain(f"a repair message without a cause: {issue.translation_key}")

    def look_at_orders(self, *, expected: int) -> None:
        """See that the cloud was told no more since the last time than was to be expected."""
        taken, self._orders = len(self.house.cloud.orders) - self._orders, len(self.house.cloud.orders)
        if taken > expected:
            self.findings.counts["orders that nobody gave"] += taken - expected
            self.findings.complain("a command was sent without its owner, or twice")

    def _see_that_all_is_well(self) -> None:
        house = self.house
        for entry in house.entries:
            for vin, car in house.cars(entry).items():
                shown = house.shown(entry, vin)
                is_fresh = shown.get("sensor.last_reported", "") not in {"", "unavailable", "unknown"}
                if house.is_gone(entry, vin) or not is_fresh:
                    self.findings.complain(f"{car.name} is not well in the end")
        for issue in self._issues():
            self.findings.complain(f"a repair message is left: {issue.translation_key}")
        if house.hass.config_entries.flow.async_progress():
            self.findings.complain("somebody is still asked to sign in")
        self.findings.counts["orders that nobody gave"] += 0  # to be read
        self.findings.counts["requests"] = self.weather.asked
        self.findings.counts["requests struck"] = self.weather.struck
        self.findings.counts["faults played"] = sum(self.weather.seen.values())
        self.findings.counts["streams cut"] = self.weather.cuts
        self.findings.counts["connections to the stream"] = sum(knock.is_in for knock in house.cloud.stream.gate.knocks)
        self.findings.counts["orders that BMW took"] = len(house.cloud.orders)

    def _issues(self) -> list[ir.IssueEntry]:
        issues = ir.async_get(self.house.hass).issues.values()
        return [issue for issue in issues if issue.domain == DOMAIN and issue.active]
