"""Days in which every fifth request goes wrong, and what an owner would have had to complain about."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, Self

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import STATE_UNAVAILABLE, Platform
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.doctor import checkup_of
from custom_components.mybmw.repairs import LookAgainFlow, async_create_fix_flow
from custom_components.mybmw.sources import Verdict
from tests.faults.time import see_through
from tests.simulator.garage import LivingCar

from .ages import Ages, claims
from .excuses import Excuses
from .house import STEP, House
from .truth import NOT_TOLD, compared, is_behind, told, unknown, wrong
from .weather import Weather

CALM: Final = timedelta(hours=3)
"""So long nothing goes wrong in the end, after which all has to be well."""

_MOST_CALLS: Final = 50
"""What BMW allows in a day."""

_BEHIND: Final[Mapping[str, timedelta]] = {"mybmw": timedelta(minutes=6), "cardata": timedelta(minutes=2)}
"""How much later than BMW is told something it is shown on a good day: by the next look, or at once.

At once means some steps, on a machine that has much else to do.
"""

_SIGNS_IN_EVERY: Final = timedelta(minutes=10)
"""An owner who is asked to sign in again right after that has a coffee first."""

_MOST_WORDS: Final = 20
_MOST_NAMES: Final = 3
_STAY: Final = ("sensor.last_", "image.")
"""What is there also while nothing is known of a car."""
_STEPS_PER_LOOK: Final = 30
"""How often an owner looks at a repair message."""


@dataclass(slots=True, kw_only=True)
class Findings:
    """What became of some hours. `complaints` are what should not have been, `counts` what there was.

    For each car, `entities` are those that were shown, `held` those of them that were compared with the truth,
    `longest_away` is how long it was unavailable at most, `longest_dim` how long any of it was unknown, `longest_torn`
    how long it was shown half as it was at one report and half as at another, as one had arrived in part, and
    `right_after` how long after the last fault all was shown as it is. `looks`, `away`, `dim` and `excused` count by
    door how often a car was looked at, was unavailable or partly unknown then, and might have been.
    """

    complaints: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    entities: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    held: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    looks: Counter[str] = field(default_factory=Counter)
    away: Counter[str] = field(default_factory=Counter)
    dim: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)
    longest_away: dict[str, timedelta] = field(default_factory=dict)
    longest_dim: dict[str, timedelta] = field(default_factory=dict)
    longest_torn: dict[str, timedelta] = field(default_factory=dict)
    right_after: dict[str, timedelta] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)

    def excused_percent(self, door: str) -> float:
        """How much of the time a car of a door might have been missing, or something of it."""
        return 100 * self.excused[door] / self.looks[door]

    def complain(self, what: str) -> None:
        """Note what is wrong, with the moment of the first time; some of each run are enough."""
        self.counts["complaints"] += 1
        if len(self.complaints) < _MOST_WORDS and what not in self._said:
            self._said.add(what)
            self.complaints.append(f"{datetime.now(UTC):%d %H:%M} {what}")


@dataclass(slots=True, kw_only=True)
class Day:
    """Time that passes in a house, in some weather; `ages` are those of the cars of each account.

    Its owner does what Home Assistant asks for, and now and then has a car flash its lights.
    """

    house: House
    weather: Weather
    chance: Random
    ages: Mapping[str, Ages]
    findings: Findings = field(default_factory=Findings)
    _away_since: dict[str, datetime] = field(default_factory=dict)
    _dim_since: dict[str, datetime] = field(default_factory=dict)
    _right_at: dict[str, datetime] = field(default_factory=dict)
    _signed_in_at: dict[str, datetime] = field(default_factory=dict)
    _orders: int = 0

    @classmethod
    def begin(cls, house: House, *, seed: int, percent: int = 20) -> Self:
        """Have it begin; what happens is much the same for the same seed."""
        weather, owner = Random(seed), Random(seed + 1)  # noqa: S311 (no secrets)
        cars = {entry.data["source"]: next(iter(house.cars(entry).values())).name for entry in house.entries}
        ages = {entry.entry_id: Ages(house.cars(entry), is_streamed=entry is house.cardata) for entry in house.entries}
        excuses = Excuses(of_mybmw=[*house.cars(house.mybmw)], with_stream=[*house.cars(house.cardata)])
        return cls(
            house=house,
            weather=Weather(
                cloud=house.cloud, chance=weather, cars=cars, excuses=excuses, ages=ages.values(), percent=percent
            ),
            chance=owner,
            ages=ages,
        )

    async def live(self, time: timedelta, *, calm: timedelta = CALM) -> Findings:
        """Let so much time pass, and then some in which nothing goes wrong."""
        end = datetime.now(UTC) + time
        while datetime.now(UTC) < end:
            await self.weather.change(datetime.now(UTC))
            await self._step()
        await self.weather.clear()
        begin = datetime.now(UTC)
        while datetime.now(UTC) < begin + calm:
            await self._step()
            self._look_who_is_behind(begin)
        self._see_that_all_is_well()
        return self.findings

    async def _step(self) -> None:
        house = self.house
        if self.chance.randrange(45) == 0:
            await self._flash()
        await house.live(STEP)
        self.weather.note()
        self.ages[house.cardata.entry_id].hear_messages(house.messages)
        for entry in house.entries:
            self._look_at(entry)
            await self._look_at_ages(entry)
        self._look_at_repairs()
        self.look_at_cardata()
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
        now, account = datetime.now(UTC), entry.entry_id
        if not [*entry.async_get_active_flows(self.house.hass, {SOURCE_REAUTH})]:
            return False
        if account in self._signed_in_at and now < self._signed_in_at[account] + _SIGNS_IN_EVERY:
            return False
        self._signed_in_at[account] = now
        return await self.house.sign_in_again(entry)

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
        for vin, car in self.house.cars(entry).items():
            shown = self.house.shown(entry, vin)
            self.look_at_values(car, shown, is_streamed=entry is self.house.cardata)
            self.look_for_missing(car, shown, is_streamed=entry is self.house.cardata)

    async def _look_at_ages(self, entry: MockConfigEntry) -> None:
        """See that nothing is told of the cars of an account as if it were younger, or older, than it is."""
        ages = self.ages[entry.entry_id]
        if not ages.is_streamed:
            ages.settle()
        for vin in self.house.cars(entry):
            told = claims(self.house.shown(entry, vin), await self.house.data(entry, vin))
            self.look_at_claims(entry, vin, told)
        if ages.is_streamed:  # what has come just now is shown when the upload is over
            ages.settle()

    def look_at_claims(self, entry: MockConfigEntry, vin: str, told: Mapping[str, datetime]) -> None:
        """See that nothing claims to be of a moment that it cannot be of."""
        self.findings.counts["moments told"] += len(told)
        for remark in self.ages[entry.entry_id].wrong(vin, told):
            self.findings.complain(f"{self.house.cars(entry)[vin].name}: {remark}")

    def look_for_missing(self, car: LivingCar, shown: Mapping[str, str], *, is_streamed: bool) -> None:
        """See that whatever was there of a car is there now, or may be missing."""
        now, door = datetime.now(UTC), "cardata" if is_streamed else "mybmw"
        excuses, findings, known = self.weather.excuses, self.findings, self.findings.entities[car.name]
        known |= {key for key, value in shown.items() if value != STATE_UNAVAILABLE}
        gone = [key for key in known if shown.get(key, STATE_UNAVAILABLE) == STATE_UNAVAILABLE]
        is_away = all(key in gone or key.startswith(_STAY) for key in known)
        dim = [] if is_away else [*gone, *unknown(car, shown, now, is_streamed=is_streamed)]
        excuses.seen(car.vin, now, is_there=not is_away, is_known=not dim)
        away_since = _lasts(car.name, now, self._away_since, findings.longest_away, is_so=is_away)
        dim_since = _lasts(car.name, now, self._dim_since, findings.longest_dim, is_so=bool(dim))
        findings.looks[door] += 1
        findings.away[door] += is_away
        findings.dim[door] += bool(dim)
        findings.excused[door] += excuses.cars[car.vin].holds(now)
        if is_away and not excuses.cars[car.vin].away.holds(now):
            findings.complain(f"{car.name} is unavailable without an excuse, since {away_since:%d %H:%M}")
        if since_when := excuses.cars[car.vin].came_back_unread:
            findings.complain(f"{car.name} is back and has not been read, since {since_when:%d %H:%M}")
        if missing := sorted(key for key in dim if not excuses.cars[car.vin].may_be_unknown(key, now)):
            names = ", ".join(missing[:_MOST_NAMES])
            since = f"{dim_since:%d %H:%M}"
            findings.complain(f"{car.name} does not tell {len(missing)} without an excuse, since {since}: {names}")

    def look_at_values(self, car: LivingCar, shown: Mapping[str, str], *, is_streamed: bool) -> None:
        """Compare what is shown of a car with the truth.

        What streams may have come in part: then some may still be as it was at an earlier report, since all was right.
        """
        now = datetime.now(UTC)
        held = compared(shown, told(car, car.life.report(now), now, is_streamed=is_streamed))
        self.findings.counts["values shown"] += sum(value != STATE_UNAVAILABLE for value in shown.values())
        self.findings.counts["values compared"] += len(held)
        self.findings.held[car.name].update(held)
        right_at = self._right_at.setdefault(car.name, now)
        if not wrong(car, shown, now, is_streamed=is_streamed):
            self._right_at[car.name] = now
            return
        since = right_at - STEP if is_streamed else None
        for key, remark in wrong(car, shown, now, is_streamed=is_streamed, since=since).items():
            if not self.weather.excuses.misleads(car.vin, key, now):
                self.findings.complain(f"{car.name} shows {key}: {remark}")
        if is_streamed:
            longest = self.findings.longest_torn
            longest[car.name] = max(longest.get(car.name, timedelta()), now - right_at)

    def _look_who_is_behind(self, since: datetime) -> None:
        """Note when, after the last fault, each car was first shown as it is."""
        now = datetime.now(UTC)
        for entry in self.house.entries:
            door = entry.data["source"]
            for vin, car in self.house.cars(entry).items():
                shown, by, is_streamed = self.house.shown(entry, vin), _BEHIND[door], door == "cardata"
                if not is_behind(car, shown, now, by, is_streamed=is_streamed):
                    self.findings.right_after.setdefault(car.name, now - since)

    def look_at_cardata(self) -> None:
        """See that BMW's own limits are kept."""
        gate = self.house.cloud.stream.gate
        if self.weather.most_calls > _MOST_CALLS:
            self.findings.complain(f"{self.weather.most_calls} calls within a day")
        if gate.evictions or gate.most_connections > 1:
            self.findings.complain("more than one connection to the stream at once")

    def _look_at_repairs(self) -> None:
        """See that every repair message has a cause."""
        now, doors = datetime.now(UTC), {entry.entry_id: entry.data["source"] for entry in self.house.entries}
        weather = self.weather
        refused_until = {
            "mybmw": weather.excuses.refused.until,
            "cardata": max(weather.refused_until, weather.contested_until),
        }
        issues = self._issues()
        if not any(doors[str((issue.data or {})["entry_id"])] == "mybmw" for issue in issues):
            weather.excuses.refused.end(now)
        for issue in issues:
            door = doors[str((issue.data or {})["entry_id"])]
            if now > refused_until[door]:
                found = ", ".join(self._ills(door))
                self.findings.complain(f"a repair message of {door} without a cause: {issue.translation_key} ({found})")

    def _ills(self, door: str) -> Iterator[str]:
        """What an owner would have to put right at a door."""
        for entry in self.house.entries:
            if entry.data["source"] == door:
                yield from (check.value for check, verdict in checkup_of(entry).items() if verdict is Verdict.BAD)

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
                is_fresh = house.shown(entry, vin).get("sensor.last_reported", STATE_UNAVAILABLE) not in NOT_TOLD
                if car.name in self._away_since or car.name in self._dim_since or not is_fresh:
                    self.findings.complain(f"{car.name} is not well in the end")
                if car.name not in self.findings.right_after:
                    self.findings.complain(f"{car.name} was not shown as it is after the last fault")
        for issue in self._issues():
            self.findings.complain(f"a repair message is left: {issue.translation_key}")
        if house.hass.config_entries.flow.async_progress():
            self.findings.complain("somebody is still asked to sign in")
        self.findings.counts["orders that nobody gave"] += 0  # to be read
        for entry in house.entries:
            heard = self.ages[entry.entry_id].heard
            self.findings.counts[f"news that got through: {entry.data['source']}"] = heard
        self.findings.counts.update(self.weather.counts + self.weather.stream.happened)
        self.findings.counts["calls of CarData within a day at most"] = self.weather.most_calls
        self.findings.counts["faults played"] = self.weather.seen.total()
        self.findings.counts["connections to the stream"] = sum(knock.is_in for knock in house.cloud.stream.gate.knocks)
        self.findings.counts["orders that BMW took"] = len(house.cloud.orders)

    def _issues(self) -> list[ir.IssueEntry]:
        issues = ir.async_get(self.house.hass).issues.values()
        return [issue for issue in issues if issue.domain == DOMAIN and issue.active]


def _lasts(
    what: str, now: datetime, begun: dict[str, datetime], longest: dict[str, timedelta], *, is_so: bool
) -> datetime:
    """Note that something is so or not, and how long it has been at most; tells since when it has."""
    if not is_so:
        return begun.pop(what, now)
    since = begun.setdefault(what, now)
    longest[what] = max(longest.get(what, timedelta()), now - since)
    return since
