"""The places where foreign data is read."""

from collections.abc import Sequence
from typing import Final

from tests.fuzz.play import Room

from .actions import ACTIONS
from .captcha import CAPTCHA
from .cardata import CARDATA, CARDATA_SIGN_IN
from .cars import CARS
from .cloud import CLOUD
from .commands import COMMANDS
from .fingerprints import FINGERPRINTS
from .readings import READINGS
from .sign_in import SIGN_IN
from .stores import STORES

ROOMS: Final[Sequence[Room]] = (
    CARS,
    CLOUD,
    SIGN_IN,
    COMMANDS,
    READINGS,
    CARDATA,
    CARDATA_SIGN_IN,
    CAPTCHA,
    FINGERPRINTS,
    ACTIONS,
    STORES,
)
