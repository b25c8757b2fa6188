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
from typing import Final, TypedDict

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR, Store
from homeassistant.util import dt as dt_util, slugify
from homeassistant.util.file import WriteError, write_utf8_file

from .const import DOMAIN
from .sources import NotAllowedError, Refusal, SignInRequiredError, SlowDownError, SourceError
from .vehicle import Picture, View

_LOGGER = logging.getLogger(__name__)

LIFETIME: Final = timedelta(days=7)
"""How long a picture is taken for the newest one: cars seldom change their looks."""

SHORTEST_WAIT: Final = timedelta(minutes=10)
LONGEST_WAIT: Final = timedelta(days=1)
"""After a failure, a picture is not asked for again before so long; each further failure doubles that."""

_VERSION: Final = 1

type AskForPicture = Callable[[str, View], Awaitable[Picture]]
"""Asks the cloud; raises a SourceError. SlowDownError may come from a pause that the whole account keeps."""

type _Key = tuple[str, View]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is remembered of one picture.

    `updated_at` is when it became what it is, None if there is none; before `due_at` it is not asked for again;
    `misses` is how many times in a row there was none to be had.
    """

    updated_at: datetime | None = None
    due_at: datetime
    misses: int = 0


class _StoredRecord(TypedDict):
    vin: str
    view: str
    updated_at: str | None
    due_at: str
    misses: int


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
        """Remember what was known before the restart."""
        if (stored := await self._store.async_load()) is None:
            return
        self._rest_until = _moment(stored["rest_until"])
        for record in stored["pictures"]:
            if record["view"] in set(View) and (due_at := _moment(record["due_at"])):
                self._records[record["vin"], View(record["view"])] = Record(
                    updated_at=_moment(record["updated_at"]), due_at=due_at, misses=record["misses"]
                )

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
        if self._needs_sign_in or (self._rest_until and now < self._rest_until):
            return False
        record = self._records.get(key)
        return record is None or now >= record.due_at

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
                if isinstance(err, NotAllowedError) and err.reason is Refusal.BLOCKED:
                    self._rest_until = dt_util.utcnow() + LONGEST_WAIT
                self._miss(key)
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
        self._records[key] = Record(updated_at=updated_at, due_at=now + LIFETIME)
        self._on_change()

    def _miss(self, key: _Key) -> None:
        """Keep the picture there is, and be patient."""
        record = self._records.get(key)
        misses = record.misses if record else 0
        wait = min(SHORTEST_WAIT * 2 ** min(misses, 10), LONGEST_WAIT)
        self._records[key] = Record(updated_at=self.updated_at(*key), due_at=dt_util.utcnow() + wait, misses=misses + 1)

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
        await self._store.async_save(
            {
                "pictures": [
                    {
                        "vin": vin,
                        "view": view,
                        "updated_at": record.updated_at.isoformat() if record.updated_at else None,
                        "due_at": record.due_at.isoformat(),
                        "misses": record.misses,
                    }
                    for (vin, view), record in self._records.items()
                ],
                "rest_until": self._rest_until.isoformat() if self._rest_until else None,
            }
        )


async def async_remove_pictures(hass: HomeAssistant, account_id: str) -> None:
    """Delete all pictures of an account, and the memory of them."""
    await hass.async_add_executor_job(shutil.rmtree, _folder(hass, account_id), True)  # noqa: FBT003 (ignore_errors)
    await _store(hass, account_id).async_remove()


def _folder(hass: HomeAssistant, account_id: str) -> Path:
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{slugify(account_id)}.pictures"))


def _store(hass: HomeAssistant, account_id: str) -> Store[_Stored]:
    return Store(hass, _VERSION, f"{DOMAIN}.{slugify(account_id)}.picture_index", private=True, atomic_writes=True)


def _moment(text: str | None) -> datetime | None:
    return dt_util.parse_datetime(text) if text else None


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
