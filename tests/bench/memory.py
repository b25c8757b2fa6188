"""What a car takes in memory: its answers, which are kept for diagnostics, and the vehicle made of them.

Run as `python -m tests.bench.memory ours|theirs CARS`.
"""

from datetime import UTC, datetime
import gc
import logging
import sys
import tracemalloc

from bimmer_connected.account import MyBMWAccount
from bimmer_connected.api.regions import Regions
from bimmer_connected.vehicle import MyBMWVehicle
import orjson

from custom_components.mybmw.sources import Json
from custom_components.mybmw.sources.mybmw.brands import ListBrand
from custom_components.mybmw.sources.mybmw.build import Answers, build_vehicle
from custom_components.mybmw.sources.mybmw.garage import Car
from tests.recorded import RecordedCar

from .fleet import fleet


def bytes_per_car(who: str, cars: int) -> int:
    """How much more is in use for each car when all have been read."""
    wanted = fleet(cars)
    now = datetime.now(UTC)
    account = MyBMWAccount("user", "password", Regions.REST_OF_WORLD)
    read = [_ours(car, now) if who == "ours" else _theirs(car, account, now) for car in fleet(9)]  # all caches are full
    del read
    gc.collect()
    tracemalloc.start()
    read = [_ours(car, now) if who == "ours" else _theirs(car, account, now) for car in wanted]
    gc.collect()
    used, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(read) == cars
    return used // cars


def _ours(car: RecordedCar, now: datetime) -> object:
    profile, state, charging = _received(car.profile), _received(car.state), _received(car.charging)
    answers = Answers(
        vin=car.vin, brand=ListBrand(car.brand), profile=profile, state=state, charging=charging, fetched_at=now
    )
    kept = Car(vin=car.vin, brand=answers.brand, profile=profile, state=state, charging=charging)
    kept.take_vehicle(build_vehicle(answers, lasting=kept.lasting))
    return kept


def _theirs(car: RecordedCar, account: MyBMWAccount, now: datetime) -> object:
    profile, state, charging = _received(car.profile), _received(car.state), _received(car.charging)
    assert isinstance(profile, dict)
    assert isinstance(state, dict)
    attributes = {key: value for key, value in profile.items() if key != "vin"}
    if car.brand == "toyota":  # as their account does
        attributes["brand"] = "TOYOTA"
    kept = MyBMWVehicle(account, {"vin": car.vin, "attributes": attributes}, now)
    kept.update_state([state, {"charging_settings": charging}], now)
    return kept


def _received(answer: Json) -> Json:
    """An answer as it comes from the wire: of nothing but new objects."""
    document: Json = orjson.loads(orjson.dumps(answer))
    return document


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(bytes_per_car(sys.argv[1], int(sys.argv[2])))  # noqa: T201 (is read by who started it)
