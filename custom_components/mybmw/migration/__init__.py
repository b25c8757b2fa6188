"""Takes over what other integrations left behind of an account's cars; docs/migration.md tells owners about it.

`successors.py` has the table, `plan.py` works out what it means here, `journal.py` keeps that on disk, `work.py` does
it or undoes it, `statistics.py` looks after what the recorder has, `lookout.py` notices that there may be more by now.
All changes are made in one place and at one time, while an account is being set up and none of its entities is there
yet: the owner's decision is written down, the account is reloaded, and whatever interrupts it, the next set-up goes on.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
import logging
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from ..issues import async_clear_migration, async_offer_migration, async_offer_way_back
from .journal import Journal, Record, Stage
from .lookout import Lookout
from .plan import Move, Offer, Plan, Reason, async_look
from .statistics import async_bridge_sums, async_foreign_units
from .work import async_clean_up, async_give_back, async_take_over

__all__ = [
    "MAY_BE_UNDONE",
    "Journal",
    "Move",
    "Offer",
    "Reason",
    "Stage",
    "async_decide",
    "async_finish",
    "async_foreign_units",
    "async_forget",
    "async_look",
    "async_offer",
    "async_proceed",
    "end_of_way_back",
]

_LOGGER: Final = logging.getLogger(__name__)

MAY_BE_UNDONE: Final = timedelta(days=1)


async def async_decide(hass: HomeAssistant, account_id: str, stage: Stage, plan: Plan) -> None:
    """Write down what the owner wants done; the next set-up of the account does it.

    Raises:
        OSError: It could not be written, so nothing will be done.
    """
    await Journal(hass, account_id).async_write(Record(stage=stage, taken_over_at=None, plan=plan))


async def async_proceed[T](hass: HomeAssistant, entry: ConfigEntry[T], account_id: str) -> None:
    """Do what is written down, before any entity of the account is loaded.

    If it cannot be written down that it is done, it is done again next time, which changes nothing. Whatever is wrong
    with it, the account is set up.
    """
    try:
        await _async_proceed(hass, entry, account_id)
    except OSError:
        _LOGGER.exception("The file about what is taken over from other integrations cannot be written")
    except (HomeAssistantError, LookupError, TypeError, ValueError) as err:  # what the registries do not accept
        _LOGGER.warning(  # without what it says, which may be whose car it is
            "What is written down to be taken over from other integrations cannot be done (%s)", type(err).__name__
        )


async def _async_proceed[T](hass: HomeAssistant, entry: ConfigEntry[T], account_id: str) -> None:
    journal = Journal(hass, account_id)
    if (record := await journal.async_read()) is None:
        return
    plan = record["plan"]
    match record["stage"]:
        case Stage.TAKING_OVER:
            await async_take_over(hass, entry.entry_id, plan)
            await async_bridge_sums(hass, [move["entity_id"] for move in plan["moves"]])
            record = Record(stage=Stage.TAKEN_OVER, taken_over_at=dt_util.utcnow().isoformat(), plan=plan)
            _offer_way_back(hass, entry, record)
            await journal.async_write(record)
        case Stage.UNDOING:
            await async_give_back(hass, entry.entry_id, plan)
            await journal.async_remove()
            async_clear_migration(hass, entry.entry_id)
        case _ if end_of_way_back(record) <= dt_util.utcnow():
            await async_finish(hass, account_id)
            async_clear_migration(hass, entry.entry_id)
        case _:
            _offer_way_back(hass, entry, record)


async def async_offer[T](
    hass: HomeAssistant, entry: ConfigEntry[T], account_id: str, vins: Callable[[], Collection[str]]
) -> None:
    """Tell the owner what can be taken over, or that it can be undone; to be called when all entities are there.

    From then on it is looked again whenever there may be more or less of it. `vins` are those of the account then.
    """
    record = await Journal(hass, account_id).async_read()
    if record is None:
        _offer(hass, entry, vins())
    else:
        _offer_way_back(hass, entry, record)

        async def _async_end(_now: datetime) -> None:
            await async_finish(hass, account_id)
            async_clear_migration(hass, entry.entry_id)

        entry.async_on_unload(async_track_point_in_utc_time(hass, _async_end, end_of_way_back(record)))

    async def _async_look_again() -> None:
        if await Journal(hass, account_id).async_read() is None and entry.state is ConfigEntryState.LOADED:
            _offer(hass, entry, vins())

    entry.async_on_unload(Lookout(hass, entry.entry_id, _async_look_again).async_end)


@callback
def _offer[T](hass: HomeAssistant, entry: ConfigEntry[T], vins: Collection[str]) -> None:
    offer = async_look(hass, entry.entry_id, vins)
    count = len(offer.plan["moves"])
    async_offer_migration(hass, entry.entry_id, entry.title, offer.integrations if count else [], count)


@callback
def _offer_way_back[T](hass: HomeAssistant, entry: ConfigEntry[T], record: Record) -> None:
    """Tell the owner that it can be undone, even while the account cannot be set up."""
    async_offer_way_back(hass, entry.entry_id, entry.title, dt_util.as_local(end_of_way_back(record)))


async def async_finish(hass: HomeAssistant, account_id: str) -> None:
    """Make it final: remove what the old integration left in the settings, and the way back."""
    journal = Journal(hass, account_id)
    if record := await journal.async_read():
        await async_clean_up(hass, record["plan"])
        await journal.async_remove()


async def async_forget(hass: HomeAssistant, account_id: str) -> None:
    """Forget what is written down, for an account that is removed."""
    await Journal(hass, account_id).async_remove()


@callback
def end_of_way_back(record: Record) -> datetime:
    """Until when it may be undone."""
    now = dt_util.utcnow()
    try:
        since = datetime.fromisoformat(record["taken_over_at"] or "").astimezone(UTC)
    except ValueError, OverflowError:
        since = now
    return min(since, now) + MAY_BE_UNDONE
