"""Which troubles of the stream become the owner's, and when."""

from datetime import timedelta
from typing import Final, Protocol

import pytest

from custom_components.mybmw.sources.cardata.failures import Cause, SignInFailedError
from custom_components.mybmw.sources.cardata.stream_refusals import Refusals
from custom_components.mybmw.sources.cardata.stream_status import Trouble
from custom_components.mybmw.sources.cardata.stream_troubles import Troubles

from .rig import Time

A_DAY: Final = 24 * 60


@pytest.fixture
def troubles(time: Time) -> Troubles:
    """Nothing went wrong yet."""
    return Troubles(time)


class Note(Protocol):
    """Has attempts fail."""

    def __call__(self, *reasons: Trouble, minutes: int = 1) -> None:
        """One every minute, for each of these reasons in turn."""
        ...


@pytest.fixture
def note(troubles: Troubles, time: Time) -> Note:
    def note(*reasons: Trouble, minutes: int = 1) -> None:
        for minute in range(minutes):
            time.now += timedelta(minutes=1)
            troubles.note(reasons[minute % len(reasons)])

    return note


def is_owners(troubles: Troubles) -> bool:
    return troubles.is_stuck


@pytest.mark.parametrize(
    ("trouble", "is_owners_after"),
    [
        (Trouble.NOT_PERMITTED, 0),
        (Trouble.REFUSED, 60),
        (Trouble.UNTRUSTED, 60),
        (Trouble.UNREACHABLE, 180),
        (Trouble.BUSY, 180),
        *((one, None) for one in (Trouble.NO_KEY, Trouble.BAD_CREDENTIALS, Trouble.HUNG_UP)),
        *((one, None) for one in (Trouble.DROPPED, Trouble.RIVAL, Trouble.BUG)),
    ],
)
def test_what_lasts_becomes_the_owners_if_it_may_be(
    troubles: Troubles, note: Note, trouble: Trouble, is_owners_after: int | None
) -> None:
    """An outage of BMW's is not, or only when it has lasted: how should one tell it from a port that is blocked?"""
    lasted = 0
    note(trouble)
    while not is_owners(troubles) and lasted < A_DAY:
        note(trouble)
        lasted += 1
    assert (lasted if is_owners(troubles) else None) == is_owners_after


def test_it_is_over_as_soon_as_there_is_a_connection(troubles: Troubles, note: Note) -> None:
    note(Trouble.REFUSED, minutes=90)
    assert is_owners(troubles)
    troubles.connected()
    assert (is_owners(troubles), troubles.failed_by) == (False, None)
    assert troubles.last is Trouble.REFUSED


def test_to_get_in_for_some_seconds_is_not_the_end_of_it(troubles: Troubles, note: Note) -> None:
    """Another client leaves a gap when it exchanges its token, and then takes the connection back."""
    note(Trouble.REFUSED, minutes=90)
    troubles.connected()
    note(Trouble.DROPPED)
    assert not is_owners(troubles)
    note(Trouble.REFUSED)
    assert is_owners(troubles)
    troubles.connected()
    troubles.forget()
    note(Trouble.REFUSED, minutes=59)
    assert not is_owners(troubles)


def test_something_else_in_between_does_not_hide_it(troubles: Troubles, note: Note) -> None:
    note(Trouble.REFUSED, Trouble.BUSY, minutes=91)
    assert (troubles.failed_by, is_owners(troubles)) == (Trouble.REFUSED, True)


def test_what_comes_after_an_outage_begins_anew(troubles: Troubles, note: Note, time: Time) -> None:
    """No message for half a minute because the internet is back a moment before all of its servers are."""
    note(Trouble.UNREACHABLE, minutes=60)
    note(Trouble.NO_KEY, minutes=5 * 60)
    note(Trouble.UNREACHABLE)
    assert not is_owners(troubles)
    note(Trouble.REFUSED, minutes=5)
    time.now += timedelta(hours=8)  # for which the computer slept
    note(Trouble.REFUSED)
    assert not is_owners(troubles)


def test_a_clock_that_is_set_back_tells_nothing_early(troubles: Troubles, note: Note, time: Time) -> None:
    note(Trouble.REFUSED, minutes=30)
    time.now -= timedelta(hours=5)
    note(Trouble.REFUSED, minutes=60)
    assert not is_owners(troubles)
    note(Trouble.REFUSED)
    assert is_owners(troubles)


def test_several_tokens_have_to_be_bad_for_an_hour(time: Time) -> None:
    refusals = Refusals(time)
    worn = []
    for token in ("first", "second", "second"):
        refusals.note(Trouble.BAD_CREDENTIALS, token)
        worn.append(refusals.worn)
    assert worn == ["first", None, None], "the second one is exchanged only in a while"
    time.now += timedelta(hours=7)
    assert refusals.worn == "second"
    refusals.note(Trouble.BAD_CREDENTIALS, "second")
    with pytest.raises(SignInFailedError) as failed:
        refusals.note(Trouble.BAD_CREDENTIALS, "third")
    assert failed.value.cause is Cause.TOKEN_NOT_ACCEPTED
    assert "third" not in str(failed.value)


def test_a_token_that_is_accepted_ends_the_count(time: Time) -> None:
    refusals = Refusals(time)
    for token in ("first", "second", "third", "fourth"):
        refusals.note(Trouble.BAD_CREDENTIALS, token)
        time.now += timedelta(minutes=50)
        refusals.accepted()
        assert refusals.worn is None
    refusals.note(Trouble.REFUSED, "fifth")
    refusals.note(Trouble.REFUSED, "sixth")
    assert refusals.worn == "fifth", "one without a reason is exchanged once"
