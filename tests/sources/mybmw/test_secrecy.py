"""What stands for a car in a traceback or a log does not tell which one it is."""

from custom_components.mybmw.sources import Fetch, TryLaterError
from custom_components.mybmw.sources.mybmw.brands import ListBrand
from custom_components.mybmw.sources.mybmw.build import build_vehicle
from custom_components.mybmw.sources.mybmw.garage import Car, Garage
from tests.recorded import RECORDED_CARS

from .answers import ASKED_AT, recorded_answers

I20 = RECORDED_CARS["I20"]


def tells_something(text: str) -> bool:
    """Whether a text names the car, or holds any of BMW's answers about it."""
    return any(secret in text for secret in (I20.vin, "iX xDrive50", "48.17", "WAVE_01", "mappingInfos"))


def test_no_answer_and_no_vin_stands_in_a_representation() -> None:
    answers = recorded_answers(I20)
    vehicle = build_vehicle(answers)
    car = Car(
        vin=I20.vin,
        brand=ListBrand.BMW,
        profile=I20.profile,
        state=I20.state,
        charging=I20.charging,
        charging_error=TryLaterError("BMW does not answer"),
        vehicle=vehicle,
    )
    garage = Garage()
    garage.take_in({ListBrand.BMW: {"mappingInfos": [{"vin": I20.vin}]}}, ASKED_AT)
    fetch = Fetch(vehicles={I20.vin: vehicle}, failures={I20.vin: TryLaterError("No")}, left_out=frozenset({I20.vin}))
    texts = [repr(thing) for thing in (answers, car, *garage.cars.values(), *garage.lists.values(), fetch)]
    assert [text for text in texts if tells_something(text)] == []
    assert "BMW does not answer" in repr(car)  # it is of use nevertheless
    assert tells_something(repr(vehicle))  # which none of them may show
