"""The central locking of a car."""

from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final, override

from homeassistant.components.lock import LockEntity, LockEntityDescription
from homeassistant.const import ATTR_CODE
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .commanding import Ending
from .const import CONF_UNLOCK_CODE, DOMAIN
from .coordinator import MyBMWConfigEntry, MyBMWCoordinator
from .entity import MyBMWEntity, MyBMWEntityDescription, async_add_command_entities
from .vehicle import CommandKey, Fate, Lock, Reason, Unlock

PARALLEL_UPDATES = 0  # the coordinator has each car do one thing at a time, and cars do not wait for one another

_KEYS: Final = frozenset({CommandKey.LOCK, CommandKey.UNLOCK})


@dataclass(frozen=True, kw_only=True)
class MyBMWLockDescription(MyBMWEntityDescription, LockEntityDescription):
    """The locking of a car."""


LOCKS: Final = (MyBMWLockDescription(key="lock", exists=lambda v: v.capabilities.lock or v.capabilities.unlock),)


async def async_setup_entry(
    _hass: HomeAssistant, entry: MyBMWConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a lock for every car that can be locked or unlocked."""
    await async_add_command_entities(entry, async_add_entities, LOCKS, MyBMWLock)


class MyBMWLock(MyBMWEntity, LockEntity):
    """The locking of a car. If a command has come to no good end, it is jammed or unknown until the car reports."""

    entity_description: MyBMWLockDescription

    def __init__(self, coordinator: MyBMWCoordinator, vin: str, description: MyBMWLockDescription) -> None:
        """Ask for a code if the owner wants one; Home Assistant asks for it before locking, too, where any will do."""
        super().__init__(coordinator, vin, description)
        self._code: str = coordinator.config_entry.options.get(CONF_UNLOCK_CODE, "")
        self._attr_code_format = "^.*$" if self._code else None
        self._doubt: tuple[Fate, object] | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Hear of the end of each command, whoever gave it."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.commands.async_listen(self.vin, self._ended))

    @override
    async def async_lock(self, **kwargs: object) -> None:
        await self.async_execute(Lock())

    @override
    async def async_unlock(self, **kwargs: object) -> None:
        if self._code and not compare_digest(str(kwargs.get(ATTR_CODE, "")).encode(), self._code.encode()):
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="unlock_code_wrong")
        await self.async_execute(Unlock())

    @property
    @override
    def is_locked(self) -> bool | None:
        return None if self._doubted_for else self.vehicle.body.lock.is_locked

    @property
    @override
    def is_locking(self) -> bool:
        return self._under_way is CommandKey.LOCK

    @property
    @override
    def is_unlocking(self) -> bool:
        return self._under_way is CommandKey.UNLOCK

    @property
    @override
    def is_jammed(self) -> bool:
        return self._doubted_for is Fate.FAILED and self._under_way is None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, str]:
        """The car's own word, under the name it had in Home Assistant's own integration."""
        return {"door_lock_state": self.vehicle.body.lock.name}

    @override
    def shows(self) -> object:
        return self.state, self.extra_state_attributes

    @callback
    def _ended(self, ending: Ending) -> None:
        """Doubt what the car said before if nobody knows any more; what never came to the car changes nothing."""
        if ending.key not in _KEYS:
            return
        is_jammed = ending.fate is Fate.FAILED and ending.reason == Reason.BY_CAR
        if is_jammed or ending.fate in {Fate.TIMED_OUT, Fate.UNKNOWN}:
            self._doubt = (ending.fate, self._report)
        elif ending.fate is not Fate.FAILED:
            self._doubt = None

    @property
    def _doubted_for(self) -> Fate | None:
        """Why what the car said last cannot be believed; None if it can, or it has spoken since."""
        if self._doubt is None:
            return None
        fate, report = self._doubt
        return fate if report == self._report else None

    @property
    def _report(self) -> object:
        return self.vehicle.last_reported, self.vehicle.body

    @property
    def _under_way(self) -> CommandKey | None:
        return next((key for key in self.coordinator.commands.under_way(self.vin) if key in _KEYS), None)
