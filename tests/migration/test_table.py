"""Every entity of the removed integration has a successor, and owners can read which."""

from pathlib import Path

from homeassistant.const import Platform
import pytest

from custom_components.mybmw.migration.successors import PREDECESSORS, Predecessor

from .leftovers import CORE, CORE_INVENTORY

[COMPLETE, *COMMUNITY] = PREDECESSORS


def test_every_entity_of_the_removed_integration_is_in_the_table() -> None:
    assert COMPLETE.domain == CORE
    assert COMPLETE.successors.keys() == set(CORE_INVENTORY)
    assert len(CORE_INVENTORY) == 21 + 8 + 1 + 5 + 2 + 1 + 2 + 1


@pytest.mark.parametrize("predecessor", PREDECESSORS, ids=lambda predecessor: predecessor.domain)
def test_only_the_battery_has_two_ways_to_its_successor(predecessor: Predecessor) -> None:
    successors = [(platform, ours) for (platform, _), ours in predecessor.successors.items()]
    twice = {one for one in successors if successors.count(one) > 1}
    assert twice <= {(Platform.SENSOR, "battery_level")}


@pytest.mark.parametrize("predecessor", PREDECESSORS, ids=lambda predecessor: predecessor.domain)
def test_the_document_has_every_row(predecessor: Predecessor) -> None:
    document = (Path(__file__).parents[2] / "docs" / "migration.md").read_text(encoding="utf-8")
    for (platform, key), ours in predecessor.successors.items():
        if (platform, predecessor.is_gone) == (Platform.DEVICE_TRACKER, False):
            assert f" {key} (`{predecessor.domain}`)" in document
        else:
            assert f"| {platform} | {key or '(none)'} | {ours} |" in document
