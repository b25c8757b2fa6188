"""What is offered, to whom, and when."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast
from unittest.mock import AsyncMock

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import HANDLERS, ConfigEntryDisabler, ConfigFlow
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockEntity,
    MockEntityPlatform,
    MockModule,
    mock_integration,
    mock_platform,
)

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.migration import MAY_BE_UNDONE, Reason, async_look
from custom_components.mybmw.migration.lookout import SOON
from custom_components.mybmw.migration.successors import PREDECESSORS, Predecessor
from tests.account import NOW, FakeSource, account_entry, pass_time, recorded_vehicle, set_up
from tests.flow_texts import TEXTS, placeholders, section, sentences

from .dialogs import answer, issues, open_dialog, take_over, undo
from .leftovers import CORE, Newcomer, leave_behind
from .registries import registries

pytestmark = pytest.mark.freeze_time(NOW)


[_, *COMMUNITY] = PREDECESSORS


async def test_an_offer_that_is_ignored_stays_ignored(hass: HomeAssistant, newcomer: Newcomer) -> None:
    issue_id = f"take_over_{newcomer.entry.entry_id}"
    ir.async_ignore_issue(hass, DOMAIN, issue_id, ignore=True)
    await hass.config_entries.async_reload(newcomer.entry.entry_id)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue
    assert issue.dismissed_version


async def test_nothing_is_offered_to_who_never_had_another_integration(hass: HomeAssistant, source: FakeSource) -> None:
    other = recorded_vehicle("G01")
    leave_behind(hass, other)
    source.show(recorded_vehicle("G26"))
    await set_up(hass, account_entry())
    assert issues(hass) == set()


async def test_what_was_removed_lately_goes_on_too(hass: HomeAssistant, source: FakeSource) -> None:
    """The message of Home Assistant asks everybody to remove the old entry; the registry remembers for a month."""
    car = recorded_vehicle("G26")
    left = leave_behind(hass, car)
    await hass.config_entries.async_setup(left.entry.entry_id)
    await hass.config_entries.async_remove(left.entry.entry_id)
    source.show(car)
    entry = account_entry()
    await set_up(hass, entry)
    before = registries(hass)
    await take_over(hass, entry)
    mileage = er.async_get(hass).async_get(left.entity_ids[Platform.SENSOR, "mileage"])
    assert mileage
    assert (mileage.platform, mileage.name, mileage.icon) == (DOMAIN, "Odometer", "mdi:counter")
    assert hass.states.get(mileage.entity_id)
    await undo(hass, entry)
    assert registries(hass) == before
    forgotten = er.async_get(hass).deleted_entities["sensor", CORE, f"{car.vin}-mileage"]
    assert DOMAIN not in cast("Mapping[str, object]", forgotten.options), "nothing of ours is left on it"
    await take_over(hass, entry)
    assert hass.states.get(mileage.entity_id)


async def test_an_id_that_somebody_else_has_by_now_is_left_to_them(hass: HomeAssistant, source: FakeSource) -> None:
    car = recorded_vehicle("G26")
    left = leave_behind(hass, car)
    await hass.config_entries.async_remove(left.entry.entry_id)
    taken = left.entity_ids[Platform.SENSOR, "mileage"]
    er.async_get(hass).async_get_or_create("sensor", "template", "x", suggested_object_id=taken.partition(".")[2])
    source.show(car)
    entry = account_entry()
    coordinator = await set_up(hass, entry)
    assert async_look(hass, entry.entry_id, coordinator.data).leftovers[taken] is Reason.ID_IN_USE
    er.async_get(hass).async_remove(taken)
    ours = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{car.vin}-mileage")
    assert ours
    er.async_get(hass).async_update_entity(ours, new_entity_id=taken)  # nothing to do: its history goes on already
    offer = async_look(hass, entry.entry_id, coordinator.data)
    assert taken not in {*offer.leftovers, *(move["entity_id"] for move in offer.plan["moves"])}


async def test_who_left_the_account_meanwhile_is_told_so(hass: HomeAssistant, newcomer: Newcomer) -> None:
    for entity_id in newcomer.left.entity_ids.values():
        er.async_get(hass).async_remove(entity_id)
    step = await open_dialog(hass, newcomer.entry)
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "nothing_left")
    assert issues(hass) == set()


async def test_what_is_at_work_again_is_left_alone(hass: HomeAssistant, source: FakeSource) -> None:
    """Somebody has brought the removed integration back as a custom one."""
    car = recorded_vehicle("G26")
    left = leave_behind(hass, car)
    platform = MockEntityPlatform(hass, domain="sensor", platform_name=CORE)
    platform.config_entry = left.entry
    await platform.async_add_entities([MockEntity(unique_id=f"{car.vin}-mileage", has_entity_name=True)])
    source.show(car)
    entry = account_entry()
    coordinator = await set_up(hass, entry)
    assert issues(hass) == set()
    await platform.async_reset()
    offer = async_look(hass, entry.entry_id, coordinator.data)
    assert left.entity_ids[Platform.SENSOR, "mileage"] in {move["entity_id"] for move in offer.plan["moves"]}


async def test_what_had_no_successor_yet_is_offered_when_the_day_is_over(
    hass: HomeAssistant, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    car = recorded_vehicle("G26")
    left = leave_behind(hass, car)
    source.show(replace(car, capabilities=car.capabilities.read_only()))
    entry = account_entry()
    await set_up(hass, entry)
    await take_over(hass, entry)
    lock = left.entity_ids[Platform.LOCK, "lock"]
    assert er.async_get(hass).entities[lock].platform == CORE
    source.show(car)
    await entry.runtime_data.async_refresh()
    await pass_time(hass, freezer, SOON)
    assert issues(hass) == {"taken_over"}
    await pass_time(hass, freezer, MAY_BE_UNDONE)
    assert not hass.config_entries.async_entries(CORE)
    await pass_time(hass, freezer, SOON)
    assert issues(hass) == {"take_over"}
    await take_over(hass, entry)
    assert er.async_get(hass).entities[lock].platform == DOMAIN


async def test_an_account_that_does_not_run_knows_no_successors(hass: HomeAssistant, newcomer: Newcomer) -> None:
    await hass.config_entries.async_unload(newcomer.entry.entry_id)
    step = await open_dialog(hass, newcomer.entry)
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "not_set_up")


async def test_the_preview_names_every_entity(hass: HomeAssistant, newcomer: Newcomer) -> None:
    step = await open_dialog(hass, newcomer.entry)
    shown = step["description_placeholders"] or {}
    for texts in TEXTS.values():
        fix_flow = section(texts, "issues", "take_over", "fix_flow")
        told = " ".join(text for _, text in sentences(section(fix_flow, "step", "confirm")))
        assert placeholders(told) <= shown.keys()
    assert all(shown.values())
    named = "\n".join(shown.values())
    assert [entity_id for entity_id in newcomer.left.entity_ids.values() if f"`{entity_id}`" not in named] == []
    assert "| `sensor.old_mileage` | Mileage | `sensor.i4_edrive40_mileage` |" in shown["moves"].splitlines()
    assert newcomer.vin not in named


@pytest.mark.parametrize("predecessor", COMMUNITY, ids=lambda predecessor: predecessor.domain)
async def test_community_integrations_are_followed_when_they_are_given_up(
    hass: HomeAssistant, source: FakeSource, predecessor: Predecessor
) -> None:
    car = recorded_vehicle("G26")
    old = MockConfigEntry(domain=predecessor.domain)
    old.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=old.entry_id, identifiers={(predecessor.domain, car.vin)}, name="i4"
    )

    def create(platform: str, key: str) -> str:
        return (
            er.async_get(hass)
            .async_get_or_create(
                platform, predecessor.domain, f"{car.vin}_{key}", config_entry=old, device_id=device.id
            )
            .entity_id
        )

    theirs = {key: create(*key) for key in predecessor.successors}
    strange = create("sensor", "vehicle.isMoving")
    source.show(car)
    entry = account_entry()
    coordinator = await set_up(hass, entry)
    assert issues(hass) == set(), "it is at work"
    await hass.config_entries.async_set_disabled_by(old.entry_id, ConfigEntryDisabler.USER)
    await hass.config_entries.async_reload(entry.entry_id)
    coordinator = entry.runtime_data
    offer = async_look(hass, entry.entry_id, coordinator.data)
    assert offer.leftovers.pop(strange) is Reason.NO_COUNTERPART
    soc = theirs["sensor", "vehicle.powertrain.electric.battery.stateOfCharge.displayed"]
    assert offer.leftovers.pop(soc) is Reason.ANOTHER_GOES_ON
    fuel = {"vehicle.drivetrain.fuelSystem.level", "vehicle.drivetrain.fuelSystem.remainingFuel"}
    assert offer.leftovers == {theirs["sensor", key]: Reason.NOT_OFFERED for key in fuel}

    before = registries(hass)
    await take_over(hass, entry)
    for (platform, key), entity_id in theirs.items():
        entity = er.async_get(hass).async_get(entity_id)
        assert entity
        if entity_id == soc or key in fuel:
            assert entity.platform == predecessor.domain
        else:
            assert entity.platform == DOMAIN
            assert entity.unique_id == f"{car.vin}-{predecessor.successors[platform, key]}"
            assert entity.disabled_by is not er.RegistryEntryDisabler.CONFIG_ENTRY
    await undo(hass, entry)
    assert registries(hass) == before
    await take_over(hass, entry)
    await answer(hass, await open_dialog(hass, entry, "taken_over"), "keep")
    assert hass.config_entries.async_entries(predecessor.domain) == [old], "it is its owner's to remove"
    offer = async_look(hass, entry.entry_id, [car.vin])
    assert offer.plan["moves"] == [], "what goes on is not cut off by the other one"
    assert offer.leftovers[soc] is Reason.ANOTHER_GOES_ON


async def test_a_car_that_joins_the_account_later_is_offered_then(
    hass: HomeAssistant, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    first, second = recorded_vehicle("I20"), recorded_vehicle("G26")
    leave_behind(hass, second)
    source.show(first)
    coordinator = await set_up(hass, account_entry())
    await pass_time(hass, freezer, SOON)
    assert issues(hass) == set()
    source.show(first, second)
    await coordinator.async_refresh()
    await hass.async_block_till_done()
    assert issues(hass) == set(), "its entities come one after the other"
    await pass_time(hass, freezer, SOON)
    assert issues(hass) == {"take_over"}


async def test_an_integration_that_is_given_up_later_is_offered_then(
    hass: HomeAssistant, source: FakeSource, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    [community, *_] = COMMUNITY
    car = recorded_vehicle("G26")
    at_work = AsyncMock(return_value=True)
    mock_integration(hass, MockModule(community.domain, async_setup_entry=at_work, async_unload_entry=at_work))
    mock_platform(hass, f"{community.domain}.config_flow")
    monkeypatch.setitem(HANDLERS, community.domain, ConfigFlow)
    old = MockConfigEntry(domain=community.domain)
    old.add_to_hass(hass)
    await hass.config_entries.async_setup(old.entry_id)
    unique_id = f"{car.vin}{community.separator}vehicle.vehicle.travelledDistance"
    er.async_get(hass).async_get_or_create("sensor", community.domain, unique_id, config_entry=old)
    source.show(car)
    entry = account_entry()
    await set_up(hass, entry)

    for disabled_by, told in ((ConfigEntryDisabler.USER, {"take_over"}), (None, set())):
        await hass.config_entries.async_set_disabled_by(old.entry_id, disabled_by)
        await pass_time(hass, freezer, SOON)
        assert issues(hass) == told

    await hass.config_entries.async_set_disabled_by(old.entry_id, ConfigEntryDisabler.USER)
    await hass.config_entries.async_unload(entry.entry_id)
    await pass_time(hass, freezer, SOON)
    assert issues(hass) == set(), "nobody looks any more"


async def test_nothing_is_offered_while_the_last_takeover_can_be_undone(
    hass: HomeAssistant, newcomer: Newcomer, freezer: FrozenDateTimeFactory
) -> None:
    await take_over(hass, newcomer.entry)
    other = MockConfigEntry(domain=CORE)
    other.add_to_hass(hass)
    unique_id = f"{newcomer.vin}-mileage"
    er.async_get(hass).async_get_or_create("sensor", CORE, unique_id, config_entry=other)
    await hass.config_entries.async_set_disabled_by(other.entry_id, ConfigEntryDisabler.USER)
    await pass_time(hass, freezer, SOON)
    assert issues(hass) == {"taken_over"}
