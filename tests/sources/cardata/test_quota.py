"""Fifty calls a day, whatever happens: never one more in any 24 hours, and some kept for the owner."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.mybmw.sources import Credentials, Json, SlowDownError
from custom_components.mybmw.sources.cardata.memory import Memory, Page
from custom_components.mybmw.sources.cardata.quota import LIMIT, RESERVE, WINDOW, Ledger, Reason

from .rig import NOW, Clock

DAY: Final = timedelta(hours=24)


class Book:
    """A ledger that can be closed and opened again, as a restart does."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.stored: Credentials = {}
        self.ledger = Ledger(Memory({}, self.keep), clock)

    async def keep(self, credentials: Credentials) -> None:
        """Store it."""
        self.stored = credentials

    def reopen(self) -> None:
        """Forget all but what is stored."""
        self.ledger = Ledger(Memory(self.stored, self.keep), self.clock)

    async def fill(self, reason: Reason = Reason.OWNER) -> int:
        """Make calls until there are no more."""
        count = 0
        while self.ledger.may_call(reason):
            await self.ledger.book(reason)
            count += 1
        return count


@pytest.fixture
def book(clock: Clock) -> Book:
    """An empty one."""
    return Book(clock)


async def test_an_empty_ledger(book: Book) -> None:
    assert book.ledger.calls_left == LIMIT == 50
    assert book.ledger.last_call is None
    assert book.ledger.next_frees_at is None
    assert book.ledger.calls == ()


async def test_the_fifty_first_is_not_made(book: Book, clock: Clock) -> None:
    assert await book.fill() == 50
    assert book.ledger.calls_left == 0
    with pytest.raises(SlowDownError) as raised:
        await book.ledger.book(Reason.OWNER)
    assert raised.value.until == clock() + WINDOW
    assert len(book.ledger.calls) == 50


async def test_a_call_that_took_its_time_to_get_there_still_counts(book: Book, clock: Clock) -> None:
    await book.fill()
    clock.now = NOW + DAY
    assert book.ledger.calls_left == 0


async def test_the_reserve_is_the_owners(book: Book) -> None:
    assert await book.fill(Reason.DAILY) == LIMIT - RESERVE
    for reason in {*Reason} - {Reason.OWNER}:
        with pytest.raises(SlowDownError):
            await book.ledger.book(reason)
    assert book.ledger.calls_left == RESERVE
    assert await book.fill(Reason.OWNER) == RESERVE


async def test_the_reason_and_the_time_of_the_last_call(book: Book, clock: Clock) -> None:
    await book.ledger.book(Reason.DAILY)
    clock.advance(hours=1)
    await book.ledger.book(Reason.CHARGE_ENDED)
    book.reopen()
    assert book.ledger.last_call
    assert (book.ledger.last_call.at, book.ledger.last_call.reason) == (clock(), Reason.CHARGE_ENDED)
    assert book.ledger.next_frees_at == NOW + WINDOW
    assert book.ledger.calls_left == 48


async def test_calls_come_back_one_by_one(book: Book, clock: Clock) -> None:
    for _ in range(50):
        await book.ledger.book(Reason.OWNER)
        clock.advance(minutes=1)
    clock.now = NOW + WINDOW
    assert book.ledger.calls_left == 1
    clock.advance(minutes=2)
    assert book.ledger.calls_left == 3


async def test_who_needs_several_waits_for_several(book: Book, clock: Clock) -> None:
    for _ in range(50):
        await book.ledger.book(Reason.OWNER)
        clock.advance(minutes=1)
    with pytest.raises(SlowDownError) as raised:
        book.ledger.require(Reason.OWNER, 3)
    assert raised.value.until == NOW + timedelta(minutes=2) + WINDOW
    with pytest.raises(SlowDownError) as raised:
        book.ledger.require(Reason.DAILY)
    assert raised.value.until == NOW + timedelta(minutes=RESERVE) + WINDOW


async def test_who_needs_more_than_there_ever_are(book: Book, clock: Clock) -> None:
    with pytest.raises(SlowDownError) as raised:
        book.ledger.require(Reason.OWNER, 51)
    assert raised.value.until == clock() + WINDOW


async def test_bmws_no_fills_the_ledger_until_it_may_count_anew(book: Book, clock: Clock) -> None:
    until = await book.ledger.close()
    assert until == datetime.combine(NOW.date() + timedelta(days=1), datetime.min.time(), NOW.tzinfo) + timedelta(
        minutes=5
    )
    book.reopen()
    assert book.ledger.calls_left == 0
    assert book.ledger.next_frees_at == until
    with pytest.raises(SlowDownError) as raised:
        await book.ledger.book(Reason.OWNER)
    assert raised.value.until == until
    clock.now = until
    assert book.ledger.calls_left == 50


async def test_or_until_the_oldest_of_our_calls_may_count_no_more(book: Book, clock: Clock) -> None:
    await book.ledger.book(Reason.DAILY)
    clock.advance(hours=22)
    assert await book.ledger.close() == NOW + WINDOW


async def test_but_not_at_once(book: Book, clock: Clock) -> None:
    clock.now = NOW.replace(hour=23, minute=59)
    assert await book.ledger.close() == clock() + timedelta(hours=1)


async def test_a_wait_that_bmw_names_is_believed_from_an_hour_up_to_a_day(book: Book, clock: Clock) -> None:
    for named, hours in ((timedelta(seconds=1), 1), (timedelta(hours=5), 5), (timedelta(days=30), 24)):
        assert await book.ledger.close(named) == clock() + timedelta(hours=hours)


async def test_a_clock_that_was_wrong_blocks_nobody_for_long(book: Book, clock: Clock) -> None:
    clock.now = NOW + timedelta(days=400)
    await book.fill()
    await book.ledger.close()
    clock.now = NOW
    book.reopen()
    assert book.ledger.calls_left == 0, "they were made, whenever that was"
    clock.now = NOW + WINDOW
    assert book.ledger.calls_left == 50


async def test_a_computer_that_begins_in_1970_forgets_no_call(book: Book, clock: Clock) -> None:
    await book.fill()
    clock.now = datetime(1970, 1, 1, tzinfo=UTC)
    book.reopen()
    assert book.ledger.calls_left == 0
    assert book.ledger.next_frees_at == clock() + WINDOW
    clock.now = NOW + timedelta(hours=1)
    assert book.ledger.calls_left == 0, "now it has been told the time"
    assert book.ledger.next_frees_at == NOW + WINDOW


async def test_a_clock_that_is_set_back_frees_no_call_that_is_made_after_that(book: Book, clock: Clock) -> None:
    """Some of them were booked by it before, and are to come."""
    clock.now = NOW + timedelta(days=400)
    for _ in range(20):
        await book.ledger.book(Reason.OWNER)
    clock.now = NOW
    assert book.ledger.calls_left == 30
    clock.now = NOW + timedelta(hours=5)
    assert await book.fill() == 30
    clock.now = NOW + WINDOW
    assert book.ledger.calls_left == 20
    with pytest.raises(SlowDownError) as raised:
        book.ledger.require(Reason.OWNER, 21)
    assert raised.value.until == NOW + timedelta(hours=5) + WINDOW


@pytest.mark.parametrize("entry", [None, 5, "x", {}, {"at": "never"}, {"at": 7, "reason": 7}])
async def test_what_cannot_be_read_counts_as_made_now(entry: Json, book: Book, clock: Clock) -> None:
    book.stored = {Page.CALLS: {"calls": [entry, {"at": NOW.isoformat(), "reason": "daily"}], "full_until": "soon"}}
    book.reopen()
    assert book.ledger.calls_left == 48
    assert book.ledger.next_frees_at == NOW + WINDOW
    clock.advance(hours=25)
    assert book.ledger.calls_left == 50


async def test_a_reason_of_an_earlier_version_still_counts(book: Book, clock: Clock) -> None:
    book.stored = {Page.CALLS: {"calls": [{"at": NOW.isoformat(), "reason": "doctor"}], "full_until": None}}
    clock.advance(hours=2)
    book.reopen()
    assert [call.at for call in book.ledger.calls] == [NOW]
    assert book.ledger.last_call
    assert book.ledger.last_call.reason in {*Reason}


async def test_a_ledger_that_is_nothing_of_the_kind_is_empty(book: Book) -> None:
    book.stored = {Page.CALLS: {"calls": 5, "full_until": 5}}
    book.reopen()
    assert book.ledger.calls_left == 50


ACTIONS: Final = st.lists(
    st.one_of(
        st.sampled_from(list(Reason)),
        st.integers(min_value=1, max_value=20_000).map(lambda seconds: timedelta(seconds=seconds)),
        st.just("restart"),
        st.just("fill"),
        st.just("refused by BMW"),
    ),
    max_size=60,
)


@given(actions=ACTIONS)
async def test_never_more_than_fifty_in_any_24_hours(actions: Sequence[Reason | timedelta | str]) -> None:
    book = Book(Clock())
    made: list[datetime] = []
    for action in actions:
        match action:
            case Reason():
                wanted = [action]
            case timedelta():
                book.clock.now += action
                continue
            case "restart":
                book.reopen()
                continue
            case "refused by BMW":
                await book.ledger.close()
                continue
            case _:
                wanted = [Reason.OWNER] * 60
        for reason in wanted:
            before = book.ledger.calls_left
            try:
                await book.ledger.book(reason)
            except SlowDownError:
                assert before <= (0 if reason.may_use_reserve else RESERVE)
            else:
                made.append(book.clock())
                stored = book.stored[Page.CALLS]
                assert isinstance(stored, dict)
                assert isinstance(stored["calls"], list)
                assert stored["calls"][-1] == {"at": book.clock().isoformat(), "reason": reason.value}
    for start in made:
        assert sum(start <= call <= start + DAY for call in made) <= LIMIT
