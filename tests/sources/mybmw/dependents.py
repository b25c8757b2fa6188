"""What is made of which part of the answers about a car."""

from collections.abc import Mapping
from typing import Final

from tests.fuzz.junk import Path

_DATED: Final = {
    "odometer",
    "body",
    "energy",
    "charging_plan",
    "climate",
    "tires",
    "maintenance",
    "location",
}
DEPENDENTS: Final[Mapping[Path, set[str]]] = {
    ("profile", "bodyType"): {"identity"},
    ("profile", "brand"): {"identity"},
    ("profile", "color"): {"identity"},
    ("profile", "countryOfOrigin"): {"identity"},
    ("profile", "driveTrain"): {"identity", "energy", "charging_plan"},
    ("profile", "driverGuideInfo"): set(),
    ("profile", "headUnitRaw"): {"identity"},
    ("profile", "headUnitType"): {"identity"},
    ("profile", "hmiVersion"): {"identity"},
    ("profile", "model"): {"identity"},
    ("profile", "softwareVersionCurrent"): {"identity"},
    ("profile", "softwareVersionExFactory"): {"identity"},
    ("profile", "telematicsUnit"): {"identity"},
    ("profile", "vin"): set(),
    ("profile", "year"): {"identity"},
    ("state", "capabilities"): {"capabilities"},
    ("state", "state", "checkControlMessages"): {"maintenance"},
    ("state", "state", "chargingProfile"): {"charging_plan"},
    ("state", "state", "climateControlState"): {"climate", "capabilities"},
    ("state", "state", "climateTimers"): {"climate"},
    ("state", "state", "combustionFuelLevel"): {"energy"},
    ("state", "state", "currentMileage"): {"odometer"},
    ("state", "state", "doorsState"): {"body"},
    ("state", "state", "driverPreferences"): {"is_privacy_mode_on"},
    ("state", "state", "electricChargingState"): {"energy"},
    ("state", "state", "isDeepSleepModeActive"): {"is_in_deep_sleep"},
    ("state", "state", "isLeftSteering"): {"identity"},
    ("state", "state", "isLscSupported"): {"capabilities"},
    ("state", "state", "lastFetched"): {"energy", "climate"},
    ("state", "state", "lastUpdatedAt"): {*_DATED, "last_reported"},
    ("state", "state", "location"): {"location"},
    ("state", "state", "range"): set(),
    ("state", "state", "requiredServices"): {"maintenance"},
    ("state", "state", "roofState"): {"body"},
    ("state", "state", "securityOverviewMode"): {"body"},
    ("state", "state", "tireState"): {"tires"},
    ("state", "state", "vehicleSoftwareVersion"): set(),
    ("state", "state", "windowsState"): {"body"},
    ("charging",): {"charging_plan"},
}
"""What may change in a car when something changes in one part of the answers."""
