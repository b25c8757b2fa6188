"""What BMW is asked about a car, and which cars there are to ask about."""

from dataclasses import dataclass, field
from datetime import datetime
import re
from typing import Final

from ... import Json
from ...fields import Fields
from ..brands import ListBrand

MOST_CARS: Final = 1_000
"""No more of a list are read; no fleet in one account is known to be larger."""

# It will stand in headers and paths of requests.
_VIN: Final = re.compile(r"[A-Za-z0-9]{17}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """All that BMW answered about one car; None where it was not asked or did not answer.

    `brand` is the list the car stands on, `profile` the car from the factory on, `state` how it is now and what it
    allows, `charging` its charging details. `fetched_at` is when it was asked.
    """

    vin: str = field(repr=False)
    brand: ListBrand
    profile: Json = field(repr=False)
    state: Json = field(repr=False)
    charging: Json = field(repr=False)
    fetched_at: datetime


def vins_of(vehicle_list: Json) -> tuple[str, ...]:
    """The cars on a list, each once, by vehicle identification number."""
    entries = Fields.of_answer(vehicle_list, "list", {}).parts("mappingInfos", MOST_CARS) or ()
    vins = [vin for entry in entries if (vin := entry.text("vin")) and _VIN.fullmatch(vin)]
    return tuple(dict.fromkeys(vins))
