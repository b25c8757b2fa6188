"""What is known of the cars of an account, and when it is time to look at the lists they stand on."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ...vehicle import Location, Vehicle
from .. import Json
from .build import ListBrand, vins_of

LIST_LIFETIME: Final = timedelta(hours=1)
"""How long the lists that have cars on them are believed."""

INVENTORY_LIFETIME: Final = timedelta(days=1)
"""How long the empty lists and the cars' profiles are believed."""


@dataclass(slots=True, kw_only=True, eq=False)
class Car:
    """A car and the latest answers about it, as they came.

    `vehicle` is what they amount to, None before the first time. `is_doubted` is set while BMW says that it does not
    know the car or that we may not see it: it may have been sold. `found` is where it was when it was looked for last.
    """

    vin: str
    brand: ListBrand
    profile: Json = None
    is_profile_due: bool = True
    state: Json = None
    charging: Json = None
    vehicle: Vehicle | None = None
    is_doubted: bool = False
    found: Location | None = None

    @property
    def has_charging_details(self) -> bool:
        """Whether BMW has anything to say about how the car is set to charge."""
        allowed = self.vehicle and self.vehicle.capabilities
        return bool(allowed and (allowed.charging_plan or allowed.charging_settings))

    @property
    def has_charging_settings(self) -> bool:
        """Whether there is a charging target or current to choose."""
        return bool(self.vehicle and self.vehicle.capabilities.charging_settings)


class Garage:
    """The cars of an account, by VIN."""

    def __init__(self) -> None:
        """Know none."""
        self.cars: dict[str, Car] = {}
        self.lists: dict[ListBrand, Json] = {}
        self._list_seen: datetime | None = None
        self._inventory_seen: datetime | None = None

    def doubt(self) -> None:
        """Have the lists looked at next time: a car does not answer as one on the account should."""
        self._list_seen = None

    def brands_due(self, now: datetime, *, everything: bool) -> tuple[ListBrand, ...]:
        """The lists to look at now: none, those with cars, or all, which takes stock of the cars' profiles, too."""
        if everything or not self.cars or _is_over(self._inventory_seen, INVENTORY_LIFETIME, now):
            return tuple(ListBrand)
        if _is_over(self._list_seen, LIST_LIFETIME, now):
            return tuple(brand for brand in ListBrand if any(car.brand is brand for car in self.cars.values()))
        return ()

    def take_in(self, lists: Mapping[ListBrand, Json], brands_due: Collection[ListBrand], now: datetime) -> None:
        """Learn which cars there are from the lists that could be read; as long as one is missing, all stay due.

        An empty list forgets no car: it is more often a fault than a sale.
        """
        for brand, vehicle_list in lists.items():
            self.lists[brand] = vehicle_list
            if vins := vins_of(vehicle_list):
                self._forget_all_but(vins, brand)
                for vin in vins:
                    self.cars.setdefault(vin, Car(vin=vin, brand=brand))
        if set(brands_due) - lists.keys():
            return
        self._list_seen = now
        if len(brands_due) == len(ListBrand):
            self._inventory_seen = now
            for car in self.cars.values():
                car.is_profile_due = True

    def _forget_all_but(self, vins: Collection[str], brand: ListBrand) -> None:
        gone = [car.vin for car in self.cars.values() if car.brand is brand and car.vin not in vins]
        for vin in gone:
            del self.cars[vin]


def _is_over(since: datetime | None, lifetime: timedelta, now: datetime) -> bool:
    return since is None or now - since >= lifetime
