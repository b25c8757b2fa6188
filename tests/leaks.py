"""A pytest plug-in that fails every test in which a secret turns up where others can read it.

It reads what the whole run says: log lines (ours at every level), warnings, errors with all they were raised from (of
any class that our code raises, and wherever they are raised, those of a class of ours or of Home Assistant), events,
states with their attributes, what the registries keep of entities and devices, repair messages, what a dialog shows and
has filled in, and diagnostics.
What it looks for comes from `issued.py`. All is remembered while a test runs and searched when it is over, so that it
costs little and finds secrets that were not known yet when they were told.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dis import opmap
from functools import lru_cache
import json
import logging
from os import sep
from pathlib import Path
import sys
import traceback
from types import CodeType
from typing import Final, override
from urllib.parse import quote, quote_plus
import warnings

from homeassistant.components.diagnostics import DownloadDiagnosticsView
from homeassistant.const import CONF_PASSWORD, EVENT_CALL_SERVICE, EVENT_STATE_CHANGED, EVENT_STATE_REPORTED, Platform
from homeassistant.core import EventBus, State
from homeassistant.data_entry_flow import FlowHandler
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import EVENT_DEVICE_REGISTRY_UPDATED
from homeassistant.helpers.entity_registry import EVENT_ENTITY_REGISTRY_UPDATED
from homeassistant.helpers.issue_registry import IssueRegistry
import probatio
import pytest

from custom_components import mybmw
from custom_components.mybmw.sources import SourceError
from custom_components.mybmw.sources.anonymize import _LATITUDE, _LONGITUDE

from .issued import WELL_KNOWN, Kind, unwatch, watch, well_known
from .recorded import RECORDED_CARS

OURS: Final = "custom_components.mybmw"
FOLDER: Final = f"{Path(mybmw.__file__).parent}{sep}"
COMMAND_LINE: Final = f"{OURS}.cli"

EVERYTHING: Final = frozenset(Kind)
FORBIDDEN: Final[Mapping[str, frozenset[Kind]]] = {
    "log": EVERYTHING,
    "log of others, debugging": frozenset({Kind.KEY}),  # Home Assistant tells of every state there
    "warning": EVERYTHING,
    "exception": EVERYTHING,
    "words of the command line": EVERYTHING - {Kind.CAR},  # which of their cars is meant, an owner has to be told
    "diagnostics": EVERYTHING,
    "repair": EVERYTHING,
    "event": EVERYTHING,
    "registry": EVERYTHING,
    "state": EVERYTHING,
    "state of a place": EVERYTHING - {Kind.PLACE},
    "dialog": EVERYTHING - {Kind.PERSON},  # an owner sees the user name they typed
}
"""What may not be told where."""

PLACES: Final = frozenset({"zone", Platform.CALENDAR, Platform.DEVICE_TRACKER})
"""Domains whose entities are there to say where something is: our cars, an owner's zones and appointments."""

NOT_OURS: Final = frozenset({EVENT_CALL_SERVICE})
"""Home Assistant's event about what an owner wrote into an action."""

REGISTRIES: Final = frozenset({EVENT_DEVICE_REGISTRY_UPDATED, EVENT_ENTITY_REGISTRY_UPDATED})
"""Its events about what is kept of an entity or device; they quote what was there before, and name what is now."""

IDS: Final = frozenset({"identifiers", "new_unique_id", "previous_unique_id", "serial_number", "unique_id"})
"""What registries know entities and devices by: by design, VINs and the numbers of accounts."""

NOT_HEARD: Final = ("pytest_homeassistant_custom_component", "sqlalchemy.engine")
"""Loggers of the test package: one shows the files of `.storage`, the other what is written into the database."""

QUIET: Final = ("aiohttp.access", "httpx")
"""Loggers that Home Assistant keeps quiet, too; `test_exchange_logs.py` shows what we keep out of them otherwise."""

SHORTEST: Final = 6
"""What is shorter cannot be told from any other word."""

NO_SECRETS: Final = frozenset({str(_LATITUDE), str(_LONGITUDE)})
"""What stands for a position in everything that was made anonymous, one of the recordings included."""

_FULL: Final = 8_000_000
_RAISE: Final = opmap["RAISE_VARARGS"]  # what others raise may pass through our code and be put into other words there
_TOOL: Final = 4  # one of the numbers of sys.monitoring that nobody has taken


class Watch:
    """What was said and what may not be; `leaks` are those found so far."""

    def __init__(self) -> None:
        """Know nothing but what stands in the tests."""
        self.leaks: list[str] = []
        self._issued: dict[str, Kind] = {}
        self._heard: dict[str, dict[str, None]] = {place: {} for place in FORBIDDEN}
        self._length = 0

    def know(self, kind: Kind, secret: str) -> None:
        """Be told of a secret."""
        if len(secret) >= SHORTEST and secret not in NO_SECRETS:
            self._issued[secret] = kind

    def hear(self, place: str, *said: object) -> None:
        """Hear something said in a place."""
        for text in map(str, said):
            if text not in self._heard[place]:
                self._heard[place][text] = None
                self._length += len(text)
        if self._length > _FULL:
            self.search()

    def search(self) -> None:
        """Look for secrets in what was heard, and forget it."""
        known = WELL_KNOWN | self._issued
        secrets = {spelled: kind for secret, kind in known.items() for spelled in spellings(secret)}
        heard, self._heard = self._heard, {place: {} for place in FORBIDDEN}  # other threads may go on talking
        self._length = 0
        for place, texts in heard.items():
            everything = "\n".join(texts)
            for secret, kind in secrets.items():
                if kind in FORBIDDEN[place] and secret in everything:
                    said = next((text for text in texts if secret in text), everything)
                    at = max(0, said.find(secret) - 200)
                    self.leaks.append(f"{kind} {secret!r} in {place}: {said[at : at + 500 + len(secret)]}")

    def forget_issued(self) -> None:
        """Forget the secrets that were made up while it ran."""
        self._issued.clear()


@lru_cache(10_000)
def spellings(secret: str) -> set[str]:
    """How a secret may be written."""
    return {secret, quote(secret), quote_plus(secret), repr(secret)[1:-1], json.dumps(secret)[1:-1]}


class Leaks(logging.Handler):
    """The plug-in; also the handler that reads the log."""

    def __init__(self) -> None:
        """Listen to nothing yet."""
        super().__init__()
        self.watch = Watch()
        self._patch = pytest.MonkeyPatch()
        self._module: Path | None = None
        self._formatter = logging.Formatter()

    # Listening

    def pytest_sessionstart(self) -> None:
        """Stand everywhere."""
        watch(self.watch.know)
        well_known(Kind.CAR, *(car.vin for car in RECORDED_CARS.values()))
        logging.getLogger().addHandler(self)
        logging.getLogger(OURS).setLevel(logging.DEBUG)
        for name in QUIET:
            logging.getLogger(name).setLevel(logging.WARNING)
        self._listen_to_errors()
        self._listen_to_events()
        self._listen_to_diagnostics()
        self._listen_to_words()

    def pytest_sessionfinish(self) -> None:
        """Leave nothing behind."""
        sys.monitoring.free_tool_id(_TOOL)
        self._patch.undo()
        logging.getLogger().removeHandler(self)
        unwatch(self.watch.know)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        is_debugging = record.levelno < logging.INFO and not record.name.startswith(OURS)
        if not record.name.startswith(NOT_HEARD):
            self.watch.hear("log of others, debugging" if is_debugging else "log", self._formatter.format(record))

    def _listen_to_errors(self) -> None:
        def raised(code: CodeType, offset: int, error: BaseException) -> None:
            room = type(error).__module__
            if (
                isinstance(error, (SourceError, HomeAssistantError))
                or room.startswith(OURS)
                or (code.co_filename.startswith(FOLDER) and code.co_code[offset] == _RAISE)
            ):
                place = "words of the command line" if room.startswith(COMMAND_LINE) else "exception"
                self.watch.hear(place, *words_of(error))

        sys.monitoring.use_tool_id(_TOOL, "leaks")
        sys.monitoring.register_callback(_TOOL, sys.monitoring.events.RAISE, raised)
        sys.monitoring.set_events(_TOOL, sys.monitoring.events.RAISE)

    def _listen_to_events(self) -> None:
        fire = EventBus.async_fire_internal

        def fired(
            bus: EventBus,
            event_type: str,
            event_data: Mapping[str, object] | None = None,
            *args: object,
            **kwargs: object,
        ) -> None:
            data = event_data or {}
            if event_type in {EVENT_STATE_CHANGED, EVENT_STATE_REPORTED}:
                state = data.get("new_state")
                if isinstance(state, State):
                    place = "state of a place" if state.domain in PLACES else "state"
                    self.watch.hear(place, f"{state.entity_id}: {state.state} {state.attributes}")
            elif event_type in REGISTRIES:
                self.watch.hear("registry", f"{event_type}: {_without_ids(data)}", *_kept(bus, data))
            elif event_type not in NOT_OURS:
                self.watch.hear("event", f"{event_type}: {event_data}")
            fire(bus, event_type, event_data, *args, **kwargs)  # type: ignore[arg-type] # handed on as it came

        self._patch.setattr(EventBus, "async_fire_internal", fired)

    def _listen_to_diagnostics(self) -> None:
        get = DownloadDiagnosticsView.get

        async def got(*args: object, **kwargs: object) -> object:
            answer = await get(*args, **kwargs)  # type: ignore[arg-type] # likewise
            self.watch.hear("diagnostics", answer.text)
            return answer

        self._patch.setattr(DownloadDiagnosticsView, "get", got)

    def _listen_to_words(self) -> None:
        """Of repair messages and dialogs."""

        def listen(owner: type, method: str, place: str) -> None:
            say = getattr(owner, method)

            def said(*args: object, **kwargs: object) -> object:
                words = {key: value for key, value in kwargs.items() if key not in {"data", "data_schema", "url"}}
                self.watch.hear(place, args[1:], words, *filled_in(kwargs.get("data_schema")))
                return say(*args, **kwargs)

            self._patch.setattr(owner, method, said)

        listen(IssueRegistry, "async_get_or_create", "repair")
        for method in (
            "async_abort",
            "async_external_step",
            "async_show_form",
            "async_show_menu",
            "async_show_progress",
        ):
            listen(FlowHandler, method, "dialog")

    # Judging

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Listen to the warnings of a test; secrets are known as long as the fixtures of a module live."""
        if item.path != self._module:
            self.watch.forget_issued()
            self._module = item.path
        with self._listening_to_warnings():
            return (yield)

    @contextmanager
    def _listening_to_warnings(self) -> Iterator[None]:
        with warnings.catch_warnings():
            show = warnings.showwarning

            def shown(message: Warning | str, *args: object) -> None:
                self.watch.hear("warning", message)
                show(message, *args)  # type: ignore[arg-type] # likewise

            warnings.showwarning = shown  # type: ignore[assignment] # likewise
            yield

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """Fail the test if it told a secret."""
        __tracebackhide__ = True
        outcome = yield
        self.watch.search()
        if leaks := self.watch.leaks:
            self.watch.leaks = []
            pytest.fail("A secret was told:\n" + "\n".join(leaks), pytrace=False)
        return outcome


def _kept(bus: EventBus, data: Mapping[str, object]) -> Iterator[str]:
    """What a registry keeps of the entity or device that an event is about, as it shows it."""
    hass = bus._hass
    if device := dr.async_get(hass).async_get(str(data.get("device_id"))):
        yield f"device {device.id}: {_without_ids(device.dict_repr)}"
    if entity := er.async_get(hass).async_get(str(data.get("entity_id"))):
        yield f"entity {entity.entity_id}: {_without_ids(entity.extended_dict)}"


def _without_ids(told: Mapping[str, object]) -> dict[str, object]:
    """What is told but for what entities and devices are known by."""
    return {
        key: _without_ids(value) if isinstance(value, Mapping) else value
        for key, value in told.items()
        if key not in IDS
    }


def filled_in(form: object) -> Iterator[object]:
    """What stands in the fields of a form already, which the browser is told."""
    for field in form.schema if isinstance(form, probatio.Schema) else ():
        if str(field) == CONF_PASSWORD:  # typed into this very dialog a moment ago; test_config_flow.py sees to that
            continue
        if isinstance(field, probatio.Marker):
            yield field.description
        if isinstance(field, (probatio.Optional, probatio.Required)) and callable(field.default):
            yield field.default()


def words_of(error: BaseException) -> Iterator[str]:
    """All that an error would tell in a log, with what it was raised from."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        if isinstance(one, HomeAssistantError):  # whose text, once asked for, never changes
            yield f"{type(one).__name__}: {one.args} {one.translation_placeholders}"
        else:
            yield from traceback.format_exception_only(one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
