"""What cars have charged: asked of BMW on the owner's word, and told from memory for a while."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import logging
from typing import Final

from ...vehicle import ChargingHistory
from .. import Clock
from ..fields import Oddities
from .build import build_charging_sessions
from .client import Client
from .failures import Cause, DeniedError
from .questions import Pages
from .quota import Reason

_LOGGER = logging.getLogger(__name__)

REMEMBERED: Final = timedelta(minutes=15)
"""So long the same question is answered without a call, also one that automations ask with the time of day in it."""


@dataclass(slots=True)
class Histories:
    """What each car of an account (VIN) has charged, as far as anybody has asked since the start."""

    client: Client
    clock: Clock
    _told: dict[str, ChargingHistory] = field(default_factory=dict, repr=False)

    async def ask(self, vin: str, start: datetime, end: datetime) -> ChargingHistory:
        """What a car has charged between two moments. Costs a call for each page, if it was not asked just now.

        Raises:
            SourceError: BMW did not say.
        """
        now = self.clock()
        end = min(end, now)
        told = self._told.get(vin)
        if told is None or not _covers(told, start, end, now):
            told = await self._ask(vin, start, end, now)
            self._told[vin] = told
        sessions = tuple([session for session in told.sessions if start <= session.started_at <= end])
        return replace(told, start=start, end=end, sessions=sessions)

    async def _ask(self, vin: str, start: datetime, end: datetime, now: datetime) -> ChargingHistory:
        try:
            pages = await self.client.charging_history(vin, start, end, Reason.OWNER)
        except DeniedError as err:
            if err.cause is not Cause.NOTHING_THERE:
                raise
            pages = Pages(items=[], is_complete=True)
        oddities: Oddities = {}
        sessions = build_charging_sessions(pages.items, oddities)
        if oddities:
            _LOGGER.debug("Not understood in a charging history: %s", oddities)
        return ChargingHistory(asked_at=now, start=start, end=end, is_complete=pages.is_complete, sessions=sessions)


def _covers(told: ChargingHistory, start: datetime, end: datetime, now: datetime) -> bool:
    """Whether what was told a moment ago answers this question, too. Of one cut short, only the same part is known."""
    if not told.asked_at <= now < told.asked_at + REMEMBERED or start < told.start:
        return False
    went_on = told.end >= told.asked_at
    if end > told.end and not went_on:
        return False
    return told.is_complete or start < told.start + REMEMBERED
