"""Everything an owner reads exists in every language, and nothing is translated that is never shown."""

import ast
from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from string import Formatter
from typing import Final

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntityDescription
from homeassistant.components.lock import LockEntityDescription, LockState
from homeassistant.components.sensor import SensorEntityDescription
from homeassistant.components.switch import SwitchEntityDescription
from homeassistant.helpers.entity import EntityDescription
from homeassistant.util.yaml import parse_yaml
import pytest

import custom_components.mybmw
from custom_components.mybmw.account_flow import SOURCE_NAMES
from custom_components.mybmw.binary_sensor import BINARY_SENSORS
from custom_components.mybmw.button import ACCOUNT_BUTTONS, BUTTONS
from custom_components.mybmw.car_sensors import FRESHNESS_SENSORS, SENSORS
from custom_components.mybmw.complaints import CAR_UNKNOWN, TOO_LATE
from custom_components.mybmw.device_tracker import TRACKERS
from custom_components.mybmw.event import EVENTS
from custom_components.mybmw.extras import translation_key
from custom_components.mybmw.image import IMAGES
from custom_components.mybmw.lock import LOCKS
from custom_components.mybmw.notify import NOTIFIERS
from custom_components.mybmw.number import NUMBERS
from custom_components.mybmw.select import SELECTS
from custom_components.mybmw.sensor import API_CALLS, STANDINGS
from custom_components.mybmw.services import ACTIONS
from custom_components.mybmw.sources import Check, Json, Obstacle, Refusal
from custom_components.mybmw.sources.cardata.catalogue import CATALOGUE
from custom_components.mybmw.sources.cardata.entry import Kind
from custom_components.mybmw.sources.cardata.keys import Key
from custom_components.mybmw.switch import SWITCHES
from custom_components.mybmw.takeover_dialog import REMEDIES
from custom_components.mybmw.time import TIMES
from custom_components.mybmw.troubles import Cause
from custom_components.mybmw.vehicle import (
    SETTABLE_MODES,
    CommandKey,
    Fate,
    Flaw,
    Lid,
    OpeningState,
    Reason,
    Weekday,
    Window,
)

FOLDER: Final = Path(custom_components.mybmw.__path__[0])
FRONTENDS: Final = FOLDER.parents[1] / ".dev" / "demo"
LANGUAGES: Final = tuple(sorted(path.stem for path in FOLDER.glob("translations/*.json")))
DESCRIPTIONS: Final[Mapping[str, Mapping[str, EntityDescription]]] = {
    "binary_sensor": {description.key: description for description in BINARY_SENSORS},
    "button": {description.key: description for description in (*ACCOUNT_BUTTONS, *BUTTONS)},
    "device_tracker": {description.key: description for description in TRACKERS},
    "event": {description.key: description for description in EVENTS},
    "image": {description.key: description for description in IMAGES},
    "lock": {description.key: description for description in LOCKS},
    "notify": {description.key: description for description in NOTIFIERS},
    "number": {description.key: description for description in NUMBERS},
    "select": {description.key: description for description in SELECTS},
    "sensor": {description.key: description for description in (*SENSORS, *FRESHNESS_SENSORS, *STANDINGS, API_CALLS)},
    "switch": {description.key: description for description in SWITCHES},
    "time": {description.key: description for description in TIMES},
}
EXTRAS: Final = {
    platform: {
        translation_key(descriptor)
        for descriptor, entry in CATALOGUE.items()
        if descriptor not in set(Key) and (entry.kind is Kind.FLAG) == (platform == "binary_sensor")
    }
    for platform in ("binary_sensor", "sensor")
}
"""The values that BMW's catalogue knows and the model of a car has no place for."""
LONGEST_NAME: Final = 56
"""More of a name is cut off on a phone, even in two lines."""
PLACEHOLDERS: Final[Mapping[str, set[str]]] = {
    "address_unknown": set(),
    "car_never_read": set(),
    "destination_not_one": set(),
    "entity_without_place": {"entity"},
    "geocoder_failed": {"error"},
    "geocoder_missing": set(),
    "history_failed": {"error"},
    "history_not_told": set(),
    "history_of_no_time": set(),
    "message_without_place": set(),
    "not_a_car": set(),
    "paused_blocked": {"until"},
    "paused_forbidden": {"until"},
    "paused_slow_down": {"until"},
    "calls_used_up": {"until"},
    "refresh_broken": set(),
    "refresh_failed": {"error"},
    "refresh_refused": {"error"},
    "refresh_refused_checkup": {"error"},
    "refused_blocked": set(),
    "refused_forbidden": set(),
    "sign_in_required": set(),
    "slow_down": {"until"},
    "try_later": {"error"},
    "unusable_settings": {"error"},
    "unreadable": {"error"},
    "unlock_code_wrong": set(),
    "command_blocked": {"until"},
    "command_car_gone": set(),
    "command_failed_by_car": set(),
    "command_failed_by_car_words": {"words"},
    "command_failed_refused": set(),
    "command_failed_refused_words": {"words"},
    "command_forbidden": set(),
    "command_ignored_by_car": set(),
    "command_ignored_by_car_words": {"words"},
    "command_ignored_not_charging": set(),
    "command_ignored_not_plugged_in": set(),
    "command_left_alone": set(),
    "command_not_sent": set(),
    "command_read_only": set(),
    "command_source_only_tells": set(),
    "command_car_unknown": set(),
    "command_sign_in_required": set(),
    "command_slow_down": {"until"},
    "command_timed_out": set(),
    "command_too_late": set(),
    "command_try_later": {"error"},
    "command_unknown_answer_lost": set(),
    "command_unknown_not_told": set(),
    **{f"flaw_{flaw}": set() for flaw in Flaw},
    "flaw_ac_limit_not_offered": {"offered"},
    "flaw_text_not_usable": {"part"},
    "flaw_timer_twice": {"timer"},
    "flaw_timer_unknown": {"timer"},
}
"""The exceptions, and what is put into their messages."""
FATES: Final = {
    Reason.NOT_PLUGGED_IN: Fate.IGNORED,
    Reason.NOT_CHARGING: Fate.IGNORED,
    Reason.BY_CAR: Fate.FAILED,
    Reason.REFUSED: Fate.FAILED,
    Reason.ANSWER_LOST: Fate.UNKNOWN,
    Reason.NOT_TOLD: Fate.UNKNOWN,
}
"""The fate each reason goes with; a car also ignores of its own accord."""
HAVE_WORDS: Final = {Reason.BY_CAR, Reason.REFUSED}


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
    if isinstance(description, BinarySensorEntityDescription | SwitchEntityDescription):
        return {"off", "on"}
    if description.key == "charging_mode":
        return set(SETTABLE_MODES)
    if isinstance(description, LockEntityDescription):
        return set(LockState)
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
    assert translated.keys() == DESCRIPTIONS[platform].keys() | EXTRAS.get(platform, set())
    for key, description in DESCRIPTIONS[platform].items():
        assert ("name" in at(translated, key)) == (key != "location"), key  # the tracker bears the name of its car
        states = at(translated, key, "state").keys()
        if platform in {"select", "sensor"}:
            assert states == options(description), key
        else:
            assert states <= options(description), key
    names = [at(translated, key).get("name") for key in translated]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_of_extras(language: str) -> None:
    """Each is a name, of its own among all that a car has, and can be read."""
    entities = at(document(f"translations/{language}"), "entity")
    others = {at(entities, platform, key).get("name") for platform, keys in DESCRIPTIONS.items() for key in keys}
    names = [str(at(entities, platform, key)["name"]) for platform, keys in EXTRAS.items() for key in sorted(keys)]
    assert len(names) > 190
    assert [name for name in names if name in others or names.count(name) > 1] == []
    assert [name for name in names if name[0].islower() or "_" in name or len(name) > LONGEST_NAME] == []


def test_a_platform_is_no_stranger_to_the_test() -> None:
    assert at(document("translations/en"), "entity").keys() == DESCRIPTIONS.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_attributes_with_words_for_values(language: str) -> None:
    entities = at(document(f"translations/{language}"), "entity")
    for key in ("last_fetched", "last_reported"):
        trouble = at(entities, "sensor", key, "state_attributes", "trouble")
        assert at(trouble, "state").keys() == set(Cause)
    command = at(entities, "event", "command", "state_attributes")
    assert at(command, "event_type", "state").keys() == set(Fate)
    assert at(command, "command", "state").keys() == set(CommandKey)
    standing = at(entities, "sensor", "command_status", "state_attributes")
    for attribute in ("command", "waiting"):
        assert at(standing, attribute, "state") == at(command, "command", "state")
    assert at(command, "reason", "state").keys() == {*Reason, *Cause, "sign_in_required", CAR_UNKNOWN, TOO_LATE}
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
    put_together = {f"refused_{refusal}" for refusal in Refusal} | {"slow_down"}
    put_together |= {f"paused_{cause}" for cause in (*Refusal, Cause.SLOW_DOWN)}
    put_together |= {f"command_{cause}" for cause in Cause} | {"command_sign_in_required"}
    put_together |= {f"command_{fate}_{reason}" for reason, fate in FATES.items()} | {"command_timed_out"}
    put_together |= {f"command_{fate}_{reason}_words" for reason, fate in FATES.items() if reason in HAVE_WORDS}
    put_together |= {"command_ignored_by_car", "command_ignored_by_car_words"}
    put_together |= {"refresh_broken", "refresh_failed", "refresh_refused", "refresh_refused_checkup"}
    put_together |= {"command_left_alone", "command_not_sent"}  # one or the other, in one call
    put_together |= {f"command_{CAR_UNKNOWN}", f"command_{TOO_LATE}"}
    put_together |= {f"flaw_{flaw}" for flaw in Flaw}
    assert raised | put_together == PLACEHOLDERS.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_issues(language: str) -> None:
    issues = at(document(f"translations/{language}"), "issues")
    assert issues.keys() == {*Refusal, "checkup", "shared_cars", "take_over", "taken_over", *REMEDIES}
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
def test_the_doctor_has_a_word_for_all_it_finds(language: str) -> None:
    texts = document(f"translations/{language}")
    words = str(at(texts, "options", "step", "doctor")["description"])
    assert placeholders(words) == {*Check, *Obstacle}
    assert at(texts, "issues", "checkup", "fix_flow", "step", "doctor")["description"] == words
    assert at(texts, "config", "step", "doctor") == at(texts, "options", "step", "doctor")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_account_has_a_name_for_each_source(language: str) -> None:
    names = at(document(f"translations/{language}"), "device")
    accounts = {f"{source}_account" for source in SOURCE_NAMES}
    assert names.keys() == accounts | {f"{account}_of" for account in accounts}
    for account in accounts:
        assert at(names, f"{account}_of")["name"] == f"{at(names, account)['name']} {{account}}"


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


@pytest.mark.parametrize("language", LANGUAGES)
def test_actions(language: str) -> None:
    """Names and descriptions of all that Home Assistant shows, and a word for every choice."""
    described = parse_yaml((FOLDER / "services.yaml").read_text(encoding="utf-8"))
    assert isinstance(described, dict)
    translation = document(f"translations/{language}")
    translated = at(translation, "services")
    assert translated.keys() == described.keys() == at(document("icons"), "services").keys() == ACTIONS
    for action, description in described.items():
        sections = {name for name, field in description["fields"].items() if "fields" in field}
        fields = {
            name: field
            for outer, inner in description["fields"].items()
            for name, field in inner.get("fields", {outer: inner}).items()
        }
        assert at(translated, action, "sections").keys() == sections
        assert at(translated, action, "fields").keys() == fields.keys()
    choices = at(translation, "selector")
    assert at(choices, "charging_mode", "options").keys() == set(SETTABLE_MODES)
    assert at(choices, "weekday", "options").keys() == set(Weekday)
    assert at(choices, "departure_timer", "fields").keys() == {"id", "active", "weekdays", "time"}
