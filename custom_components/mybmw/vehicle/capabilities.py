"""What a car and its contract allow."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self


class ClimateFunction(StrEnum):
    """What the car does when its climate control is started from afar."""

    AIR_CONDITIONING = "air_conditioning"
    VENTILATION = "ventilation"
    ENGINE_START = "engine_start"


class ClimateTimerTrigger(StrEnum):
    """What a climate timer is set to: when to leave, or when to begin."""

    DEPARTURE_TIMER = "departure_timer"
    START_TIMER = "start_timer"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitalKey:
    """The key on a phone, in BMW's words ("activated", "smacc_2_uwb"): how it stands and what is paid for."""

    state: str | None = None
    package: str | None = None
    needs_software_upgrade: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What this car reports by itself and what it can be asked to do; absent means no.

    `reports_state` is BMW's "last state call": the car sends its state on its own. Older cars without it can be
    commanded but tell almost nothing. `tracking` is whether the owner lets the car tell its position.
    `last_state_call` and `state_source` are BMW's own words for how it comes to know the car's state. `features` holds
    the names of every switch BMW sets for the car and `services` those of the remote services that are activated, for
    owners who wonder what their contract covers.
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
    last_state_call: str | None = None
    state_source: str | None = None
    climate_function: ClimateFunction | None = None
    climate_timer_trigger: ClimateTimerTrigger | None = None
    digital_key: DigitalKey | None = None
    services: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()

    @property
    def takes_commands(self) -> bool:
        """Whether there is anything at all that the car can be asked to do."""
        return self != self.read_only()

    def read_only(self) -> Self:
        """What is left of these when the car may be watched but not be asked to do anything."""
        return replace(
            self,
            lock=False,
            unlock=False,
            flash_lights=False,
            sound_horn=False,
            start_climate=False,
            stop_climate=False,
            find_vehicle=False,
            send_destination=False,
            start_charging=False,
            stop_charging=False,
            charging_plan=False,
            charging_settings=False,
            target_soc=False,
            ac_limit=False,
        )
