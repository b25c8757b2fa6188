"""What is remembered of an account between starts: the way in, and how long its cloud told us to wait."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypedDict

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util, slugify

from .const import DOMAIN
from .sources import Credentials, Json, Refusal

_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A time during which nothing may be asked; `refusal` says why if it is more than a full quota."""

    until: datetime
    refusal: Refusal | None = None


class _StoredPause(TypedDict):
    until: str
    refusal: str | None


class _Stored(TypedDict):
    credentials: dict[str, Json]
    pause: _StoredPause | None


class AccountStore:
    """A private file of one account.

    Credentials do not live in the config entry: BMW replaces them again and again, and each new one must be on disk
    before it is used, while changes of an entry are written a moment later and would reload it.
    """

    def __init__(self, hass: HomeAssistant, account_id: str) -> None:
        """Name the file after the account, so that it survives a change of the entry."""
        self._store = Store[_Stored](
            hass, _VERSION, f"{DOMAIN}.{slugify(account_id)}", private=True, atomic_writes=True
        )
        self._credentials: dict[str, Json] = {}
        self.pause: Pause | None = None

    @property
    def credentials(self) -> Credentials:
        """The newest credentials."""
        return self._credentials

    @property
    def pending_pause(self) -> Pause | None:
        """The pause, if it is not over."""
        return self.pause if self.pause and self.pause.until > dt_util.utcnow() else None

    async def async_load(self) -> None:
        """Read the file; an account that was never stored has no credentials and no pause."""
        if (stored := await self._store.async_load()) is None:
            return
        self._credentials = stored["credentials"]
        if (pause := stored.get("pause")) and (until := dt_util.parse_datetime(pause["until"])):
            refusal = pause["refusal"]
            self.pause = Pause(until=until, refusal=Refusal(refusal) if refusal else None)

    async def async_keep_credentials(self, credentials: Credentials) -> None:
        """Replace the credentials; they are on disk when this returns."""
        self._credentials = dict(credentials)
        await self._async_save()

    async def async_pause(self, pause: Pause | None) -> None:
        """Begin a pause, or end it with None."""
        if pause != self.pause:
            self.pause = pause
            await self._async_save()

    async def async_remove(self) -> None:
        """Forget the account."""
        await self._store.async_remove()

    async def _async_save(self) -> None:
        pause = self.pause
        await self._store.async_save(
            {
                "credentials": self._credentials,
                "pause": None if pause is None else {"until": pause.until.isoformat(), "refusal": pause.refusal},
            }
        )
