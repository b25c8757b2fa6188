"""Make, model, drive train, head unit and software."""

from typing import Final

from ....vehicle import Brand, DriveTrain, HeadUnit, Identity, Software
from ...fields import Fields, Tokens, names_of
from ..brands import ListBrand

# Toyota's cars are those of a "third-party customer".
_BRAND: Final[Tokens[Brand | None]] = Tokens(
    {"BMW": Brand.BMW, "BMW_I": Brand.BMW, "MINI": Brand.MINI, "DRITTKUNDE": Brand.TOYOTA, "TOYOTA": Brand.TOYOTA},
    absent=None,
    unlisted=None,
)
_DRIVE_TRAIN: Final = names_of(DriveTrain, unknown=DriveTrain.UNKNOWN, more={"HYBRID": DriveTrain.MILD_HYBRID})

_YEARS: Final = range(1950, 2100)
_COLORS: Final = range(2**32)
_MONTHS: Final = range(1, 13)
_YEARS_OF_CENTURY: Final = range(100)
_STEPS: Final = range(100_000)


def build_identity(profile: Fields, listed: ListBrand, *, is_left_hand_drive: bool | None) -> Identity:
    """What the car is; which list it stands on tells the make if the profile does not, the state where one steers."""
    return Identity(
        brand=profile.token("brand", _BRAND) or listed.make,
        model=profile.text("model"),
        model_year=profile.integer("year", _YEARS),
        body_type=profile.text("bodyType"),
        color_argb=profile.integer("color", _COLORS),
        country=profile.text("countryOfOrigin"),
        is_left_hand_drive=is_left_hand_drive,
        drive_train=profile.token("driveTrain", _DRIVE_TRAIN),
        head_unit=HeadUnit(
            type=profile.text("headUnitType"),
            hardware=profile.text("headUnitRaw"),
            idrive=profile.text("hmiVersion"),
        ),
        telematics_unit=profile.text("telematicsUnit"),
        software=_software(profile.part("softwareVersionCurrent")),
        software_ex_factory=_software(profile.part("softwareVersionExFactory")),
    )


def _software(version: Fields) -> Software | None:
    """A release; its year comes without the century."""
    release = version.part("puStep")
    month = release.integer("month", _MONTHS)
    year = release.integer("year", _YEARS_OF_CENTURY)
    step = version.integer("iStep", _STEPS)
    if month is None or year is None or step is None:
        return None
    return Software(month=month, year=2000 + year, step=step, series=version.text("seriesCluster"))
