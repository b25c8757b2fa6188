"""Whether all is in order with an account: what the owner has set up in BMW's portal, and what has come of it."""

from collections.abc import Iterable
from typing import Final

from .. import Check, Checkup, Verdict
from .access import Access
from .cars import Cars
from .failures import Cause, cause_of
from .grant import API_SCOPE, STREAM_SCOPE
from .stream_status import StreamStatus, Trouble

_LISTENED_IN_VAIN: Final = frozenset({Trouble.BAD_CREDENTIALS, Trouble.NOT_PERMITTED, Trouble.RIVAL})
"""Troubles of the stream that do not pass by themselves."""

_NO_CONTAINER: Final = frozenset({Cause.CONTAINER_GONE, Cause.CONTAINER_LIMIT, Cause.KEY_UNKNOWN, Cause.UNEXPLAINED})


def check_up(access: Access, cars: Cars, stream: StreamStatus) -> Checkup:
    """What is in order and what is not; nothing is asked of BMW."""
    missing, causes = access.tokens.missing_scopes, _causes(cars)
    return {
        Check.API: _bad_if(API_SCOPE in missing or Cause.SCOPE_NOT_GRANTED in causes),
        Check.STREAM: _bad_if(STREAM_SCOPE in missing),
        Check.CARS: _of_cars(cars, causes),
        Check.CONTAINER: _of_container(access, causes),
        Check.CONNECTION: _of_connection(stream),
        Check.MESSAGE: Verdict.GOOD if stream.last_message_at else Verdict.PENDING,
    }


def _bad_if(bad: bool) -> Verdict:  # noqa: FBT001 (it is all there is to it)
    return Verdict.BAD if bad else Verdict.GOOD


def _causes(cars: Cars) -> frozenset[Cause]:
    troubles = (car.trouble for car in cars.by_vin.values())
    return frozenset(cause for trouble in troubles if trouble and (cause := cause_of(trouble)))


def _of_cars(cars: Cars, causes: Iterable[Cause]) -> Verdict:
    if cars.looked_at is None:
        return Verdict.PENDING
    return _bad_if(not cars.by_vin or Cause.VEHICLE_NOT_OURS in causes)


def _of_container(access: Access, causes: frozenset[Cause]) -> Verdict:
    if causes & _NO_CONTAINER:
        return Verdict.BAD
    return Verdict.GOOD if access.containers.is_there else Verdict.PENDING


def _of_connection(stream: StreamStatus) -> Verdict:
    if stream.has_rival or stream.ended_by:
        return Verdict.BAD
    if stream.connected_since:
        return Verdict.GOOD
    return Verdict.BAD if stream.trouble in _LISTENED_IN_VAIN else Verdict.PENDING
