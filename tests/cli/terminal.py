"""Somebody at a terminal, in front of the simulated cloud."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Final

from freezegun.api import FrozenDateTimeFactory

from custom_components.mybmw.cli.arguments import parse
from custom_components.mybmw.cli.console import Console
from custom_components.mybmw.cli.exits import Exit
from custom_components.mybmw.cli.run import run
from tests.faults.time import see_through
from tests.issued import Kind, well_known
from tests.simulator import DEMO_PASSWORD, DEMO_USERNAMES

CAPTCHA: Final = "P1_solved-by-a-human"
well_known(Kind.KEY, CAPTCHA)


@dataclass(slots=True, kw_only=True)
class Terminal:
    """Runs commands in the time of the test, and remembers all that was ever shown.

    `answers` are what the person will say when asked, in order; without any, nobody is there to be asked. What a
    command shows is in `out` and `err` afterwards, `asked` holds the questions.
    """

    folder: Path
    freezer: FrozenDateTimeFactory
    environment: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    shows_progress: bool = False
    asked: list[str] = field(default_factory=list)
    out: str = ""
    err: str = ""
    everything_shown: str = ""

    @property
    def store(self) -> Path:
        """The file of the account."""
        return self.folder / "state" / "account.json"

    def console(self, out: StringIO, err: StringIO) -> Console:
        """A console that shows what it is told here."""
        return Console(
            out=out,
            err=err,
            environment={"MYBMW_STORE": str(self.store), **self.environment},
            ask=self._answer,
            ask_secret=self._answer,
            is_interactive=bool(self.answers),
            shows_progress=self.shows_progress,
            clock=lambda: datetime.now(UTC),
        )

    async def type(self, *typed: str, time_passes: bool = True) -> Exit:
        """Run a command to its end; `time_passes` when it has nothing to do but wait for time."""
        out, err = StringIO(), StringIO()
        running = run(parse(typed), self.console(out, err))
        try:
            return await (see_through(running, self.freezer) if time_passes else running)
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()
            self.everything_shown += self.out + self.err

    async def log_in(self, region: str = "rest_of_world") -> None:
        """Sign in as an owner would who knows what is asked for."""
        username = DEMO_USERNAMES["cn" if region == "china" else "row"]
        self.environment |= {"MYBMW_PASSWORD": DEMO_PASSWORD, "MYBMW_CAPTCHA_TOKEN": CAPTCHA}
        assert await self.type("login", "--username", username, "--region", region) is Exit.DONE, self.err
        del self.environment["MYBMW_PASSWORD"], self.environment["MYBMW_CAPTCHA_TOKEN"]

    def _answer(self, question: str) -> str:
        self.asked.append(question)
        return self.answers.pop(0)
