"""What is remembered on disk, damaged: by Home Assistant, by CarData's rooms, and by the command line."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import json_bytes
from homeassistant.util import dt as dt_util
import httpx

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.cli.exits import StopError
from custom_components.mybmw.cli.store import Store
from custom_components.mybmw.keepsakes import Keepsakes
from custom_components.mybmw.migration import (
    Journal,
    Stage,
    UnreadableJournalError,
    async_look,
    async_offer,
    async_proceed,
)
from custom_components.mybmw.pictures import Pictures
from custom_components.mybmw.sources import Credentials, Json, NotAllowedError, Refusal, SourceError
from custom_components.mybmw.sources.cardata.catalogue import DESCRIPTORS
from custom_components.mybmw.sources.cardata.container_contents import purpose_of
from custom_components.mybmw.sources.cardata.memory import Memory
from custom_components.mybmw.sources.cardata.quota import LIMIT, Ledger
from custom_components.mybmw.sources.mybmw import Account, Region
from custom_components.mybmw.sources.mybmw.source import MyBmwSource
from custom_components.mybmw.sources.registry import open_source, what_still_counts
from custom_components.mybmw.vehicle import Picture, View
from tests.account import account_entry, recorded_vehicle
from tests.fuzz.home import a_home
from tests.fuzz.mutation import Mutator
from tests.fuzz.play import Case, Room
from tests.fuzz.watch import Finding, Watch
from tests.migration.leftovers import leave_behind

_GCID: Final = "ceb64158"
_NOW: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
_VIN: Final = "WBA00000000DEMO99"
_MISSING_VIN: Final = "WBA00000000DEMO98"
_ACCOUNT: Final = Account(username="owner@example.com", password="not-to-be-told", region=Region.REST_OF_WORLD)
_TOKENS: Final = ("secret-refresh", "secret-access", "secret-id")
_SECRETS: Final = (*_TOKENS, _ACCOUNT.password, _ACCOUNT.username, _VIN, _MISSING_VIN)
_SETTINGS: Final = {"source": "cardata", "client_id": "01234567-89ab-cdef-0123-456789abcdef"}

_LATER: Final = (_NOW + timedelta(hours=1)).isoformat()
_MYBMW: Final[Credentials] = {
    "gcid": _GCID,
    "refresh_token": "secret-refresh",
    "access_token": "secret-access",
    "expires_at": _LATER,
    "build": "AP2A.123456.789",
    "session_id": "a-session",
    "session_since": _NOW.isoformat(),
}
_CARDATA: Final[Credentials] = {
    "grant": {
        "access_token": "secret-access",
        "access_ends_at": _LATER,
        "id_token": "secret-id",
        "id_ends_at": _LATER,
        "refresh_token": "secret-refresh",
        "gcid": _GCID,
        "scopes": ["cardata:api:read", "cardata:streaming:read", "openid"],
    },
    "calls": {
        "calls": [{"at": (_NOW - timedelta(hours=hour)).isoformat(), "reason": "daily"} for hour in range(20)],
        "full_until": _LATER,
    },
    "container": {
        "id": "S8T5R2P9Q1W3E",
        "wanted": "list a",
        "got": "list b",
        "size": 143,
        "tried": purpose_of(DESCRIPTORS),
        "failures": 1,
        "rests_until": _LATER,
        "better_at": _LATER,
        "refused_by": "container_gone",
    },
    "cars": {
        "was_answered": True,
        "due_at": _LATER,
        "none_since": None,
        "failures": 1,
        "refused_by": "scope_not_granted",
        "missing": {_MISSING_VIN: {"missing_since": _NOW.isoformat(), "heard_at": _NOW.isoformat(), "basic": {}}},
        "cars": {
            _VIN: {
                "basic": {"brand": "BMW", "modelName": "i4", "driveTrain": "BEV"},
                "tires": {"passengerCar": {"mountedTyres": {"frontLeft": {"season": {"season": 3}}}}},
                "readings": {
                    "vehicle.vehicle.travelledDistance": [48713, "km", _NOW.isoformat(), _NOW.isoformat()],
                    "vehicle.cabin.door.status": ["LOCKED", None, _NOW.isoformat(), _NOW.isoformat()],
                    "vehicle.drivetrain.batteryManagement.header": [67, "%", _NOW.isoformat(), _NOW.isoformat()],
                },
                "read_at": _NOW.isoformat(),
                "tires_at": None,
                "tires_failures": 1,
                "tried_at": _NOW.isoformat(),
                "heard_at": _NOW.isoformat(),
            }
        },
    },
}
_NOBODY: Final = httpx.MockTransport(lambda _request: httpx.Response(503))


async def _keep(_credentials: Credentials) -> None:
    pass


def _clock() -> datetime:
    return _NOW


@asynccontextmanager
async def _opened() -> AsyncGenerator[Case]:
    async with a_home() as hass, httpx.AsyncClient(transport=_NOBODY) as http:
        files = _Files(hass, http)
        with files.watch.listening():
            yield files.play


class _Files:
    """The files of one account, in a Home Assistant that reads them."""

    def __init__(self, hass: HomeAssistant, http: httpx.AsyncClient) -> None:
        self.watch = Watch(*_SECRETS)
        self._hass = hass
        self._http = http
        self._record = _record(hass)
        self._strangers: list[Json] = [dict(_CARDATA), dict(_MYBMW), self._record]

    async def play(self, seed: str) -> str:
        """Damage one of them, and have it read."""
        mutator = Mutator(seed, self._strangers)
        kinds = (
            self._of_account,
            self._of_cardata,
            self._of_command_line,
            self._of_takeover,
            self._of_pictures,
            self._of_removed,
        )
        return await mutator.pick(kinds)(mutator)

    async def _of_account(self, mutator: Mutator) -> str:
        pause: Json = {"until": _LATER, "refusal": "blocked"}
        stored: Json = {"credentials": dict(_MYBMW), "pause": pause, "aside": {"cardata": dict(_CARDATA)}}
        _damage(self._hass, f"mybmw.{_GCID}", stored, mutator)
        store = AccountStore(self._hass, _GCID)
        with self.watch.allowing():
            await store.async_load()
            _ = store.pending_pause, dict(store.aside("cardata"))
            source = MyBmwSource(_ACCOUNT, store.credentials, http=self._http, keep=_keep, clock=_clock)
        with self.watch.allowing(SourceError):
            await source.fetch()
        return "account read" if store.credentials else "account lost"

    async def _of_cardata(self, mutator: Mutator) -> str:
        credentials = mutator.document(dict(_CARDATA))
        if not isinstance(credentials, dict) or not _is_writable(credentials):  # no file could say it
            return "not read"
        with self.watch.allowing():
            source = open_source(_SETTINGS, credentials, http=self._http, keep=_keep, clock=_clock)
            if source.budget and not 0 <= source.budget.calls_left <= LIMIT:
                message = "more calls are left than there are"
                raise Finding(message)
            _ = source.checkup, json_bytes(source.recordings())
            if not what_still_counts("cardata", credentials, _NOW).keys() <= {"calls"}:
                message = "more is kept of an account that is removed than what counts"
                raise Finding(message)
        with self.watch.allowing(SourceError):
            await source.fetch()
        await source.close()
        return "cardata read"

    async def _of_command_line(self, mutator: Mutator) -> str:
        document: Json = {
            "version": 1,
            "settings": {"source": "mybmw", "username": _ACCOUNT.username, "region": "rest_of_world"},
            "credentials": dict(_MYBMW),
            "must_sign_in": False,
            "pause": {"until": _LATER, "refusal": None},
            "vins": [_VIN],
        }
        path = Path(self._hass.config.path("account.json"))
        _write(path, mutator.written(mutator.document(document)))
        end = "store refused"
        with self.watch.allowing(StopError):
            async with Store.opened(path) as store:
                source = MyBmwSource(_ACCOUNT, store.credentials, http=self._http, keep=store.keep, clock=_clock)
                with self.watch.allowing(SourceError):
                    await source.fetch()
                store.know(frozenset({_VIN}))
                end = "store read"
        return end

    async def _of_takeover(self, mutator: Mutator) -> str:
        _damage(self._hass, f"mybmw.{_GCID}.migration", self._record | {"stage": mutator.pick([*Stage]).value}, mutator)
        entry = account_entry(gcid=_GCID)
        with self.watch.allowing():
            await async_proceed(self._hass, entry, _GCID)
            await async_offer(self._hass, entry, _GCID, list)
            for done in entry._on_unload or ():
                done()
        end = "takeover of a later release"
        with self.watch.allowing(UnreadableJournalError):
            record = await Journal(self._hass, _GCID).async_read()
            end = "nothing to take over"
            if record:
                end = "takeover read"
        return end

    async def _of_pictures(self, mutator: Mutator) -> str:
        due_at = (dt_util.utcnow() - timedelta(days=1)).isoformat()
        record: Json = {"vin": _VIN, "view": "front_side", "updated_at": due_at, "due_at": due_at, "misses": 3}
        stored: Json = {"pictures": [record], "rest_until": due_at}
        _damage(self._hass, f"mybmw.{_GCID}.picture_index", stored, mutator)
        pictures = Pictures(self._hass, _GCID, _no_picture)
        with self.watch.allowing():
            await pictures.async_load()
            records = pictures.records(_VIN)
            await pictures.async_get(_VIN, View.FRONT_SIDE)
            await pictures.async_forget_refusals()
        return "pictures known" if records else "no picture known"

    async def _of_removed(self, mutator: Mutator) -> str:
        calls: Json = {"cardata": {"calls": _CARDATA["calls"]}}
        kept: Json = {"until": (dt_util.utcnow() + timedelta(hours=1)).isoformat(), "by_source": calls}
        _damage(self._hass, "mybmw.removed", {sha256(_GCID.encode()).hexdigest(): kept}, mutator)
        keepsakes = Keepsakes(self._hass)
        with self.watch.allowing():
            found = await keepsakes.async_find(_GCID)
            Ledger(Memory(found.get("cardata", {}), _keep), _clock)
            await keepsakes.async_tidy()
            if await keepsakes.async_find(_GCID) != found:
                message = "what is kept of a removed account is another after it was tidied"
                raise Finding(message)
        return "calls found" if found else "no call found"


async def _no_picture(_vin: str, _view: View) -> Picture:
    message = "There is none"
    raise NotAllowedError(message, Refusal.FORBIDDEN)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)


def _record(hass: HomeAssistant) -> dict[str, Json]:
    """What is written down before something is taken over."""
    car = recorded_vehicle("G26")
    leave_behind(hass, car)
    plan = async_look(hass, account_entry(gcid=_GCID).entry_id, [car.vin]).plan
    return {"stage": Stage.TAKING_OVER.value, "taken_over_at": dt_util.utcnow().isoformat(), "plan": plan}  # type: ignore[dict-item] # a TypedDict is JSON


def _damage(hass: HomeAssistant, name: str, stored: Json, mutator: Mutator) -> None:
    """Have something else in a file of Home Assistant's, or less."""
    data = mutator.document({"version": 1, "minor_version": 1, "key": name, "data": stored}, ("data",))
    whole = json_bytes(data) if _is_writable(data) else b"{"
    Path(hass.config.path(".storage", name)).write_bytes(whole if mutator.chance(0.9) else whole[: len(whole) // 2])


def _is_writable(data: Json) -> bool:
    try:
        json_bytes(data)
    except TypeError:
        return False
    return True


STORES: Final = Room(
    name="stores",
    what="files of accounts, calls, readings, pictures, the takeover and the command line",
    share=6,
    opened=_opened,
)
