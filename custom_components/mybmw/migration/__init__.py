"""Takes over what other integrations left behind of an account's cars; docs/migration.md tells owners about it.

`successors.py` has the table, `plan.py` works out what it means here, `journal.py` keeps that on disk, `work.py` does
it or undoes it, with `old_devices.py` for devices, `statistics.py` looks after what the recorder has, `lookout.py`
notices that there may be more by now, `disk.py` finds out when what was done is sure to survive a crash.
All changes are made in one place and at one time, while an account is being set up and none of its entities is there
yet: the owner's decision is written down, the account is reloaded, and whatever interrupts it, the next set-up goes on.
Nothing is removed but by `_async_finish`, of which the disk says that it is taken over and was not undone.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
import logging
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, OperationNotAllowed
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from ..issues import (
    CLEAN_UP_FAILED,
    TAKE_OVER_FAILED,
    UNDO_FAILED,
    async_clear_migration,
    async_offer_migration,
    async_offer_way_back,
    async_report_migration,
)
from .disk import async_is_on_disk, async_is_watched, async_watch
from .journal import AGAIN, Journal, Record, Stage, UnreadableJournalError, awaits_disk, is_open
from .lookout import Lookout
from .plan import Move, Offer, Plan, Reason, async_look
from .statistics import DatabaseError, async_bridge_sums, async_ending_statistics
from .work import async_clean_up, async_give_back, async_take_over, awaited_of

__all__ = [
    "MAY_BE_UNDONE",
    "DatabaseError",
    "Journal",
    "Move",
    "Offer",
    "OvertakenError",
    "Plan",
    "Reason",
    "Record",
    "Stage",
    "TooEarlyError",
    "UnreadableJournalError",
    "async_carry_out",
    "async_decide",
    "async_ending_statistics",
    "async_finish",
    "async_forget",
    "async_leave",
    "async_look",
    "async_offer",
    "async_proceed",
    "end_of_way_back",
    "expect_failure",
]

_LOGGER: Final = logging.getLogger(__name__)

MAY_BE_UNDONE: Final = timedelta(days=1)


_FAILED: Final[Mapping[str, str]] = {
    Stage.TAKING_OVER: TAKE_OVER_FAILED,
    Stage.TAKEN_OVER: CLEAN_UP_FAILED,
    Stage.FINISHING: CLEAN_UP_FAILED,
    Stage.UNDOING: UNDO_FAILED,
}
"""What an owner is told when what comes next cannot be done."""


_BEFORE: Final[Mapping[Stage, frozenset[str]]] = {
    Stage.TAKING_OVER: frozenset({Stage.TAKING_OVER}),
    Stage.UNDOING: frozenset({Stage.TAKING_OVER, Stage.TAKEN_OVER, Stage.UNDOING}),
}
"""How far a plan may have come for that to be done with it."""

_FINISHES: Final = frozenset({Stage.TAKEN_OVER, Stage.FINISHING})
"""How far a plan has come that can be made final."""

_AFTER: Final[Mapping[str, str]] = {doing: done for done, doing in AGAIN.items()}


class OvertakenError(HomeAssistantError):
    """Something else was done or decided since the owner was asked."""


class TooEarlyError(HomeAssistantError):
    """What was made final last is not on the disk yet, and after a crash would have to be done again."""


async def async_decide(hass: HomeAssistant, account_id: str, stage: Stage, plan: Plan) -> None:
    """Write down what the owner wants done; the next set-up of the account does it.

    Raises:
        OSError: It could not be written, so nothing will be done.
    """
    await Journal(hass, account_id).async_write(Record(stage=stage, taken_over_at=None, plan=plan))


async def async_carry_out[T](
    hass: HomeAssistant, entry: ConfigEntry[T], account_id: str, stage: Stage, plan: Plan | None = None
) -> bool:
    """Write down what the owner wants done, taken over or undone, and have it done; tells whether it was.

    Without a `plan`, it is done with the one that is written down. If it was not done, there is a message about it.

    Raises:
        OSError: It could not be written, so nothing will be done.
        OvertakenError: There is another plan, or that one is past it, so nothing was changed.
        TooEarlyError: Nothing was changed; it may be in a minute.
        UnreadableJournalError: Nobody knows what is written down, so nothing was changed.
    """
    journal = Journal(hass, account_id)
    async with journal.lock:
        record = await journal.async_read_all()
        if plan is None and record and record["stage"] in _BEFORE[stage]:
            plan = record["plan"]
        elif plan is None or (record and is_open(record)):
            raise OvertakenError
        if record and record["stage"] == Stage.FINISHED and not await async_is_on_disk(hass, record["plan"]):
            raise TooEarlyError
        await async_decide(hass, account_id, stage, plan)
    with suppress(OperationNotAllowed):  # it could not be taken down once, and waits for a restart
        await hass.config_entries.async_reload(entry.entry_id)
    record = await Journal(hass, account_id).async_read_all()
    if (record["stage"] if record else Stage.UNDONE) == _AFTER[stage]:  # what is undone is forgotten in the end
        return True
    async_report_migration(hass, entry.entry_id, entry.title, _FAILED[stage])
    return False


async def async_proceed[T](hass: HomeAssistant, entry: ConfigEntry[T], account_id: str) -> None:
    """Do what is written down, before any entity of the account is loaded.

    What is done, but was not seen on the disk since, is done again: Home Assistant may have crashed before it wrote its
    registries. Again, it changes nothing of what is done already.

    If it cannot be done, or not be written down that it is done, the owner is told, and it is done again next time.
    Whatever is wrong with it, the account is set up.
    """
    journal = Journal(hass, account_id)
    async with journal.lock:
        try:
            record = await journal.async_read_all()
        except UnreadableJournalError as err:
            _LOGGER.error(  # noqa: TRY400 (what else there is to say has the number of the account in it)
                "The file about what is taken over from other integrations cannot be read (%s)", err
            )
            return
        if record is None:
            return
        is_new = not async_is_watched(hass, account_id)
        if is_again := is_new and awaits_disk(record):
            record = {**record, "stage": AGAIN[record["stage"]]}
        with _telling(hass, entry, record):
            if is_again:
                await journal.async_write(record)
            record = await _async_do(hass, entry.entry_id, journal, record)
            async_watch(hass, account_id)
            if record["stage"] == Stage.UNDONE:
                async_clear_migration(hass, entry.entry_id)
            elif record["stage"] == Stage.TAKEN_OVER and dt_util.utcnow() < end_of_way_back(record):
                _offer_way_back(hass, entry, record)
            else:
                with _telling(hass, entry, record):
                    await _async_finish(hass, entry.entry_id, journal, record, is_new=is_new)
                    async_clear_migration(hass, entry.entry_id)


async def _async_do(hass: HomeAssistant, entry_id: str, journal: Journal, record: Record) -> Record:
    """Take over, or undo, if that is what is to be done; tells what is written down then."""
    plan = record["plan"]
    match record["stage"]:
        case Stage.TAKING_OVER:
            awaited = awaited_of(hass, plan)
            await async_bridge_sums(hass, awaited)  # while nothing is changed
            await async_take_over(hass, entry_id, plan)
            since = (None if awaited else record["taken_over_at"]) or dt_util.utcnow().isoformat()
            done = Record(stage=Stage.TAKEN_OVER, taken_over_at=since, plan=plan, is_on_disk=False)
        case Stage.UNDOING:
            await async_give_back(hass, entry_id, plan)
            done = Record(stage=Stage.UNDONE, taken_over_at=None, plan=plan)
        case _:
            return record
    await journal.async_write(done)
    return done


@contextmanager
def _telling[T](hass: HomeAssistant, entry: ConfigEntry[T], record: Record) -> Iterator[None]:
    """Tell the owner, and the log, when what is written down cannot be done, and go on.

    The log is told without what an error says, which may be whose car it is or the number of the account.
    """
    try:
        yield
    except OSError as err:
        _LOGGER.error(  # noqa: TRY400 (as said above)
            "The file about what is taken over from other integrations cannot be written (%s)",
            err.strerror or type(err).__name__,
        )
    except (HomeAssistantError, LookupError, TypeError, ValueError) as err:  # what the registries do not accept
        _LOGGER.warning(
            "What is written down to be taken over from other integrations cannot be done (%s)", type(err).__name__
        )
    else:
        return
    async_report_migration(hass, entry.entry_id, entry.title, _FAILED[record["stage"]])


async def async_offer[T](
    hass: HomeAssistant, entry: ConfigEntry[T], account_id: str, vins: Callable[[], Collection[str]]
) -> None:
    """Tell the owner what can be taken over, or make final in time what is; to be called when all entities are there.

    From then on it is looked again whenever there may be more or less of it. `vins` are those of the account then.
    """

    async def _async_look() -> Record | None:
        with suppress(UnreadableJournalError):  # there may be a way back, and what is said of it must stay
            if record := await Journal(hass, account_id).async_read():
                return record
            if entry.state in {ConfigEntryState.SETUP_IN_PROGRESS, ConfigEntryState.LOADED}:
                _offer(hass, entry, vins())
        return None

    async def _async_end(_now: datetime) -> None:
        with suppress(UnreadableJournalError, OvertakenError):
            await async_finish(hass, entry, account_id)

    record = await _async_look()
    if record and record["stage"] == Stage.TAKEN_OVER:
        entry.async_on_unload(async_track_point_in_utc_time(hass, _async_end, end_of_way_back(record)))
    entry.async_on_unload(Lookout(hass, entry.entry_id, _async_look).async_end)


@callback
def _offer[T](hass: HomeAssistant, entry: ConfigEntry[T], vins: Collection[str]) -> None:
    offer = async_look(hass, entry.entry_id, vins)
    count = len(offer.plan["moves"])
    async_offer_migration(hass, entry.entry_id, entry.title, offer.integrations if count else [], count)


@callback
def _offer_way_back[T](hass: HomeAssistant, entry: ConfigEntry[T], record: Record) -> None:
    """Tell the owner that it can be undone, even while the account cannot be set up."""
    async_offer_way_back(hass, entry.entry_id, entry.title, dt_util.as_local(end_of_way_back(record)))


async def async_finish[T](hass: HomeAssistant, entry: ConfigEntry[T], account_id: str) -> bool:
    """Make it final, if it is taken over; tells whether there is no way back any more.

    If it cannot be done, there is a message about it.

    Raises:
        OvertakenError: It was undone, or something else is to be done first.
        UnreadableJournalError: Nobody knows what is written down, so nothing was changed.
    """
    journal = Journal(hass, account_id)
    async with journal.lock:
        if (record := await journal.async_read_all()) is None or record["stage"] == Stage.FINISHED:
            return True
        if record["stage"] not in _FINISHES:
            raise OvertakenError
        is_final = False
        with _telling(hass, entry, record):
            await _async_finish(hass, entry.entry_id, journal, record, is_new=False)
            async_clear_migration(hass, entry.entry_id)
            async_watch(hass, account_id)
            is_final = True
    return is_final


async def _async_finish(hass: HomeAssistant, entry_id: str, journal: Journal, record: Record, *, is_new: bool) -> None:
    """Remove what the old integration left in the settings, and the way back.

    Nothing else removes it. Nothing is done unless the disk says that all of it is taken over and was not undone,
    and the way back is closed on the disk before anything goes. If Home Assistant has just started (`is_new`) and a
    crash may have taken back what was taken over, it is taken over again.

    Raises:
        OSError: It could not be written that it is final, so nothing was removed; or not that it is done.
    """
    if record["stage"] not in _FINISHES:
        return
    is_on_disk = record.get("is_on_disk", True)
    record = Record(
        stage=Stage.FINISHING, taken_over_at=record["taken_over_at"], plan=record["plan"], is_on_disk=is_on_disk
    )
    await journal.async_write(record)
    if is_new and not is_on_disk:
        await async_take_over(hass, entry_id, record["plan"])
    await async_clean_up(hass, record["plan"])
    await journal.async_write({**record, "stage": Stage.FINISHED})


def expect_failure(record: Record, failure: str) -> None:
    """See that what is written down still is what failed, by the key of its message.

    Raises:
        OvertakenError: It is something else by now.
    """
    if _FAILED[record["stage"]] != failure:
        raise OvertakenError


async def async_leave[T](hass: HomeAssistant, entry: ConfigEntry[T], account_id: str, failure: str) -> None:
    """Leave everything as it is now, for an owner who does not want tried again what failed; then look anew.

    Raises:
        OSError: What is written down cannot be removed, so it will be tried again.
        OvertakenError: Something else is written down by now, so nothing was changed.
        UnreadableJournalError: Nobody knows what is written down, so nothing was changed.
    """
    journal = Journal(hass, account_id)
    async with journal.lock:
        if record := await journal.async_read():
            expect_failure(record, failure)
            await journal.async_remove()
    async_clear_migration(hass, entry.entry_id)
    with suppress(OperationNotAllowed):
        await hass.config_entries.async_reload(entry.entry_id)


async def async_forget(hass: HomeAssistant, entry_id: str, account_id: str) -> None:
    """Give back what is not final, and forget what is written down, for an account that is removed.

    To be called before Home Assistant removes its entities: among them are those that were another integration's. It is
    forgotten when the disk shows that it is given back. What cannot be given back or not be read is kept: who adds the
    account again may still find the way back.

    Raises:
        OSError: What is written down cannot be removed.
    """
    journal = Journal(hass, account_id)
    async with journal.lock:
        try:
            record = await journal.async_read_all()
        except UnreadableJournalError as err:
            _LOGGER.warning("The file about what is taken over from other integrations cannot be read (%s)", err)
            return
        if record is None or record["stage"] in {Stage.FINISHING, Stage.FINISHED}:
            await journal.async_remove()
            return
        if record["stage"] != Stage.UNDONE:
            given_back = Record(stage=Stage.UNDONE, taken_over_at=None, plan=record["plan"])
            try:
                await async_give_back(hass, entry_id, record["plan"])
            except (HomeAssistantError, LookupError, TypeError, ValueError) as err:
                _LOGGER.warning(
                    "Not all that was taken over from other integrations can be given back (%s)", type(err).__name__
                )
                given_back["stage"] = Stage.UNDOING
            await journal.async_write(given_back)
        async_watch(hass, account_id)


@callback
def end_of_way_back(record: Record) -> datetime:
    """Until when it may be undone."""
    now = dt_util.utcnow()
    try:
        since = datetime.fromisoformat(record["taken_over_at"] or "").astimezone(UTC)
    except ValueError, OverflowError:
        since = now
    return min(since, now) + MAY_BE_UNDONE
