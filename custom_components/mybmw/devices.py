"""The devices of one account: itself and its cars, each on one account only."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .issues import async_report_shared_cars
from .sources import Fetch
from .vehicle import Brand, Vehicle


class Devices[T]:
    """The devices of one account."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[T], account_id: str) -> None:
        """Change nothing yet."""
        self._hass = hass
        self._entry = entry
        self._account_id = account_id

    @callback
    def show_account(self) -> str:
        """Give the account a device, which its cars hang on; returns its id."""
        device = dr.async_get(self._hass).async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={(DOMAIN, self._account_id)},
            entry_type=dr.DeviceEntryType.SERVICE,
            manufacturer="BMW",
            translation_key="account",
        )
        return device.id

    @callback
    def cars_of_others(self) -> set[str]:
        """The cars that other accounts show: no request is spent on them."""
        registry = dr.async_get(self._hass)
        return {
            vin
            for entry in self._hass.config_entries.async_entries(DOMAIN, include_disabled=False)
            if entry is not self._entry
            for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
            if device.entry_type is None  # a car, not the account
            for domain, vin in device.identifiers
            if domain == DOMAIN and self._shown_by(vin)
        }

    @callback
    def without_shared_cars(self, fetch: Fetch) -> Fetch:
        """Leave out the cars that another account shows already: a car is one device, with one history."""
        registry = dr.async_get(self._hass)
        vins = fetch.vehicles.keys() | fetch.failures.keys() | fetch.left_out
        shared = {vin: other for vin in vins if (other := self._shown_by(vin))}
        theirs = [
            device
            for vin, other in shared.items()
            if (device := registry.async_get_device_by_identifier((DOMAIN, vin), other.entry_id))
        ]
        async_report_shared_cars(
            self._hass,
            self._entry.entry_id,
            self._entry.title,
            sorted(device.name_by_user or device.name or "" for device in theirs) if shared else None,
            ", ".join(sorted({other.title for other in shared.values()})),
        )
        for vin in shared:
            if device := registry.async_get_device_by_identifier((DOMAIN, vin), self._entry.entry_id):
                registry.async_remove_device(device.id)
        return replace(
            fetch,
            vehicles={vin: vehicle for vin, vehicle in fetch.vehicles.items() if vin not in shared},
            failures={vin: err for vin, err in fetch.failures.items() if vin not in shared},
        )

    @callback
    def _shown_by(self, vin: str) -> ConfigEntry[T] | None:
        """The other account that shows a car; of two that do, the one that was the last to begin.

        So an account that was disabled for a while does not take its cars back from the one that stood in for it.
        """
        registry = dr.async_get(self._hass)
        ours = registry.async_get_device_by_identifier((DOMAIN, vin), self._entry.entry_id)
        entries: list[ConfigEntry[T]] = self._hass.config_entries.async_entries(DOMAIN, include_disabled=False)
        for entry in entries:
            theirs = registry.async_get_device_by_identifier((DOMAIN, vin), entry.entry_id)
            if entry is self._entry or theirs is None:
                continue
            if ours is None or theirs.created_at > ours.created_at:
                return entry
        return None

    @callback
    def remove_except(self, vins: set[str], makes: set[Brand], known: Collection[str]) -> None:
        """Take cars off the device list that have left the account.

        A car that has not been seen since the start (which are `known`) counts as gone only if others of its make are
        there: an empty list of a make may be a slip of the cloud.
        """
        registry = dr.async_get(self._hass)
        for device in dr.async_entries_for_config_entry(registry, self._entry.entry_id):
            theirs = {identifier for domain, identifier in device.identifiers if domain == DOMAIN}
            if self._account_id in theirs:
                continue
            if theirs.isdisjoint(vins) and (device.manufacturer in makes or not theirs.isdisjoint(known)):
                registry.async_remove_device(device.id)

    @callback
    def vins(self) -> set[str]:
        """The cars that have a device, even if nothing is known of them now."""
        devices = dr.async_entries_for_config_entry(dr.async_get(self._hass), self._entry.entry_id)
        return {identifier for device in devices for domain, identifier in device.identifiers if domain == DOMAIN}

    @callback
    def update(self, vehicles: Mapping[str, Vehicle], before: Mapping[str, Vehicle]) -> None:
        """Show a new software release of a car on its device page."""
        registry = dr.async_get(self._hass)
        for vin, vehicle in vehicles.items():
            software = vehicle.identity.software
            if vin in before and software == before[vin].identity.software:
                continue
            device = registry.async_get_device_by_identifier((DOMAIN, vin), self._entry.entry_id)
            if device and software:
                registry.async_update_device(device.id, sw_version=str(software))
