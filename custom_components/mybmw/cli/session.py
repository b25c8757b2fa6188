"""An account, opened for one command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import os
from typing import Final, Self

import httpx

from ..sources import (
    Fetch,
    NotAllowedError,
    OnStep,
    Refusal,
    SignInRequiredError,
    SlowDownError,
    Source,
    SourceError,
)
from ..sources.loopback import LOOPBACK
from ..sources.pauses import COMMANDS_WAIT, REFUSAL_WAITS, Pause, blocks_commands
from ..sources.registry import open_source
from ..vehicle import Command, Outcome, Vehicle
from .console import Console
from .exits import Exit, StopError
from .store import Store

_COMMANDS_BLOCKED: Final = "BMW takes commands from nothing but its own app, and is told none before {until}"


class CommandsBlockedError(NotAllowedError):
    """The cloud blocks commands, which says nothing about reading."""


@dataclass(slots=True, kw_only=True)
class Session:
    """The way to the cars of an account, which obeys what the cloud said to earlier commands."""

    console: Console
    store: Store
    source: Source

    @classmethod
    @asynccontextmanager
    async def opened(cls, console: Console, store: Store) -> AsyncIterator[Self]:
        """Open the account of a store.

        Raises:
            StopError: Nobody has signed in yet.
            SourceError: The cloud wants to be left alone for now.
        """
        if not store.credentials or store.must_sign_in:
            message = f"{store.path} holds no sign-in that BMW accepts; begin with: mybmw login"
            raise StopError(message, Exit.SIGN_IN)
        obey(store.pause, console)
        async with connected() as http:
            try:
                source = open_source(
                    {"password": "", **store.settings},
                    store.credentials,
                    http=http,
                    keep=store.keep,
                    clock=console.clock,
                )
            except (KeyError, ValueError) as err:
                message = f"The settings of the account cannot be used: {err}"
                raise StopError(message, Exit.STORE) from err
            try:
                yield cls(console=console, store=store, source=source)
            except SourceError as err:
                remember(err, console, store)
                raise
            finally:
                await source.close()

    async def look(self, ending: str | None = None) -> Fetch:
        """Read the cars of the account, or only the one whose VIN ends like this.

        Raises:
            StopError: There is no such car, or more than one.
            SourceError: The account, or the one car, could not be read.
        """
        known = self.store.vins
        wanted = _ending_with(ending, known) if ending else known
        # The other cars cost no request if the one is known from earlier; a car that has left the account is missed.
        leave_out = known - wanted if len(wanted) == 1 else frozenset[str]()
        async with self.console.progress("asking BMW"):
            fetch = await self.source.fetch(leave_out=leave_out)
        on_account = frozenset({*fetch.vehicles, *fetch.failures, *fetch.left_out})
        self.store.know(on_account)
        for err in fetch.failures.values():  # a quota that was used up in the middle holds for the next command, too
            if isinstance(err, SlowDownError):
                remember(err, self.console, self.store)
        if ending is None:
            return fetch
        if fetch.unread_makes and not _ending_with(ending, on_account):
            makes = ", ".join(sorted(make.value for make in fetch.unread_makes))
            message = f"BMW does not say now which cars of {makes} there are, and the car is none of the others"
            raise StopError(message, Exit.TRY_LATER)
        vin = the_car(_ending_with(ending, on_account), on_account)
        return Fetch(
            vehicles={key: vehicle for key, vehicle in fetch.vehicles.items() if key == vin},
            failures={key: err for key, err in fetch.failures.items() if key == vin},
        )

    async def car(self, ending: str | None) -> Vehicle:
        """Read the one car that is meant.

        Raises:
            StopError: It is not clear which one.
            SourceError: It could not be read.
        """
        fetch = await self.look(ending)
        vins = frozenset({*fetch.vehicles, *fetch.failures})
        vin = the_car(vins, vins)
        if vin in fetch.failures:
            raise fetch.failures[vin]
        return fetch.vehicles[vin]

    def obey_for_commands(self) -> None:
        """Send no command while the cloud blocks them.

        Raises:
            StopError: It does, as far as is known.
        """
        pause = self.store.commands_pause
        if pause and not pause.is_over(self.console.clock()):
            message = f"{_COMMANDS_BLOCKED.format(until=_local_minute(pause))}. Nothing was sent"
            raise StopError(message, Exit.NOT_ALLOWED)

    async def execute(self, vin: str, command: Command, on_step: OnStep) -> Outcome:
        """Have a car do something; see the source's `execute`.

        Raises:
            InvalidCommandError: The car does not take such a command.
            SourceError: It was certainly not accepted.
        """
        try:
            return await self.source.execute(vin, command, on_step)
        except NotAllowedError as err:
            if blocks_commands(err):
                raise CommandsBlockedError(str(err), err.reason) from err
            raise


def connected() -> httpx.AsyncClient:
    """An HTTP client; what goes to a simulated cloud is not to leave this machine by a proxy."""
    return httpx.AsyncClient(trust_env=not os.environ.get(LOOPBACK))


def remember(err: SourceError, console: Console, store: Store) -> None:
    """Have later commands obey what the cloud says now."""
    now = console.clock()
    match err:
        case SlowDownError():
            store.begin_pause(Pause(until=err.until, since=now))
        case CommandsBlockedError():
            store.begin_commands_pause(Pause(until=now + COMMANDS_WAIT, since=now, refusal=err.reason))
        case NotAllowedError(reason=Refusal.BLOCKED):
            store.begin_pause(Pause(until=now + REFUSAL_WAITS[err.reason], since=now, refusal=err.reason))
        case SignInRequiredError():
            store.end_sign_in()
        case _:
            pass


def obey(pause: Pause | None, console: Console) -> None:
    """Ask nothing while a pause lasts.

    Raises:
        SourceError: It lasts.
    """
    if pause is None or pause.is_over(console.clock()):
        return
    until = _local_minute(pause)
    message = f"BMW has asked for a pause until {until}"
    if pause.refusal:
        message = (
            f"BMW has refused this account ({pause.refusal}) and is asked again after {until}; "
            "signing in anew asks at once"
        )
    raise pause.as_error(message)


def the_car(vins: frozenset[str], on_account: frozenset[str]) -> str:
    """The one car that is meant.

    Raises:
        StopError: There is none, or there are several.
    """
    match sorted(vins):
        case [vin]:
            return vin
        case []:
            there = f"there are {', '.join(sorted(on_account))}" if on_account else "there is none at all"
            message = f"There is no such car on the account; {there}"
            raise StopError(message, Exit.USAGE)
        case several:
            message = f"Say with -v which car is meant: {', '.join(several)}"
            raise StopError(message, Exit.USAGE)


def _local_minute(pause: Pause) -> str:
    """The end of a pause, on the clock of this machine."""
    return pause.until.astimezone().isoformat(sep=" ", timespec="minutes")


def _ending_with(ending: str, vins: frozenset[str]) -> frozenset[str]:
    return frozenset(vin for vin in vins if vin.upper().endswith(ending.upper()))
