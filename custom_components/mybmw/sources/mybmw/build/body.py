"""Doors, windows, lids, roof, lock and alarm."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from ....vehicle import Body, Lid, LockState, OpeningState, Window
from ...fields import Fields, Tokens, names_of

_LIDS: Final[Mapping[str, Lid]] = {
    "leftFront": Lid.DOOR_FRONT_LEFT,
    "rightFront": Lid.DOOR_FRONT_RIGHT,
    "leftRear": Lid.DOOR_REAR_LEFT,
    "rightRear": Lid.DOOR_REAR_RIGHT,
    "hood": Lid.HOOD,
    "trunk": Lid.TRUNK,
}
_WINDOWS: Final[Mapping[str, Window]] = {
    "leftFront": Window.FRONT_LEFT,
    "rightFront": Window.FRONT_RIGHT,
    "leftRear": Window.REAR_LEFT,
    "rightRear": Window.REAR_RIGHT,
    "rear": Window.REAR,
}
# None is for what the car does not have.
_OPENING: Final[Tokens[OpeningState | None]] = Tokens(
    {**OpeningState.__members__, "INVALID": None}, absent=None, unlisted=OpeningState.UNKNOWN
)
_LOCK: Final = names_of(LockState, unknown=LockState.UNKNOWN)
_ALARM: Final[Tokens[bool | None]] = Tokens({"ARMED": True, "NOT_ARMED": False}, absent=None, unlisted=None)


def build_body(state: Fields, as_of: datetime | None) -> Body:
    """The openings the car has, each on its own."""
    doors, roof = state.part("doorsState"), state.part("roofState")
    lids = _fitted(doors, _LIDS)
    if (sunroof := roof.token("roofState", _OPENING)) is not None:
        lids[Lid.SUNROOF] = sunroof
    return Body(
        as_of=as_of,
        lids=lids,
        windows=_fitted(state.part("windowsState"), _WINDOWS),
        roof_type=roof.word("roofStateType"),
        lock=doors.token("combinedSecurityState", _LOCK),
        is_alarm_armed=state.token("securityOverviewMode", _ALARM),
    )


def _fitted[T](openings: Fields, names: Mapping[str, T]) -> dict[T, OpeningState]:
    return {opening: state for key, opening in names.items() if (state := openings.token(key, _OPENING)) is not None}
