"""Whether all is in order with an account: what the owner has set up in BMW's portal, and what has come of it."""

from collections.abc import Iterable, Mapping, Set as AbstractSet
from typing import Final

from .. import Check, Checkup, Obstacle, Verdict
from .access import Access
from .cars import Cars
from .container import ContainerKeeper
from .failures import Cause, cause_of
from .grant import API_SCOPE, STREAM_SCOPE
from .stream_status import StreamStatus, Trouble

_OBSTACLES: Final[Mapping[Trouble, Obstacle]] = {
    Trouble.REFUSED: Obstacle.REFUSED,
    Trouble.UNREACHABLE: Obstacle.UNREACHABLE,
    Trouble.BUSY: Obstacle.BUSY,
    Trouble.UNTRUSTED: Obstacle.UNTRUSTED,
    Trouble.NOT_PERMITTED: Obstacle.NOTHING_SELECTED,
}
"""Troubles of the stream that may be the owner's to see to."""


def check_up(access: Access, cars: Cars, stream: StreamStatus, heard: AbstractSet[str]) -> Checkup:
    """What is in order and what is not; nothing is asked of BMW. `heard` are the cars (VINs) that have streamed."""
    missing, causes = access.tokens.missing_scopes, _causes(cars)
    return {
        Check.API: _bad_if(API_SCOPE in missing or Cause.SCOPE_NOT_GRANTED in causes | {cars.roll_call.refused_by}),
        Check.STREAM: _bad_if(STREAM_SCOPE in missing),
        Check.CARS: _of_cars(cars, causes),
        Check.CONTAINER: _of_container(access.containers),
        Check.ALONE: _of_rivals(stream),
        Check.CONNECTION: _of_connection(stream),
        Check.MESSAGE: _of_messages(cars, heard),
    }


def obstacle_of(stream: StreamStatus) -> Obstacle | None:
    """What the owner might have to remove, if the newest attempt has failed by something of the kind."""
    return _OBSTACLES.get(stream.failed_by) if stream.failed_by else None


def _bad_if(bad: bool) -> Verdict:  # noqa: FBT001 (it is all there is to it)
    return Verdict.BAD if bad else Verdict.GOOD


def _causes(cars: Cars) -> frozenset[Cause]:
    troubles = (car.trouble for car in cars.by_vin.values())
    return frozenset(cause for trouble in troubles if trouble and (cause := cause_of(trouble)))


def _of_cars(cars: Cars, causes: Iterable[Cause]) -> Verdict:
    roll_call = cars.roll_call
    if roll_call.was_answered and (not cars.by_vin or Cause.VEHICLE_NOT_OURS in causes):
        return Verdict.BAD
    return Verdict.PENDING if not roll_call.was_answered or roll_call.none_since else Verdict.GOOD


def _of_container(containers: ContainerKeeper) -> Verdict:
    """A plain 403 is nobody's fault: it may be about anything, and a list that it says is too long becomes shorter."""
    if containers.refused_by:
        return Verdict.BAD
    return Verdict.GOOD if containers.has_answered else Verdict.PENDING


def _of_rivals(stream: StreamStatus) -> Verdict:
    """BMW lets somebody else in beside us for a moment, or instead of us for good: clients have seen both."""
    if stream.has_rival or (stream.is_stuck and stream.failed_by is Trouble.REFUSED):
        return Verdict.BAD
    return Verdict.GOOD if stream.connected_since else Verdict.PENDING


def _of_connection(stream: StreamStatus) -> Verdict:
    if stream.connected_since:
        return Verdict.GOOD
    return Verdict.BAD if stream.ended_by or stream.is_stuck else Verdict.PENDING


def _of_messages(cars: Cars, heard: AbstractSet[str]) -> Verdict:
    """Nothing is wrong with a car that is silent, however long: it may not have been driven."""
    return Verdict.GOOD if cars.by_vin and cars.by_vin.keys() <= heard else Verdict.PENDING
