"""From BMW's answers to a car: the only place that knows what is called what in the JSON of a vehicle.

Building never fails because of what BMW sent, and always starts from nothing: a value that is no longer sent is gone.
There is no document; what the fields mean is known from the recorded answers and the issues of
github.com/bimmerconnected/bimmer_connected.
"""

from ....vehicle import Oddity, Odometer, Vehicle
from ...fields import Fields, Oddities, Tokens
from .answers import Answers, vins_of
from .body import build_body
from .capabilities import build_capabilities
from .charging_plan import build_charging_plan
from .climate import build_climate
from .energy import build_energy
from .identity import build_identity
from .location import build_location
from .maintenance import build_maintenance
from .measures import KILOMETERS
from .tires import build_tires

__all__ = ["Answers", "build_vehicle", "vins_of"]

_PRIVACY_MODE = Tokens[bool | None]({"ON": True, "OFF": False}, absent=None, unlisted=None)


def build_vehicle(answers: Answers, *, in_china: bool = False) -> Vehicle:
    """The car that BMW described.

    `in_china` is whether the answers come from BMW's cloud for China, which speaks coordinates of its own.
    """
    oddities: Oddities = {}
    profile = Fields.of_answer(answers.profile, "profile", oddities)
    answer = Fields.of_answer(answers.state, "state", oddities)
    charging = Fields.of_answer(answers.charging, "charging", oddities)
    state, allowed = answer.part("state"), answer.part("capabilities")

    as_of = state.moment("lastUpdatedAt")  # when the car spoke
    read_at = state.moment("lastFetched") or answers.fetched_at.replace(microsecond=0)  # when BMW's cloud looked

    identity = build_identity(profile, state, answers.brand)
    climate = build_climate(state, as_of, read_at)
    return Vehicle(
        vin=answers.vin,
        identity=identity,
        capabilities=build_capabilities(allowed, state, climate),
        odometer=Odometer(as_of=as_of, mileage_km=state.integer("currentMileage", KILOMETERS)),
        body=build_body(state, as_of),
        energy=build_energy(state, identity.drive_train, as_of, read_at),
        charging_plan=build_charging_plan(state, charging, identity.drive_train, as_of),
        climate=climate,
        tires=build_tires(state, as_of),
        maintenance=build_maintenance(state, as_of),
        location=build_location(state, as_of, in_china=in_china),
        last_reported=as_of,
        is_in_deep_sleep=state.flag("isDeepSleepModeActive"),
        is_privacy_mode_on=state.part("driverPreferences").token("lscPrivacyMode", _PRIVACY_MODE),
        fetched_at=answers.fetched_at,
        oddities=tuple([Oddity(path=path, problem=problem) for path, problem in oddities.items()]),
    )
