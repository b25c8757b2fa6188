"""How a car looks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import MyBMWConfigEntry, MyBMWCoordinator
from .entity import MyBMWEntity, MyBMWEntityDescription, async_add_car_entities
from .vehicle import View

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MyBMWImageDescription(MyBMWEntityDescription, ImageEntityDescription):
    """A picture of a car."""

    view: View


IMAGES: Final = tuple(
    MyBMWImageDescription(key=view.value, view=view, entity_registry_enabled_default=view is View.FRONT_SIDE)
    for view in View
)


async def async_setup_entry(
    _hass: HomeAssistant, entry: MyBMWConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the pictures of every car that its cloud has."""
    views = entry.runtime_data.source.views
    images = [description for description in IMAGES if description.view in views]
    await async_add_car_entities(entry, async_add_entities, images, MyBMWImage)


class MyBMWImage(MyBMWEntity, ImageEntity):
    """A car, seen from one side."""

    entity_description: MyBMWImageDescription

    def __init__(self, coordinator: MyBMWCoordinator, vin: str, description: MyBMWImageDescription) -> None:
        """Show nothing before somebody looks."""
        MyBMWEntity.__init__(self, coordinator, vin, description)
        ImageEntity.__init__(self, coordinator.hass)

    @property
    @override
    def available(self) -> bool:
        """A picture stays true for as long as the car is there, whatever else BMW has to say."""
        return self.image_last_updated is not None or super().available

    @property
    @override
    def image_last_updated(self) -> datetime | None:
        """When the picture became what it is."""
        return self.coordinator.pictures.updated_at(self.vin, self.entity_description.view)

    @override
    def shows(self) -> object:
        return (self.image_last_updated,)  # not None, which is what an entity shows that is not there

    @override
    async def async_image(self) -> bytes | None:
        """The picture, fetched if it is time to."""
        if (picture := await self.coordinator.pictures.async_get(self.vin, self.entity_description.view)) is None:
            return None
        self._attr_content_type = picture.content_type
        return picture.content
