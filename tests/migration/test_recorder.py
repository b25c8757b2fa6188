"""A year of history and statistics goes on under our entities: every row is there, and the next one joins them."""

from datetime import timedelta
from typing import Final
from unittest.mock import Mock

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.db_schema import Statistics, StatisticsShortTerm
from homeassistant.components.recorder.history import get_significant_states
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import get_metadata, statistics_during_period
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)
from sqlalchemy.exc import OperationalError

from custom_components.mybmw.const import DOMAIN
from tests.account import NOW, FakeSource, account_entry, recorded_vehicle, set_up

from .database import BY_THE_HOUR, MEASURED, keep_a_year, numbers_of, rows_of, shown_of
from .dialogs import answer, issues, open_dialog, take_over, undo
from .leftovers import Leftovers, a_year, give_up, keep_statistics, keep_sums, leave_behind
from .registries import registries

pytestmark = pytest.mark.freeze_time(NOW)

YEAR_AGO: Final = NOW - timedelta(days=400)
MILEAGE: Final = (Platform.SENSOR, "mileage")
BATTERY: Final = (Platform.SENSOR, "fuel_and_battery.remaining_battery_percent")
TIRE: Final = (Platform.SENSOR, "tires.front_left.current_pressure")
WINDOWS: Final = (Platform.BINARY_SENSOR, "windows")


@pytest.fixture
def mock_recorder_before_hass(recorder_db_url: str) -> str:
    """Know the database before there is a Home Assistant, as the recorder's own fixtures want it."""
    return recorder_db_url


async def statistics(hass: HomeAssistant, entity_id: str, kind: str) -> list[float]:
    """All that is kept of one entity, in the unit it is kept in."""
    await async_wait_recording_done(hass)
    rows = await get_instance(hass).async_add_executor_job(
        lambda: statistics_during_period(hass, YEAR_AGO, None, {entity_id}, "hour", {"pressure": "bar"}, {kind})  # type: ignore[arg-type] # one of its literals
    )
    return [float(row[kind] or 0) for row in rows.get(entity_id, [])]  # type: ignore[literal-required] # likewise


async def history(hass: HomeAssistant, entity_id: str) -> list[str]:
    """The states that are kept of one entity."""
    await async_wait_recording_done(hass)
    found = await get_instance(hass).async_add_executor_job(
        lambda: get_significant_states(hass, YEAR_AGO, None, [entity_id], significant_changes_only=False)
    )
    return [state.state for state in found.get(entity_id, []) if not isinstance(state, dict)]


@pytest.fixture
async def left(recorder_mock: Recorder, hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Leftovers:  # noqa: ARG001 (asked for because of what it does)
    """A year of the removed integration, and its last states."""
    left = leave_behind(hass, recorded_vehicle("G26"))
    freezer.move_to(NOW - timedelta(days=2))
    keep_sums(hass, left.entity_ids[MILEAGE], a_year(NOW, 100, 2), "km")
    keep_statistics(hass, left.entity_ids[BATTERY], a_year(NOW, 20, 0.1), "%", "unitless")
    keep_statistics(hass, left.entity_ids[TIRE], a_year(NOW, 2.4, 0.001), "bar", "pressure")
    keep_statistics(hass, left.entity_ids[Platform.SENSOR, "climate.activity"], a_year(NOW, 1, 0), "widgets", None)
    for entity_id, state in ((left.entity_ids[MILEAGE], "828"), (left.entity_ids[WINDOWS], "on")):
        hass.states.async_set(entity_id, state)
    await async_wait_recording_done(hass)
    for entity_id in (left.entity_ids[MILEAGE], left.entity_ids[WINDOWS]):
        hass.states.async_remove(entity_id)
    await async_wait_recording_done(hass)
    freezer.move_to(NOW)
    return left


async def test_a_year_goes_on(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, left: Leftovers
) -> None:
    car = recorded_vehicle("G26")
    mileage, battery, tire = (left.entity_ids[key] for key in (MILEAGE, BATTERY, TIRE))
    kinds = ((mileage, "sum"), (battery, "mean"), (tire, "mean"))
    before = [await statistics(hass, entity_id, kind) for entity_id, kind in kinds]
    assert [len(rows) for rows in before] == [365, 365, 365]
    source.show(car)
    entry = account_entry()
    await set_up(hass, entry)
    young = er.async_get(hass).async_get_entity_id(Platform.SENSOR, DOMAIN, f"{car.vin}-mileage")
    assert young

    await take_over(hass, entry)
    assert [await statistics(hass, entity_id, kind) for entity_id, kind in kinds] == before
    assert (await history(hass, mileage))[0] == "828"
    assert (await history(hass, mileage))[-1] == str(car.odometer.mileage_km) != "828"
    assert "on" in await history(hass, left.entity_ids[WINDOWS])
    assert await history(hass, young), "what ours recorded is still in the database"

    hour = NOW.replace(minute=0, second=0)
    freezer.move_to(hour + timedelta(hours=1, minutes=1))
    do_adhoc_statistics(hass, start=hour + timedelta(minutes=55))
    sums, levels, bars = [await statistics(hass, entity_id, kind) for entity_id, kind in kinds]
    assert (sums[:365], levels[:365], bars[:365]) == tuple(before)
    assert len(sums) == len(levels) == len(bars) == 366
    assert car.odometer.mileage_km
    assert sums[-1] == pytest.approx(before[0][-1] + car.odometer.mileage_km - 828), "not from zero"
    assert car.energy.battery
    assert levels[-1] == car.energy.battery.level_percent
    assert bars[-1] == pytest.approx(2.4, abs=0.5), "in bar, though it is shown in psi"

    await undo(hass, entry)
    assert [(await statistics(hass, entity_id, kind))[:365] for entity_id, kind in kinds] == before


@pytest.mark.parametrize("has_short_term", [False, True], ids=["silent for long", "silent for nearly ten days"])
async def test_a_purge_before_the_first_value_costs_no_sum(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, source: FakeSource, left: Leftovers, *, has_short_term: bool
) -> None:
    """The recorder purges every night, and the car, or BMW, may be away for some more days."""
    car, mileage = recorded_vehicle("G26"), left.entity_ids[MILEAGE]
    if has_short_term:
        [[_, metadata]] = (
            await get_instance(hass).async_add_executor_job(lambda: get_metadata(hass, statistic_ids={mileage}))
        ).values()
        row = StatisticData(start=NOW - timedelta(days=10) + timedelta(hours=1), state=100.0, sum=0.0)
        get_instance(hass).async_import_statistics(metadata, [row], StatisticsShortTerm)
        await async_wait_recording_done(hass)
    before = await statistics(hass, mileage, "sum")
    source.show(car)
    entry = account_entry()
    await set_up(hass, entry)
    await take_over(hass, entry)

    away = NOW + timedelta(days=9)
    freezer.move_to(away)
    await hass.services.async_call("recorder", "purge", {"keep_days": 10}, blocking=True)
    await async_wait_recording_done(hass)
    freezer.move_to(away + timedelta(hours=1, minutes=1))
    do_adhoc_statistics(hass, start=away + timedelta(minutes=55))

    sums = await statistics(hass, mileage, "sum")
    assert sums[: len(before)] == before
    assert car.odometer.mileage_km
    assert sums[-1] == pytest.approx(before[-1] + car.odometer.mileage_km - 828), "not from zero"


async def test_statistics_in_a_strange_unit_are_told(
    hass: HomeAssistant, source: FakeSource, left: Leftovers, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.show(recorded_vehicle("G26"))
    entry = account_entry()
    await set_up(hass, entry)
    shown = (await open_dialog(hass, entry))["description_placeholders"] or {}
    assert shown["ending_statistics"] == f"`{left.entity_ids[Platform.SENSOR, 'climate.activity']}`"
    refuse = Mock(side_effect=OperationalError("SELECT 1", (), Exception("database is locked")))
    monkeypatch.setattr("homeassistant.components.recorder.statistics.list_statistic_ids", refuse)
    step = await open_dialog(hass, entry)
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "no_database"), "or are they?"


async def test_statistics_of_another_kind_are_told(
    recorder_mock: Recorder,  # noqa: ARG001 (asked for because of what it does)
    hass: HomeAssistant,
    source: FakeSource,
) -> None:
    """A mean of angles is another than one of numbers, and of a target nothing is kept here."""
    navigation, battery = "vehicle.cabin.infotainment.navigation", "vehicle.powertrain.electric.battery"
    heading = (Platform.SENSOR, f"{navigation}.currentLocation.heading")
    target = (Platform.SENSOR, f"{battery}.stateOfCharge.target")
    level = (Platform.SENSOR, f"{battery}.stateOfCharge.displayed")
    mileage = (Platform.SENSOR, "vehicle.vehicle.travelledDistance")
    left = give_up(hass, recorded_vehicle("G26"), [heading, target, level, mileage])
    keep_statistics(hass, left.entity_ids[heading], a_year(NOW, 1, 0.1), "°", None)
    keep_statistics(hass, left.entity_ids[target], a_year(NOW, 80, 0), "%", "unitless")
    keep_statistics(hass, left.entity_ids[level], a_year(NOW, 20, 0.1), "%", "unitless")
    keep_statistics(hass, left.entity_ids[mileage], a_year(NOW, 100, 2), "km", "distance")
    await async_wait_recording_done(hass)
    source.show(recorded_vehicle("G26"))
    entry = account_entry()
    await set_up(hass, entry)
    shown = (await open_dialog(hass, entry))["description_placeholders"] or {}
    ending = sorted(left.entity_ids[key] for key in (heading, mileage, target))
    assert shown["ending_statistics"] == ", ".join(f"`{entity_id}`" for entity_id in ending)


async def test_a_database_that_does_not_answer_is_no_reason_to_lose_a_sum(
    hass: HomeAssistant, source: FakeSource, left: Leftovers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sum could not go on where it ended, so nothing is changed before the database answers again."""
    source.show(recorded_vehicle("G26"))
    entry = account_entry()
    await set_up(hass, entry)
    before = registries(hass)

    dialog = await open_dialog(hass, entry)
    with monkeypatch.context() as locked:
        refuse = Mock(side_effect=OperationalError("SELECT 1", (), Exception("database is locked")))
        locked.setattr("homeassistant.components.recorder.statistics.get_last_statistics", refuse)
        step = await answer(hass, dialog)
        assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "failed")
    assert entry.state is ConfigEntryState.LOADED
    assert issues(hass) == {"take_over_failed"}
    assert registries(hass) == before
    with monkeypatch.context() as locked:
        refuse = Mock(side_effect=RuntimeError("cannot schedule new futures after shutdown"))
        locked.setattr("homeassistant.components.recorder.statistics.get_last_statistics", refuse)
        await hass.config_entries.async_reload(entry.entry_id)
        assert entry.state is ConfigEntryState.LOADED
        assert issues(hass) == {"take_over_failed"}
    await answer(hass, await open_dialog(hass, entry, "take_over_failed"), "again")
    assert issues(hass) == {"taken_over"}
    await async_wait_recording_done(hass)
    [row] = (await rows_of(hass, StatisticsShortTerm))[left.entity_ids[MILEAGE]]
    assert row[-1] == (await statistics(hass, left.entity_ids[MILEAGE], "sum"))[-1]


async def test_every_row_of_every_entity_is_still_reachable(
    recorder_mock: Recorder,  # noqa: ARG001 (asked for because of what it does)
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    source: FakeSource,
) -> None:
    """A database as a year of the removed integration fills it: states of all, statistics of all that measure."""
    left = leave_behind(hass, recorded_vehicle("G26"))
    old = set(left.entity_ids.values())
    for days in (9, 5, 1):
        freezer.move_to(NOW - timedelta(days=days))
        for entity_id in old:
            hass.states.async_set(entity_id, f"{days}", {"of": days})
        await async_wait_recording_done(hass)
    for entity_id in old:
        hass.states.async_remove(entity_id)
    freezer.move_to(NOW)
    await keep_a_year(hass, left, NOW)

    hourly, short = await rows_of(hass, Statistics), await rows_of(hass, StatisticsShortTerm)
    assert hourly.keys() == {left.entity_ids[Platform.SENSOR, key] for key in MEASURED}
    of_the_hour = {left.entity_ids[Platform.SENSOR, key] for key in BY_THE_HOUR}
    assert {len(hourly[entity_id]) for entity_id in of_the_hour} == {365 * 24}
    assert {len(short[entity_id]) for entity_id in of_the_hour} == {10 * 24 * 12 + 12 - 1}
    statistics, entities, states = await numbers_of(hass)
    assert entities.keys() >= old
    assert {states[entity_id] for entity_id in old} == {4}, "and that it is gone"
    shown = await shown_of(hass, YEAR_AGO, old)
    assert shown == {entity_id: len(rows) for entity_id, rows in hourly.items()}

    source.show(recorded_vehicle("G26"))
    entry = account_entry()
    await set_up(hass, entry)

    async def all_is_there() -> None:
        assert await shown_of(hass, YEAR_AGO, old) == shown
        for before, table in ((hourly, Statistics), (short, StatisticsShortTerm)):
            rows = await rows_of(hass, table)
            assert [entity_id for entity_id in before if rows[entity_id] != before[entity_id]] == []
        numbers = await numbers_of(hass)
        assert {entity_id: numbers[0][entity_id] for entity_id in statistics} == statistics
        assert {entity_id: numbers[1][entity_id] for entity_id in old} == {one: entities[one] for one in old}
        assert [entity_id for entity_id in old if numbers[2][entity_id] < states[entity_id]] == []
        for entity_id in old:
            assert (await history(hass, entity_id))[:3] == ["9", "5", "1"]

    await take_over(hass, entry)
    ours = {entity.entity_id for entity in er.async_get(hass).entities.values() if entity.platform == DOMAIN}
    assert len(ours & old) > 30
    await all_is_there()
    await undo(hass, entry)
    await all_is_there()
