"""What is known of the cars of an account, and when it is time to ask about them again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ...vehicle import Brand, Location, SetChargingPlan, Vehicle
from ...vehicle.effects import shows_effect
from .. import Json, NotAllowedError, Refusal, SourceError, UnknownError
from ..spans import is_over
from .brands import ListBrand
from .build import Lasting, vins_of

LIST_LIFETIME: Final = timedelta(hours=1)
"""How long a list with cars on it is believed, and every list of an account that has no cars at all."""

INVENTORY_LIFETIME: Final = timedelta(days=1)
"""How long an empty list beside others and the cars' profiles are believed."""

RETRY_AFTER: Final = timedelta(hours=1)
"""How long something is left alone that was asked for in vain more than once."""

CHARGING_ROUNDS: Final = 3
"""For how many rounds in a row a car's charging details may be missing before those of last time are dropped."""

_SHORTEST_ROUND: Final = timedelta(minutes=4)
"""Rounds come no faster: a car that is looked at again and again after a command is still in the same one."""

PLAN_SETTLES: Final = timedelta(minutes=5)
"""For how long a change to the charging plan may be missing in what BMW says of the plan after the car has taken it."""


def is_denial(err: SourceError | None) -> bool:
    """Whether BMW says that there is no such thing, or not for us."""
    return isinstance(err, UnknownError) or (isinstance(err, NotAllowedError) and err.reason is Refusal.FORBIDDEN)


@dataclass(slots=True, kw_only=True)
class Inquiry:
    """Something that is asked for now and then: when it became known last, and how the latest attempts went.

    `error` is why the latest brought nothing. After one failure the next attempt follows at once, for most are over by
    then, and after more of them hourly.
    """

    known: datetime | None = None
    tried: datetime | None = None
    failures: int = 0
    error: SourceError | None = None

    def is_due(self, lifetime: timedelta, now: datetime) -> bool:
        """Whether to ask, if what is known is believed that long."""
        if self.failures > 1:
            return is_over(self.tried, RETRY_AFTER, now)
        return self.failures == 1 or is_over(self.known, lifetime, now)

    def succeed(self, now: datetime, denial: SourceError | None = None) -> None:
        """Note that there is an answer, which may be that there is nothing for us."""
        self.known = self.tried = now
        self.failures = 0
        self.error = denial

    def fail(self, now: datetime, err: SourceError) -> None:
        """Note that there is no answer."""
        self.tried = now
        self.failures += 1
        self.error = err


@dataclass(slots=True, kw_only=True, eq=False)
class Car:
    """A car and the latest answers about it, as they came.

    `charging_error` is why there are no charging details of this round; for how many rounds there were none is counted
    in `charging_misses`, the last time at `charging_missed`. `vehicle` is what the answers amount to, None before the
    first time, and `lasting` what of it can be used again. `doubted_since` is set while BMW says that it does not know
    the car or that we may not see it: it may have been sold. `found` is where it was when it was looked for last.
    `plan_changes` are those that it has taken lately, with when, and its report does not show yet.
    """

    vin: str = field(repr=False)
    brand: ListBrand
    profile: Json = field(default=None, repr=False)
    about_profile: Inquiry = field(default_factory=Inquiry)
    state: Json = field(default=None, repr=False)
    charging: Json = field(default=None, repr=False)
    charging_error: SourceError | None = None
    charging_misses: int = 0
    charging_missed: datetime | None = None
    vehicle: Vehicle | None = field(default=None, repr=False)
    lasting: Lasting = field(default_factory=Lasting, repr=False)
    doubted_since: datetime | None = None
    found: Location | None = field(default=None, repr=False)
    plan_changes: list[tuple[datetime, SetChargingPlan]] = field(default_factory=list)

    @property
    def has_charging_details(self) -> bool:
        """Whether BMW has anything to say about how the car is set to charge."""
        allowed = self.vehicle and self.vehicle.capabilities
        return bool(allowed and (allowed.charging_plan or allowed.charging_settings))

    @property
    def has_charging_settings(self) -> bool:
        """Whether there is a charging target or current to choose."""
        return bool(self.vehicle and self.vehicle.capabilities.charging_settings)

    def wants_profile(self, now: datetime) -> bool:
        """Whether to ask for the profile: daily, and each time while there is none, unless BMW denies it."""
        if self.profile is None and not is_denial(self.about_profile.error):
            return True
        return self.about_profile.is_due(INVENTORY_LIFETIME, now)

    def take_profile(self, answer: Json | SourceError, now: datetime) -> None:
        """Learn the profile; an old one serves until there is a new one."""
        if isinstance(answer, SourceError):
            self.about_profile.fail(now, answer)
        else:
            self.profile = answer
            self.about_profile.succeed(now)

    def take_charging(self, answer: Json | SourceError, now: datetime) -> None:
        """Learn the charging details, None if there are none; those of before serve for a while if there is no answer.

        A denial is no answer either: one alone is more often a slip of BMW's than its word about the car.
        """
        if not isinstance(answer, SourceError):
            self.forget_charging()
            self.charging = answer
            return
        self.charging_error = answer
        if is_over(self.charging_missed, _SHORTEST_ROUND, now):
            self.charging_misses += 1
            self.charging_missed = now
        if self.charging_misses > CHARGING_ROUNDS:
            self.charging = None

    def forget_charging(self) -> None:
        """Know nothing of the charging details; those of before serve no longer."""
        self.charging, self.charging_error = None, None
        self.charging_misses, self.charging_missed = 0, None

    def take_vehicle(self, vehicle: Vehicle) -> Vehicle:
        """Learn what the answers amount to, and which changes to the plan they show."""
        self.vehicle = vehicle
        # As long as an earlier one is missing, a later one that takes it back only seems to be there.
        while self.plan_changes and shows_effect(vehicle, self.plan_changes[0][1], self.plan_changes[0][0]):
            del self.plan_changes[0]
        return vehicle

    def recent_plan_changes(self, now: datetime) -> list[SetChargingPlan]:
        """The changes to the plan that BMW may not tell of yet; whoever builds on the plan without undoes them."""
        self.plan_changes = [(at, change) for at, change in self.plan_changes if not is_over(at, PLAN_SETTLES, now)]
        return [change for _, change in self.plan_changes]


@dataclass(slots=True, kw_only=True)
class CarList:
    """One of the lists of cars: what BMW answered last, None if it never did or denies it."""

    answer: Json = field(default=None, repr=False)
    inquiry: Inquiry = field(default_factory=Inquiry)

    @property
    def is_unread(self) -> bool:
        """Whether nobody can say which cars are on it."""
        return self.answer is None and not is_denial(self.inquiry.error)


class Garage:
    """The cars of an account, by VIN, and the lists they stand on."""

    def __init__(self) -> None:
        """Know none."""
        self.cars: dict[str, Car] = {}
        self.lists: Mapping[ListBrand, CarList] = {brand: CarList() for brand in ListBrand}
        self._looks_without_cars = 0

    @property
    def unread_makes(self) -> frozenset[Brand]:
        """The makes of the lists that could not be read yet."""
        return frozenset(brand.make for brand, car_list in self.lists.items() if car_list.is_unread)

    @property
    def why_empty(self) -> SourceError | None:
        """What kept us from finding a car, if there is none: a list that failed, or a denial of all lists."""
        errors = [err for car_list in self.lists.values() if (err := car_list.inquiry.error)]
        failures = [err for err in errors if not is_denial(err)]
        if self.cars or not (failures or len(errors) == len(self.lists)):
            return None
        return (failures or errors)[0]

    def doubt(self, car: Car, now: datetime) -> None:
        """Have the list of a car looked at next time if BMW has only now begun to deny the car."""
        if car.doubted_since is None:
            car.doubted_since = now
            self.lists[car.brand].inquiry.known = None

    def brands_due(self, now: datetime, *, everything: bool) -> tuple[ListBrand, ...]:
        """The lists to look at now; an account that seems to have no car is looked at once more right away."""
        if everything or self._looks_without_cars == 1:
            return tuple(ListBrand)
        with_cars = {car.brand for car in self.cars.values()} or set(ListBrand)
        return tuple(
            brand
            for brand, car_list in self.lists.items()
            if car_list.inquiry.is_due(LIST_LIFETIME if brand in with_cars else INVENTORY_LIFETIME, now)
        )

    def take_in(self, answers: Mapping[ListBrand, Json | SourceError], now: datetime) -> None:
        """Learn which cars there are from the lists that were asked for; one that is denied is as good as empty.

        A car that has left a list may have moved to another one, so those that were not asked for are due next.
        """
        known: dict[ListBrand, tuple[str, ...]] = {}
        for brand, answer in answers.items():
            car_list = self.lists[brand]
            if not isinstance(answer, SourceError):
                car_list.answer = answer
                car_list.inquiry.succeed(now)
                known[brand] = vins_of(answer)
            elif is_denial(answer):
                car_list.answer = None
                car_list.inquiry.succeed(now, answer)
            else:
                car_list.inquiry.fail(now, answer)
        gone = self._gone(known, now)
        for vin in gone:
            del self.cars[vin]
        for brand, vins in known.items():
            for vin in vins:
                self.cars.setdefault(vin, Car(vin=vin, brand=brand))
        if not self.cars.keys() >= set(gone):
            for brand in self.lists.keys() - answers.keys():
                self.lists[brand].inquiry.known = None
        self._looks_without_cars = 0 if self.cars else self._looks_without_cars + 1

    def distrust(self) -> None:
        """Keep nothing that is only true for a while: nobody is told anything for now, nor knows for how long."""
        for car in self.cars.values():
            car.forget_charging()

    def leave_out(self, vins: Collection[str]) -> frozenset[str]:
        """Let some cars rest, and say which of them are here; what is only true for a while is not kept of them."""
        resting = [car for car in self.cars.values() if car.vin in vins]
        for car in resting:
            car.forget_charging()
            car.doubted_since = None
        return frozenset(car.vin for car in resting)

    def _gone(self, known: Mapping[ListBrand, Collection[str]], now: datetime) -> list[str]:
        """The cars that are no longer on the list they were on, as far as it is among the `known`.

        An empty list by itself forgets no car: it is more often a fault than a sale. It takes a car along that is on
        another list now, and one that BMW has been denying for as long as a list is believed, while a car of another
        list shows that all is well otherwise.
        """
        listed = {vin for vins in known.values() for vin in vins}
        return [
            car.vin
            for car in self.cars.values()
            if (vins := known.get(car.brand)) is not None
            and car.vin not in vins
            and (vins or car.vin in listed or self._seems_sold(car, now))
        ]

    def _seems_sold(self, car: Car, now: datetime) -> bool:
        others_are_well = any(other.brand is not car.brand and not other.doubted_since for other in self.cars.values())
        return others_are_well and car.doubted_since is not None and is_over(car.doubted_since, LIST_LIFETIME, now)
