"""What is remembered of an account between starts: the way in, and how long its cloud told us to wait."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NotRequired, TypedDict, cast

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util, slugify

from .const import DOMAIN
from .sources import Credentials, Json, Refusal
from .sources.fields import DEEPEST_KEPT, is_shallow
from .sources.pauses import Pause

_VERSION: Final = 1


class _StoredPause(TypedDict):
    until: str
    since: NotRequired[str]
    refusal: str | None


class _Stored(TypedDict):
    credentials: dict[str, Json]
    pause: _StoredPause | None
    aside: NotRequired[dict[str, dict[str, Json]]]


class UnreadableError(OSError):
    """The file of an account cannot be read. The message says why, but not which file, as its name says whose it is."""


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
        self._aside: dict[str, dict[str, Json]] = {}
        self.pause: Pause | None = None

    @property
    def credentials(self) -> Credentials:
        """The newest credentials."""
        return self._credentials

    @property
    def pending_pause(self) -> Pause | None:
        """The pause, if it is not over."""
        return None if self.pause is None or self.pause.is_over(dt_util.utcnow()) else self.pause

    async def async_load(self) -> None:
        """Read the file; an account that was never stored has no credentials and no pause.

        What is damaged of it counts as not stored: without credentials, the owner is asked to sign in again. What
        cannot be read may be sound, and is not to be written over.

        Raises:
            UnreadableError: The disk does not give it out, or a later version has written it.
        """
        try:
            stored: Json = cast("Json", await self._store.async_load())
        except (HomeAssistantError, OSError) as err:
            raise UnreadableError(_why(err)) from None  # Home Assistant has logged the rest
        page = stored if isinstance(stored, dict) else {}
        aside = object_in(page.get("aside"))
        self._credentials = object_in(page.get("credentials"))
        self._aside = {source: object_in(remainder) for source, remainder in aside.items()}
        self.pause = _pause_in(object_in(page.get("pause")))

    async def async_keep_credentials(self, credentials: Credentials) -> None:
        """Replace the credentials; they are on disk when this returns, or about to be if Home Assistant is stopping.

        Home Assistant only logs that it could not write a file, so what it holds is read again.

        Raises:
            OSError: They are not on disk.
        """
        self._credentials = dict(credentials)
        await self._async_save()
        if await self._async_stored_credentials() != self._credentials:
            message = "Home Assistant could not write the file of the account"
            raise OSError(message)

    def aside(self, source: str) -> Credentials:
        """What is left of a source by which the account was reached once."""
        return self._aside.get(source, {})

    def by_source(self, current: str) -> Mapping[str, Credentials]:
        """What is known of all sources by which the account was reached; `current` is the one of the credentials."""
        return {**self._aside, current: self._credentials}

    def set_aside(self, source: str, remainder: Credentials) -> None:
        """Remember, with the next credentials, what is left of the source that was theirs until now."""
        self._aside[source] = dict(remainder)

    async def async_pause(self, pause: Pause | None) -> None:
        """Begin a pause, or end it with None."""
        if pause != self.pause:
            self.pause = pause
            await self._async_save()

    async def async_remove(self) -> None:
        """Forget the account."""
        await self._store.async_remove()

    async def _async_stored_credentials(self) -> Credentials | None:
        try:
            stored = await self._store.async_load()
        except HomeAssistantError:
            return None
        return stored and stored.get("credentials")

    async def _async_save(self) -> None:
        stored = _Stored(credentials=self._credentials, pause=_written(self.pause) if self.pause else None)
        if self._aside:
            stored["aside"] = self._aside
        await self._store.async_save(stored)


def account_id_of[T](entry: ConfigEntry[T]) -> str:
    """By what an account is known on disk and among devices."""
    return entry.unique_id or entry.entry_id


def _why(err: HomeAssistantError | OSError) -> str:
    """What is wrong with a file, without its name."""
    cause = err if err.__cause__ is None else err.__cause__
    return (cause.strerror if isinstance(cause, OSError) else None) or type(cause).__name__


def _written(pause: Pause) -> _StoredPause:
    written = _StoredPause(until=pause.until.isoformat(), refusal=pause.refusal)
    if pause.since:
        written["since"] = pause.since.isoformat()
    return written


def object_in(stored: Json) -> dict[str, Json]:
    """What a file holds where an object is to be; empty if it is none, or one that could not be written again."""
    return stored if isinstance(stored, dict) and is_shallow(stored, DEEPEST_KEPT) else {}


def _pause_in(stored: dict[str, Json]) -> Pause | None:
    refusal = stored.get("refusal")
    if (until := moment_in(stored.get("until"))) is None:
        return None
    # A later version may have stored a refusal that this one does not know; to wait is right all the same.
    known = next((known for known in Refusal if known == refusal), None)
    return Pause(until=until, since=moment_in(stored.get("since")), refusal=known)


def moment_in(stored: Json) -> datetime | None:
    """What a file holds where a moment is to be, None if it is none."""
    try:
        moment = datetime.fromisoformat(stored) if isinstance(stored, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
