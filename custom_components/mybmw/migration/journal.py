"""What is being taken over, or was and may still be undone: on disk before the first change is made."""

from enum import StrEnum
from typing import Final, TypedDict

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import slugify

from ..const import DOMAIN
from .plan import Plan

_VERSION: Final = 1


class Stage(StrEnum):
    """How far a plan has come."""

    TAKING_OVER = "taking_over"
    TAKEN_OVER = "taken_over"
    UNDOING = "undoing"


class Record(TypedDict):
    """A plan, its stage, and since when it is taken over (UTC)."""

    stage: str
    taken_over_at: str | None
    plan: Plan


class Journal:
    """A private file of one account."""

    def __init__(self, hass: HomeAssistant, account_id: str) -> None:
        """Name the file after the account."""
        name = f"{DOMAIN}.{slugify(account_id)}.migration"
        self._store = Store[Record](hass, _VERSION, name, private=True, atomic_writes=True)

    async def async_read(self) -> Record | None:
        """What is written there; None, if there is nothing to do and nothing to undo."""
        return await self._store.async_load()

    async def async_write(self, record: Record) -> None:
        """Replace what is written there; it is on disk when this returns.

        Home Assistant only logs that it could not write a file, so what it holds is read again.

        Raises:
            OSError: It is not on disk.
        """
        await self._store.async_save(record)
        if await self._store.async_load() != record:
            message = "Home Assistant could not write down what is to be taken over"
            raise OSError(message)

    async def async_remove(self) -> None:
        """Forget it."""
        await self._store.async_remove()
