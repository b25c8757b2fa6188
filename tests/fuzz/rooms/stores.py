"""What is remembered on disk, damaged: by Home Assistant, by CarData's rooms, and by the command line."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import json_bytes
from homeassistant.util import dt as dt_util
import httpx

from custom_components.mybmw.account_store import AccountStore
from custom_components.mybmw.cli.exits import StopError
from custom_components.mybmw.cli.store import Store
from custom_components.mybmw.migration import Journal, Stage, async_look, async_offer, async_proceed
from custom_components.mybmw.sources import Credentials, Json, SourceError
from custom_components.mybmw.sources.cardata.quota import LIMIT
from custom_components.mybmw.sources.mybmw import Account, Region
from custom_components.mybmw.sources.mybmw.source import MyBmwSource
from custom_components.mybmw.sources.registry import open_source
from tests.account import account_entry, recorded_vehicle
from tests.fuzz.home import a_home
from tests.fuzz.mutation import Mutator
from tests.fuzz.play import Case, Room
from tests.fuzz.watch import Finding, Watch
from tests.migration.leftovers import leave_behind

_GCID: Final = "ceb64158"
_NOW: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
_VIN: Final = "WBA00000000DEMO99"
_ACCOUNT: Final = Account(username="owner@example.com", password="not-to-be-told", region=Region.REST_OF_WORLD)
_SECRETS: Final = ("secret-refresh", "secret-access", "secret-id", _ACCOUNT.password, _ACCOUNT.username, _VIN)
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
    "container": {"id": "S8T5R2P9Q1W3E", "wanted": "list a", "got": "list b"},
    "cars": {
        "looked_at": _NOW.isoformat(),
        "tried_at": None,
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
        kinds = (self._of_account, self._of_cardata, self._of_command_line, self._of_takeover)
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
        return "takeover read" if await Journal(self._hass, _GCID).async_read() else "nothing to take over"


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
    name="stores", what="files of accounts, calls, readings, the takeover and the command line", share=6, opened=_opened
)
