"""The terminal: what is asked there, what is said, and what is shown while one waits."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TextIO

from ..sources import Clock
from .exits import Exit, StopError

_CLEAR_LINE: Final = "\r\x1b[2K"
_TICK_S: Final = 1.0


@dataclass(slots=True, kw_only=True)
class Console:
    """Where a command runs. Answers go to `out`, everything for the eye only to `err`.

    `is_interactive` is whether somebody is there to be asked, `shows_progress` whether `err` is looked at while it is
    written. `ask` and `ask_secret` put a question and return the answer.
    """

    out: TextIO
    err: TextIO
    environment: Mapping[str, str]
    ask: Callable[[str], str]
    ask_secret: Callable[[str], str]
    is_interactive: bool
    shows_progress: bool
    clock: Clock
    _shown: str = field(default="", init=False)

    def answer(self, text: str) -> None:
        """Say what was asked for."""
        self._clear()
        print(text, file=self.out, flush=True)

    def say(self, text: str) -> None:
        """Say something beside the answer."""
        self._clear()
        print(text, file=self.err, flush=True)

    def setting(self, name: str) -> str | None:
        """A setting from the environment, None if it is not there or empty."""
        return self.environment.get(name) or None

    def wanted(self, question: str, *, variable: str, is_secret: bool = False) -> str:
        """Something that has to be known: from the environment, else from whoever sits there.

        Raises:
            StopError: Nobody knows it.
        """
        if value := self.setting(variable):
            return value
        if not self.is_interactive:
            message = f"{question} is needed: set {variable}, or run this in a terminal to be asked"
            raise StopError(message, Exit.USAGE)
        value = (self.ask_secret if is_secret else self.ask)(f"{question}: ").strip()
        if not value:
            message = f"{question} is needed"
            raise StopError(message, Exit.USAGE)
        return value

    def confirm(self, question: str) -> None:
        """Go on only if somebody says yes.

        Raises:
            StopError: Nobody did.
        """
        if not self.is_interactive:
            message = "There is nobody to ask whether that is meant; --yes says that it is"
            raise StopError(message, Exit.USAGE)
        if self.ask(f"{question} [y/N] ").strip().lower() not in {"y", "yes"}:
            message = "Nothing was sent"
            raise StopError(message, Exit.USAGE)

    @asynccontextmanager
    async def progress(self, what: str) -> AsyncIterator[Progress]:
        """Show, while one waits inside, what for and how long already; nothing is left of it afterwards."""
        progress = Progress(what=what, began_at=self.clock())
        if not self.shows_progress:
            yield progress
            return
        showing = asyncio.create_task(self._keep_showing(progress))
        try:
            yield progress
        finally:
            showing.cancel()
            with suppress(asyncio.CancelledError):
                await showing
            self._clear()

    async def _keep_showing(self, progress: Progress) -> None:
        while True:
            self._clear()
            self._shown = progress.line(self.clock())
            print(self._shown, end="", file=self.err, flush=True)
            with suppress(TimeoutError):
                await asyncio.wait_for(progress.changed.wait(), _TICK_S)
            progress.changed.clear()

    def _clear(self) -> None:
        if self._shown:
            print(_CLEAR_LINE, end="", file=self.err, flush=True)
            self._shown = ""


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far something has come."""

    what: str
    began_at: datetime
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def reach(self, what: str) -> None:
        """Have come further."""
        self.what = what
        self.changed.set()

    def line(self, now: datetime) -> str:
        """The line that is shown."""
        return f"{self.what} … {(now - self.began_at) // timedelta(seconds=1)} s"


def printable(text: str) -> str:
    """Somebody else's words in one line, without what a terminal might obey."""
    return "".join(character if character.isprintable() else " " for character in text)
