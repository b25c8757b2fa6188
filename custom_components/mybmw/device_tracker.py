"""Where a car is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.device_tracker import TrackerEntity, TrackerEntityDescription
from homeassistant.components.zone import DOMAIN as ZONE_DOMAIN
from homeassistant.const import EntityCategory
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import TrackStates, async_track_state_change_filtered

from .coordinator import MyBMWConfigEntry
from .entity import MyBMWEntity, MyBMWEntityDescription, async_add_car_entities

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MyBMWTrackerDescription(MyBMWEntityDescription, TrackerEntityDescription):
    """The place of a car."""


TRACKERS: Final = (MyBMWTrackerDescription(key="location"),)


async def async_setup_entry(
    _hass: HomeAssistant, entry: MyBMWConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a tracker for every car."""
    await async_add_car_entities(entry, async_add_entities, TRACKERS, MyBMWTracker)


class MyBMWTracker(MyBMWEntity, TrackerEntity):
    """The place of a car on the map: what the device is about, so it bears the car's name."""

    _attr_name = None
    entity_description: MyBMWTrackerDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Notice it when a zone is laid around a car that stands still: its place is named when a state is written."""
        await super().async_added_to_hass()
        zones = async_track_state_change_filtered(
            self.hass, TrackStates(all_states=False, entities=set(), domains={ZONE_DOMAIN}), self._zones_changed
        )
        self.async_on_remove(zones.async_remove)

    @callback
    def _zones_changed(self, _event: Event[EventStateChangedData]) -> None:
        self.async_write_ha_state()

    @override
    def shows(self) -> object:
        return self.latitude, self.longitude, self.extra_state_attributes

    @property
    @override
    def entity_category(self) -> EntityCategory | None:
        """None: a place is what people ask of a car first; Home Assistant takes trackers for diagnostics."""
        return None

    @property
    @override
    def force_update(self) -> bool:
        """False: a car that stays where it is has not changed."""
        return False

    @property
    @override
    def latitude(self) -> float | None:
        location = self.vehicle.tracked_location
        return location.latitude if location else None

    @property
    @override
    def longitude(self) -> float | None:
        location = self.vehicle.tracked_location
        return location.longitude if location else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, str | int | None]:
        """The compass heading in degrees under the name it had in Home Assistant's own integration, and the address."""
        location = self.vehicle.tracked_location
        return {
            "direction": location.heading_deg if location else None,
            "address": location.address if location else None,
        }
