"""What BMW's cloud told of the living cars at a moment of the past, through either of its doors."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import override

from custom_components.mybmw.sources import Clock, Fetch, Json, OnStep, Source, TryLaterError
from custom_components.mybmw.sources.cardata.build import Answers as CarDataAnswers, build_vehicle as build_by_cardata
from custom_components.mybmw.sources.cardata.readings import Readings
from custom_components.mybmw.sources.mybmw.brands import ListBrand
from custom_components.mybmw.sources.mybmw.build import Answers, build_vehicle
from custom_components.mybmw.vehicle import Command, Outcome, Picture, Vehicle, View
from tests.simulator import speaks_cardata
from tests.simulator.cardata import papers
from tests.simulator.garage import LivingCar


@dataclass(slots=True)
class Memory(Source):
    """A cloud that answers as it did at a moment of the past; `door` is how it is reached."""

    door: str
    cars: Sequence[LivingCar]
    clock: Clock
    poll_interval_min: int = 5
    _heard: dict[str, Readings] = field(default_factory=dict, init=False)

    @property
    @override
    def takes_commands(self) -> bool:
        return self.door != "cardata"

    @override
    async def fetch(self, *, look_for_cars: bool = False, leave_out: Collection[str] = ()) -> Fetch:
        return Fetch(vehicles={car.vin: self._vehicle(car) for car in self.cars}, failures={})

    @override
    async def refresh(self, vin: str, *, state_only: bool = False) -> Vehicle:
        return next(self._vehicle(car) for car in self.cars if car.vin == vin)

    @override
    async def execute(self, vin: str, command: Command, on_step: OnStep | None = None) -> Outcome:
        message = "the past cannot be changed"
        raise TryLaterError(message)

    @override
    async def close(self) -> None:
        pass

    @property
    @override
    def views(self) -> Collection[View]:
        return ()

    @override
    async def picture(self, vin: str, view: View) -> Picture:
        message = "nobody looks at a picture of the past"
        raise TryLaterError(message)

    @override
    def recordings(self, vin: str | None = None) -> Json:
        return None

    def _vehicle(self, car: LivingCar) -> Vehicle:
        return self._by_cardata(car) if self.door == "cardata" else self._by_mybmw(car)

    def _by_mybmw(self, car: LivingCar) -> Vehicle:
        moment = self.clock()
        return build_vehicle(
            Answers(
                vin=car.vin,
                brand=ListBrand(car.brand),
                profile=car.profile,
                state={"capabilities": car.capabilities, "state": car.told_at(moment)},
                charging=car.charging,
                fetched_at=moment,
            )
        )

    def _by_cardata(self, car: LivingCar) -> Vehicle:
        """All that was heard of it so far."""
        moment, readings = self.clock(), self._heard.setdefault(car.vin, Readings())
        said = speaks_cardata.said(car.life, car.clock, moment)
        readings.take_answer({key: speaks_cardata.in_rest(entry) for key, entry in said.items()}, moment)
        return build_by_cardata(
            CarDataAnswers(
                vin=car.vin,
                basic=papers.basic_data(car.life.model),
                tires=papers.tire_diagnosis(car.life.model),
                readings=readings.told,
                noted=readings.oddities,
                fetched_at=moment,
            )
        )
