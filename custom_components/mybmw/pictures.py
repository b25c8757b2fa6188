"""Pictures of the cars of an account, on disk: asked for when somebody looks, and shown until there is a newer one.

They lie beside what else is private of an account, and not among what Home Assistant leaves out of backups: as long as
BMW refuses, nobody could fetch them again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
import logging
from pathlib import Path
import shutil
from typing import Final, TypedDict, cast

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import STORAGE_DIR, Store
from homeassistant.util import dt as dt_util, slugify
from homeassistant.util.file import WriteError, write_utf8_file

from .account_store import moment_in, object_in
from .const import DOMAIN
from .sources import Json, NotAllowedError, Refusal, SignInRequiredError, SlowDownError, SourceError
from .sources.spans import has_come
from .vehicle import Picture, View

_LOGGER = logging.getLogger(__name__)

LIFETIME: Final = timedelta(days=7)
"""How long a picture is taken for the newest one, and a refusal for the last word: cars seldom change their looks."""

SHORTEST_WAIT: Final = timedelta(minutes=10)
LONGEST_WAIT: Final = timedelta(days=1)
"""After an outage, a picture is not asked for again before so long; each further one doubles that."""

_VERSION: Final = 1

type AskForPicture = Callable[[str, View], Awaitable[Picture]]
"""Asks the cloud; raises a SourceError. SlowDownError may come from a pause that the whole account keeps."""

type _Key = tuple[str, View]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is remembered of one picture.

    `updated_at` is when it became what it is, None if there is none; before `due_at` it is not asked for again;
    `misses` is how many times in a row there was none to be had; it `is_refused` if the cloud said so the last time.
    """

    updated_at: datetime | None = None
    due_at: datetime
    misses: int = 0
    is_refused: bool = False


class _StoredRecord(TypedDict):
    vin: str
    view: str
    updated_at: str | None
    due_at: str
    misses: int
    is_refused: bool


class _Stored(TypedDict):
    pictures: list[_StoredRecord]
    rest_until: str | None


class Pictures:
    """The pictures of one account."""

    def __init__(
        self, hass: HomeAssistant, account_id: str, ask: AskForPicture, on_change: Callable[[], None] = lambda: None
    ) -> None:
        """Know no picture yet; `on_change` is called whenever there is a new one."""
        self._hass = hass
        self._ask = ask
        self._on_change = on_change
        self._folder = _folder(hass, account_id)
        self._store = _store(hass, account_id)
        self._records: dict[_Key, Record] = {}
        self._rest_until: datetime | None = None
        self._needs_sign_in = False
        self._fetching: dict[_Key, asyncio.Task[None]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def async_load(self) -> None:
        """Remember what was known before the restart; what cannot be read of it is asked for once more."""
        self._records, self._rest_until = await _load(self._store)

    def records(self, vin: str) -> Mapping[View, Record]:
        """What is remembered of the pictures of a car."""
        return {view: record for (car, view), record in self._records.items() if car == vin}

    def updated_at(self, vin: str, view: View) -> datetime | None:
        """Since when a picture has looked as it does; None if there is none."""
        record = self._records.get((vin, view))
        return record.updated_at if record else None

    async def async_get(self, vin: str, view: View) -> Picture | None:
        """The newest picture there is; None if there never was one.

        If it is time to, the cloud is asked for a newer one. Only who has nothing to look at meanwhile waits for that.
        """
        key = vin, view
        picture = await self._read(key)
        if self._is_due(key):
            fetching = self._begin(key)
            if picture is None:
                await asyncio.wait({fetching})  # which leaves it alone if we are cancelled
                picture = await self._read(key)
        return picture

    async def async_forget_refusals(self) -> None:
        """Have asked again for what was refused, as the account is let in again."""
        self._records, self._rest_until = _without_refusals(self._records), None
        await self._save()

    async def async_keep_only(self, vins: Collection[str]) -> None:
        """Delete the pictures of all other cars."""
        for (vin, _), fetching in self._fetching.items():
            if vin not in vins:
                fetching.cancel()
        if gone := [key for key in self._records if key[0] not in vins]:
            for key in gone:
                del self._records[key]
            await self._hass.async_add_executor_job(_delete, [self._path(key) for key in gone])
            await self._save()

    def close(self) -> None:
        """Ask for nothing more."""
        for fetching in self._fetching.values():
            fetching.cancel()

    def _is_due(self, key: _Key) -> bool:
        now = dt_util.utcnow()
        if self._needs_sign_in or (self._rest_until and not has_come(self._rest_until, LONGEST_WAIT, now)):
            return False
        record = self._records.get(key)
        return record is None or has_come(record.due_at, LIFETIME, now)

    def _begin(self, key: _Key) -> asyncio.Task[None]:
        """The task that fetches a picture, which goes on when nobody waits for it any more: it has cost a request."""
        if key not in self._fetching:
            fetching = self._hass.async_create_background_task(self._fetch(key), "mybmw picture", eager_start=False)
            self._fetching[key] = fetching
            fetching.add_done_callback(lambda _: self._fetching.pop(key))
        return self._fetching[key]

    async def _fetch(self, key: _Key) -> None:
        async with self._one_at_a_time:
            if not self._is_due(key):  # by what another one has just learned
                return
            try:
                picture = await self._ask(*key)
            except SlowDownError as err:  # whoever raised it keeps the pause
                _LOGGER.debug("No picture for now: %s", err)
                return
            except SignInRequiredError as err:  # which the next update will say, and end in a new beginning
                _LOGGER.debug("No picture any more: %s", err)
                self._needs_sign_in = True
                return
            except SourceError as err:
                _LOGGER.debug("No picture: %s", err)
                self._miss(key, err.reason if isinstance(err, NotAllowedError) else None)
            else:
                await self._take_in(key, picture)
            await self._save()

    async def _take_in(self, key: _Key, picture: Picture) -> None:
        """Put a picture in the place of the one before, which may look the same."""
        now = dt_util.utcnow()
        before, updated_at = await self._read(key), self.updated_at(*key)
        if picture != before:
            try:
                await self._hass.async_add_executor_job(_write, self._path(key), picture.content)
            except (OSError, WriteError) as err:
                _LOGGER.warning("A picture could not be written to disk (%s)", type(err).__name__)
                self._miss(key)
                return
            updated_at = now
        self._records[key] = Record(updated_at=updated_at and min(updated_at, now), due_at=now + LIFETIME)
        self._on_change()

    def _miss(self, key: _Key, refusal: Refusal | None = None) -> None:
        """Keep the picture there is, and be patient; a block is one of all pictures, and ends sooner than others do."""
        record, now = self._records.get(key), dt_util.utcnow()
        misses = record.misses if record else 0
        wait = min(SHORTEST_WAIT * 2 ** min(misses, 10), LONGEST_WAIT)
        match refusal:
            case Refusal.BLOCKED:
                self._rest_until = now + LONGEST_WAIT
            case Refusal.FORBIDDEN:
                wait = LIFETIME
        self._records[key] = Record(
            updated_at=self.updated_at(*key), due_at=now + wait, misses=misses + 1, is_refused=refusal is not None
        )

    async def _read(self, key: _Key) -> Picture | None:
        """The picture on disk. One that was there and is not any more may be asked for again at once."""
        if self.updated_at(*key) is None:
            return None
        picture = await self._hass.async_add_executor_job(_read, self._path(key))
        if picture is None:
            self._records.pop(key, None)
        return picture

    def _path(self, key: _Key) -> Path:
        """Where a picture lies: under a name that does not tell the VIN, as errors are logged with it."""
        vin, view = key
        return self._folder / f"{sha256(vin.encode()).hexdigest()[:16]}_{view}"

    async def _save(self) -> None:
        await self._store.async_save(_written(self._records, self._rest_until))


async def async_forget_refused_pictures(hass: HomeAssistant, account_id: str) -> None:
    """Have asked again for what was refused: an account that stands still was signed in to anew, by whichever door."""
    store = _store(hass, account_id)
    records, _ = await _load(store)
    if records:
        await store.async_save(_written(_without_refusals(records), None))


async def async_remove_pictures(hass: HomeAssistant, account_id: str) -> None:
    """Delete all pictures of an account, and the memory of them."""
    await hass.async_add_executor_job(shutil.rmtree, _folder(hass, account_id), True)  # noqa: FBT003 (ignore_errors)
    await _store(hass, account_id).async_remove()


def _folder(hass: HomeAssistant, account_id: str) -> Path:
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{slugify(account_id)}.pictures"))


def _store(hass: HomeAssistant, account_id: str) -> Store[_Stored]:
    return Store(hass, _VERSION, f"{DOMAIN}.{slugify(account_id)}.picture_index", private=True, atomic_writes=True)


async def _load(store: Store[_Stored]) -> tuple[dict[_Key, Record], datetime | None]:
    """What is remembered of each picture, and until when none is asked for; nothing, if it cannot be read."""
    try:
        stored: Json = cast("Json", await store.async_load())
    except (HomeAssistantError, OSError) as err:
        why = type(err).__name__  # what else it says has the number of the account in it
        _LOGGER.error("What is known of the pictures of cars cannot be read (%s)", why)  # noqa: TRY400 (likewise)
        return {}, None
    page, records = object_in(stored), dict[_Key, Record]()
    pictures = page.get("pictures")
    for each in map(object_in, pictures if isinstance(pictures, list) else ()):
        vin, view, misses = each.get("vin"), each.get("view"), each.get("misses")
        known = next((known for known in View if known == view), None)
        if isinstance(vin, str) and known and (due_at := moment_in(each.get("due_at"))):
            records[vin, known] = Record(
                updated_at=moment_in(each.get("updated_at")),
                due_at=due_at,
                misses=misses if isinstance(misses, int) else 0,
                is_refused=each.get("is_refused") is True,
            )
    return records, moment_in(page.get("rest_until"))


def _written(records: Mapping[_Key, Record], rest_until: datetime | None) -> _Stored:
    return {
        "pictures": [
            {
                "vin": vin,
                "view": view,
                "updated_at": record.updated_at.isoformat() if record.updated_at else None,
                "due_at": record.due_at.isoformat(),
                "misses": record.misses,
                "is_refused": record.is_refused,
            }
            for (vin, view), record in records.items()
        ],
        "rest_until": rest_until.isoformat() if rest_until else None,
    }


def _without_refusals(records: Mapping[_Key, Record]) -> dict[_Key, Record]:
    """The same, but that what was refused may be asked for now, as if for the first time."""
    now = dt_util.utcnow()
    return {
        key: Record(updated_at=record.updated_at, due_at=now) if record.is_refused else record
        for key, record in records.items()
    }


def _read(path: Path) -> Picture | None:
    try:
        return Picture.of(path.read_bytes())
    except OSError:
        return None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_utf8_file(str(path), content, private=True, mode="wb")


def _delete(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
