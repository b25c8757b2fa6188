"""Make, model, drive train and head unit."""

from collections.abc import Mapping
from typing import Final

from ....vehicle import Brand, DriveTrain, HeadUnit, Identity
from ...fields import Fields, Tokens
from ..keys import Key
from ..traps import is_left_hand_drive
from .told import Told

_BRAND: Final = Tokens(
    {
        "BMW": Brand.BMW,
        "BMWI": Brand.BMW,
        "BMW_I": Brand.BMW,
        "BMW MOTORRAD": Brand.BMW,
        "MINI": Brand.MINI,
        "TOYOTA": Brand.TOYOTA,
        "TOYOTA-SUPRA": Brand.TOYOTA,
    },
    absent=Brand.UNKNOWN,
    unlisted=Brand.UNKNOWN,
)
# Beyond the first three nothing was seen; the others are what BMW calls such cars elsewhere.
_DRIVE_TRAINS: Final[Mapping[str, DriveTrain]] = {
    "BEV": DriveTrain.ELECTRIC,
    "PHEV": DriveTrain.PLUGIN_HYBRID,
    "CONV": DriveTrain.COMBUSTION,
    "ICE": DriveTrain.COMBUSTION,
    "MHEV": DriveTrain.MILD_HYBRID,
    "HEV": DriveTrain.MILD_HYBRID,
    "BEV_REX": DriveTrain.ELECTRIC_WITH_RANGE_EXTENDER,
    "REX": DriveTrain.ELECTRIC_WITH_RANGE_EXTENDER,
    "BEVREX": DriveTrain.ELECTRIC_WITH_RANGE_EXTENDER,
}
_DRIVE_TRAIN: Final = Tokens(_DRIVE_TRAINS, absent=DriveTrain.UNKNOWN, unlisted=DriveTrain.UNKNOWN)


def build_identity(basic: Fields, told: Told) -> Identity:
    """What the car is. BMW tells no model year; the year in which the car was made has to do."""
    made = basic.moment("constructionDate")
    country = basic.text("countryCode") or basic.text("countryCodeISO")
    return Identity(
        brand=basic.token("brand", _BRAND),
        model=basic.text("modelName"),
        model_year=made.year if made else None,
        body_type=basic.text("seriesDevt"),
        country=country,
        is_left_hand_drive=is_left_hand_drive(basic.text("steering"), country),
        drive_train=_drive_train(basic, told),
        head_unit=HeadUnit(type=basic.text("headUnit")),
    )


def _drive_train(basic: Fields, told: Told) -> DriveTrain:
    """The drive train as BMW names it, or else by what only an electric car can say.

    A charging target or a fuel level proves nothing: petrol cars send the one, electric ones the other.
    """
    drive_train = basic.token("driveTrain", _DRIVE_TRAIN)
    if drive_train is not DriveTrain.UNKNOWN:
        return drive_train
    if told.readings.get(Key.SOC_HEADER) or told.readings.get(Key.SOC_DISPLAYED):
        is_hybrid = Key.FUEL in told.readings
        return DriveTrain.PLUGIN_HYBRID if is_hybrid else DriveTrain.ELECTRIC
    return DriveTrain.UNKNOWN
