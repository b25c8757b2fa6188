"""How the container of an account is doing, as it is remembered between starts, and how long it is left alone."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Self

from .. import Json, TryLaterError
from .autopilot import BASELINE, LEAST_REST, rest_after
from .failures import Cause
from .memory import Memory, Page, count_of, moment_of

MENDING_REST: Final = timedelta(hours=6)
"""A container that BMW refuses, or that does not last, is not made anew more often; longer if it is refused again."""

LONGEST_REST: Final = timedelta(days=7)
"""... nor is it left unsaid for longer that we want more than BMW gave. At first that is said daily, for an outage
looks the same as an account that cannot have more."""

STALE: Final = frozenset({Cause.CONTAINER_GONE, Cause.BAD_REQUEST})
"""What BMW says of a container by which it no longer answers. It does not always have the right word for that."""

DENIED: Final = frozenset({Cause.CONTAINER_LIMIT, Cause.KEY_UNKNOWN, Cause.BAD_REQUEST})
_REFUSED: Final = DENIED | {Cause.UNEXPLAINED}
"""What BMW says of a container that it does not want to make; anything else passes by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerStatus:
    """A container that we made or found (without `container_id` there is none), and what failed.

    It was made for what we `wanted` then (a purpose), with what was `got` (another if reduced), which are so many
    descriptors (`size`). BMW last refused with the words `refused_by`: to answer by it, or else to make one. What was
    `tried` last (a purpose) was refused so many times in a row (`failures`). None is made before `rests_until`, no
    better one before `better_at`, and no shorter one before `shorter_at`, which is None once BMW has answered by it.
    It last answered by one of `answered_size` descriptors, this one or one before it; 0 if it never did.
    """

    container_id: str = ""
    wanted: str = ""
    got: str = ""
    size: int = 0
    tried: str = ""
    failures: int = 0
    rests_until: datetime | None = None
    better_at: datetime | None = None
    shorter_at: datetime | None = None
    answered_size: int = 0
    refused_by: Cause | None = None

    @classmethod
    def remembered(cls, memory: Memory, wanted: str) -> Self:
        """As it was written down; of what failed, only what is wanted still."""
        page = memory.read(Page.CONTAINER)
        container_id, made_for, got, cause = (_text(page.get(key)) for key in ("id", "wanted", "got", "refused_by"))
        is_ours = container_id and made_for and got
        ours = cls(
            container_id=container_id,
            wanted=made_for,
            got=got,
            size=count_of(page.get("size")),
            shorter_at=moment_of(page.get("shorter_at")),
            answered_size=count_of(page.get("answered_size")),
        )
        if not is_ours:
            ours = cls()
        if page.get("tried") != wanted:
            return ours
        return replace(
            ours,
            tried=wanted,
            failures=count_of(page.get("failures")),
            rests_until=moment_of(page.get("rests_until")),
            better_at=moment_of(page.get("better_at")),
            refused_by=Cause(cause) if cause in _REFUSED | STALE else None,
        )

    async def keep(self, memory: Memory) -> None:
        """Write it down.

        Raises:
            TryLaterError: It could not be stored; until a restart it is remembered all the same.
        """
        content: dict[str, Json] = {
            "id": self.container_id,
            "wanted": self.wanted,
            "got": self.got,
            "size": self.size,
            "tried": self.tried,
            "failures": self.failures,
            "rests_until": self.rests_until.isoformat() if self.rests_until else None,
            "better_at": self.better_at.isoformat() if self.better_at else None,
            "shorter_at": self.shorter_at.isoformat() if self.shorter_at else None,
            "answered_size": self.answered_size,
            "refused_by": self.refused_by.value if self.refused_by else None,
        }
        await memory.write(Page.CONTAINER, content)

    async def keep_if_possible(self, memory: Memory) -> None:
        """Write it down, if only until a restart."""
        with suppress(TryLaterError):
            await self.keep(memory)

    def rests(self, now: datetime) -> bool:
        """Whether it is too soon to make one."""
        return _is_to_come(self.rests_until, now)

    def may_be_better(self, wanted: str, now: datetime) -> bool:
        """Whether it is time to ask for one with all that is `wanted`."""
        return self.got != wanted and not _is_to_come(self.better_at, now)

    @property
    def has_answered(self) -> bool:
        """Whether there is one that BMW has answered by."""
        return bool(self.container_id) and self.shorter_at is None

    def may_be_too_long(self, now: datetime) -> bool:
        """Whether it is time for a shorter one if BMW gives no reason for not answering by it.

        BMW was seen to say the same (CU-403) when a container too large was made, when one was used, and after outages.
        One that it has ever answered by is not too large.
        """
        return self.shorter_at is not None and not _is_to_come(self.shorter_at, now)

    def made(
        self, wanted: str, now: datetime, *, instead_of: ContainerStatus, is_mended: bool, is_shorter: bool
    ) -> Self:
        """It has just been made or found, maybe in place of one that is broken, or too long.

        If it is longer than what BMW has answered by, its refusals are believed soon, for there is a way back. That is
        gone by halves as well: an outage may have made shorter than need be what BMW has answered by.
        """
        may_go_back = 0 < instead_of.answered_size < self.size
        return replace(
            self,
            failures=int(self.got != wanted),
            better_at=now + (LONGEST_REST if is_shorter else BASELINE) if self.got != wanted else None,
            shorter_at=now + (LEAST_REST if may_go_back else MENDING_REST),
            answered_size=instead_of.answered_size,
            rests_until=now + MENDING_REST if is_mended else None,
        )

    def refused(self, wanted: str, cause: Cause | None, now: datetime, *, is_broken: bool) -> Self:
        """None was to be had, so that it is not tried with each car and after each restart."""
        failures = self.failures + 1
        if self.container_id and not is_broken:
            better_at = now + rest_after(failures, BASELINE, LONGEST_REST)
            shorter_at = self.shorter_at and better_at
            return replace(self, tried=wanted, failures=failures, better_at=better_at, shorter_at=shorter_at)
        if cause in _REFUSED:
            until = now + rest_after(failures, MENDING_REST)
            return replace(self, tried=wanted, failures=failures, rests_until=until, refused_by=cause)
        return replace(self, tried=wanted, rests_until=now + LEAST_REST)


def _is_to_come(moment: datetime | None, now: datetime) -> bool:
    """Whether a moment is not over; one that is too far away was set with a clock that was wrong."""
    return moment is not None and now < moment <= now + LONGEST_REST


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
