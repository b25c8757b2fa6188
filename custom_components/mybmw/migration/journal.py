"""What is being taken over, or was and may still be undone: on disk before the first change is made."""

import asyncio
from collections.abc import Mapping
from enum import StrEnum
import logging
from types import UnionType
from typing import Final, NotRequired, TypedDict, get_args, get_origin, get_type_hints, is_typeddict

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import slugify
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from .plan import Plan

_LOGGER: Final = logging.getLogger(__name__)

_VERSION: Final = 1


_LOCKS: Final[HassKey[dict[str, asyncio.Lock]]] = HassKey(f"{DOMAIN}_migration_locks")


class Stage(StrEnum):
    """How far a plan has come: what is to be done, then what is done; DONE is an empty page."""

    TAKING_OVER = "taking_over"
    TAKEN_OVER = "taken_over"
    FINISHING = "finishing"
    FINISHED = "finished"
    UNDOING = "undoing"
    UNDONE = "undone"
    DONE = "done"


AGAIN: Final[Mapping[str, Stage]] = {
    Stage.TAKEN_OVER: Stage.TAKING_OVER,
    Stage.FINISHED: Stage.FINISHING,
    Stage.UNDONE: Stage.UNDOING,
}
"""What is to be done again after a start, as long as it is not known to stand on the disk that it is done."""

_CLOSED: Final = frozenset({Stage.FINISHED, Stage.UNDONE, Stage.DONE})


class Record(TypedDict):
    """A plan, its stage, and since when it is taken over (UTC).

    `is_on_disk` tells whether Home Assistant's own files show that it is taken over. Home Assistant writes them later
    than this is written; the first release did not look, and trusted in it.
    """

    stage: str
    taken_over_at: str | None
    plan: Plan
    is_on_disk: NotRequired[bool]


class UnreadableJournalError(HomeAssistantError):
    """What is written down cannot be read now, or not by this release, and is not to be written over."""


_NOTHING: Final = Record(stage=Stage.DONE, taken_over_at=None, plan=Plan(moves=[], devices=[], entries=[]))


class Journal:
    """A private file of one account.

    Who reads it to decide what to write holds its `lock`: there is one for all journals of an account.
    """

    def __init__(self, hass: HomeAssistant, account_id: str) -> None:
        """Name the file after the account."""
        name = f"{DOMAIN}.{slugify(account_id)}.migration"
        self._store = Store[Record](hass, _VERSION, name, private=True, atomic_writes=True)
        self.lock = hass.data.setdefault(_LOCKS, {}).setdefault(account_id, asyncio.Lock())

    async def async_read(self) -> Record | None:
        """What is written there; None, if there is nothing to do and nothing to undo, or it is damaged.

        Raises:
            UnreadableJournalError: Nobody knows.
        """
        record = await self.async_read_all()
        return record if record and is_open(record) else None

    async def async_read_all(self) -> Record | None:
        """What is written there, even if all of it is done and there is no way back.

        Raises:
            UnreadableJournalError: Nobody knows.
        """
        try:
            record = await self._store.async_load()
        except (HomeAssistantError, OSError) as err:
            raise UnreadableJournalError(type(err).__name__) from None  # its words have the account's number in them
        if record is None:
            return None
        if not _fits(record, Record):
            _LOGGER.error("The file about what is taken over from other integrations is damaged and not used")
            return None
        if record["stage"] not in Stage:
            message = "of a later release"
            raise UnreadableJournalError(message)
        return None if record["stage"] == Stage.DONE else record

    async def async_write(self, record: Record) -> None:
        """Replace what is written there; it is on disk when this returns.

        Home Assistant only logs that it could not write a file, so what it holds is read again.

        Raises:
            OSError: It is not on disk.
        """
        await self._store.async_save(record)
        try:
            written = await self._store.async_load()
        except HomeAssistantError:
            written = None
        if written != record:
            message = "Home Assistant could not write down what is to be taken over"
            raise OSError(message)

    async def async_remove(self) -> None:
        """Forget it; a file that cannot be removed is emptied.

        Raises:
            OSError: Neither works, so it still is written there.
        """
        try:
            await self._store.async_remove()
        except OSError as err:
            failure = OSError(err.errno, err.strerror)  # without the name of the file, which has the account in it
        else:
            return
        try:
            await self.async_write(_NOTHING)
        except OSError:
            raise failure from None


def is_open(record: Record) -> bool:
    """Whether there is something to do or to undo."""
    return record["stage"] not in _CLOSED


def awaits_disk(record: Record) -> bool:
    """Whether it is done, but perhaps not on disk yet, so that a crash may have undone it."""
    return record["stage"] in AGAIN and (record["stage"] in _CLOSED or not record.get("is_on_disk", True))


def _fits(value: object, promised: object) -> bool:
    """Whether a value out of a file is of the type that it is to have."""
    if is_typeddict(promised):
        fields = get_type_hints(promised).items()
        optional: frozenset[str] = getattr(promised, "__optional_keys__", frozenset())
        return isinstance(value, dict) and all(
            _fits(value[name], inner) if name in value else name in optional for name, inner in fields
        )
    origin, arguments = get_origin(promised), get_args(promised)
    if origin is UnionType:
        return any(_fits(value, option) for option in arguments)
    if origin is list:
        return isinstance(value, list) and all(_fits(item, arguments[0]) for item in value)
    return type(value) is (origin or promised)
