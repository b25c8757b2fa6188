"""Everything an owner reads exists in every language, and nothing is translated that is never shown."""

import ast
from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from string import Formatter
from typing import Final

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntityDescription
from homeassistant.components.sensor import SensorEntityDescription
from homeassistant.helpers.entity import EntityDescription
import pytest

import custom_components.mybmw
from custom_components.mybmw.binary_sensor import BINARY_SENSORS
from custom_components.mybmw.button import ACCOUNT_BUTTONS
from custom_components.mybmw.coordinator import Cause
from custom_components.mybmw.device_tracker import TRACKERS
from custom_components.mybmw.image import IMAGES
from custom_components.mybmw.sensor import FRESHNESS_SENSORS, SENSORS
from custom_components.mybmw.sources import Json, Refusal
from custom_components.mybmw.vehicle import Lid, OpeningState, Window

FOLDER: Final = Path(custom_components.mybmw.__path__[0])
FRONTENDS: Final = FOLDER.parents[1] / ".dev" / "demo"
LANGUAGES: Final = tuple(sorted(path.stem for path in FOLDER.glob("translations/*.json")))
DESCRIPTIONS: Final[Mapping[str, Mapping[str, EntityDescription]]] = {
    "binary_sensor": {description.key: description for description in BINARY_SENSORS},
    "button": {description.key: description for description in ACCOUNT_BUTTONS},
    "device_tracker": {description.key: description for description in TRACKERS},
    "image": {description.key: description for description in IMAGES},
    "sensor": {description.key: description for description in (*SENSORS, *FRESHNESS_SENSORS)},
}
PLACEHOLDERS: Final[Mapping[str, set[str]]] = {
    "paused_blocked": {"until"},
    "paused_forbidden": {"until"},
    "paused_slow_down": {"until"},
    "refresh_failed": set(),
    "refused_blocked": set(),
    "refused_forbidden": set(),
    "sign_in_required": set(),
    "slow_down": {"until"},
    "try_later": {"error"},
    "unusable_settings": {"error"},
}
"""The exceptions, and what is put into their messages."""


def document(name: str) -> dict[str, Json]:
    value: Json = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(value, dict)
    return value


def at(value: Json, *path: str) -> dict[str, Json]:
    """What stands at a place; nothing, if nothing stands there."""
    for key in path:
        assert isinstance(value, dict)
        value = value.get(key, {})
    assert isinstance(value, dict)
    return value


def texts(value: Json, path: str = "") -> Iterator[tuple[str, str]]:
    """All texts of a document with their places."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, f"{path}.{key}")
    else:
        assert isinstance(value, str), path
        yield path, value


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def options(description: EntityDescription) -> set[str]:
    """The states an entity can have that need a word."""
    if isinstance(description, SensorEntityDescription):
        return set(description.options or ())
    if isinstance(description, BinarySensorEntityDescription):
        return {"off", "on"}
    return set()


def test_there_are_languages() -> None:
    assert LANGUAGES == ("de", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_say_the_same(language: str) -> None:
    english = dict(texts(document("translations/en")))
    other = dict(texts(document(f"translations/{language}")))
    assert other.keys() == english.keys()
    assert {path: placeholders(text) for path, text in other.items()} == {
        path: placeholders(text) for path, text in english.items()
    }
    for path, text in other.items():
        assert text == text.strip() != "", path
        assert not re.search(r"<[a-z/]|'\{", text), f"{path}: neither HTML nor a placeholder in single quotes"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("platform", DESCRIPTIONS)
def test_entities(language: str, platform: str) -> None:
    translated = at(document(f"translations/{language}"), "entity", platform)
    assert translated.keys() == DESCRIPTIONS[platform].keys()
    for key, description in DESCRIPTIONS[platform].items():
        assert ("name" in at(translated, key)) == (key != "location"), key  # the tracker bears the name of its car
        states = at(translated, key, "state").keys()
        if platform == "sensor":
            assert states == options(description), key
        else:
            assert states <= options(description), key
    names = [at(translated, key).get("name") for key in translated]
    assert len(set(names)) == len(names)


def test_a_platform_is_no_stranger_to_the_test() -> None:
    assert at(document("translations/en"), "entity").keys() == DESCRIPTIONS.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_attributes_with_words_for_values(language: str) -> None:
    entities = at(document(f"translations/{language}"), "entity")
    for key in ("last_fetched", "last_reported"):
        trouble = at(entities, "sensor", key, "state_attributes", "trouble")
        assert at(trouble, "state").keys() == set(Cause)
    openings = [
        key for key in DESCRIPTIONS["binary_sensor"] if re.match(r"door_(front|rear)|window_|hood|trunk|sun", key)
    ]
    assert len(openings) == 12
    for key in openings:
        assert at(entities, "binary_sensor", key, "state_attributes", "state", "state").keys() == set(OpeningState)


@pytest.mark.parametrize("language", LANGUAGES)
def test_exceptions(language: str) -> None:
    exceptions = at(document(f"translations/{language}"), "exceptions")
    assert {key: placeholders(str(at(exceptions, key)["message"])) for key in exceptions} == PLACEHOLDERS
    assert {f"refused_{refusal}" for refusal in Refusal} <= exceptions.keys()


def test_exceptions_that_are_raised() -> None:
    raised = {
        keyword.value.value
        for path in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and any(keyword.arg == "translation_domain" for keyword in node.keywords)
        for keyword in node.keywords
        if keyword.arg == "translation_key" and isinstance(keyword.value, ast.Constant)
    }
    put_together = {f"refused_{refusal}" for refusal in Refusal}
    put_together |= {f"paused_{cause}" for cause in (*Refusal, Cause.SLOW_DOWN)}
    assert raised | put_together == PLACEHOLDERS.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_issues(language: str) -> None:
    issues = at(document(f"translations/{language}"), "issues")
    assert issues.keys() == {*Refusal, "shared_cars", "take_over", "taken_over"}
    for dialog, filled in (("take_over", {"count", "integrations"}), ("taken_over", {"account", "until"})):
        assert at(issues, dialog).keys() == {"title", "fix_flow"}
        assert placeholders(str(at(issues, dialog)["title"])) == filled
    assert at(issues, "shared_cars").keys() == {"title", "description"}
    shared_cars = " ".join(map(str, at(issues, "shared_cars").values()))
    assert placeholders(shared_cars) == {"account", "cars", "other"}
    for refusal in Refusal:  # what can be done about it is shown in tests/test_repairs.py
        assert at(issues, refusal).keys() == {"title", "fix_flow"}
        assert placeholders(str(at(issues, refusal)["title"])) == {"account"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_account_has_a_name(language: str) -> None:
    assert at(document(f"translations/{language}"), "device").keys() == {"account"}


def test_what_opens_has_icons_that_open() -> None:
    """A padlock or another car would say something else; the icons of doors and windows are left to Home Assistant."""
    icons = at(document("icons"), "entity", "binary_sensor")
    opens = {"lids", "windows", *Lid, *Window}
    for key in opens & icons.keys():
        assert "closed" in str(at(icons, key)["default"]), key
        assert "open" in str(at(icons, key, "state")["on"]), key
    of_class = {
        key: description.device_class
        for key, description in DESCRIPTIONS["binary_sensor"].items()
        if key in opens - icons.keys()
    }
    assert len(of_class) == 9
    assert set(of_class.values()) == {BinarySensorDeviceClass.DOOR, BinarySensorDeviceClass.WINDOW}


def test_icons_are_those_of_the_frontend() -> None:
    """One that it does not have would be an empty place."""
    files = [*FRONTENDS.glob("lib/python*/site-packages/hass_frontend/static/mdi/*.json")]
    if not files:
        pytest.skip("the frontend is not installed; scripts/demo does so")
    there = {f"mdi:{name}" for path in files for name in json.loads(path.read_text(encoding="utf-8"))}
    assert {icon for _, icon in texts(document("icons"))} - there == set()


@pytest.mark.parametrize("platform", DESCRIPTIONS)
def test_icons(platform: str) -> None:
    icons = at(document("icons"), "entity", platform)
    assert icons.keys() <= DESCRIPTIONS[platform].keys()
    for key, description in DESCRIPTIONS[platform].items():
        assert key in icons or description.device_class, f"{key} would have no icon of its own"
        assert at(icons, key, "state").keys() <= options(description), key
    for path, icon in texts(icons):
        assert re.fullmatch(r"mdi:[a-z0-9-]+", icon), path


def test_the_readme_quotes_messages_that_exist() -> None:
    readme = (FOLDER.parents[1] / "README.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^\| \*(.+?)\* \|", readme.partition("## When something is wrong")[2], re.MULTILINE)
    ours = [text for _, text in texts(document("translations/en"))]
    assert quoted
    for quote in quoted:
        pattern = ".*".join(re.escape(part.strip()) for part in quote.split("…"))
        assert any(re.match(pattern, text) for text in ours), quote
