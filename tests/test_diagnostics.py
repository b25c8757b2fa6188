"""Diagnostics tell everything but who and where."""

from dataclasses import replace
from datetime import timedelta
import json
from pathlib import Path
from typing import override
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util.json import JsonValueType
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.mybmw.const import DOMAIN
from custom_components.mybmw.sources import Json, NotAllowedError, Obstacle, Refusal, SlowDownError, TryLaterError
from custom_components.mybmw.sources.anonymize import Anonymizer
from custom_components.mybmw.vehicle import Brand, Extra

from .account import GCID, NOW, PASSWORD, USERNAME, FakeSource, a_car, account_entry, recorded_vehicle, set_up
from .fingerprints import read_fingerprint
from .recorded import RECORDED_CARS

pytestmark = pytest.mark.freeze_time(NOW)


SECRETS = (
    USERNAME,
    PASSWORD,
    GCID,
    "d…r@e…",  # the title of the entry
    "48.177334",
    "11.556274",
    "Olympiapark",
    *(car.vin for car in RECORDED_CARS.values()),
)
"""What tells who an owner is or where a car was."""

VIN = "WBA0000000SECRET7"


class RecordingSource(FakeSource):
    """Has the recorded cars with what BMW said of them, made anonymous as the real source does."""

    anonymous = Anonymizer()

    @override
    def recordings(self, vin: str | None = None) -> Json:
        if vin is None:
            return self.anonymous({"vehicle_lists": {"bmw": {"mappingInfos": [{"vin": vin} for vin in self.vehicles]}}})
        car = next(car for car in RECORDED_CARS.values() if car.vin == vin)
        answers = {"profile": car.profile, "state": car.state, "charging": car.charging}
        return self.anonymous({"vin": car.vin, "brand": car.brand, **answers})


def told(value: JsonValueType, *path: str | int) -> JsonValueType:
    """What stands at a place in diagnostics."""
    for key in path:
        if isinstance(key, str):
            assert isinstance(value, dict)
            value = value[key]
        else:
            assert isinstance(value, list)
            value = value[key]
    return value


async def test_account(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, snapshot: SnapshotAssertion, source: FakeSource
) -> None:
    source.show(*(recorded_vehicle(folder) for folder in RECORDED_CARS))
    entry = account_entry()
    await set_up(hass, entry)
    assert await get_diagnostics_for_config_entry(hass, hass_client, entry) == snapshot


async def test_no_secret_is_told(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> None:
    source = RecordingSource()
    source.show(*(recorded_vehicle(folder) for folder in RECORDED_CARS))
    source.failures = {"WBA0000000000NEW1": TryLaterError("BMW does not answer")}
    entry = account_entry()
    with patch("custom_components.mybmw.open_source", return_value=source):
        coordinator = await set_up(hass, entry)
    source.failures |= dict.fromkeys(source.vehicles, TryLaterError("BMW does not answer"))
    source.vehicles = {}
    await coordinator.async_refresh()
    diagnostics = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told(diagnostics, "cars", 3, "trouble", "cause") == "try_later"
    assert told(diagnostics, "cars", 3, "recordings", "profile", "model") == "i4 eDrive40"
    assert told(diagnostics, "account", "recordings", "vehicle_lists", "bmw")
    text = json.dumps(diagnostics, ensure_ascii=False)
    assert [secret for secret in (*SECRETS, "WBA0000000000NEW1") if secret in text] == []


async def test_the_cars_of_a_report_can_be_played(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, tmp_path: Path
) -> None:
    source = RecordingSource()
    source.show(*(recorded_vehicle(folder) for folder in RECORDED_CARS))
    entry = account_entry()
    with patch("custom_components.mybmw.open_source", return_value=source):
        await set_up(hass, entry)
    report = tmp_path / "config_entry-mybmw.json"
    report.write_text(json.dumps({"data": await get_diagnostics_for_config_entry(hass, hass_client, entry)}))
    cars = read_fingerprint(report)
    assert len(cars) == len(RECORDED_CARS)
    assert all("0FINGERPRINT" in car.vin for car in cars)
    recorded = [car for car in RECORDED_CARS.values() if car.brand == "toyota"]
    assert [car.charging for car in cars if car.brand == "toyota"] == [car.charging for car in recorded]


async def test_what_only_the_source_knows_to_be_personal(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, source: FakeSource
) -> None:
    extras = {"a.place": Extra(value="at home", is_personal=True), "a.power": Extra(value=11)}
    car = replace(a_car(), extras=extras)
    source.show(car)
    entry = account_entry()
    await set_up(hass, entry)
    diagnostics = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    cars = told(diagnostics, "cars")
    assert isinstance(cars, list)
    assert told(cars[0], "vehicle", "extras", "a.place") == "**REDACTED**"
    assert told(cars[0], "vehicle", "extras", "a.power", "value") == 11


@pytest.mark.parametrize(
    ("descriptor", "value"),
    [
        ("vehicle.tomorrow.latitude", 48.177334),
        ("vehicle.tomorrow.whereabouts", 48.177334),
        ("vehicle.tomorrow.whereabouts", "48.177334,11.556274"),
        ("vehicle.tomorrow.latitudeE6", 48177334),
        ("vehicle.tomorrow.note", f"About {VIN}."),
        ("vehicle.tomorrow.note", f"About {VIN[-7:]}"),
        (f"vehicle.{VIN}.note", 1),
        ("vehicle.tomorrow.note", "Write to owner@example.com"),
        ("vehicle.tomorrow.note", USERNAME),
        ("vehicle.tomorrow.numberPlate", "M-AB 1234"),
    ],
)
async def test_what_nobody_has_looked_through_is_made_anonymous(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    source: FakeSource,
    descriptor: str,
    value: Json,
) -> None:
    assert not isinstance(value, list | dict)
    extras = {descriptor: Extra(value=value), "vehicle.tomorrow.power": Extra(value=11, unit="kW")}
    source.show(replace(a_car(), vin=VIN, extras=extras))
    entry = account_entry()
    await set_up(hass, entry)
    diagnostics = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    cars = told(diagnostics, "cars")
    assert isinstance(cars, list)
    shown = json.dumps(told(cars[0], "vehicle", "extras"))
    secrets = (VIN, VIN[-7:], "48.177", "48177", "owner@", USERNAME, "1234")
    assert [secret for secret in secrets if secret in shown] == []
    assert told(cars[0], "vehicle", "extras", "vehicle.tomorrow.power", "value") == 11


async def test_device(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, device_registry: dr.DeviceRegistry, source: FakeSource
) -> None:
    source.show(recorded_vehicle("G26"), recorded_vehicle("I20"))
    entry = account_entry()
    await set_up(hass, entry)
    device = device_registry.async_get_device_by_identifier((DOMAIN, RECORDED_CARS["I20"].vin), entry.entry_id)
    assert device
    diagnostics = await get_diagnostics_for_device(hass, hass_client, entry, device)
    cars = told(diagnostics, "cars")
    assert isinstance(cars, list)
    [car] = cars
    assert told(car, "vehicle", "identity", "model") == "iX xDrive50"
    assert told(car, "vehicle", "vin") == "**REDACTED**"
    assert told(car, "recordings") == {"anonymous": "recording"}
    assert told(car, "is_current") is True
    assert told(car, "trouble") is None


async def test_an_account_that_cannot_be_set_up_says_why(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, device_registry: dr.DeviceRegistry, source: FakeSource
) -> None:
    car = recorded_vehicle("G26")
    source.show(car)
    entry = account_entry()
    await set_up(hass, entry)
    source.failure = NotAllowedError("Blocked", Refusal.BLOCKED)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    device = device_registry.async_get_device_by_identifier((DOMAIN, car.vin), entry.entry_id)
    assert device
    for diagnostics in (
        await get_diagnostics_for_config_entry(hass, hass_client, entry),
        await get_diagnostics_for_device(hass, hass_client, entry, device),
    ):
        assert told(diagnostics, "account", "state") == "setup_retry"
        assert "BMW" in str(told(diagnostics, "account", "reason"))
        assert told(diagnostics, "account", "data", "username") == "**REDACTED**"


async def test_what_is_wrong_is_told(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, source: FakeSource
) -> None:
    car, other, unread = recorded_vehicle("G26"), recorded_vehicle("I20"), "WBA0000000000NEW1"
    source.show(car, other)
    entry = account_entry({"read_only": True, "scan_interval": 10, "unlock_code": "2468"})
    coordinator = await set_up(hass, entry)
    source.show(other)
    source.failures = {
        car.vin: SlowDownError("Quota exceeded", NOW + timedelta(hours=1)),
        unread: NotAllowedError("No", Refusal.FORBIDDEN),
    }
    source.unread_makes = frozenset({Brand.MINI})
    source.obstacle, source.listening = Obstacle.REFUSED, {"connected_since": None, "failed_by": "refused"}
    await coordinator.async_refresh()
    diagnostics = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told(diagnostics, "account") == {
        "data": {"source": "mybmw", "username": "**REDACTED**", "password": "**REDACTED**", "region": "rest_of_world"},
        "options": {"read_only": True, "scan_interval": 10, "unlock_code": "**REDACTED**"},
        "state": "loaded",
        "reason": None,
        "budget": None,
        "checkup": {},
        "obstacle": "refused",
        "listening": {"connected_since": None, "failed_by": "refused"},
        "is_read_only": True,
        "last_update_success": True,
        "last_exception": None,
        "update_interval_s": 3601.0,
        "pause": {"until": "2023-01-04 16:00:00+00:00", "since": "2023-01-04 15:00:00+00:00", "refusal": None},
        "never_read": [{"cause": "forbidden", "misses": 1, "is_lost": False}],
        "unread_makes": ["mini"],
        "recordings": {"anonymous": "recording"},
    }
    i4 = told(diagnostics, "cars", 1)
    assert told(i4, "trouble") == {"cause": "slow_down", "misses": 0, "is_lost": False}
    assert told(i4, "offers") == []
    assert told(i4, "vehicle", "capabilities", "lock") is True


async def test_a_refusal_is_told(hass: HomeAssistant, hass_client: ClientSessionGenerator, source: FakeSource) -> None:
    source.show(recorded_vehicle("G26"))
    entry = account_entry()
    coordinator = await set_up(hass, entry)
    source.failure = NotAllowedError("Blocked", Refusal.BLOCKED)
    await coordinator.async_refresh()
    diagnostics = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told(diagnostics, "account", "pause", "refusal") == "blocked"
    assert told(diagnostics, "account", "last_update_success") is False
    assert "BMW blocks every client" in str(told(diagnostics, "account", "last_exception"))


async def test_the_number_of_an_account_is_nobodys_business(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, source: FakeSource
) -> None:
    source.show(recorded_vehicle("G26"))
    entry = account_entry()
    await set_up(hass, entry)
    hass.config_entries.async_update_entry(entry, data={"source": "cardata", "client_id": "a-client", "gcid": GCID})
    diagnostics = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told(diagnostics, "account", "data", "source") == "cardata"
    assert not [secret for secret in (GCID, "a-client") if secret in json.dumps(diagnostics)]
