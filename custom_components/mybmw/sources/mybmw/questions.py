"""What BMW's cloud can be asked about an account and its cars."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ...vehicle import View
from .build import ListBrand

_LIST_PATH: Final = "/eadrax-vcs/v5/vehicle-list"
_PROFILE_PATH: Final = "/eadrax-vcs/v5/vehicle-data/profile"
_STATE_PATH: Final = "/eadrax-vcs/v4/vehicles/state"
_CHARGING_PATH: Final = "/eadrax-crccs/v2/vehicles"
_PICTURE_PATH: Final = "/eadrax-ics/v5/presentation/vehicles/images"

VIEWS: Final[Mapping[View, str]] = {
    View.FRONT_SIDE: "VehicleStatus",
    View.FRONT: "FrontView",
    View.FRONT_LEFT: "FrontLeft",
    View.FRONT_RIGHT: "FrontRight",
    View.SIDE: "SideViewLeft",
    View.ANGLE_40: "AngleSideViewForty",
    View.ANGLE_60: "AngleSideViewSixty",
    View.REAR_LEFT: "RearLeft",
    View.REAR_RIGHT: "RearRight",
    View.REAR: "RearView",
    View.DRIVER_DOOR: "Driverdoor",
    View.DASHBOARD: "Dashboard",
}
"""The pictures that BMW has of a car, and what it calls them (`bimmer_connected` 0.17, `VehicleViewDirection`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request for data; who asks and with which right is added when it is sent. The path may be logged."""

    method: str
    path: str
    brand: ListBrand
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict)


def vehicle_list(brand: ListBrand) -> Question:
    """Which cars of a brand are on the account."""
    return Question(method="POST", path=_LIST_PATH, brand=brand)


def profile(brand: ListBrand, vin: str) -> Question:
    """What a car is from the factory on."""
    return Question(method="GET", path=_PROFILE_PATH, brand=brand, headers={"bmw-vin": vin})


def state(brand: ListBrand, vin: str, now: datetime) -> Question:
    """How a car is, and what it can do."""
    return Question(
        method="GET",
        path=_STATE_PATH,
        brand=brand,
        headers={"bmw-vin": vin},
        params={"apptimezone": "0", "appDateTime": str(int(now.timestamp() * 1000))},
    )


def charging(brand: ListBrand, vin: str, now: datetime, *, with_settings: bool) -> Question:
    """How a car is set to charge; `with_settings` is whether it has a charging target or current to choose."""
    return Question(
        method="GET",
        path=_CHARGING_PATH,
        brand=brand,
        headers={"bmw-vin": vin, "bmw-current-date": now.isoformat(timespec="seconds")},
        params={
            "fields": "charging-profile",
            "has_charging_settings_capabilities": "true" if with_settings else "false",
        },
    )


def picture(brand: ListBrand, vin: str, view: View) -> Question:
    """How a car looks; the answer is a picture."""
    return Question(
        method="GET",
        path=_PICTURE_PATH,
        brand=brand,
        headers={"bmw-vin": vin, "accept": "image/png", "bmw-app-vehicle-type": "connected"},
        params={"carView": VIEWS[view], "toCrop": "true"},
    )
