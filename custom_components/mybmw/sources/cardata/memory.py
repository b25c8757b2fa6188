"""What is remembered of an account between starts, a page for each room that has something to remember."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

from .. import Credentials, Json, KeepCredentials, TryLaterError


class Page(StrEnum):
    """Whose page it is."""

    GRANT = "grant"
    CALLS = "calls"
    CONTAINER = "container"
    CARS = "cars"
    STREAM = "stream"


class Memory:
    """Everything an account has to remember. Whoever stores it gets it whole, and the newest last."""

    def __init__(self, remembered: Credentials, keep: KeepCredentials) -> None:
        """Start from what was kept last time."""
        self._pages: dict[str, Json] = dict(remembered)
        self._stored: dict[str, Json] = dict(remembered)
        self._keep = keep
        self._turn = asyncio.Lock()

    @property
    def whole(self) -> dict[str, Json]:
        """All pages."""
        return dict(self._pages)

    def read(self, page: Page) -> Mapping[str, Json]:
        """What was written last; empty if that was nothing, or nothing that can be read."""
        content = self._pages.get(page)
        return content if isinstance(content, dict) else {}

    async def write(self, page: Page, content: dict[str, Json]) -> None:
        """Replace a page; it is stored when this returns. What is stored already is not written once more.

        Raises:
            TryLaterError: It could not be stored. It is remembered, and stored with the next page that can be.
        """
        self._pages[page] = content
        async with self._turn:
            whole = self.whole
            if whole == self._stored:
                return
            try:
                await self._keep(whole)
            except OSError as err:
                message = f"What has to be remembered of the account could not be stored ({type(err).__name__})"
                raise TryLaterError(message) from err
            self._stored = whole


def moment_of(value: Json) -> datetime | None:
    """A moment as it was written down (ISO 8601), None if that is none."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except ValueError, OverflowError:
        return None


def count_of(value: Json) -> int:
    """How many of something were written down, none if that is no number of things."""
    return value if type(value) is int and value > 0 else 0
