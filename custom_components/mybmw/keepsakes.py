"""What is kept of accounts that were removed: the calls they have spent, for as long as BMW may count them.

Who removes an account and adds it again on the same day has no new calls by that. All such accounts share one private
file, in which each is known by a checksum of BMW's number for it; nothing else of them stands there.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
import logging
from typing import Final, TypedDict, cast

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .account_store import moment_in, object_in
from .const import DOMAIN
from .sources import Credentials, Json

_LOGGER = logging.getLogger(__name__)

LIFETIME: Final = timedelta(days=1, minutes=1)
"""Nothing that BMW counts counts for longer; the minute is for BMW's clock."""

_VERSION: Final = 1


class _Kept(TypedDict):
    until: str
    by_source: Mapping[str, Credentials]


class Keepsakes:
    """What is kept of all accounts that were removed."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Read nothing yet."""
        self._hass = hass
        self._store = Store[dict[str, _Kept]](hass, _VERSION, f"{DOMAIN}.removed", private=True, atomic_writes=True)
        self._turn = asyncio.Lock()
        self._call_off: CALLBACK_TYPE | None = None

    async def async_keep(self, account_ids: Iterable[str], by_source: Mapping[str, Credentials]) -> None:
        """Keep what still counts of an account, by the source that counts it, under all numbers BMW has for it.

        Nothing is kept if what is there cannot be read: it may be sound, and is not to be written over.
        """
        async with self._turn:
            if (kept := await self._load()) is None:
                return
            until = (dt_util.utcnow() + LIFETIME).isoformat()
            kept |= {_name(account_id): _Kept(until=until, by_source=dict(by_source)) for account_id in account_ids}
            await self._store.async_save(kept)
            self._set_timer(kept)

    async def async_find(self, account_id: str) -> Mapping[str, Credentials]:
        """What still counts of an account that is added again, by the source that counts it."""
        async with self._turn:
            kept = (await self._load() or {}).get(_name(account_id))
            return kept["by_source"] if kept else {}

    async def async_tidy(self) -> None:
        """Forget what counts no more, and do so again when the next thing does not."""
        async with self._turn:
            if (kept := await self._load()) is None:
                return
            if kept:
                await self._store.async_save(kept)
            else:
                with suppress(OSError):  # the next start tries it again
                    await self._store.async_remove()
            self._set_timer(kept)

    async def _load(self) -> dict[str, _Kept] | None:
        """What still counts, None if that cannot be read."""
        try:
            stored: Json = cast("Json", await self._store.async_load())
        except (HomeAssistantError, OSError) as err:
            _LOGGER.error(  # noqa: TRY400 (the rest has been logged by Home Assistant)
                "The calls that removed accounts have spent cannot be read (%s)", type(err).__name__
            )
            return None
        now = dt_util.utcnow()
        kept: dict[str, _Kept] = {}
        for name, content in object_in(stored).items():
            page = object_in(content)
            if (until := moment_in(page.get("until"))) and until > now:
                by_source = {source: object_in(left) for source, left in object_in(page.get("by_source")).items()}
                # The clock may have been ahead when this was written, and set back since.
                kept[name] = _Kept(until=min(until, now + LIFETIME).isoformat(), by_source=by_source)
        return kept

    @callback
    def _set_timer(self, kept: Mapping[str, _Kept]) -> None:
        if self._call_off:
            self._call_off()
            self._call_off = None
        if not kept:
            return

        async def _async_tidy(_now: datetime) -> None:
            self._call_off = None
            await self.async_tidy()

        earliest = min(datetime.fromisoformat(each["until"]) for each in kept.values())
        tidy = HassJob(_async_tidy, cancel_on_shutdown=True)
        self._call_off = async_call_later(self._hass, earliest - dt_util.utcnow(), tidy)


@singleton(HassKey[Keepsakes](f"{DOMAIN}_keepsakes"))
@callback
def async_get_keepsakes(hass: HomeAssistant) -> Keepsakes:
    """What is kept in this Home Assistant."""
    return Keepsakes(hass)


def _name(account_id: str) -> str:
    return sha256(account_id.encode()).hexdigest()
