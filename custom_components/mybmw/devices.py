"""The devices of an account: one for itself and one for each of its cars. A car on two accounts is one device."""

from collections.abc import Collection, Mapping, Set as AbstractSet
from datetime import datetime

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.typing import UNDEFINED

from .const import CARDATA_TITLE, CONF_SOURCE, DOMAIN
from .issues import async_report_shared_cars
from .origins import async_shown_since
from .vehicle import Brand, Vehicle


class AccountDevices[T]:
    """The devices of one account, whose own is known by its `account_id`; `T` is what its entry has at run time."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[T], account_id: str) -> None:
        """Show nothing yet."""
        self._hass = hass
        self._entry = entry
        self._account_id = account_id
        self._registry = dr.async_get(hass)

    @callback
    def async_show_account(self) -> str:
        """Give the account a device, which its cars hang on; returns its id.

        It is called after its source; when that changes, its entities keep their ids. Beside other accounts it is told
        apart by its title; alone it needs none, so that nothing of an owner's address gets into the ids of entities.
        """
        others, name = self._other_accounts(), f"{self._entry.data[CONF_SOURCE]}_account"
        title = self._entry.title.removeprefix(CARDATA_TITLE)
        return self._registry.async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={(DOMAIN, self._account_id)},
            entry_type=dr.DeviceEntryType.SERVICE,
            manufacturer="BMW",
            translation_key=f"{name}_of" if others else name,
            translation_placeholders={"account": title} if others else None,
        ).id

    @callback
    def async_vins(self) -> set[str]:
        """The cars that have a device, even if nothing is known of them now."""
        return _vins_of(self._registry, self._entry.entry_id)

    @callback
    def async_cars_of_others(self) -> set[str]:
        """The cars that other accounts show: no request is spent on them."""
        return {
            vin
            for entry in self._other_accounts()
            for vin in _vins_of(self._registry, entry.entry_id)
            if self._async_shown_by(vin)
        }

    @callback
    def async_leave_to_others(self, vins: Collection[str]) -> set[str]:
        """Find the cars that another account shows already, and give up what we have of them.

        A car is one device, with one history. The owner is told which these are.
        """
        shared = {vin: other for vin in vins if (other := self._async_shown_by(vin))}
        theirs = [device for vin, other in shared.items() if (device := self._device(vin, other))]
        async_report_shared_cars(
            self._hass,
            self._entry.entry_id,
            self._entry.title,
            sorted(device.name_by_user or device.name or "" for device in theirs) if shared else None,
            ", ".join(sorted({other.title for other in shared.values()})),
        )
        for vin in shared:
            if device := self._device(vin, self._entry):
                self._registry.async_remove_device(device.id)
        return set(shared)

    @callback
    def async_claim(self, vehicles: Mapping[str, Vehicle]) -> None:
        """Give new cars a device before their entities are there, so that no account that begins just now shows them.

        Two entities with one id would have Home Assistant write it, and with it the VIN, into the log.
        """
        if not self._other_accounts():
            return
        for vin, vehicle in vehicles.items():
            if self._device(vin, self._entry) is None:
                self._registry.async_get_or_create(
                    config_entry_id=self._entry.entry_id,
                    identifiers={(DOMAIN, vin)},
                    manufacturer=vehicle.identity.brand.value,
                    name=vehicle.name,
                )

    @callback
    def async_keep_only(self, vins: AbstractSet[str], *, seen: AbstractSet[str], makes: AbstractSet[Brand]) -> None:
        """Remove the cars that have left the account: those that were `seen` on it, and those of the same make.

        A car that has not been seen since the start counts as gone only if others of its make are there: an empty list
        of a make may be a slip of the cloud.
        """
        for device in dr.async_entries_for_config_entry(self._registry, self._entry.entry_id):
            theirs = {identifier for domain, identifier in device.identifiers if domain == DOMAIN}
            if self._account_id in theirs:
                continue
            if theirs.isdisjoint(vins) and (device.manufacturer in makes or not theirs.isdisjoint(seen)):
                self._registry.async_remove_device(device.id)

    @callback
    def async_update(self, vehicles: Mapping[str, Vehicle]) -> None:
        """Show on its device page what has become known of a car since it was shown first, and its new software."""
        for vin, vehicle in vehicles.items():
            identity = vehicle.identity
            if device := self._device(vin, self._entry):
                self._registry.async_update_device(
                    device.id,
                    manufacturer=identity.brand.value if identity.model else UNDEFINED,
                    model=identity.model or UNDEFINED,
                    model_id=identity.body_type or UNDEFINED,
                    name=identity.model or UNDEFINED,
                    sw_version=str(identity.software) if identity.software else UNDEFINED,
                )

    @callback
    def _async_shown_by(self, vin: str) -> ConfigEntry[T] | None:
        """The other account that shows a car; of two that do, the one that was the last to begin.

        So an account that was disabled for a while does not take its cars back from the one that stood in for it.
        """
        ours = self._device(vin, self._entry)
        for entry in self._other_accounts():
            theirs = self._device(vin, entry)
            if theirs and (ours is None or self._async_since(theirs) > self._async_since(ours)):
                return entry
        return None

    @callback
    def _async_since(self, device: dr.DeviceEntry) -> datetime:
        return async_shown_since(er.async_get(self._hass), device)

    def _other_accounts(self) -> list[ConfigEntry[T]]:
        entries: list[ConfigEntry[T]] = self._hass.config_entries.async_entries(DOMAIN, include_disabled=False)
        return [entry for entry in entries if entry is not self._entry]

    def _device(self, vin: str, entry: ConfigEntry[T]) -> dr.DeviceEntry | None:
        return self._registry.async_get_device_by_identifier((DOMAIN, vin), entry.entry_id)


def _vins_of(registry: dr.DeviceRegistry, entry_id: str) -> set[str]:
    return {
        vin
        for device in dr.async_entries_for_config_entry(registry, entry_id)
        if device.entry_type is None  # a car, not the account
        for domain, vin in device.identifiers
        if domain == DOMAIN
    }
