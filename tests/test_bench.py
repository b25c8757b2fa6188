"""That there is something to measure with, and what must hold whatever the machine: nothing new, nothing written."""

from datetime import datetime, timedelta
from pathlib import Path
import subprocess
import sys

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from .account import NOW
from .bench.fleet import fleet
from .bench.memory import bytes_per_car
from .bench.parts import PARTS
from .bench.remembering import readings_per_second
from .bench.report import DOCUMENT, Table, put
from .faults.account import settled_account
from .faults.time import see_through
from .recorded import RECORDED_CARS
from .simulator import Simulator

REPOSITORY = Path(__file__).parents[1]


def states_of(hass: HomeAssistant) -> dict[str, tuple[datetime, datetime]]:
    return {state.entity_id: (state.last_reported, state.last_updated) for state in hass.states.async_all()}


@pytest.mark.freeze_time(NOW)
@pytest.mark.usefixtures("hass_storage", "entity_registry_enabled_by_default")
async def test_a_refresh_without_news_writes_nothing(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, two_cars_cloud: Simulator
) -> None:
    """But when the cars were fetched last, for those who have enabled that: it is news each time."""
    account = await settled_account(hass, freezer, two_cars_cloud)
    coordinator = account.entry.runtime_data
    before, asked = states_of(hass), len(two_cars_cloud.requests)
    for _ in range(3):
        freezer.tick(timedelta(seconds=10))
        await see_through(coordinator.async_refresh(), freezer)
    await hass.async_block_till_done()
    after = states_of(hass)
    assert len(two_cars_cloud.requests) > asked
    written = {entity_id for entity_id, moments in after.items() if moments != before[entity_id]}
    assert {entity_id.rpartition("_last_")[2] for entity_id in written} == {"fetched"}
    assert len(written) == 2
    assert len(after) > 100
    await see_through(hass.config_entries.async_unload(account.entry.entry_id), freezer)


def test_a_part_is_measured_and_shown() -> None:
    """The one that needs neither a cloud nor Home Assistant, which take long to begin; it runs in a process."""
    shown = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--quick", "--only", "build"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert all(f"| {car} |" in shown for car in RECORDED_CARS)


def test_memory_and_readings_can_be_measured() -> None:
    assert bytes_per_car("ours", 9) > 1000
    assert bytes_per_car("theirs", 9) > 1000
    assert readings_per_second(300, 1) > 0


def test_a_fleet_is_of_different_cars() -> None:
    cars = fleet(30)
    assert len({car.vin for car in cars}) == 30
    assert {car.folder for car in cars[:9]} == {*RECORDED_CARS}
    assert all(isinstance(car.profile, dict) and car.profile["vin"] == car.vin for car in cars[9:])


def test_the_document_has_a_place_for_every_table() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    for name in PARTS:
        written = put(document, Table(name=name, head=["what", "how much"], rows=[["this", "that"]]))
        assert "| what | how much |\n| --- | ---: |\n| this | that |\n" in written
        assert put(written, Table(name=name, head=["a"], rows=[])) != written
    with pytest.raises(ValueError, match="no place"):
        put(document, Table(name="another", head=["a"], rows=[]))
