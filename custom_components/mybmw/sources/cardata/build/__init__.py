"""From what BMW told about a car to the car, one file per part, named as in `vehicle/`.

Building never fails because of what BMW sent. Where the same thing is said in several ways, or not to be believed, the
room of traps decides.
"""

from ....vehicle import Capabilities, Oddity, Odometer, Vehicle
from ...fields import Fields, Oddities
from ..keys import Key
from ..traps import last_reported
from .answers import Answers
from .body import build_body
from .charging_history import build_charging_sessions
from .charging_plan import build_charging_plan
from .climate import build_climate
from .energy import build_energy
from .extras import build_extras
from .identity import build_identity
from .location import build_location, build_motion
from .maintenance import build_maintenance
from .measures import KILOMETERS
from .tires import build_tires
from .told import Told

__all__ = ["Answers", "build_charging_sessions", "build_vehicle"]


def build_vehicle(answers: Answers) -> Vehicle:
    """The car that BMW told about. It can be asked to do nothing: CarData only tells."""
    oddities: Oddities = dict(answers.noted)
    told = Told(answers.readings, oddities)
    basic = Fields.of_answer(answers.basic, "basic", oddities)
    tires = Fields.of_answer(answers.tires, "tires", oddities)
    identity = build_identity(basic, told)
    location = build_location(told.part())
    spoke_at = last_reported(answers.readings)
    return Vehicle(
        vin=answers.vin,
        identity=identity,
        capabilities=Capabilities(reports_state=True, tracking=location is not None),
        odometer=_odometer(told.part()),
        body=build_body(
            told.part(),
            is_left_hand_drive=identity.is_left_hand_drive,
            has_sunroof=basic.flag("hasSunRoof"),
        ),
        energy=build_energy(told, basic, identity.drive_train),
        charging_plan=build_charging_plan(told.part(), identity.drive_train),
        climate=build_climate(told.part()),
        tires=build_tires(told.part(), tires),
        maintenance=build_maintenance(told.part()),
        location=location,
        motion=build_motion(told.part()),
        last_reported=spoke_at,
        is_in_deep_sleep=told.flag(Key.IN_DEEP_SLEEP),
        extras=build_extras(answers.readings),
        fetched_at=answers.fetched_at,
        oddities=tuple([Oddity(path=path, problem=problem) for path, problem in oddities.items()]),
    )


def _odometer(told: Told) -> Odometer:
    mileage_km = told.integer(Key.MILEAGE, "km", KILOMETERS)
    return Odometer(as_of=told.as_of, mileage_km=mileage_km)
