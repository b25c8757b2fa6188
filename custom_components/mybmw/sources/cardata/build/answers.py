"""What is known about one car."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ... import Json
from ..reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """All that BMW told about one car, whichever way; None where it was not asked or did not answer.

    `basic` is the car from the factory on, `tires` what it thinks of its tires, `readings` how it is and `noted` what
    was odd about them, by descriptor. `fetched_at` is when BMW last told anything.
    """

    vin: str
    basic: Json
    tires: Json
    readings: Mapping[str, Reading]
    fetched_at: datetime
    noted: Mapping[str, str] = field(default_factory=dict)
