"""An account of CarData, and one that changes from one of BMW's doors to the other, on Home Assistant's own pages."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from custom_components.mybmw.sources import Json

from .desk import OURS, Desk, desk

DRIVEN_WITHIN_MS: Final = 100_000
IS_KNOWN: Final = """entity => Number(document.querySelector("home-assistant").hass.states[entity]?.state)"""
"""The number that an entity shows, as soon as there is one."""
HAS_GROWN: Final = """([entity, before]) =>
  Number(document.querySelector("home-assistant").hass.states[entity]?.state) > before"""
"""Whether an entity shows more than it did."""

EXISTS: Final = """([entity, exists]) => entity in document.querySelector("home-assistant").hass.states === exists"""
"""Whether an entity is there, or not."""

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_cardata(chromium: str, tmp_path: Path) -> None:
    """A day of the cars passes in ten seconds: they may stand for a whole weekend before they are driven."""
    async with desk(chromium, tmp_path / "home", "--cars", "I5", "--speed", "8640") as owner:
        await adds_an_account_of_cardata(owner)
        await changes_the_door_and_back(owner)


async def adds_an_account_of_cardata(owner: Desk) -> None:
    """From the client id to the first live value."""
    await owner.add_account("BMW CarData")
    await owner.sign_in_by_code("through BMW CarData")
    await reads_the_checkup(owner)
    await owner.dialog.get_by_text("That was the checkup.").wait_for()
    await owner.dialog.get_by_role("button", name="Close").last.click()
    await owner.car("CarData", "M240i xDrive").click()
    await sees_a_car_drive(owner, "sensor.m240i_xdrive_mileage")


async def changes_the_door_and_back(owner: Desk) -> None:
    """What the owner has named, and where it is, stays, and what was shown before goes on; commands come and go."""
    area = await owner.ask(type="config/area_registry/create", name="Carport")
    named = [
        await names(owner, "sensor.i5_edrive40_touring_mileage", "sensor.odometer", "My odometer", area),
        await names(owner, "lock.i5_edrive40_touring_lock", "lock.all_doors", "All doors", area),
    ]
    odometer, doors = "sensor.odometer", "lock.all_doors"
    await owner.home.wait_for_function(IS_KNOWN, arg=odometer)
    changed_at = datetime.now(UTC)
    before = await shown(owner, odometer, changed_at)
    assert datetime.fromtimestamp(before[0][0], UTC) < changed_at - timedelta(days=6)
    assert len({state for _, state in before}) > 10, "it was driven in that week"

    await reconfigures(owner, "Change to BMW CarData")
    await owner.sign_in_by_code("to try how one changes to BMW CarData")
    await reads_the_checkup(owner)
    await sees_that_it_has_changed(owner)
    await owner.car(OURS, "i5 eDrive40 Touring").click()
    await owner.home.get_by_text("My odometer", exact=True).first.wait_for()
    await owner.home.wait_for_function(EXISTS, arg=[doors, False])
    await owner.home.get_by_text("All doors", exact=True).first.wait_for(state="detached")
    await sees_a_car_drive(owner, odometer)
    assert await registered(owner, odometer) == named[0]
    assert (await shown(owner, odometer, changed_at))[: len(before)] == before

    await reconfigures(owner, "Change to MyBMW")
    await owner.sign_in_by_password("demo@example.com")
    await sees_that_it_has_changed(owner)
    await owner.home.wait_for_function(EXISTS, arg=[doors, True])
    await owner.home.wait_for_function(IS_KNOWN, arg=odometer)
    assert [await registered(owner, entity_id) for entity_id in (odometer, doors)] == named
    assert (await shown(owner, odometer, changed_at))[: len(before)] == before


async def names(owner: Desk, entity_id: str, new_entity_id: str, name: str, area: Json) -> Json:
    """Give an entity an id, a name and a place of one's own; returns how it is registered then."""
    assert isinstance(area, dict)
    change: dict[str, Json] = {"new_entity_id": new_entity_id, "name": name, "area_id": area["area_id"]}
    await owner.ask(type="config/entity_registry/update", entity_id=entity_id, **change)
    return await registered(owner, new_entity_id)


async def registered(owner: Desk, entity_id: str) -> Json:
    """What stays of an entity, whatever becomes of its account: whose it is, and what its owner has made of it."""
    entry = await owner.ask(type="config/entity_registry/get", entity_id=entity_id)
    assert isinstance(entry, dict)
    return {key: entry[key] for key in ("entity_id", "unique_id", "id", "device_id", "name", "area_id")}


async def shown(owner: Desk, entity_id: str, until: datetime) -> list[tuple[float, str]]:
    """What an entity has shown in the week before a moment, and since when (a UNIX time)."""
    answer = await owner.ask(
        type="history/history_during_period",
        start_time=(until - timedelta(days=7)).isoformat(),
        end_time=until.isoformat(),
        entity_ids=[entity_id],
        minimal_response=True,
        no_attributes=True,
    )
    assert isinstance(answer, dict)
    states = answer[entity_id]
    assert isinstance(states, list)
    return [(float(str(state["lu"])), str(state["s"])) for state in states if isinstance(state, dict)]


async def reconfigures(owner: Desk, wish: str) -> None:
    """Choose from the account's menu what to change of it."""
    await owner.open_integration()
    await owner.choose(OURS, "Reconfigure")
    await owner.dialog.get_by_text(wish, exact=True).click()


async def reads_the_checkup(owner: Desk) -> None:
    """It follows a sign-in to CarData by itself."""
    await owner.dialog.get_by_text("Every car heard").wait_for()
    await owner.dialog.get_by_text("Done", exact=True).click()


async def sees_that_it_has_changed(owner: Desk) -> None:
    """It is said, and the account is still there with its car."""
    await owner.dialog.get_by_text("The account has changed its door.").wait_for()
    await owner.dialog.get_by_role("button", name="Close").last.click()
    await owner.car(OURS, "i5 eDrive40 Touring").wait_for()


async def sees_a_car_drive(owner: Desk, entity_id: str) -> None:
    """What the page shows of it changes without anybody asking."""
    before = await owner.home.wait_for_function(IS_KNOWN, arg=entity_id)
    await owner.home.wait_for_function(HAS_GROWN, arg=[entity_id, await before.json_value()], timeout=DRIVEN_WITHIN_MS)
