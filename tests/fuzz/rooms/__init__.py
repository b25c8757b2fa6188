"""The places where foreign data is read."""

from collections.abc import Sequence
from typing import Final

from tests.fuzz.play import Room

from .actions import ACTIONS
from .captcha import CAPTCHA
from .cardata import CARDATA, CARDATA_SIGN_IN
from .cars import CARS
from .cloud import CLOUD, CLOUD_LINE
from .commands import COMMANDS, COMMANDS_LINE
from .fingerprints import FINGERPRINTS
from .readings import READINGS
from .sign_in import SIGN_IN, SIGN_IN_LINE
from .stores import STORES

ROOMS: Final[Sequence[Room]] = (
    CARS,
    CLOUD,
    CLOUD_LINE,
    SIGN_IN,
    SIGN_IN_LINE,
    COMMANDS,
    COMMANDS_LINE,
    READINGS,
    CARDATA,
    CARDATA_SIGN_IN,
    CAPTCHA,
    FINGERPRINTS,
    ACTIONS,
    STORES,
)
