"""The waits that an account's cloud has asked for: kept over restarts, and explained to whoever has to wait."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.update_coordinator import UpdateFailed
from homeassistant.util import dt as dt_util

from .account_store import AccountStore
from .const import DOMAIN
from .moments import local_minute
from .sources import Refusal
from .sources.pauses import COMMANDS_WAIT, REFUSAL_WAITS, Pause
from .troubles import Cause

SHORTEST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(days=1)
"""No pause is shorter or longer, whatever the cloud says; every quota is filled up again within a day."""

PAUSING: Final = "A pause is not over yet"

# Home Assistant's timer counts whole seconds and may ring up to one too early.
TIMER_SLACK: Final = timedelta(seconds=1)


class Pauses:
    """The pause of one account, and that of its commands alone, which a restart ends.

    A source that counts its calls knows itself for what it may ask and when, and what it shows by then costs none. That
    it has no call left is told to who wanted one, and keeps nobody else away.
    """

    def __init__(self, store: AccountStore, *, counts_calls: bool = False) -> None:
        """Keep the pause where the account keeps its sign-in."""
        self._store = store
        self._counts_calls = counts_calls
        self._of_commands: Pause | None = None

    @property
    def now(self) -> Pause | None:
        """The wait that the cloud asked for, if it is not over."""
        return self._store.pending_pause

    @property
    def now_for_commands(self) -> Pause | None:
        """The wait before another command can be sent, if there is one."""
        pause = self.now or self._of_commands
        return None if pause is None or pause.is_over(dt_util.utcnow()) else pause

    async def async_begin(self, until: datetime) -> Pause:
        """Ask nothing before a moment that the cloud has named, unless the source counts its calls."""
        now = dt_util.utcnow()
        pause = Pause(until=min(max(until, now + SHORTEST_WAIT), now + LONGEST_WAIT), since=now)
        if not self._counts_calls:
            await self._store.async_pause(pause)
        return pause

    async def async_refused(self, refusal: Refusal) -> Pause:
        """Ask nothing for a while, as the cloud does not let us."""
        now = dt_util.utcnow()
        pause = Pause(until=now + REFUSAL_WAITS[refusal], since=now, refusal=refusal)
        await self._store.async_pause(pause)
        return pause

    async def async_end(self) -> None:
        """Ask again, whatever the cloud said."""
        await self._store.async_pause(None)

    async def async_end_all(self) -> None:
        """Ask and command again, as the owner wants to know whether the cloud still says so."""
        self._of_commands = None
        await self.async_end()

    def begin_for_commands(self) -> None:
        """Send no command for a while, as the cloud blocks them."""
        now = dt_util.utcnow()
        self._of_commands = Pause(until=now + COMMANDS_WAIT, since=now, refusal=Refusal.BLOCKED)

    def keep(self) -> None:
        """Do not ask in spite of a pause.

        Raises:
            SourceError: There is one; this is what the cloud would say.
        """
        if pause := self.now:
            raise pause.as_error(PAUSING)

    def keep_for_commands(self) -> None:
        """Do not send a command in spite of a pause.

        Raises:
            SourceError: There is one; this is what the cloud would say.
        """
        if pause := self.now_for_commands:
            raise pause.as_error(PAUSING)

    def explain(self) -> None:
        """Tell an owner who wants something to be asked that there is a pause.

        Raises:
            HomeAssistantError: There is one.
        """
        if pause := self.now:
            raise explained(pause)

    def idle_for(self, pause: Pause) -> timedelta:
        """How long there is nothing to look at because of a pause that has begun."""
        return timedelta() if self._counts_calls else rest_of(pause)


def explained(pause: Pause) -> HomeAssistantError:
    """What to raise for something that is not asked because of a pause."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=f"paused_{pause.refusal or Cause.SLOW_DOWN}",
        translation_placeholders={"until": local_minute(pause.until)},
    )


def not_looked(pause: Pause) -> UpdateFailed:
    """What to raise for a look at the account that is put off because of a pause."""
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key=f"refused_{pause.refusal}" if pause.refusal else "slow_down",
        translation_placeholders=None if pause.refusal else {"until": local_minute(pause.until)},
        retry_after=rest_of(pause).total_seconds(),
    )


def rest_of(pause: Pause) -> timedelta:
    """How long a timer has to be set for a pause to be over when it rings."""
    return pause.until - dt_util.utcnow() + TIMER_SLACK
