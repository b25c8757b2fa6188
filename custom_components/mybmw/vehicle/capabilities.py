"""What a car and its contract allow."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What this car reports by itself and what it can be asked to do; absent means no.

    `reports_state` is BMW's "last state call": the car sends its state on its own. Older cars without it can be
    commanded but tell almost nothing. `tracking` is whether the owner lets the car tell its position.
    `features` holds the names of every switch BMW sets for the car, for owners who wonder what their contract covers.
    """

    reports_state: bool = False
    tracking: bool = False
    lock: bool = False
    unlock: bool = False
    flash_lights: bool = False
    sound_horn: bool = False
    start_climate: bool = False
    stop_climate: bool = False
    find_vehicle: bool = False
    send_destination: bool = False
    start_charging: bool = False
    stop_charging: bool = False
    charging_plan: bool = False
    charging_settings: bool = False
    target_soc: bool = False
    ac_limit: bool = False
    features: frozenset[str] = frozenset()

    def read_only(self) -> Self:
        """What is left of these when the car may be watched but not be asked to do anything."""
        return type(self)(reports_state=self.reports_state, tracking=self.tracking, features=self.features)
