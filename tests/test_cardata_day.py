"""One day of five cars behind CarData, through the simulated cloud and its broker, into a Home Assistant.

They are driven, charge without a word about how it ends, and sleep; tokens end, the broker is restarted and is away,
Home Assistant is stopped and loses its power, and the calls of the day run out. docs/cardata-day.md tells of it.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import orjson
import pytest

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources.cardata.autopilot import LEFT_FOR_BETTER
from custom_components.mybmw.sources.cardata.quota import Reason
from custom_components.mybmw.sources.cardata.reading import decoder_of, moment_in

from .day.home import Home
from .day.truth import FACTS, shown, wrong
from .faults.document import Table
from .simulator import Simulator
from .simulator.living import LIVING_CARS, Charge, Entry, Trip
from .simulator.stream import StreamFault
from .sources.cardata.rig import TOKEN

DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "cardata-day.md"
BEGIN: Final = datetime(2026, 1, 16, 4, 0, tzinfo=UTC)
"""A Friday at five in the morning in Munich: all cars are asleep."""
END: Final = BEGIN + timedelta(days=1)
A_DAY: Final = timedelta(hours=24)
CALLS_A_DAY: Final = 50
CHARGE_NOTICED_WITHIN: Final = timedelta(minutes=20)
"""So late an end is noticed of which nobody says a word: ten minutes are waited, then comes the next look."""


@pytest.fixture
def begin() -> datetime:
    """When the day at home begins."""
    return BEGIN


class Day:
    """The day as it is planned: what happens when, and what it is called in the document."""

    def __init__(self, home: Home, *, update_document: bool) -> None:
        """Plan it."""
        self.home = home
        self.cloud = home.cloud
        self.left: list[int] = []
        self._update_document = update_document
        self._plan: list[tuple[datetime, str, Callable[[], Awaitable[None]]]] = [
            (at(4), "The account is added. All cars are asleep.", home.start),
            (at(6), "Cars drive. Each message comes twice, those of an upload in the wrong order.", self._disorder),
            (at(9), "Home Assistant is restarted, within seconds.", self._restart),
            (at(10), "Messages come once and in order again.", self._order),
            (at(11), "The broker is restarted.", self._restart_broker),
            (at(12), "BMW gives out tokens that end after eight minutes.", self._short_tokens),
            (at(13), "Tokens are good for an hour again.", self._long_tokens),
            (at(14, 50), "The broker is away for half an hour, while a car is driven.", self._outage),
            (at(15, 25), "From now on nothing comes of a charge but its beginning.", self._silent_charges),
            (at(19), "The power fails while the i3 charges, for ten minutes.", self._power_failure),
            (at(23, 40), "The owner wants to see everything anew.", self._refresh),
            (at(23, 45), "Once more: one call is left, for one car, as they are told.", self._refresh_in_vain),
            (at(23, 50), "Once more, in vain.", self._refresh_in_vain),
        ]

    async def pass_by(self) -> None:
        """Let it happen, and see meanwhile that all is well."""
        checks = [(charge.end + CHARGE_NOTICED_WITHIN, "", self._all_is_well) for charge in silent_charges(self.cloud)]
        checks += [(at(hour), "", self._all_is_well) for hour in (8, 11, 14, 16, 18, 20, 23)]
        for moment, what, happens in sorted([*self._plan, *checks], key=lambda event: event[0]):
            await self.home.until(moment)
            await happens()
            calls = len(self.home.source._access.ledger.calls)
            self.left.append(CALLS_A_DAY - calls)
            if what:
                Table("day", DOCUMENT).check(f"{moment:%H:%M}", [what, str(calls)], update=self._update_document)
        await self.home.until(END)

    async def _all_is_well(self) -> None:
        """What is shown is what the cars told last; of cars in a charge that is silent, that is not much."""
        for name in LIVING_CARS:
            if not any(
                charge.start < now() < charge.end + CHARGE_NOTICED_WITHIN for charge in silent_charges(self.cloud, name)
            ):
                assert wrong(self.home.hass, self.cloud.world.life(name), now(), as_told=True) == {}, (name, now())

    async def _disorder(self) -> None:
        self.cloud.stream.faults |= {StreamFault.DUPLICATE, StreamFault.OUT_OF_ORDER}

    async def _order(self) -> None:
        self.cloud.stream.faults.clear()

    async def _restart(self) -> None:
        await self.home.stop()
        await self.home.until(now() + timedelta(seconds=5))
        await self.home.start()

    async def _restart_broker(self) -> None:
        await self.cloud.stream.go_down()
        await self.home.until(now() + timedelta(minutes=1))
        await self.cloud.stream.come_up()

    async def _short_tokens(self) -> None:
        self.cloud.accounts.access_lifetime = timedelta(minutes=8)

    async def _long_tokens(self) -> None:
        self.cloud.accounts.access_lifetime = timedelta(hours=1)

    async def _outage(self) -> None:
        await self.cloud.stream.go_down()
        end = now() + timedelta(minutes=30)
        unheard = [report.at for name in LIVING_CARS for report in self.cloud.world.life(name).reports(now(), end)]
        assert unheard, "an outage in which nothing happens shows nothing"
        await self.home.until(end)
        await self.cloud.stream.come_up()

    async def _silent_charges(self) -> None:
        self.cloud.stream.faults.add(StreamFault.SILENT_CHARGE)

    async def _power_failure(self) -> None:
        await self.home.lose_power()
        await self.home.until(now() + timedelta(minutes=10))
        await self.home.start()

    async def _refresh(self) -> None:
        hass, account_id = self.home.hass, self.home.coordinator.account_id
        button = er.async_get(hass).async_get_entity_id("button", DOMAIN, f"{account_id}-refresh")
        assert button
        await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)

    async def _refresh_in_vain(self) -> None:
        with pytest.raises(HomeAssistantError):
            await self._refresh()


def at(hour: int, minute: int = 0) -> datetime:
    return BEGIN.replace(hour=hour, minute=minute)


def now() -> datetime:
    return datetime.now(UTC)


def happened[E: Entry](cloud: Simulator, kind: type[E], name: str) -> list[E]:
    return [entry for entry in cloud.world.life(name).diary(BEGIN, END) if isinstance(entry, kind)]


def silent_charges(cloud: Simulator, *names: str) -> list[Charge]:
    """The charges of which nothing comes but their beginning. One is broken off by driving away, which is noticed."""
    charges = [charge for name in names or LIVING_CARS for charge in happened(cloud, Charge, name)]
    return [charge for charge in charges if charge.start > at(15, 25)]


def lost(home: Home) -> list[str]:
    """What was told and is neither known nor superseded by something newer, by descriptor."""
    missing = []
    for _topic, payload in home.cloud.stream.gate.told:
        message = orjson.loads(payload)
        readings = home.source._cars.by_vin[message["vin"]].readings.told
        for key, entry in message["data"].items():
            moment, known = moment_in(entry["timestamp"]), readings.get(key)
            assert moment
            is_known = known and (known.at > moment or (known.at == moment and known.value == decode(key, entry)))
            missing += [] if is_known else [key]
    return missing


def decode(key: str, entry: dict[str, bool | float | str | None]) -> object:
    return decoder_of(key)(entry["value"])


@pytest.mark.usefixtures("unobserved", "entity_registry_enabled_by_default")
async def test_a_day(home: Home, *, update_document: bool) -> None:
    cloud = home.cloud
    day, gate = Day(home, update_document=update_document), cloud.stream.gate
    await day.pass_by()

    # At the end every value is true.
    lives = {name: cloud.world.life(name) for name in LIVING_CARS}
    assert {name: found for name, life in lives.items() if (found := wrong(home.hass, life, now()))} == {}
    assert lost(home) == []
    assert now() == END

    # Nobody asked too often, and nobody came twice.
    calls = cloud.cardata.customer().calls
    assert max(sum(call - A_DAY < other <= call for other in calls) for call in calls) == CALLS_A_DAY
    assert {asked.status for asked in cloud.requests if asked.path.startswith("/customers/")} == {200, 201}
    assert (gate.most_connections, gate.evictions) == (1, 0)
    assert all(knock.is_in for knock in gate.knocks)

    # There was such a day.
    trips = sum(len(happened(cloud, Trip, name)) for name in LIVING_CARS)
    assert (trips, [charge.is_complete for charge in silent_charges(cloud)]) == (17, [True, True, False, True])
    assert sum(asked.path == TOKEN for asked in cloud.requests) > 24, "tokens have ended"
    assert gate.expiries == 4, "the broker has closed connections whose token had ended"
    spoke = sorted({moment_in(orjson.loads(payload)["timestamp"]) or END for _topic, payload in gate.told})
    assert max(after - before for before, after in pairwise([*spoke, END])) > timedelta(hours=3), "cars have slept"
    assert len(gate.told) > 2000
    assert min(day.left) == 0
    reasons = [call.reason for call in home.source._access.ledger.calls]
    assert reasons.count(Reason.TRIP_ENDED) < trips, "there were too few calls to follow each trip with one"
    assert min(left for left in day.left if left) < LEFT_FOR_BETTER[Reason.RESTART]
    assert {*reasons} == {*Reason} - {Reason.NO_STREAM, Reason.PICTURE}

    table = Table("end", DOCUMENT)
    known = [fact for fact in FACTS if any(fact.exists(model) for model in LIVING_CARS.values())]
    for fact in known:
        cells = [shown(home.hass, model, fact) if fact.exists(model) else "" for model in LIVING_CARS.values()]
        table.check(fact.name, [*cells, fact.late.value], update=update_document)
    assert sorted(table.faults) == sorted(fact.name for fact in known)
