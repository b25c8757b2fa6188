"""From BMW's answers to a car: the only place that knows what is called what in the JSON of a vehicle.

Building never fails because of what BMW sent, and a value that is no longer sent is gone: what is not made from nothing
is what the very same answer made before. There is no document; what the fields mean is known from the recorded answers
and the issues of github.com/bimmerconnected/bimmer_connected.
"""

from dataclasses import replace
from itertools import islice

from ....vehicle import ClimateActivity, Oddity, Odometer, Vehicle
from ...fields import MOST_ODDITIES, Fields, Oddities, Tokens
from .answers import Answers, vins_of
from .body import build_body
from .capabilities import build_capabilities
from .charging_plan import build_charging_plan
from .climate import build_climate
from .energy import build_energy
from .identity import build_identity
from .lasting import Lasting
from .location import build_location
from .maintenance import build_maintenance
from .measures import KILOMETERS
from .tires import build_tires

__all__ = ["Answers", "Lasting", "build_vehicle", "vins_of"]

_PRIVACY_MODE = Tokens[bool | None]({"ON": True, "OFF": False}, absent=None, unlisted=None)


def build_vehicle(answers: Answers, *, in_china: bool = False, lasting: Lasting | None = None) -> Vehicle:
    """The car that BMW described.

    `in_china` is whether the answers come from BMW's cloud for China, which speaks coordinates of its own. `lasting` is
    what was made of the same car before, and learns what is made of it now.
    """
    lasting = lasting or Lasting()
    oddities: Oddities = {}
    answer = Fields.of_answer(answers.state, "state", oddities)
    charging = Fields.of_answer(answers.charging, "charging", oddities)
    profile = Fields.of_answer(answers.profile, "profile", oddities)
    state, allowed = answer.part("state"), answer.part("capabilities")
    plan, tire_state = state.part("chargingProfile"), state.part("tireState")
    services_and_messages = state.raw.get("requiredServices"), state.raw.get("checkControlMessages")

    as_of = state.moment("lastUpdatedAt")  # when the car spoke
    read_at = state.moment("lastFetched") or answers.fetched_at.replace(microsecond=0)  # when BMW's cloud looked

    is_left_hand_drive, reports_state = state.flag("isLeftSteering"), state.flag("isLscSupported") is True
    climate = build_climate(state, as_of, read_at)
    tells_climate = climate is not None and climate.activity is not ClimateActivity.UNKNOWN

    identity = lasting.identity.made_of(
        (answers.profile, answers.brand, is_left_hand_drive),
        lambda: build_identity(profile, answers.brand, is_left_hand_drive=is_left_hand_drive),
        oddities,
    )
    capabilities = lasting.capabilities.made_of(
        (allowed.raw, reports_state, tells_climate),
        lambda: build_capabilities(allowed, reports_state=reports_state, tells_climate=tells_climate),
        oddities,
    )
    charging_plan = lasting.charging_plan.made_of(
        (plan.raw, charging.raw, identity.drive_train),
        lambda: build_charging_plan(plan, charging, identity.drive_train),
        oddities,
    )
    tires = lasting.tires.made_of(tire_state.raw, lambda: build_tires(tire_state), oddities)
    maintenance = lasting.maintenance.made_of(services_and_messages, lambda: build_maintenance(state), oddities)
    return Vehicle(
        vin=answers.vin,
        identity=identity,
        capabilities=capabilities,
        odometer=Odometer(as_of=as_of, mileage_km=state.integer("currentMileage", KILOMETERS)),
        body=build_body(state, as_of),
        energy=build_energy(state, identity.drive_train, as_of, read_at),
        charging_plan=None if charging_plan is None else replace(charging_plan, as_of=as_of),
        climate=climate,
        tires=None if tires is None else replace(tires, as_of=as_of),
        maintenance=replace(maintenance, as_of=as_of),
        location=build_location(state, as_of, in_china=in_china),
        last_reported=as_of,
        is_in_deep_sleep=state.flag("isDeepSleepModeActive"),
        is_privacy_mode_on=state.part("driverPreferences").token("lscPrivacyMode", _PRIVACY_MODE),
        fetched_at=answers.fetched_at,
        oddities=tuple([Oddity(path=path, problem=oddities[path]) for path in islice(oddities, MOST_ODDITIES)]),
    )
