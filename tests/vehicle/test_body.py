"""Doors, windows and locks."""

import pytest

from custom_components.mybmw.vehicle import Body, Lid, LockState, OpeningState, Window

CLOSED, OPEN, UNKNOWN = OpeningState.CLOSED, OpeningState.OPEN, OpeningState.UNKNOWN


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        (OpeningState.CLOSED, False),
        (OpeningState.OPEN, True),
        (OpeningState.OPEN_TILT, True),
        (OpeningState.INTERMEDIATE, True),
        (OpeningState.UNKNOWN, None),
    ],
)
def test_open_is_whatever_is_not_fully_closed(*, state: OpeningState, is_open: bool | None) -> None:
    assert state.is_open is is_open


@pytest.mark.parametrize(
    ("state", "is_locked"),
    [
        (LockState.LOCKED, True),
        (LockState.SECURED, True),
        (LockState.SELECTIVE_LOCKED, False),
        (LockState.PARTIALLY_LOCKED, False),
        (LockState.UNLOCKED, False),
        (LockState.UNKNOWN, None),
    ],
)
def test_locked_means_every_door(*, state: LockState, is_locked: bool | None) -> None:
    assert state.is_locked is is_locked


@pytest.mark.parametrize(
    ("states", "is_any_open"),
    [
        ((CLOSED, CLOSED), False),
        ((CLOSED, OPEN), True),
        ((UNKNOWN, OPEN), True),
        ((CLOSED, UNKNOWN), None),
        ((UNKNOWN,), None),
        ((), None),
    ],
)
def test_all_are_closed_only_if_each_is_known_to_be(
    *, states: tuple[OpeningState, ...], is_any_open: bool | None
) -> None:
    body = Body(lids=dict(zip(Lid, states, strict=False)), windows={})
    assert body.is_any_lid_open is is_any_open
    assert body.is_any_window_open is None
    body = Body(lids={}, windows=dict(zip(Window, states, strict=False)))
    assert body.is_any_lid_open is None
    assert body.is_any_window_open is is_any_open
