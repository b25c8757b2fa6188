"""What is being taken over, or was and may still be undone: on disk before the first change is made."""

from enum import StrEnum
import logging
from types import UnionType
from typing import Final, TypedDict, get_args, get_origin, get_type_hints, is_typeddict

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import slugify

from ..const import DOMAIN
from .plan import Plan

_LOGGER: Final = logging.getLogger(__name__)

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
        """What is written there; None, if there is nothing to do and nothing to undo, or the file cannot be read."""
        try:
            record = await self._store.async_load()
        except HomeAssistantError as err:  # without what it says, which has the number of the account in it
            _LOGGER.error(  # noqa: TRY400 (likewise)
                "The file about what is taken over from other integrations cannot be read (%s)", type(err).__name__
            )
            return None
        if record is not None and not _fits(record, Record):
            _LOGGER.error("The file about what is taken over from other integrations is damaged and not used")
            return None
        return record

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


def _fits(value: object, promised: object) -> bool:
    """Whether a value out of a file is of the type that it is to have."""
    if is_typeddict(promised):
        fields = get_type_hints(promised).items()
        return isinstance(value, dict) and all(name in value and _fits(value[name], inner) for name, inner in fields)
    origin, arguments = get_origin(promised), get_args(promised)
    if origin is UnionType:
        return any(_fits(value, option) for option in arguments)
    if origin is list:
        return isinstance(value, list) and all(_fits(item, arguments[0]) for item in value)
    return type(value) is (origin or promised)
