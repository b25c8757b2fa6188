"""What is known of descriptors beforehand stands in one place."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
import re
from typing import Final

import custom_components.mybmw
from custom_components.mybmw.sources.cardata.catalogue import CATALOGUE, DESCRIPTORS, PERSONAL
from custom_components.mybmw.sources.cardata.catalogue_daily import DAILY, SILENT
from custom_components.mybmw.sources.cardata.catalogue_rest import REST
from custom_components.mybmw.sources.cardata.entry import Kind
from custom_components.mybmw.sources.cardata.keys import Key, Noted
from tests.simulator import cardata_catalogue

FOLDER: Final = Path(custom_components.mybmw.__path__[0])

ELSEWHERE: Final = {
    "vehicle.chassis.axle.wheel.tire.diagnosis",
    "vehicle.drivetrain.electricEngine.hvsMaxEnergyAbsolute",
    "vehicle.extras.optionalEquipment.code",
    "vehicle.look.image",
    "vehicle.powertrain.electric.battery.charging.history.sessionsList",
    "vehicle.powertrain.electric.battery.charging.settingsList",
    "vehicle.sim.status",
    "vehicle.vehicleIdentification.basicVehicleData",
}
"""What BMW answers at an address of its own."""


def written_descriptors() -> Iterator[str]:
    """Every descriptor that is typed somewhere in the integration, or the beginning of one, as often as it is."""
    for path in sorted(FOLDER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and re.match(r"vehicle\.\w", str(node.value)):
                yield str(node.value)


def test_no_descriptor_is_written_twice() -> None:
    written = Counter(written_descriptors())
    assert [descriptor for descriptor, times in written.items() if times > 1] == []
    assert written.keys() == CATALOGUE.keys()


def test_no_descriptor_has_two_rows() -> None:
    assert len(CATALOGUE) == len(DAILY) + len(SILENT) + len(REST)


def test_it_is_bmws_list() -> None:
    assert cardata_catalogue.CATALOGUE - CATALOGUE.keys() == ELSEWHERE
    assert CATALOGUE.keys() < cardata_catalogue.CATALOGUE
    assert {*Key, *Noted} <= CATALOGUE.keys()
    assert DESCRIPTORS[0] == Key.MILEAGE
    assert all(type(descriptor) is str for descriptor in DESCRIPTORS), "they are sent, and kept"


def test_where_somebody_is_is_personal() -> None:
    places = {key for key in CATALOGUE if re.search("itude$|destinationSet|[pP]artner|contract|Contract", key)}
    assert places <= PERSONAL < CATALOGUE.keys()


def test_every_row_makes_sense() -> None:
    for descriptor, entry in CATALOGUE.items():
        assert bool(entry.words) == (entry.kind is Kind.WORD), descriptor
        assert len(set(entry.words)) == len(entry.words), descriptor
        assert entry.unit is None or entry.kind is Kind.NUMBER, descriptor
