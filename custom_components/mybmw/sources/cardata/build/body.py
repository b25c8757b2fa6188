"""Doors, windows, lids, roof, lock and alarm."""

from collections.abc import Mapping
from typing import Final

from ....vehicle import Body, Lid, LockState, OpeningState, Window
from ..keys import Key
from .told import Told

_LEFT_HAND_LIDS: Final[dict[Key, Lid]] = {
    Key.DOOR_FRONT_DRIVER: Lid.DOOR_FRONT_LEFT,
    Key.DOOR_FRONT_PASSENGER: Lid.DOOR_FRONT_RIGHT,
    Key.DOOR_REAR_DRIVER: Lid.DOOR_REAR_LEFT,
    Key.DOOR_REAR_PASSENGER: Lid.DOOR_REAR_RIGHT,
}
_LEFT_HAND_WINDOWS: Final[dict[Key, Window]] = {
    Key.WINDOW_FRONT_DRIVER: Window.FRONT_LEFT,
    Key.WINDOW_FRONT_PASSENGER: Window.FRONT_RIGHT,
    Key.WINDOW_REAR_DRIVER: Window.REAR_LEFT,
    Key.WINDOW_REAR_PASSENGER: Window.REAR_RIGHT,
}
_RIGHT_HAND_LIDS: Final[dict[Key, Lid]] = {
    Key.DOOR_FRONT_DRIVER: Lid.DOOR_FRONT_RIGHT,
    Key.DOOR_FRONT_PASSENGER: Lid.DOOR_FRONT_LEFT,
    Key.DOOR_REAR_DRIVER: Lid.DOOR_REAR_RIGHT,
    Key.DOOR_REAR_PASSENGER: Lid.DOOR_REAR_LEFT,
}
_RIGHT_HAND_WINDOWS: Final[dict[Key, Window]] = {
    Key.WINDOW_FRONT_DRIVER: Window.FRONT_RIGHT,
    Key.WINDOW_FRONT_PASSENGER: Window.FRONT_LEFT,
    Key.WINDOW_REAR_DRIVER: Window.REAR_RIGHT,
    Key.WINDOW_REAR_PASSENGER: Window.REAR_LEFT,
}
_LIDS: Final[dict[Key, Lid]] = {Key.HOOD: Lid.HOOD, Key.TRUNK: Lid.TRUNK}
_WINDOWS: Final[dict[Key, Window]] = {Key.WINDOW_REAR: Window.REAR}
_OPENING: Final[Mapping[str, OpeningState]] = {
    "CLOSED": OpeningState.CLOSED,
    "OPEN": OpeningState.OPEN,
    "OPEN_TILT": OpeningState.OPEN_TILT,
    "INTERMEDIATE": OpeningState.INTERMEDIATE,
    "INTERMEDIATE_TILT": OpeningState.INTERMEDIATE,
}
_CONVERTIBLE: Final[Mapping[str, OpeningState]] = {
    "CLOSED": OpeningState.CLOSED,
    "CLOSEDSECURED": OpeningState.CLOSED,
    "EMERGENCYLOCKED": OpeningState.CLOSED,
    "HARDTOPMOUNTED": OpeningState.CLOSED,
    "OPEN": OpeningState.OPEN,
    "OPENSECURED": OpeningState.OPEN,
    "INTERMEDIATEPOSITION": OpeningState.INTERMEDIATE,
    "LOADINGPOSITION": OpeningState.INTERMEDIATE,
    "LOADINGPOSITIONIMMEDIATE": OpeningState.INTERMEDIATE,
}
_LOCK: Final[Mapping[str, LockState]] = LockState.__members__
_ALARM: Final[Mapping[str, bool | None]] = {"unarmed": False, "doorsOnly": True, "doorsTiltCabin": True}


def build_body(told: Told, *, is_left_hand_drive: bool | None, has_sunroof: bool | None) -> Body:
    """The openings the car speaks of. What it calls invalid it does not have."""
    is_right = is_left_hand_drive is False
    lids = _fitted(told, (_RIGHT_HAND_LIDS if is_right else _LEFT_HAND_LIDS) | _LIDS)
    windows = _fitted(told, (_RIGHT_HAND_WINDOWS if is_right else _LEFT_HAND_WINDOWS) | _WINDOWS)
    roof_type = None
    if (state := told.word(Key.CONVERTIBLE, _CONVERTIBLE, OpeningState.UNKNOWN)) is not None:
        lids[Lid.SUNROOF], roof_type = state, "convertible"
    elif has_sunroof is not False and (state := told.word(Key.SUNROOF, _OPENING, OpeningState.UNKNOWN)) is not None:
        lids[Lid.SUNROOF], roof_type = state, "sun_roof"
    lock, is_alarm_armed = _lock(told), told.word(Key.ALARM, _ALARM, None)
    return Body(
        as_of=told.as_of,
        lids=lids,
        windows=windows,
        roof_type=roof_type,
        lock=lock,
        is_alarm_armed=is_alarm_armed,
    )


def _fitted[T](told: Told, names: Mapping[Key, T]) -> dict[T, OpeningState]:
    return {
        opening: state
        for key, opening in names.items()
        if (state := told.word(key, _OPENING, OpeningState.UNKNOWN)) is not None
    }


def _lock(told: Told) -> LockState:
    """The lock, of which there is a descriptor for the stream and one for REST; the newer one counts."""
    stream, rest = told.reading(Key.LOCK), told.reading(Key.LOCK_IN_REST)
    if rest and (stream is None or rest.at > stream.at):
        return told.meaning(Key.LOCK_IN_REST, rest, _LOCK, LockState.UNKNOWN)
    return told.meaning(Key.LOCK, stream, _LOCK, LockState.UNKNOWN) if stream else LockState.UNKNOWN
