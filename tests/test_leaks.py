"""The plug-in that guards all other tests does fail those that tell a secret."""

from pathlib import Path
import re
import subprocess
import sys
from typing import Final

REPOSITORY: Final = Path(__file__).parents[1]

GUARDED: Final = """
from tests.leaks import Leaks

def pytest_configure(config):
    config.pluginmanager.register(Leaks())
"""

TALES: Final = """
import logging
from unittest.mock import AsyncMock, Mock
from urllib.parse import quote
import warnings

from homeassistant.config_entries import ConfigFlow
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockModule, mock_integration, mock_platform
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry

from custom_components import mybmw
from custom_components.mybmw.account_store import UnreadableError
from custom_components.mybmw.sources import TryLaterError
from custom_components.mybmw.sources.geocoder import GeocoderError
from tests.issued import Kind, issue

SECRET = "t\\xf6p secret & more"
CAR = "WBA00000000000001"
PLACE = "48.177334"
OTHERS, OURS = logging.getLogger("somebody.else"), logging.getLogger("custom_components.mybmw.room")

def ours(line):
    exec(compile(line, f"{mybmw.__path__[0]}/room.py", "exec"), {"secret": SECRET})

@pytest.fixture(autouse=True)
def somebody_signs_in():
    issue(Kind.KEY, SECRET, "demo")
    issue(Kind.CAR, CAR)
    issue(Kind.PLACE, PLACE)

def test_tells_in_a_log_line():
    OTHERS.warning("it is %s", SECRET)

def test_tells_the_car():
    OTHERS.info("it is %s", CAR)

def test_tells_the_place():
    OURS.debug("it is %s", PLACE)

def test_tells_while_debugging():
    OURS.debug("it is %s", SECRET)

def test_tells_in_other_letters():
    OURS.debug("it is %s", quote(SECRET))

def test_tells_in_a_traceback():
    try:
        raise ValueError(SECRET)
    except ValueError:
        OTHERS.exception("oops")

def test_tells_by_what_an_error_came_from():
    with pytest.raises(TryLaterError):
        try:
            raise KeyError(SECRET)
        except KeyError as err:
            raise TryLaterError("no") from err

def test_tells_in_the_words_of_an_error():
    with pytest.raises(HomeAssistantError):
        raise HomeAssistantError(
            translation_domain="mybmw", translation_key="any", translation_placeholders={"of": SECRET}
        )

def test_tells_in_any_error_of_ours():
    with pytest.raises(GeocoderError):
        raise GeocoderError(SECRET)

def test_tells_in_an_error_that_is_no_source_s():
    with pytest.raises(UnreadableError):
        raise UnreadableError(f"cannot read what {CAR} said")

def test_tells_in_an_error_of_python_that_our_code_raises():
    with pytest.raises(ValueError):
        ours("raise ValueError(secret)")

def test_tells_by_what_an_error_of_python_came_from():
    with pytest.raises(ValueError):
        ours("raise ValueError from KeyError(secret)")

def test_tells_in_a_warning():
    warnings.warn(SECRET)

async def test_tells_in_an_event(hass):
    hass.bus.async_fire("something", {"is": SECRET})

async def test_tells_in_a_state(hass):
    hass.states.async_set("sensor.any", SECRET)

async def test_tells_in_an_attribute(hass):
    hass.states.async_set("sensor.any", "on", {"of": CAR})

async def test_tells_the_place_in_a_state(hass):
    hass.states.async_set("sensor.mileage", PLACE)

async def test_tells_the_place_in_an_event(hass):
    hass.bus.async_fire("something", {"at": PLACE})

async def test_tells_in_the_state_of_a_tracker(hass):
    hass.states.async_set("device_tracker.any", "home", {"of": CAR})

async def test_tells_by_what_is_kept_of_a_device(hass):
    entry = MockConfigEntry(domain="any")
    entry.add_to_hass(hass)
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("any", CAR)}, sw_version=SECRET
    )

async def test_tells_by_what_is_kept_of_an_entity(hass):
    er.async_get(hass).async_get_or_create("sensor", "any", f"{CAR}-mileage", original_name=SECRET)

async def test_tells_by_the_id_of_a_repair_message(hass):
    ir.async_create_issue(
        hass, "mybmw", f"any_{CAR}", is_fixable=False, severity=ir.IssueSeverity.ERROR, translation_key="any",
    )

async def test_tells_in_a_repair_message(hass):
    ir.async_create_issue(
        hass, "mybmw", "any", is_fixable=False, severity=ir.IssueSeverity.ERROR, translation_key="any",
        translation_placeholders={"of": SECRET},
    )

async def test_tells_in_a_dialog(hass):
    ConfigFlow().async_show_form(step_id="any", description_placeholders={"of": SECRET})

async def test_tells_in_what_is_filled_in(hass):
    schema = probatio.Schema({probatio.Required("any", description={"suggested_value": SECRET}): str})
    ConfigFlow().async_show_form(step_id="any", data_schema=schema)

async def test_tells_in_what_is_filled_in_unless_something_else_is(hass):
    schema = probatio.Schema({probatio.Optional("any", default=SECRET): str})
    ConfigFlow().async_show_form(step_id="any", data_schema=schema)

async def test_tells_in_diagnostics(hass, hass_client):
    mock_integration(hass, MockModule("any"))
    told = AsyncMock(return_value={"of": {"which": PLACE}})
    mock_platform(hass, "any.diagnostics", Mock(spec_set=["async_get_config_entry_diagnostics"],
        async_get_config_entry_diagnostics=told))
    assert await async_setup_component(hass, "any", {})
    entry = MockConfigEntry(domain="any")
    entry.add_to_hass(hass)
    await get_diagnostics_for_config_entry(hass, hass_client, entry)

def test_tells_what_becomes_a_secret_later():
    OTHERS.warning("it is made up just now")
    issue(Kind.KEY, "made up just now")

async def test_is_silent_where_it_may_speak(hass):
    hass.states.async_set("device_tracker.any", "not_home", {"latitude": PLACE})
    hass.states.async_set("zone.home", "0", {"latitude": PLACE})
    er.async_get(hass).async_get_or_create("sensor", "any", f"{CAR}-mileage")
    hass.services.async_register("any", "go_to", AsyncMock())
    await hass.services.async_call("any", "go_to", {"latitude": PLACE})
    OTHERS.debug("the car %s", CAR)
    OTHERS.warning("this is a demo")

def test_is_silent_about_what_is_only_caught_in_our_code():
    with pytest.raises(ValueError):
        ours("int(secret)")

def test_is_silent():
    OTHERS.warning("nothing has happened")

def test_is_silent_and_fails():
    raise AssertionError
"""


def test_whoever_tells_a_secret_fails(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(GUARDED, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n", encoding="utf-8")
    (tmp_path / "test_tales.py").write_text(TALES, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-rpfE", "--tb=short", "-p", "no:cacheprovider", "-p", "no:respx"]
    run = subprocess.run(  # noqa: S603 (this very Python)
        [*command, str(tmp_path)], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    ended = {(kind, name) for kind, name in re.findall(r"^(PASSED|FAILED|ERROR) \S*::(\w+)", run.stdout, re.MULTILINE)}
    tests = set(re.findall(r"def (test_\w+)", TALES))
    assert {name for kind, name in ended if kind == "ERROR"} == {name for name in tests if "_tells_" in name}, (
        run.stdout
    )
    assert {name for kind, name in ended if kind == "FAILED"} == {"test_is_silent_and_fails"}
    assert {name for kind, name in ended if kind == "PASSED"} == tests - {"test_is_silent_and_fails"}
    assert "key 't\u00f6p secret & more' in log: it is" in run.stdout, "it says what was told, and where"
