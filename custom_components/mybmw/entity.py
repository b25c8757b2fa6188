"""What all our entities and their descriptions share."""

from abc import abstractmethod
import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import override

from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.entity_platform import (
    AddConfigEntryEntitiesCallback,
    async_get_current_platform,
    async_get_platforms,
)
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .complaints import explaining_flaws
from .const import DOMAIN
from .coordinator import MyBMWConfigEntry, MyBMWCoordinator
from .portions import LOOKS_AT_ALL
from .vehicle import Command, Extra, Outcome, Vehicle


@dataclass(frozen=True, kw_only=True)
class MyBMWEntityDescription(EntityDescription):
    """A fact about a car, and whether a given car can ever tell it."""

    exists: Callable[[Vehicle], bool] = lambda _: True


def reports_state(vehicle: Vehicle) -> bool:
    """Whether a car sends its state by itself; one that does not leaves almost everything open."""
    return vehicle.capabilities.reports_state


def is_electric(vehicle: Vehicle) -> bool:
    """Whether a car has a battery to charge, and tells of it."""
    return reports_state(vehicle) and vehicle.identity.drive_train.has_high_voltage_battery


def burns_fuel(vehicle: Vehicle) -> bool:
    """Whether a car has a tank, and tells of it."""
    return reports_state(vehicle) and vehicle.identity.drive_train.has_engine


def has_charging_plan(vehicle: Vehicle) -> bool:
    """Whether a car has a charging plan that can be written."""
    return vehicle.capabilities.charging_plan and vehicle.charging_plan is not None


class MyBMWEntity(CoordinatorEntity[MyBMWCoordinator]):
    """One fact about one car."""

    _attr_has_entity_name = True
    entity_description: MyBMWEntityDescription

    def __init__(self, coordinator: MyBMWCoordinator, vin: str, description: MyBMWEntityDescription) -> None:
        """Belong to the device of the car."""
        super().__init__(coordinator)
        self.entity_description = description
        self.vin = vin
        self._attr_translation_key = description.translation_key or description.key
        self._attr_unique_id = f"{vin}-{description.key}"
        identity = self.vehicle.identity
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, vin)},
            manufacturer=identity.brand.value,
            model=identity.model,
            model_id=identity.body_type,
            name=self.vehicle.name,
            serial_number=vin,
            sw_version=str(identity.software) if identity.software else None,
            via_device_id=coordinator.account_device_id,
        )
        self._shown: object = None

    @property
    def vehicle(self) -> Vehicle:
        """The car; only to be asked while the entity is available."""
        return self.coordinator.data[self.vin]

    @property
    @override
    def available(self) -> bool:
        return super().available and self.coordinator.is_current(self.vin)

    async def async_execute(self, command: Command) -> Outcome:
        """Have the car do something; see the coordinator's `async_execute`."""
        return await self.coordinator.async_execute(self.vin, command)

    async def async_order(self, make: Callable[[], Command]) -> Outcome:
        """Make a command of what the owner wants, and have the car do it; whatever is wrong is explained."""
        with explaining_flaws():
            command = make()
        return await self.async_execute(command)

    @abstractmethod
    def shows(self) -> object:
        """All that an available entity shows, to be compared with what it shows after the next update."""

    @override
    async def async_added_to_hass(self) -> None:
        """Remember what is about to be shown first."""
        await super().async_added_to_hass()
        self._shown = self._to_show()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write a state only if there is something new in it."""
        if (shown := self._to_show()) != self._shown:
            self._shown = shown
            super()._handle_coordinator_update()

    def _to_show(self) -> object:
        return (self.shows(), self.assumed_state) if self.available else None


@dataclass(frozen=True, kw_only=True)
class MyBMWSettingDescription[T](MyBMWEntityDescription):
    """Something about a car that its owner can set.

    `value` is how it is set as the car reports, None while it does not say, `command` what sets it, and `set_by` what
    any command sets it to, None if that is about something else.
    """

    value: Callable[[Vehicle], T | None]
    command: Callable[[T], Command]
    set_by: Callable[[Command], T | None]


class MyBMWSettingEntity[T](MyBMWEntity):
    """Something about a car that its owner can set.

    From when the car says that it is set, by whatever command, until its report says so, too, the former is shown, as
    an assumption.
    """

    entity_description: MyBMWSettingDescription[T]

    @property
    @override
    def assumed_state(self) -> bool:
        return self._believed is not None

    @property
    def setting(self) -> T | None:
        """How it is set, as far as is known."""
        return self.entity_description.value(self.vehicle) if self._believed is None else self._believed

    async def async_set(self, value: T) -> None:
        """Have the car set it; whatever is wrong is explained."""
        await self.async_order(lambda: self.entity_description.command(value))

    @property
    def _believed(self) -> T | None:
        """How the car says that it has set it, and has not reported yet."""
        done = self.coordinator.commands.done(self.vin)
        values = (self.entity_description.set_by(command) for command in done)
        return next((value for value in values if value is not None), None)


class MyBMWAccountEntity(CoordinatorEntity[MyBMWCoordinator]):
    """Something about an account as a whole; there as long as the account is, whatever BMW says."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: MyBMWCoordinator, description: EntityDescription) -> None:
        """Belong to the device of the account."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_translation_key = description.key
        self._attr_unique_id = f"{coordinator.account_id}-{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, coordinator.account_id)})

    @property
    @override
    def available(self) -> bool:
        return True

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write nothing: an update changes nothing here."""


async def async_add_car_entities[D: MyBMWEntityDescription](
    entry: MyBMWConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: Sequence[D],
    create: Callable[[MyBMWCoordinator, str, D], MyBMWEntity],
) -> None:
    """Add an entity for every fact that a car can tell: now, and whenever a car or a fact joins later."""
    if not _is_platform_there():
        return
    coordinator = entry.runtime_data
    added: set[tuple[str, str]] = set()

    def missing(vins: Iterable[str]) -> Iterator[MyBMWEntity]:
        for vin in vins:
            vehicle = coordinator.data[vin]
            for description in descriptions:
                if (vin, description.key) not in added and description.exists(vehicle):
                    added.add((vin, description.key))
                    yield create(coordinator, vin, description)

    @callback
    def add(vins: Iterable[str]) -> None:
        if entities := list(missing(vins)):
            async_add_entities(entities)

    await _async_add_car_by_car(entry, added, add)


async def async_add_extra_entities[D: MyBMWEntityDescription](
    entry: MyBMWConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    describe: Callable[[str, Extra], D | None],
    create: Callable[[MyBMWCoordinator, str, D], MyBMWEntity],
) -> None:
    """Add an entity for every value that a car tells beside what it has a place for, as soon as it tells it.

    `describe` says what becomes of a value (by its name in the cloud), or None if it is none of the platform's.
    """
    if not _is_platform_there():
        return
    coordinator = entry.runtime_data
    added: set[tuple[str, str]] = set()

    @callback
    def add(vins: Iterable[str]) -> None:
        told = [
            (vin, key, extra)
            for vin in vins
            for key, extra in coordinator.data[vin].extras.items()
            if (vin, key) not in added and extra.value is not None
        ]
        added.update((vin, key) for vin, key, _ in told)
        described = [(vin, description) for vin, key, extra in told if (description := describe(key, extra))]
        if described:
            async_add_entities([create(coordinator, vin, description) for vin, description in described])

    await _async_add_car_by_car(entry, added, add)


async def _async_add_car_by_car(
    entry: MyBMWConfigEntry, added: set[tuple[str, str]], add: Callable[[Iterable[str]], None]
) -> None:
    """Have what is missing of cars added (`added` is what is there, by VIN and key): now, and with every update.

    Now is one car after the other, and one platform after the other: while Home Assistant adds what it is given at a
    time, it does nothing else. Nothing is added to a platform that has gone meanwhile.
    """
    coordinator = entry.runtime_data

    @callback
    def update() -> None:
        added.difference_update([(vin, key) for vin, key in added if vin not in coordinator.data])
        add(coordinator.data)

    for vin in list(coordinator.data):
        async with coordinator.adding:
            if not _is_platform_there():
                return
            if vin in coordinator.data:  # else it has left meanwhile
                add([vin])
                await asyncio.sleep(0)
    if not _is_platform_there():
        return
    entry.async_on_unload(coordinator.async_add_listener(update, LOOKS_AT_ALL))
    update()


def _is_platform_there() -> bool:
    """Whether the platform that is being set up is still one of Home Assistant's.

    Home Assistant waits a minute for a platform. One that takes longer goes on all the same, and its account may be
    unloaded meanwhile, or even be set up anew, with another platform.
    """
    platform = async_get_current_platform()
    return platform in async_get_platforms(platform.hass, DOMAIN)


async def async_add_command_entities[D: MyBMWEntityDescription](
    entry: MyBMWConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: Sequence[D],
    create: Callable[[MyBMWCoordinator, str, D], MyBMWEntity],
) -> None:
    """Add an entity for everything a car can be asked to do; none, if its account is only watched, or can only be.

    Those that were there before are removed then, as nobody misses what they have switched off. Home Assistant
    remembers their ids, names and areas, and they have them again when commands are switched on, or when the account
    is back at the door that takes them.
    """
    if not _is_platform_there():
        return
    coordinator = entry.runtime_data
    if coordinator.takes_commands:
        await async_add_car_entities(entry, async_add_entities, descriptions, create)
        return
    registry, domain = er.async_get(coordinator.hass), async_get_current_platform().domain
    keys = {description.key for description in descriptions}
    for registered in er.async_entries_for_config_entry(registry, entry.entry_id):
        _, _, key = registered.unique_id.partition("-")  # after the VIN
        if registered.domain == domain and key in keys:
            registry.async_remove(registered.entity_id)
